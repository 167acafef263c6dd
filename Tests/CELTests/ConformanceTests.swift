import Foundation
import Testing

@testable import CEL

/// The public conformance suite, as far as it needs no Protocol Buffers.
@Suite struct ConformanceTests {
    /// Tests that may fail, each with its reason.
    ///
    /// Empty: none may.
    static let excused: [String: String] = [:]

    @Test func `the public conformance suite passes, but for what needs Protocol Buffers`() throws {
        guard let folder = ConformanceSuite.folder else {
            print(
                """
                ################################################################
                SKIPPED: the conformance suite was NOT run. CEL_CONFORMANCE names
                no folder, and there is none beside the repository.
                ################################################################
                """)
            return
        }
        var failures: [String] = []
        var passedInAll = 0
        var leftOutInAll = 0
        for file in try ConformanceSuite.files(in: folder) {
            var passed = 0
            var leftOut: [String: Int] = [:]
            var failed: [String] = []
            for test in file.tests {
                if let reason = test.reasonToLeaveOut {
                    leftOut[reason, default: 0] += 1
                    continue
                }
                if let failure = test.failure() {
                    if let excuse = Self.excused[test.id] {
                        leftOut["excused: \(excuse)", default: 0] += 1
                    } else {
                        failed.append("\(test.id): \(failure)")
                    }
                } else {
                    passed += 1
                }
            }
            passedInAll += passed
            leftOutInAll += leftOut.values.reduce(0, +)
            let reasons = leftOut.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
            let note = reasons.isEmpty ? "" : " (\(reasons.joined(separator: ", ")))"
            print(
                "\(file.name): \(passed) passed, \(failed.count) failed, \(leftOut.values.reduce(0, +)) left out\(note)"
            )
            failures += failed
        }
        print("conformance: \(passedInAll) passed, \(failures.count) failed, \(leftOutInAll) left out")
        #expect(failures.isEmpty, "\(failures.joined(separator: "\n"))")
        #expect(passedInAll > 0)
    }
}

/// The suite's files, read from JSON.
enum ConformanceSuite {
    struct File {
        let name: String
        let tests: [ConformanceCase]
    }

    static var folder: URL? {
        let named = ProcessInfo.processInfo.environment["CEL_CONFORMANCE"].map { URL(fileURLWithPath: $0) }
        // Tests/CELTests/ConformanceTests.swift lies two folders below the repository's root.
        let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let folder = named ?? root.deletingLastPathComponent().appending(path: "shared/cel/conformance")
        return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
    }

    static func files(in folder: URL) throws -> [File] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".json") }
        return try names.sorted().map { name in
            let data = try Data(contentsOf: folder.appending(path: name))
            let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
            let tests = try #require(object["tests"] as? [[String: Any]])
            return File(name: name, tests: try tests.map(ConformanceCase.init))
        }
    }
}
