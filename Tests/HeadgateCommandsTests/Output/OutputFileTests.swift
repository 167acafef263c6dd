import Foundation
import HeadgateTestSupport
import Testing

@testable import HeadgateCommands

/// What a path may lead to, in a folder that is no work tree of Git.
@Suite struct OutputFileTests {
    private let folder: String

    init() throws {
        folder = "\(FileManager.default.temporaryDirectory.path)/output-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private func text(_ name: String) throws -> String {
        try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
    }

    private func kind(_ name: String) throws -> FileAttributeType? {
        try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")[.type] as? FileAttributeType
    }

    @Test func `a new file is made with its folders, and an old one keeps its mode`() throws {
        let file = OutputFile(path: "\(folder)/a/b/report.txt")
        try file.write("one")
        chmod(file.path, 0o640)
        try file.write("two")
        #expect(try text("a/b/report.txt") == "two")
        let mode = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int
        #expect(mode == 0o640)
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/a/b") == ["report.txt"])
        try file.append(" three")
        #expect(try text("a/b/report.txt") == "two three")
    }

    @Test func `a link stays, and what it leads to is written`() throws {
        try "a longer text".write(toFile: "\(folder)/target", atomically: false, encoding: .utf8)
        for (link, target) in [("old", "target"), ("new", "made")] {
            try FileManager.default.createSymbolicLink(atPath: "\(folder)/\(link)", withDestinationPath: target)
            try OutputFile(path: "\(folder)/\(link)").write("text")
            #expect(try kind(link) == .typeSymbolicLink)
            #expect(try text(target) == "text")
        }
    }

    @Test func `a pipe stays, and its reader gets the text`() async throws {
        let pipe = "\(folder)/pipe"
        try #require(mkfifo(pipe, 0o600) == 0)
        // Both ends are open, so that neither waits for the other.
        let reader = open(pipe, O_RDWR)
        defer { close(reader) }
        try OutputFile(path: pipe).write("text")
        var buffer = [UInt8](repeating: 0, count: 16)
        let count = read(reader, &buffer, buffer.count)
        #expect(String(decoding: buffer.prefix(max(0, count)), as: UTF8.self) == "text")
        #expect(try kind("pipe") != .typeRegular)
    }

    @Test(.enabled(if: getuid() == 0, "only root makes devices"))
    func `a device stays`() throws {
        // 1, 3: what /dev/null is.
        try #require(mknod("\(folder)/null", S_IFCHR | 0o600, 1 << 8 | 3) == 0)
        try OutputFile(path: "\(folder)/null").write("text")
        #expect(try kind("null") == .typeCharacterSpecial)
    }

    @Test func `a link in a work tree is no way out of it`() throws {
        let tree = "\(folder)/tree"
        for path in ["\(tree)/.git", "\(tree)/real", "\(folder)/outside"] {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        try "safe".write(toFile: "\(folder)/outside/report.txt", atomically: false, encoding: .utf8)
        for (link, target) in [("report.txt", "../outside/report.txt"), ("reports", "../outside")] {
            try FileManager.default.createSymbolicLink(atPath: "\(tree)/\(link)", withDestinationPath: target)
        }
        for path in ["report.txt", "reports/report.txt", "real/../report.txt"] {
            let problem = #expect(throws: OutputProblem.self) { try OutputFile(path: "\(tree)/\(path)").write("text") }
            #expect(problem?.description.contains("a link in a Git work tree") == true, "\(problem as Any)")
        }
        #expect(try text("outside/report.txt") == "safe")
        try OutputFile(path: "\(tree)/real/report.txt").write("text")
        #expect(try text("tree/real/report.txt") == "text")
    }

    @Test func `what the system refuses is said in its words`() throws {
        try "file".write(toFile: "\(folder)/file", atomically: false, encoding: .utf8)
        for (path, words) in [
            ("\(folder)/file/report.txt", "not a directory"), (folder, "is a directory"),
            ("\(folder)/\(String(repeating: "x", count: 300))", "file name too long"),
        ] {
            let problem = #expect(throws: OutputProblem.self) { try OutputFile(path: path).write("text") }
            #expect(problem?.description == "\(path) cannot be written: \(words)")
        }
    }
}
