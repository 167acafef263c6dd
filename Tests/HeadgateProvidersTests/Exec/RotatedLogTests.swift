import Glibc
import HeadgateCore
import Testing

@testable import HeadgateProviders

/// Logs that a shim turns over while they are read.
@Suite struct RotatedLogTests {
    private let scratch: Scratch
    private let path: String

    init() throws {
        scratch = try Scratch()
        path = scratch.path + "/log"
    }

    private func log(bytes: Int = 400) -> ShimLog {
        ShimLog(
            path: path, limits: ShimSpec.LogLimits(bytes: bytes, lineBytes: 100), overflow: .rotate,
            secrets: ["hunter22"])
    }

    private func write(_ lines: Range<Int>, to log: ShimLog) {
        for line in lines { log.append(Array("line \(line)\n".utf8)[...]) }
    }

    private func text(_ lines: Range<Int>) -> String { lines.map { "line \($0)\n" }.joined() }

    /// All that follows a position, and where it ends.
    private func rest(
        after position: LogPosition? = nil, tail: Int? = nil, limit: Int = 7
    ) throws -> (String, LogPosition)? {
        var (position, tail) = (position, tail)
        var bytes: [UInt8] = []
        while let part = try RotatedLog(path: path).read(after: position, tail: tail, limit: limit) {
            (position, tail) = (part.next, nil)
            if part.bytes.isEmpty { return (String(decoding: bytes, as: UTF8.self), part.next) }
            #expect(part.bytes.count <= limit)
            bytes += part.bytes
        }
        return nil
    }

    @Test func `what is written between two looks is read once, over the turns`() throws {
        #expect(try rest() == nil)
        let log = log()
        var read = ""
        var position: LogPosition?
        for round in 0..<40 {
            write(round * 10..<(round + 1) * 10, to: log)
            let part = try #require(try rest(after: position, limit: 64))
            read += part.0
            position = part.1
            #expect(LogPosition(part.1.description) == part.1)
        }
        #expect(read == text(0..<400))
        let whole = try #require(try rest())
        #expect(whole.0.utf8.count <= 400 && whole.0.hasSuffix(text(395..<400)) && whole.0.hasPrefix("line "))
    }

    @Test(arguments: [0, 1, 3, 25]) func `the last lines are found in both files`(_ count: Int) throws {
        write(0..<100, to: log())
        #expect(try #require(try rest(tail: count)).0 == text(100 - count..<100))
    }

    @Test func `more lines than there are is all, and the end of a line without an end is its last`() throws {
        let log = log(bytes: 4000)
        write(0..<3, to: log)
        #expect(try #require(try rest(tail: 50)).0 == text(0..<3))
        Files.write("one\ntwo", to: path)
        #expect(try #require(try rest(tail: 1)).0 == "two")
    }

    @Test func `who was away for too long goes on with the oldest that is kept`() throws {
        let log = log()
        write(0..<5, to: log)
        let position = try #require(try rest()).1
        write(5..<200, to: log)
        let rest = try #require(try rest(after: position)).0
        #expect(rest.hasSuffix(text(190..<200)) && rest.hasPrefix("line "))
    }

    @Test func `a character is never cut in two, and what is none is given all the same`() throws {
        Files.write("naïve 😀 €", to: path)
        #expect(try #require(try rest(limit: 4)).0 == "naïve 😀 €")
        let part = try #require(try RotatedLog(path: path).read(after: nil, tail: nil, limit: 3))
        #expect(part.bytes == Array("na".utf8))
        let log = log()
        log.append([0x61, 0xE2, 0x82, 10, 0xF0][...])
        log.finish()
        #expect(try #require(try rest(tail: 1)).0 == "\u{FFFD}\n")
    }

    @Test func `what is no file is no log, and a secret is in none`() throws {
        log().append(Array("the word is hunter22\n".utf8)[...])
        #expect(try #require(try rest()).0 == "the word is <secret>\n")
        Files.remove(path)
        symlink("/etc/hostname", path)
        #expect(try rest() == nil)
        Files.remove(path)
        mkfifo(path, 0o600)
        #expect(try rest() == nil)
    }
}
