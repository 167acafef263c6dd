@testable import HeadgateCore

/// What may go wrong in a simulated world.
struct Faults {
    /// Chance of losing the process after each commit of rows, before any of its effects.
    var crash = 0.0
    /// Chance that a target refuses to answer a call.
    var unreachable = 0.0
    /// Chance that a step is killed by a signal.
    var signalled = 0.0
    /// Chance that an outcome is told twice.
    var repeated = 0.0
}

/// A ledger, a runner and a target without I/O, driven from one queue of events ordered by time and then by arrival.
struct World {
    static let source = name(SourceName("models"))
    static let target = TargetID(source: source, name: name(TargetName("local")))

    private(set) var reconciler: Reconciler
    private(set) var contents = LedgerContents()
    private(set) var now = Instant(milliseconds: 1_000_000)
    private(set) var crashes = 0
    /// Every run that was really started, in order; adopting is not starting.
    private(set) var started: [StepLaunch] = []
    /// What the target was told, in order.
    private(set) var applied: [ServingState] = []
    private(set) var writes = 0
    /// How often a deadline was due.
    private(set) var ticks = 0
    var faults = Faults()
    /// Exit codes of steps by name, where not 0.
    var exitCodes: [String: Int32] = [:]
    /// What such a step printed last.
    var lastWords = "said no"
    /// Metrics by the value of the param `quality`.
    var stepDuration = Duration.seconds(10)
    /// Whether nothing is heard of steps that start.
    var isSilent = false
    /// Whether writes arrive and nothing is heard of them.
    var isTargetMute = false
    /// Servers that were killed and started again, by version.
    var restarts: [VersionID: Int] = [:]
    var routerRestarts = 0
    private let judge: any Judge
    private var generator: SeededGenerator
    private(set) var events: [LoggedEvent] = []
    private var queue: [(at: Instant, order: Int, event: ReconcileEvent)] = []
    private var order = 0
    private var outcomes: [RunID: (at: Instant, outcome: StepOutcome)] = [:]
    private var servers: [DeploymentID: (state: ServingState, since: [VersionID: Instant])] = [:]

    init(seed: UInt64 = 1, judge: any Judge = ThresholdJudge()) {
        self.judge = judge
        generator = SeededGenerator(seed: seed)
        reconciler = Reconciler(contents: LedgerContents(), host: World.host, judge: judge)
        deliver(.started)
    }

    static let host = HostFacts(operatingSystem: "linux", architecture: "x86_64")

    var state: ReconcilerState { reconciler.state }

    /// Puts a commit in front of the controller.
    mutating func push(_ snapshot: Snapshot) { deliver(.snapshot(World.source, snapshot)) }

    mutating func command(_ command: Command) { deliver(.command(command)) }

    /// Lets time pass until nothing is left to happen before a moment.
    mutating func run(for duration: Duration) {
        let end = now + duration
        while true {
            let next = queue.min { ($0.at, $0.order) < ($1.at, $1.order) }
            let deadline = reconciler.nextDeadline
            if let next, next.at <= end, deadline.map({ next.at <= $0 }) ?? true {
                queue.removeAll { $0.order == next.order }
                now = max(now, next.at)
                deliver(next.event)
            } else if let deadline, deadline <= end {
                now = max(now, deadline)
                ticks += 1
                deliver(.tick)
            } else {
                now = end
                return
            }
        }
    }

    /// Loses the process and starts again from what is durable.
    mutating func crash() {
        crashes += 1
        queue.removeAll { if case .snapshot = $0.event { false } else { true } }
        reconciler = Reconciler(contents: contents, host: World.host, judge: judge)
        deliver(.started)
    }

    private mutating func deliver(_ event: ReconcileEvent) {
        let decision = reconciler.handle(event, now: now, jitter: chance())
        for case .event(let event) in decision.records { events.append(event) }
        if !decision.records.isEmpty { writes += 1 }
        for record in decision.records { contents.apply(record) }
        if !decision.records.isEmpty, chance() < faults.crash {
            crash()
            return
        }
        for effect in decision.effects { carry(effect) }
    }

