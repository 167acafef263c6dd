import Foundation

/// Tools that others wrote and that our files are held against, as `Tests/tools.txt` lists them.
package enum PythonTools {
    /// Runs a tool; gives how it ended and what it printed.
    ///
    /// - Parameters:
    ///   - tool: Its name, such as `check-jsonschema`.
    ///   - arguments: What it is given.
    ///   - folder: Where it runs.
    ///   - path: What stands first in `PATH`.
    /// - Returns: How it ended.
    /// - Throws: When the tools cannot be installed.
    package static func run(
        _ tool: String, _ arguments: [String], in folder: String, path: String? = nil
    ) async throws -> CommandResult {
        let tools = try await Self.folder.value
        let search = ([path, tools, ProcessInfo.processInfo.environment["PATH"]] as [String?]).compactMap { $0 }
        let program = HeadgateProgram(in: folder, environment: ["PATH": search.joined(separator: ":")])
        return try await program.run(arguments, program: "\(tools)/\(tool)")
    }

    // One installation for all tests that ask at once.
    private static let folder = Task {
        if let known = ProcessInfo.processInfo.environment["HEADGATE_TOOLS"] { return known }
        let script = "headgate_root=$PWD; . Tests/build; printf %s/bin \"$(headgate_python Tests/tools.txt)\""
        return try await TemporaryRepository.run("bash", ["-euc", script], in: root)
    }

    /// This repository's folder.
    package static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path
}
