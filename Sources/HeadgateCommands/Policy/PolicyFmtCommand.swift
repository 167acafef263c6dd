import ArgumentParser
import CEL
import Foundation
import HeadgateCore
import HeadgateManifest

/// The command `headgate policy fmt [PATH]…`.
struct PolicyFmtCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fmt", abstract: "Write the expressions of policies and checks in their usual form.",
        discussion: """
            Changes expressions where they stand and no other byte of the files, and breaks lines that would be longer \
            than \(ExpressionRewriter.width) columns. An expression with a comment or an error stays as it is. A policy \
            whose expression changes has a new digest, so it is asked again. With --check nothing is written; exits \
            with 1 when something would be.
            """)

    @Argument(help: "Files or folders.")
    var paths = ["."]
    @Flag(help: "Only say which files would change.")
    var check = false

    func run() throws {
        var changedFiles = 0
        // All are there before one is changed.
        for files in try paths.map({ try PolicyFiles(of: $0) }) {
            for file in files.files where try format(file, files) { changedFiles += 1 }
        }
        guard changedFiles > 0 else { return }
        Terminal.note(
            "\(changedFiles.counted("file")) \(check ? "would be" : changedFiles == 1 ? "was" : "were") changed")
        if check { throw ExitCode(1) }
    }

    /// Whether the file changes.
    private func format(_ file: RepositoryPath, _ files: PolicyFiles) throws -> Bool {
        let bytes: [UInt8]
        do {
            bytes = try files.bytes(of: file)
        } catch {
            Terminal.note("\(error)")
            throw ExitCode(2)
        }
        let rewriter = ExpressionRewriter(bytes, file: file) { source, width in
            try? ExpressionFormatter.format(source, width: max(width, 40))
        }
        for place in rewriter.left { Terminal.note("\(files.text(of: place)): left as it is") }
        guard rewriter.bytes != bytes else { return false }
        for place in rewriter.changed { print(files.text(of: place)) }
        if !check { try replace("\(files.root)/\(file)", with: rewriter.bytes) }
        return true
    }

    // A file that is cut short by a full disk would be worse than one that is not formatted.
    private func replace(_ path: String, with bytes: [UInt8]) throws {
        let url = URL(fileURLWithPath: path)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
        try Data(bytes).write(to: url, options: .atomic)
        if let mode { try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path) }
    }
}
