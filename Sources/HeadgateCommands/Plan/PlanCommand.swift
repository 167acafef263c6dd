import ArgumentParser
import Foundation
import HeadgateCore
import HeadgateGit
import HeadgatePolicy
import HeadgateStore

/// The command `headgate plan [PATH] [--base REF]`.
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Say for each object what a commit would do, and why.",
        discussion: """
            Compares a commit of a checkout with what a controller's ledger knows, or with another commit. Reads no \
            data: content ids are Git's own. Exits with 0 when nothing would happen, 1 when something would, 2 when it \
            cannot be told.
            """)

    @Argument(help: "A folder of the repository.")
    var path = "."
    @Option(help: "The commit to plan.")
    var head = "HEAD"
    @Option(help: "The commit to compare with; by default what the ledger has in force.")
    var base: String?
    @Option(name: .customLong("path"), help: "Only manifests below this folder of the repository.")
    var manifests: String?
    @Option(
        help: "The controller's state folder, read while it runs or not. By default HEADGATE_STATE, else ./.headgate.")
    var state: String?
    @Option(help: "The source's name in the ledger; by default the only one.")
    var source: String?
    @OptionGroup var protection: ProtectedOptions
    @Flag(help: "Show what stays as it is, too.")
    var all = false
    @Option(name: [.short, .long], help: "table, wide, json or yaml.")
    var output = OutputFormat.table

    func run() async throws {
        do {
            try await plan()
        } catch let error as SourceError {
            Terminal.note("headgate: \(error)")
            throw ExitCode(2)
        } catch let error as LedgerError {
            Terminal.note("headgate: \(error)")
            throw ExitCode(2)
        }
    }

    private func plan() async throws {
        guard let folder = RepositoryPath(manifests ?? "") else {
            throw ValidationError("\(manifests ?? "") is not a path within the repository")
        }
        async let known = ledger()
        let checkout = try GitCheckout(containing: URL(fileURLWithPath: path).standardizedFileURL.path)
        let commit = try await checkout.resolve(head)
        let contents = try await known
        let name = try sourceName(contents)
        var before: DesiredState?
        if let base {
            let resolved = try await checkout.resolve(base)
            before = try await snapshot(name, checkout, folder, resolved).desired
        } else if let contents {
            before = DesiredState(contents.objects, of: name)
        }
        // A file that cannot be recognised any more is known by what was there before to have held manifests.
        let snapshot = try await snapshot(name, checkout, folder, commit, after: before)
        let host = snapshot.desired.hostFacts
        let planned = Planner(host: host).plan(
            name, snapshot.desired, base: before, known: contents.map(PlanKnowledge.init) ?? PlanKnowledge(),
            revision: snapshot.revision, commit: snapshot.commit, now: .now)
        let changes = PlannedGates(
            source: name, snapshot: snapshot, base: before, contents: contents, host: host, now: .now
        ).asked(of: planned.keepingUnaskable(in: snapshot.desired))
        let errors = snapshot.desired.diagnostics.filter { $0.severity == .error }
        try show(changes, of: snapshot.desired, isWhole: errors.isEmpty)
        for diagnostic in errors { Terminal.note("\(diagnostic)") }
        if !errors.isEmpty || changes.contains(where: { $0.action == .error }) { throw ExitCode(2) }
        if changes.contains(where: \.isChange) { throw ExitCode(1) }
    }

    /// What a commit asks for, with the policies that a controller adds.
    private func snapshot(
        _ name: SourceName, _ checkout: GitCheckout, _ folder: RepositoryPath, _ commit: CommitID,
        after before: DesiredState? = nil
    ) async throws -> Snapshot {
        try await ManifestSnapshots(
            source: name, repository: checkout, path: folder, reference: "", lastGood: before ?? DesiredState(),
            protected: try protection.folder()
        ).snapshot(of: commit)
    }

    private func ledger() async throws -> LedgerContents? {
        let layout = StateLayout(ControllerOptions.stateFolder(state))
        guard FileManager.default.fileExists(atPath: layout.ledger) else {
            if state != nil { throw LedgerError(.io, "\(layout.ledger) does not exist") }
            return nil
        }
        return try await SQLiteLedger.contents(of: layout.ledger)
    }

    private func sourceName(_ contents: LedgerContents?) throws -> SourceName {
        if let source {
            guard let name = SourceName(source) else { throw ValidationError("\(source) is not a source's name") }
            return name
        }
        let known = contents?.sources.map(\.name) ?? []
        guard known.count <= 1 else {
            throw ConfigurationError(
                "the ledger holds the sources \(known.map(\.text).joined(separator: ", ")): give --source")
        }
        return known.first ?? SourceName("checkout").orDie("a constant name is valid")
    }

    private func show(_ changes: [PlannedChange], of desired: DesiredState, isWhole: Bool) throws {
        let shown =
            all || output == .json || output == .yaml
            ? changes : changes.filter { $0.isChange || $0.action == .keep || $0.action == .held }
        let columns: [Column<PlannedChange>] = [
            Column("OBJECT") { change in
                change.step.map { "\(change.object) \($0)" } ?? "\(change.object)"
            },
            Column("ACTION") { $0.action.rawValue },
            Column("FILE", wide: true) { desired.location(of: $0.object)?.description ?? "" },
            Column("WHY") { $0.reason },
        ]
        if !shown.isEmpty || output == .json || output == .yaml {
            print(try Renderer.render(shown, columns, as: output))
        }
        try showGates(of: shown)
        // With an object in error it is not known what would happen to it.
        if !changes.contains(where: \.isChange), isWhole { Terminal.note("nothing would happen") }
    }

    /// Other formats have the gates beside each change.
    private func showGates(of shown: [PlannedChange]) throws {
        let gates = shown.flatMap { change in
            (change.gates ?? []).map { PlannedGates.Row(object: change.object, gate: $0) }
        }
        guard !gates.isEmpty, output == .table || output == .wide else { return }
        print("")
        print(try Renderer.render(gates, PlannedGates.columns, as: output))
    }
}

extension ModelSpec {
    /// The interpreters whose versions a result depends on.
    var interpreters: [String] {
        let pipeline = effectivePipeline
        let environments = [pipeline.environment, serve?.environment] + pipeline.steps.map(\.environment)
        return environments.compactMap { $0?.python?.interpreter }
    }
}

extension DesiredState {
    /// The facts of this machine that results depend on; interpreters are asked only where a pipeline asks for them.
    var hostFacts: HostFacts {
        let interpreters = Set(models.values.flatMap { $0.spec.interpreters })
        return interpreters.isEmpty ? .bare : .ofThisMachine(interpreters: interpreters)
    }
}

extension HostFacts {
    /// For pipelines that ask for no interpreter.
    static let bare = HostFacts(operatingSystem: "linux", architecture: "")
}