    private mutating func carry(_ effect: Effect) {
        switch effect {
        case .runStep(let launch): run(launch)
        case .cancelRun(let launch):
            var outcome = StepOutcome.cancelled
            if let known = outcomes[launch.run], known.at <= now { outcome = known.outcome }
            outcomes[launch.run] = (now, outcome)
            schedule(.stepEnded(launch.run, outcome), after: .milliseconds(50))
        case .apply(_, let serving, let operation):
            if chance() < faults.unreachable {
                let failure = TargetError(.unreachable, "nobody answers")
                schedule(.applied(serving.deployment, operation, failure), after: .milliseconds(20))
                return
            }
            serve(serving)
            if isTargetMute { return }
            schedule(.applied(serving.deployment, operation, nil), after: .milliseconds(20))
        case .remove(_, let deployment, let operation):
            servers[deployment] = nil
            schedule(.removed(deployment, operation, nil), after: .milliseconds(20))
        case .observe(let target, let deployment, let asked):
            let failed = chance() < faults.unreachable
            let observation: ReconcileEvent.Observation =
                failed
                ? .failed(TargetError(.unreachable, "nobody answers"))
                : .serving(observe(deployment), .everything)
            schedule(.observed(deployment, target, asked: asked, observation), after: .milliseconds(10))
        case .measure(let deployment, let request):
            schedule(.measured(deployment, request, [:]), after: .milliseconds(10))
        case .notify: break
        }
    }

    private mutating func run(_ launch: StepLaunch) {
        if let known = outcomes[launch.run] {
            let wait = max(known.at - now, .milliseconds(1))
            schedule(.stepEnded(launch.run, known.outcome), after: wait)
            return
        }
        started.append(launch)
        if isSilent { return }
        let outcome: StepOutcome
        if stepDuration > launch.timeout {
            let error = StepError(.timedOut, "longer than \(launch.timeout.text)", mayRetry: true)
            outcomes[launch.run] = (now + launch.timeout, .errored(error))
            schedule(.stepEnded(launch.run, .errored(error)), after: launch.timeout)
            return
        }
        if chance() < faults.signalled {
            outcome = .errored(StepError(.signalled, "killed by signal 9", mayRetry: true))
        } else if let code = exitCodes[launch.step.text] {
            outcome = .failed(exitCode: code, message: lastWords)
        } else {
            outcome = .succeeded(Self.result(of: launch, now))
        }
        outcomes[launch.run] = (now + stepDuration, outcome)
        schedule(.stepEnded(launch.run, outcome), after: stepDuration)
        if chance() < faults.repeated {
            schedule(.stepEnded(launch.run, outcome), after: stepDuration + .milliseconds(5))
        }
    }

    /// A step's outputs follow from its key, and its metrics from the params in its command.
    private static func result(of launch: StepLaunch, _ now: Instant) -> StepResult {
        var builder = DigestBuilder(domain: "test/output")
        builder.add("key", launch.key.digest)
        let artifact = StoredArtifact(tree: TreeDigest(builder.finish()), size: 10, fileCount: 1, formats: ["bin"])
        let quality = launch.command.last.flatMap { Double($0) } ?? 0
        return StepResult(
            outputs: Dictionary(launch.outputs.map { ($0, artifact) }) { first, _ in first },
            metrics: launch.metrics == nil ? nil : .object(["accuracy": .number(quality)]), started: now, ended: now)
    }

    private mutating func serve(_ serving: ServingState) {
        applied.append(serving)
        var since = servers[serving.deployment]?.since ?? [:]
        for version in serving.versions where since[version.version] == nil { since[version.version] = now }
        since = since.filter { entry in serving.versions.contains { $0.version == entry.key } }
        servers[serving.deployment] = (serving, since)
    }

