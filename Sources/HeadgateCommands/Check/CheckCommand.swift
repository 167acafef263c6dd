import ArgumentParser
import Foundation
import HeadgateCore
import HeadgateManifest
import HeadgateReport

/// The command `headgate check [PATH]`.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check every manifest and policy of a folder, as it is on disk.",
        discussion: "Exits with 1 when something is in error, 2 when the folder cannot be read.")

    @Argument(help: "The repository's folder.")
    var path = "."
    @Option(name: .customLong("path"), help: "Only manifests below this folder of the repository.")
    var manifests: String?
    @Option(name: [.short, .long], help: "table, json or yaml.")
    var output = OutputFormat.table

    func run() async throws {
        guard let folder = RepositoryPath(manifests ?? ""), let source = SourceName("checkout") else {
            throw ValidationError("\(manifests ?? "") is not a path within the repository")
        }
        let root = URL(fileURLWithPath: path).standardizedFileURL.path
        var isFolder: ObjCBool = false
        for place in folder.text.isEmpty ? [root] : [root, "\(root)/\(folder)"] {
            guard FileManager.default.fileExists(atPath: place, isDirectory: &isFolder), isFolder.boolValue else {
                Terminal.note("headgate: \(place) is not a folder")
                throw ExitCode(2)
            }
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
        let found =
            RepositoryCheck(source: source, desired: snapshot.desired).diagnostics + tests(root, folder)
        let diagnostics = found.sorted { ($0.location ?? .start) < ($1.location ?? .start) }
        switch output {
        case .json: print(try Renderer.json(diagnostics))
        case .yaml: print(try Renderer.yaml(diagnostics))
        case .table, .wide: for diagnostic in diagnostics { print(LineText.cleanLines("\(diagnostic)")) }
        }
        let errors = diagnostics.filter { $0.severity == .error }.count
        let faulty = Set(diagnostics.filter { $0.severity == .error }.compactMap(\.object))
            .union(snapshot.desired.quarantined.keys).count
        let counts =
            [Self.objectCount(snapshot.desired).counted("object")] + (faulty == 0 ? [] : ["\(faulty) in error"])
            + [errors.counted("error"), (diagnostics.count - errors).counted("warning")]
        Terminal.note(counts.joined(separator: ", "))
        if errors > 0 { throw ExitCode(1) }
    }

    /// How many objects stand in files, those in error included.
    private static func objectCount(_ desired: DesiredState) -> Int {
        // The target that every source has stands in no file.
        let builtIn = desired.targets.values.count { $0.meta.location.file == .root }
        return desired.objectCount - builtIn + desired.quarantined.keys.count { desired.location(of: $0) == nil }
    }

    /// What is wrong with tests of policies, which are no part of the desired state.
    private func tests(_ root: String, _ folder: RepositoryPath) -> [Diagnostic] {
        guard let files = PolicyFiles(at: folder.text.isEmpty ? root : "\(root)/\(folder)", root: root) else {
            return []
        }
        return files.testDiagnostics
    }
}

extension SourceLocation {
    /// Before every other place.
    static let start = SourceLocation(file: .root, line: 0, column: 0)
}
