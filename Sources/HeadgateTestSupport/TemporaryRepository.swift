import Foundation
package import HeadgateCore
import Subprocess

/// A Git repository in a folder of its own, driven by the real `git`; both are removed at the end of its life.
package final class TemporaryRepository: Sendable {
    /// A folder for this repository and whatever else a test needs to put somewhere.
    package let folder: String
    /// The work tree, or the repository itself if it is bare.
    package let path: String

    /// The repository's address.
    package var url: String { "file://\(path)" }

    /// Makes an empty repository whose branch is `main`.
    package init(_ name: String = "models", bare: Bool = false, objectFormat: String = "sha1") async throws {
        let base = FileManager.default.temporaryDirectory.resolvingSymlinksInPath().path
        folder = "\(base)/headgate-\(UUID().uuidString)"
        path = "\(folder)/\(name)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try await git("init", "-q", "-b", "main", "--object-format=\(objectFormat)", bare ? "--bare" : "--no-bare")
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// Runs git in the repository, without the user's and system's settings; gives its output without the last line end.
    @discardableResult
    package func git(_ arguments: String..., settings: [String] = []) async throws -> String {
        try await Self.git(arguments, settings: settings, in: path)
    }

    /// Writes files of the work tree; nil removes one.
    package func write(_ files: [String: String?]) throws {
        for (name, text) in files {
            let url = URL(fileURLWithPath: "\(path)/\(name)")
            guard let text else {
                try FileManager.default.removeItem(at: url)
                continue
            }
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: url)
        }
    }

    /// Writes files and commits everything that is in the work tree.
    @discardableResult
    package func commit(_ message: String, _ files: [String: String?] = [:]) async throws -> CommitID {
        try write(files)
        try await git("add", "-A")
        try await git("commit", "-q", "--allow-empty", "-m", message)
        return try await resolve("HEAD")
    }

    /// Makes commits one after another in one go, each with files that are added or replaced; nil removes one.
    ///
    /// Fast for many commits or files. The branch `imported` follows them; the work tree and `main` do not.
    package func importCommits(_ commits: [[String: String?]]) async throws -> [CommitID] {
        var stream = ""
        for (index, files) in commits.enumerated() {
            stream += "commit refs/heads/imported\nmark :\(index + 1)\n"
            stream += "committer Ada <ada@example.org> \(1_700_000_000 + index) +0000\ndata 0\n"
            for (name, text) in files.sorted(by: { $0.key < $1.key }) {
                guard let text else {
                    stream += "D \(name)\n"
                    continue
                }
                stream += "M 100644 inline \(name)\ndata \(text.utf8.count)\n\(text)\n"
            }
        }
        let (input, marks) = ("\(folder)/\(UUID().uuidString)", "\(folder)/\(UUID().uuidString)")
        try Data(stream.utf8).write(to: URL(fileURLWithPath: input))
        let command = "git fast-import --quiet --export-marks='\(marks)' < '\(input)'"
        try await Self.run("sh", ["-c", command], in: path)
        // Lines of `:number id`, in any order.
        var ids: [Int: CommitID] = [:]
        for line in try String(contentsOfFile: marks, encoding: .utf8).split(separator: "\n") {
            let fields = line.dropFirst().split(separator: " ")
            if fields.count == 2, let number = Int(fields[0]) { ids[number] = CommitID(fields[1]) }
        }
        return (1...max(commits.count, 1)).compactMap { ids[$0] }
    }

    /// Points a branch at a commit, as a push would; the work tree stays as it is.
    package func point(_ branch: String, at commit: CommitID) throws {
        let git = "\(path)/.git"
        let folder = FileManager.default.fileExists(atPath: git) ? git : path
        try Data("\(commit.hex)\n".utf8).write(
            to: URL(fileURLWithPath: "\(folder)/refs/heads/\(branch)"), options: .atomic)
    }

    /// The commit that a text names.
    package func resolve(_ text: String) async throws -> CommitID {
        let hex = try await git("rev-parse", "\(text)^{commit}")
        guard let commit = CommitID(hex) else { throw GitFailure(message: "'\(hex)' is not a commit id") }
        return commit
    }

    /// Runs a program to its end; gives its output without the last line end.
    @discardableResult
    package static func run(
        _ program: String, _ arguments: [String], in folder: String? = nil, environment: [String: String] = [:]
    ) async throws -> String {
        var changes: [Environment.Key: String?] = [:]
        for (name, value) in environment { changes[Environment.Key(stringLiteral: name)] = value }
        // `env` changes the folder, since paths of the system package are not ours to name.
        let command = folder.map { ["-C", $0, program] } ?? [program]
        let result = try await Subprocess.run(
            .name("env"), arguments: Arguments(command + arguments), environment: .inherit.updating(changes),
            output: .string(limit: 16 << 20), error: .string(limit: 1 << 20)
        )
        guard result.terminationStatus.isSuccess else {
            throw GitFailure(message: "\(program) \(arguments.joined(separator: " ")): \(result.standardError)")
        }
        let output = result.standardOutput
        return output.hasSuffix("\n") ? String(output.dropLast()) : output
    }

    private static func git(_ arguments: [String], settings: [String], in folder: String) async throws -> String {
        let fixed = [
            "user.name=Ada", "user.email=ada@example.org", "commit.gpgSign=false", "gc.auto=0",
            "protocol.file.allow=always",
        ]
        return try await run(
            "git", (fixed + settings).flatMap { ["-c", $0] } + arguments, in: folder,
            environment: ["GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "LC_ALL": "C"]
        )
    }
}

/// A program that did not do what a test needs.
package struct GitFailure: Error, CustomStringConvertible {
    package let message: String
    package var description: String { message }
}
