/// The controller's mind: a synchronous state machine, (state, event) to (state, rows, effects).
///
/// Level-triggered: each event marks objects to look at, and looking at an object compares what is desired with what is
/// known and emits what is missing. No clock, no I/O, no randomness: `now` and `jitter` arrive with the event.
package struct Reconciler: Sendable {
    package internal(set) var state: ReconcilerState
    package let settings: ReconcilerSettings
    let planner: PipelinePlanner
    let builder: VersionBuilder
    let judge: any Judge

    var timers = Timers()
    var queue = WorkQueue()
    var decision = Decision()
    var now = Instant(milliseconds: 0)
    var jitter = 0.0
    var touchedDeployments: [DeploymentID: DeploymentRecord?] = [:]
    /// What the target of the Deployment that is looked at shows, until its rollout is told.
    var firstLook: ObservedServing?
    /// Where among this decision's effects the write of each Deployment stands.
    var told: [DeploymentID: Int] = [:]
    /// What policies say of champions now.
    var compliance: [DeploymentID: GateDecision] = [:]
    /// What policies with action `warn` said last, at each moment.
    var warnings: [DeploymentID: [GateMoment: [String]]] = [:]

    /// Takes up where a ledger left off; the first event must be `started`.
    package init(
        contents: LedgerContents, host: HostFacts, judge: any Judge, settings: ReconcilerSettings = ReconcilerSettings()
    ) {
        self.settings = settings
        self.judge = judge
        planner = PipelinePlanner(host: host)
        builder = VersionBuilder(planner: planner)
        state = ReconcilerState(contents)
    }

    /// When a `tick` is due.
    package var nextDeadline: Instant? {
        mutating get { timers.next }
    }

    /// Takes one event and gives what to write and then to do.
    ///
    /// `jitter`: 0 through 1, fresh for each event.
    package mutating func handle(_ event: ReconcileEvent, now: Instant, jitter: Double) -> Decision {
        self.jitter = jitter
        decision = Decision()
        keepTime(now)
        receive(event)
        queue.formUnion(timers.take(until: now))
        settle()
        for id in touchedDeployments.keys.sorted() {
            guard let record = state.records[id], let before = touchedDeployments[id] else { continue }
            if record != before { decision.records.append(.deployment(record)) }
        }
        touchedDeployments = [:]
        told = [:]
        // What is given away must not stay in memory until the next event.
        defer { decision = Decision() }
        return decision
    }

    private mutating func receive(_ event: ReconcileEvent) {
        switch event {
        case .started: start()
        case .snapshot(let source, let snapshot): receive(snapshot, of: source)
        case .sourceFailed(let source, let message): sourceFailed(source, message)
        case .stepEnded(let run, let outcome): stepEnded(run, outcome)
        case .applied(let id, let operation, let failure): applied(id, operation, failure)
        case .removed(let id, let operation, let failure): removed(id, operation, failure)
        case .observed(let id, let target, let asked, let observation): observed(id, target, asked, observation)
        case .measured(let id, let request, let values): measured(id, request, values)
        case .command(let command): obey(command)
        case .pruned(let records, let before): forget(records, before: before)
        case .tick: break
        }
    }

    private mutating func start() {
        compareWithLedger()
        for run in state.liveRuns { ask(run) }
        queue.formUnion(state.models.keys.map(WorkItem.model))
        queue.formUnion(state.deployments.keys.map(WorkItem.deployment))
        queue.formUnion(state.records.keys.map(WorkItem.deployment))
        state.unjudged = Set(state.deployments.keys)
        recallWarnings()
        for id in state.records.keys.sorted() where state.records[id]?.rollout != nil { drive(id, [.recovered]) }
    }

    /// Looks at every marked object until none is left; Models first, since Deployments follow from them.
    private mutating func settle() {
        while let item = queue.popFirst() {
            switch item {
            case .run(let id): reconcile(id)
            case .model(let id): reconcile(id)
            case .deployment(let id): reconcile(id)
            }
            if queue.isEmpty {
                cancelUnwanted()
                fillSlots()
            }
        }
        cancelUnwanted()
    }

    /// Adds an event to the ledger and tells subscribers.
    mutating func log(
        _ severity: LoggedEvent.Severity, _ reason: String, _ message: String, _ object: ObjectID?,
        _ revision: Revision? = nil
    ) {
        let revision = revision ?? object.flatMap { state.sources[$0.source]?.revision }
        let event = LoggedEvent(severity, reason, message, object: object, revision: revision, at: now)
        decision.records.append(.event(event))
        decision.effects.append(.notify(event))
    }
}

extension ReconcilerState {
    /// Indexes what a ledger holds.
    init(_ contents: LedgerContents) {
        self.init()
        for source in contents.sources {
            sources[source.name] = source
            // What was in error stays so until the repository is read again: a policy must not vanish meanwhile (I11).
            for diagnostic in source.diagnostics where diagnostic.severity == .error {
                if let object = diagnostic.object, quarantined[object] == nil { quarantined[object] = diagnostic }
            }
        }
        for object in contents.objects { insert(object) }
        for step in contents.steps { steps[step.key] = step }
        for run in contents.runs where steps[run.key] == nil || run.isLive {
            if let known = attempts[run.key], known.attempt > run.attempt { continue }
            attempts[run.key] = run
            if run.isLive { keysByRun[run.id] = run.key }
        }
        for version in contents.versions { versions[version.id] = version }
        for assessment in contents.assessments { assessments[assessment.id] = assessment }
        for verdict in contents.verdicts { verdicts[verdict.key] = verdict }
        for deployment in contents.deployments { records[deployment.id] = deployment }
        for status in contents.modelStatuses { modelStatuses[status.id] = status }
        overrides = contents.overrides
    }

    /// Puts an object in force and keeps the indexes.
    mutating func insert(_ object: StoredObject) {
        let source = object.id.source
        switch object.spec {
        case .model(let value):
            if let name = ModelName(object.id.name) { models[ModelID(source: source, name: name)] = value }
        case .policy(let value):
            guard let name = PolicyName(object.id.name) else { return }
            let id = PolicyID(source: source, name: name)
            policies[id] = value
            policyDigests[id] = Key.policy(value.spec)
        case .deployment(let value):
            guard let name = DeploymentName(object.id.name) else { return }
            let id = DeploymentID(source: source, name: name)
            unlink(id)
            deployments[id] = value
            deploymentsByModel[ModelID(source: source, name: value.spec.model), default: []].insert(id)
        case .target(let value):
            if let name = TargetName(object.id.name) { targets[TargetID(source: source, name: name)] = value }
        }
    }

    /// Takes an object out of force.
    mutating func remove(_ id: ObjectID) {
        switch id.kind {
        case .model:
            if let name = ModelName(id.name) { models[ModelID(source: id.source, name: name)] = nil }
        case .policy:
            guard let name = PolicyName(id.name) else { return }
            policies[PolicyID(source: id.source, name: name)] = nil
            policyDigests[PolicyID(source: id.source, name: name)] = nil
        case .deployment:
            guard let name = DeploymentName(id.name) else { return }
            let id = DeploymentID(source: id.source, name: name)
            unlink(id)
            deployments[id] = nil
        case .target:
            guard let name = TargetName(id.name) else { return }
            targets[TargetID(source: id.source, name: name)] = nil
            routerRestarts[TargetID(source: id.source, name: name)] = nil
        }
    }

    private mutating func unlink(_ id: DeploymentID) {
        guard let old = deployments[id] else { return }
        deploymentsByModel[ModelID(source: id.source, name: old.spec.model)]?.remove(id)
    }
}
