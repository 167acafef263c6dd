import Foundation
import HeadgateTestSupport
import Testing

/// A program in Python that plays a story against a real controller and ends with 0 only if everything happened.
enum Story {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Plays it to its end and prints what it said.
    static func play(_ script: String, _ arguments: [String] = []) throws {
        let log = FileManager.default.temporaryDirectory.appendingPathComponent("story-\(UUID().uuidString).log")
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        defer { try? FileManager.default.removeItem(at: log) }
        let output = try FileHandle(forWritingTo: log)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            [
                "PYTHONDONTWRITEBYTECODE=1", "python3", root.appendingPathComponent(script).path, "--headgate",
                HeadgateExecutable.path,
            ] + arguments
        process.standardOutput = output
        process.standardError = output
        try process.run()
        process.waitUntilExit()
        let text = try String(contentsOf: log, encoding: .utf8)
        #expect(process.terminationStatus == 0, "\(text)")
        print(text)
    }
}
