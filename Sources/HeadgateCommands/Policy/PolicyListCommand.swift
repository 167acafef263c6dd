import ArgumentParser
import Foundation
import HeadgateAPI
import HeadgateCore
import HeadgateManifest

/// The command `headgate policy list [PATH]`.
struct PolicyListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the policies of a checkout, and those of the library.",
        discussion: """
            Says when each policy is asked, what its rules that do not hold do, and which Models and Deployments it \
            guards. `headgate policy add NAME` takes one of the library into the repository. For the policies of a \
            running controller there is `headgate get policies`.
            """)

    @Argument(help: "The repository's folder.")
    var path = "."
    @Flag(help: "Only the library's.")
    var library = false
    @Option(name: [.short, .long], help: "table, wide, json or yaml.")
    var output = OutputFormat.table

    private struct Row: Encodable {
        let name: String
        let at: [String]
        let action: String
        let guards: [String]
        let source: String
        let about: String
    }

    func run() async throws {
        var rows: [Row] = []
        if !library { rows += try await checkout() }
        let known = Set(rows.map(\.name))
        for policy in PolicyLibrary.all where !known.contains(policy.name) {
            rows.append(
                Row(
                    name: policy.name, at: policy.at, action: policy.action, guards: [], source: "library",
                    about: policy.about))
        }
        let columns: [Column<Row>] = [
            Column("NAME") { $0.name }, Column("AT") { $0.at.joined(separator: ",") }, Column("ACTION") { $0.action },
            Column("GUARDS") { row in
                row.guards.isEmpty ? (row.source == "library" ? "-" : "nothing") : row.guards.joined(separator: ",")
            },
            Column("SOURCE") { $0.source }, Column("ABOUT", wide: true) { $0.about },
        ]
        print(try Renderer.render(rows, columns, as: output))
    }

    private func checkout() async throws -> [Row] {
        let root = URL(fileURLWithPath: path).standardizedFileURL.path
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: root, isDirectory: &isFolder), isFolder.boolValue else {
            throw APIProblem(.invalid, "there is no folder \(path)")
        }
        guard let source = SourceName("checkout") else { return [] }
        let desired: DesiredState
        do {
            let maker = ManifestSnapshots(
                source: source, repository: WorkTree(root: root), path: .root, reference: "worktree")
            desired = try await maker.snapshot(of: WorkTree.commit).desired
        } catch {
            Terminal.note("headgate: \(error)")
            throw ExitCode(2)
        }
        // One in error must not look as if it were not there.
        for diagnostic in desired.diagnostics
        where diagnostic.severity == .error && diagnostic.object.map({ $0.kind == .policy }) ?? true {
            Terminal.note("\(diagnostic)")
        }
        return desired.policies.sorted { $0.key < $1.key }.map { name, policy in
            Row(
                name: name.text, at: policy.spec.at.map(\.rawValue), action: policy.spec.action.rawValue,
                guards: desired.objectsGuarded(by: name).map(\.description),
                source: policy.meta.location.description, about: policy.spec.rules.map(\.name).joined(separator: ", "))
        }
    }
}
