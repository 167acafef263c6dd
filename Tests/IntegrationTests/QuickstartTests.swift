import Foundation
import HeadgateTestSupport
import Testing

/// The story of the quickstart, with real Git, real training, a real controller and real HTTP.
@Suite struct QuickstartTests {
    @Test(.timeLimit(.minutes(20)))
    func `the quickstart's story truly happens`() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let example = root.appendingPathComponent("examples/quickstart")
        let log = FileManager.default.temporaryDirectory.appendingPathComponent("quickstart-\(UUID().uuidString).log")
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        defer { try? FileManager.default.removeItem(at: log) }
        let output = try FileHandle(forWritingTo: log)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "python3", example.appendingPathComponent("story.py").path, "--headgate", HeadgateExecutable.path,
            "--example", example.appendingPathComponent("repo").path,
        ]
        process.standardOutput = output
        process.standardError = output
        try process.run()
        process.waitUntilExit()
        let text = try String(contentsOf: log, encoding: .utf8)
        #expect(process.terminationStatus == 0, "\(text)")
        print(text)
    }
}
