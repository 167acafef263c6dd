import ArgumentParser
import CLinux
import Foundation
import HeadgateCore
import HeadgateGit
import HeadgateProviders
import HeadgateReport
import HeadgateStore
import Synchronization
import UnixSignals

/// The command `headgate ci [PATH]`.
struct CICommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ci", abstract: "Say what a change would do and whether it would pass, as a step of CI.",
        discussion: """
            Works on a plain Git checkout without a controller. The base is found by the variables of GitHub Actions, \
            GitLab CI, Jenkins and CircleCI, or given. Exits with 0 when the change passes, 1 when it does not, 2 when \
            it could not be judged, 64 for wrong usage.
            """)

    enum Train: String, ExpressibleByArgument, CaseIterable {
        case changed, none
    }

    @Argument(help: "A folder of the repository.")
    var path = "."
    @Option(help: "What the change will be merged into; by default as the CI system says.")
    var base: String?
    @Option(help: "The commit to judge.")
    var head = "HEAD"
    @Option(name: .customLong("path"), help: "Only manifests below this folder of the repository.")
    var manifests: String?
    @Option(help: "Run the pipelines that changed, or none.")
    var train = Train.none
    @Flag(inversion: .prefixedNo, help: "Run the tests of policies that the change touches.")
    var policyTests = true
    @Option(help: "A JSON file with metrics, champions and approvals that nobody else reports.")
    var evidence: String?
    @OptionGroup var protection: ProtectedOptions
    @Option(help: "A file of SSH keys whose signatures of commits count as verified.")
    var allowedSigners: String?
    @Option(help: "A folder that gets the report in every format, with its plots.")
    var report: String?
    @Option(
        name: [.short, .long],
        help: ArgumentHelp(
            "FORMAT or FORMAT=FILE, as often as needed; - is standard output. By default text to it.",
            discussion: "text, json, junit, sarif, github, github-summary, gitlab, markdown."))
    var output: [CIOutput] = []
    @Option(help: "The address below which a comment finds the plots; by default plots/ beside the report.")
    var imageBase: String?
    @OptionGroup var shared: SharedOptions
    @Option(help: "The source's name at the controller; by default the repository's.")
    var source: String?
    @Option(help: "A folder for environments and pinned data, to be kept between calls; by default a temporary one.")
    var state: String?
    @Option(help: "How many steps run side by side.")
    var concurrentSteps = 2
    @Option(help: "A host, or s3://bucket, that pinned data may come from; as often as needed.")
    var dataHost: [String] = []
    @Option(help: "A folder that pinned data may come from; as often as needed.")
    var dataFolder: [String] = []

    func validate() throws {
        guard concurrentSteps >= 1 else { throw ValidationError("--concurrent-steps must be at least 1") }
        for output in output { try output.check(ProcessInfo.processInfo.environment) }
    }

    func run() async throws {
        // A step's command is the change's own, and the signing key may be in this process's environment.
        _ = headgate_hide_process()
        let environment = ProcessInfo.processInfo.environment
        let report: ReviewReport
        do {
            report = try await untilSignalled { try await review(environment) }
        } catch let error as ValidationError {
            throw error
        } catch is CancellationError {
            Terminal.note("headgate: stopped by a signal")
            throw ExitCode(2)
        } catch {
            Terminal.note("headgate: \(error)")
            throw ExitCode(2)
        }
        let problems = CIReportWriter(report: report, imageBase: imageBase, environment: environment)
            .write(output.isEmpty ? [CIOutput(.text)] : output, folder: self.report)
        for problem in problems { Terminal.note("headgate: \(problem)") }
        switch report.outcome {
        case .passed: if !problems.isEmpty { throw ExitCode(2) }
        case .failed: throw ExitCode(1)
        case .undecided: throw ExitCode(2)
        }
    }

    /// Runs the body; a signal ends it, and the steps that it runs.
    private func untilSignalled(_ body: @escaping @Sendable () async throws -> ReviewReport) async throws
        -> ReviewReport
    {
        try await withThrowingTaskGroup(of: ReviewReport?.self) { group in
            let signals = await UnixSignalsSequence(trapping: .sighup, .sigint, .sigterm)
            group.addTask { try await body() }
            group.addTask {
                for await _ in signals { return nil }
                return nil
            }
            let first = try await group.next().flatMap(\.self)
            group.cancelAll()
            try await group.waitForAll()
            guard let first else { throw CancellationError() }
            return first
        }
    }

    private func review(_ environment: [String: String]) async throws -> ReviewReport {
        guard let folder = RepositoryPath(manifests ?? "") else {
            throw ValidationError("\(manifests ?? "") is not a path within the repository")
        }
        let given = try evidence.map(GivenEvidence.init(file:)) ?? GivenEvidence()
        let system = CISystem(environment)
        let checkout = try GitCheckout(
            containing: URL(fileURLWithPath: path).standardizedFileURL.path, signers: signers())
        let name = try await sourceName(system, checkout)
        let commit = try await checkout.resolve(head)
        let found = try await ChangeBase(checkout: checkout, system: system, given: base).find(commit)
        let from = found.commit
        let maker = ManifestSnapshots(source: name, repository: checkout, path: folder, reference: "")
        var before = DesiredState()
        var baseCommit: ReviewReport.Commit?
        if let from {
            let facts = try await checkout.facts(of: from)
            baseCommit = ReviewReport.Commit(id: from, subject: facts.subject)
            do {
                before = try await maker.snapshot(of: from).desired
            } catch {
                // A folder that is new has nothing in it at base.
                guard error.code == .notFound, folder != .root else { throw error }
            }
        }
        let snapshot = try await maker.snapshot(of: commit)
        let store = try shared.open(environment, system)
        let work = train == .changed ? try TrainingFolder(state) : nil
        defer { work?.cleanUp() }
        var report = try await ChangeReview(
            source: name, base: before, baseCommit: baseCommit, head: snapshot, repository: checkout, folder: folder,
            knowledge: SharedKnowledge(store),
            training: try work.map { try training(in: $0, name, checkout, snapshot, store) },
            runsPolicyTests: policyTests,
            protected: try await protectedSource(checkout, commit), given: given, now: .now
        ).report()
        if let note = shared.note(environment) { report.notes.append(note) }
        if allowedSigners == nil, report.reads("commit.verified") {
            report.notes.append("policies ask for commit.verified: without --allowed-signers FILE no signature counts")
        }
        if let note = protection.note { report.notes.append(note) }
        if let note = found.note(commit) { report.notes.insert(note, at: 0) }
        return report
    }

    private func training(
        in folder: TrainingFolder, _ name: SourceName, _ checkout: GitCheckout, _ snapshot: Snapshot,
        _ store: SharedStore?
    ) throws -> ChangeTraining {
        let objects = try FolderObjectStore(path: folder.layout.objects)
        let runner = try folder.runner(
            name, checkout, store: objects, concurrentSteps: concurrentSteps,
            pins: PinPolicy(hosts: Set(dataHost), folders: dataFolder, s3: ProcessInfo.processInfo.environment))
        let refused = Collected()
        let steps: any StepRunner =
            store.map {
                SharedStepRunner(runner, shared: $0, store: objects, scratch: folder.path + "/shared") { note in
                    Terminal.note(note.text)
                    if case .refused(let text) = note { refused.append(text) }
                }
            } ?? runner
        return ChangeTraining(
            runner: steps, planner: PipelinePlanner(host: snapshot.desired.hostFacts),
            log: { [keys = shared.secrets(ProcessInfo.processInfo.environment)] run in
                keys.reduce(runner.logTail(run)) { $0.replacing($1, with: "<secret>") }
            }, notes: { refused.all }, progress: { Terminal.note($0) })
    }

    private func sourceName(_ system: CISystem, _ checkout: GitCheckout) async throws -> SourceName {
        if let source {
            guard let name = SourceName(source) else { throw ValidationError("\(source) is not a source's name") }
            return name
        }
        if let url = system.repositoryName { return try ControllerConfiguration.Source(url: url).sourceName(0) }
        let origin = try await checkout.origin().flatMap { try? ControllerConfiguration.Source(url: $0).sourceName(0) }
        return origin ?? SourceName("checkout").orDie("a constant name is valid")
    }

    private func signers() throws -> AllowedSigners {
        guard let allowedSigners else { return AllowedSigners() }
        guard let text = try? String(contentsOfFile: allowedSigners, encoding: .utf8) else {
            throw ValidationError("the allowed signers file \(allowedSigners) cannot be read")
        }
        return try AllowedSigners(text)
    }

    private func protectedSource(_ checkout: GitCheckout, _ commit: CommitID) async throws -> ProtectedPolicies {
        try await refuseTracked(allowedSigners, "allowed signers", checkout, commit)
        try await refuseTracked(protection.config, "configuration", checkout, commit)
        guard let folder = try protection.folder() else { return .none }
        try await refuseTracked(folder, "protected policies", checkout, commit)
        return try await ProtectedPolicies(folder: folder)
    }

    /// Refuses what a change is judged by and could itself have written.
    ///
    /// A checkout of another repository may lie in this one's work tree, and is no part of it.
    private func refuseTracked(
        _ name: String?, _ what: String, _ checkout: GitCheckout, _ commit: CommitID
    ) async throws {
        let place = name.map { URL(fileURLWithPath: $0).standardizedFileURL.resolvingSymlinksInPath().path }
        guard let name, let place, let path = checkout.repositoryPath(of: place) else { return }
        let tracked = try await checkout.entries([path], at: commit)
        guard path == .root || !tracked.isEmpty else { return }
        throw ValidationError("\(what): \(name) is in the repository that is judged: a change could touch it")
    }
}

/// Sentences that tasks side by side come upon.
private final class Collected: Sendable {
    private let texts = Mutex<[String]>([])

    var all: [String] { texts.withLock(\.self).sorted() }

    func append(_ text: String) { texts.withLock { $0.append(text) } }
}
