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

    @Test(arguments: ["docs/cel.md", "docs/operations.md"])
    func `pages name the Swift that the manifest asks for`(_ page: String) throws {
        func text(_ path: String) throws -> String {
            try String(contentsOf: Sources.root.appendingPathComponent(path), encoding: .utf8)
        }
        let first = try #require(try text("Package.swift").split(separator: "\n").first)
        let version = try #require(first.split(separator: " ").last)
        #expect(try text(page).contains("manifest asks for \(version) or later"))
    }

    @Test(arguments: ["HeadgateCore", "HeadgateAPI", "HeadgatePolicy"])
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
