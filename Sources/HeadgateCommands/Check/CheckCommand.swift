import ArgumentParser
import Foundation
import HeadgateCore

/// The command `headgate check [PATH]`.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check every manifest and policy of a folder, as it is on disk.",
        discussion: "Exits with 1 when something is in error, 2 when the folder cannot be read.")

    @Argument(help: "The repository's folder.")
    var path = "."
    @Option(help: "Only manifests below this folder of the repository.")
    var below: String?
    @Option(name: [.short, .long], help: "table, json or yaml.")
    var output = OutputFormat.table

    func run() async throws {
        guard let folder = RepositoryPath(below ?? ""), let source = SourceName("checkout") else {
            throw ValidationError("\(below ?? "") is not a path within the repository")
        }
        let root = URL(fileURLWithPath: path).standardizedFileURL.path
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: root, isDirectory: &isFolder), isFolder.boolValue else {
            Terminal.note("headgate: \(root) is not a folder")
            throw ExitCode(2)
        }
        let snapshot: Snapshot
        do {
            let maker = ManifestSnapshots(
                source: source, repository: WorkTree(root: root), path: folder, reference: "worktree")
            snapshot = try await maker.snapshot(of: WorkTree.commit)
        } catch {
            Terminal.note("headgate: \(error)")
            throw ExitCode(2)
        }
        let found = snapshot.desired.diagnostics + snapshot.desired.servingProblems(source: source)
        let diagnostics = found.sorted { ($0.location ?? .start) < ($1.location ?? .start) }
        switch output {
        case .json: print(try Renderer.json(diagnostics))
        case .yaml: print(try Renderer.yaml(diagnostics))
        case .table, .wide: for diagnostic in diagnostics { print(diagnostic) }
        }
        let errors = diagnostics.filter { $0.severity == .error }.count
        let objects = snapshot.desired.objectCount
        Terminal.note("\(objects) objects, \(errors) errors, \(diagnostics.count - errors) warnings")
        if errors > 0 { throw ExitCode(1) }
    }
}

extension SourceLocation {
    /// Before every other place.
    static let start = SourceLocation(file: .root, line: 0, column: 0)
}
