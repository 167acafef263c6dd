import ArgumentParser
import Foundation
import HeadgateCore

/// The command `headgate policy add NAME`.
struct PolicyAddCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Take a policy of the library into the repository, with its tests.",
        discussion: """
            Writes NAME/policy.yaml, test.yaml and what the tests need below the folder, and overwrites nothing. Set \
            its params, and name it under `policies` of a Model or Deployment, or give it a `match`. `headgate policy \
            list --library` lists what there is.
            """)

    @Argument(help: "The policy's name.")
    var name: String
    @Option(help: "The folder of the repository that the policy's folder goes into.")
    var to = "policies"

    func run() throws {
        guard let policy = PolicyLibrary.all.first(where: { $0.name == name }) else {
            let near = Spelling.nearest(to: name, among: PolicyLibrary.all.map(\.name))
            Terminal.note(
                "headgate: there is no policy \(name) in the library; "
                    + (near.map { "did you mean \"\($0)\"?" } ?? "`headgate policy list --library` lists what there is")
            )
            throw ExitCode(1)
        }
        let base = URL(fileURLWithPath: to)
        let folder = base.appendingPathComponent(name)
        guard !FileManager.default.fileExists(atPath: folder.path) else {
            Terminal.note("headgate: \(folder.path) is there already")
            throw ExitCode(1)
        }
        for (path, text) in policy.files.sorted(by: { $0.key < $1.key }) {
            let file = base.appendingPathComponent(path)
            // Reports of tools are shared between policies.
            if FileManager.default.fileExists(atPath: file.path) { continue }
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try text.write(to: file, atomically: true, encoding: .utf8)
            print("\(to)/\(path)")
        }
        Terminal.note("now set its params, and name \(name) under `policies` of what it shall guard")
    }
}
