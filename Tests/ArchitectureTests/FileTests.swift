import Foundation
import Testing

@Suite struct FileTests {
    /// Past this a file holds a second thing.
    static let longest = 500

    @Test(arguments: ["Sources", "Tests", "Benchmarks"])
    func `no file is longer than a reader's patience`(_ folder: String) throws {
        for file in try Sources.files(below: Sources.root.appendingPathComponent(folder)) {
            let lines = try String(contentsOf: file, encoding: .utf8).split(
                separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.count <= Self.longest + 1, "\(file.path) has \(lines.count - 1) lines")
        }
    }

    @Test(arguments: ["HeadgateCore", "HeadgateAPI"])
    func `types of the core and of the wire say what they are`(_ module: String) throws {
        for file in try Sources.files(below: Sources.folder.appendingPathComponent(module)) {
            let lines = try String(contentsOf: file, encoding: .utf8).split(
                separator: "\n", omittingEmptySubsequences: false)
            for (index, line) in lines.enumerated() where index > 0 {
                let starts = ["package struct ", "package enum ", "package protocol ", "package actor "]
                guard starts.contains(where: line.hasPrefix) else { continue }
                var before = index - 1
                while before > 0, lines[before].hasPrefix("@") { before -= 1 }
                #expect(lines[before].hasPrefix("///"), "\(file.path):\(index + 1) has no documentation")
            }
        }
    }
}