    /// A server is ready a second after its start.
    private func observe(_ deployment: DeploymentID) -> ObservedServing {
        guard let known = servers[deployment] else { return ObservedServing() }
        var versions: [VersionID: ObservedVersion] = [:]
        for version in known.state.versions {
            let isReady = known.since[version.version].map { now - $0 >= .seconds(1) } ?? false
            versions[version.version] = ObservedVersion(
                phase: isReady ? .ready : .starting, readyReplicas: isReady ? version.replicas : 0,
                replicas: version.replicas, restarts: restarts[version.version] ?? 0,
                lastExit: restarts[version.version].map { _ in "was killed by signal 9" })
        }
        return ObservedServing(
            versions: versions, weights: known.state.weights, mirror: known.state.mirror, routes: known.state.routes,
            address: "http://127.0.0.1/x",
            router: ServerRestarts(count: routerRestarts, lastExit: "ended with exit code 2"))
    }

    /// What takes traffic now, by Deployment.
    func weights(_ deployment: DeploymentID) -> [VersionID: Int] { servers[deployment]?.state.weights ?? [:] }

    private mutating func schedule(_ event: ReconcileEvent, after wait: Duration) {
        order += 1
        queue.append((now + wait, order, event))
    }

    private mutating func chance() -> Double { Double.random(in: 0..<1, using: &generator) }
}

extension LedgerContents {
    /// What a durable ledger does with a row.
    mutating func apply(_ record: LedgerRecord) {
        switch record {
        case .source(let row):
            sources.removeAll { $0.name == row.name }
            sources.append(row)
        case .object(let row):
            objects.removeAll { $0.id == row.id }
            objects.append(row)
        case .objectRemoved(let id): objects.removeAll { $0.id == id }
        case .run(let row):
            runs.removeAll { $0.id == row.id }
            runs.append(row)
        case .step(let row): if !steps.contains(where: { $0.key == row.key }) { steps.append(row) }
        case .stepForgotten(let key): steps.removeAll { $0.key == key && $0.result == nil }
        case .version(let row): if !versions.contains(where: { $0.id == row.id }) { versions.append(row) }
        case .assessment(let row): if !assessments.contains(where: { $0.id == row.id }) { assessments.append(row) }
        case .verdict(let row):
            verdicts.removeAll { $0.key == row.key }
            verdicts.append(row)
        case .deployment(let row):
            deployments.removeAll { $0.id == row.id }
            deployments.append(row)
        case .deploymentRemoved(let id): deployments.removeAll { $0.id == id }
        case .modelStatus(let row):
            modelStatuses.removeAll { $0.id == row.id }
            modelStatuses.append(row)
        case .override(let row): overrides.append(row)
        case .event: break
        }
    }
}

/// Passes a version whose accuracy is at least the policy's param `floor`; the CEL judge has tests of its own.
struct ThresholdJudge: Judge {
    func judge(_ policy: PolicyName, _ spec: PolicySpec, digest: PolicyDigest, on evidence: Evidence) -> Verdict {
        var outcome = Verdict.Outcome.inconclusive
        if case .object(let metrics) = evidence.candidate?.metrics, case .number(let accuracy) = metrics["accuracy"],
            case .number(let floor) = spec.params["floor"]
        {
            outcome = accuracy >= floor ? .pass : .fail
        }
        return Verdict(
            policy: policy, policyDigest: digest, action: spec.action, moment: evidence.moment, outcome: outcome,
            evidenceDigest: EvidenceDigest(Digest.of(Array("\(outcome)".utf8))), isVolatile: false, rules: [],
            message: outcome == .pass ? nil : "accuracy is below the floor")
    }

    func check(_ policy: PolicyName, _ spec: PolicySpec) -> [Diagnostic] { [] }
    func check(_ strategy: StrategySpec) -> [Diagnostic] { [] }
    func answer(_ request: CheckRequest, queries: [String: QueryValue]) -> CheckAnswer { .pass("") }
    func readsStable(_ check: CheckSpec) -> Bool { false }
    func isSatisfied(_ expression: PolicyExpression, by status: JSONValue) -> Bool? { nil }
}

/// Unwraps a name that is written in a test.
func name<Subject>(_ name: Name<Subject>?) -> Name<Subject> {
    guard let name else { preconditionFailure("a test wrote an invalid name") }
    return name
}
