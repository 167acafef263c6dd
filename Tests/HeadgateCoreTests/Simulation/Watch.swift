@testable import HeadgateCore

/// Something that must never happen, by the number of what it breaks.
struct Finding: Error, Hashable, CustomStringConvertible {
    let description: String
    /// The invariant, such as `I1`.
    var invariant: String { String(description.prefix { $0 != ":" }) }
}

/// What the checks of a simulation remember; they know the world, and of the reconciler only what it wrote and did.
struct Watch {
    var finding: Finding?
    /// What the process was told last of the repository, and what of it was committed.
    var reading: DesiredState?
    var inForce: DesiredState?
    /// When the process decided last; a full disk may keep what it decided from being written for a while.
    var decided = Instant(milliseconds: 0)
    /// The last serving state that each Deployment's target was told.
    var issued: [DeploymentID: ServingState] = [:]
    /// When Deployments left the inventory.
    var removed: [DeploymentID: Instant] = [:]
    /// Until when backoffs may be cut short: by people, and by clocks that jump.
    var hasty: Instant?
    /// When runs were given up.
    var cancelled: [RunID: Instant] = [:]
    /// Applies of the last minute by Deployment, to see writers that fight.
    var applies: [DeploymentID: [Instant]] = [:]
    /// The contents of the commit that it was told last.
    var contents: Contents?
    /// The contents that gave each version of `wine`.
    var champions: [VersionID: Contents] = [:]
}

extension Simulation {
    mutating func found(_ text: String) {
        guard watch.finding == nil else { return }
        watch.finding = Finding(description: text)
        trace.add(time, "FOUND \(text)")
    }

    mutating func note(_ act: Act) {
        switch act {
        // A full disk keeps what is decided from being written, and for as long.
        case .clock, .person: watch.hasty = max(time, diskFullUntil ?? time) + .seconds(6)
        case .commit, .forcePush, .webhooks, .git, .steps, .target, .amnesia, .answers, .checks, .crash, .diskFull:
            break
        }
    }

    // MARK: Before rows are written

    mutating func checkBefore(_ records: [LedgerRecord]) {
        for record in records {
            switch record {
            case .objectRemoved(let id): checkRemoval(of: id)
            case .run(let run):
                checkCancelling(run)
                checkCancelled(run)
            case .deployment(let row):
                checkHolds(row)
            case .modelStatus(let row):
                // Until the pipeline of what it was told last is done, the version is still that of a commit before.
                guard row.id == Names.wine, row.conditions[.ready]?.status == .isTrue, let version = row.version,
                    watch.champions[version] == nil, let contents = watch.contents,
                    !contents.broken.contains(.model)
                else { continue }
                watch.champions[version] = contents
            case .source, .object, .step, .stepForgotten, .version, .assessment, .verdict, .deploymentRemoved,
                .override, .event:
                break
            }
        }
    }

    /// I8: what leaves the inventory has left the repository, and no file that is in error could hold it.
    private mutating func checkRemoval(of id: ObjectID) {
        guard let desired = watch.reading else { return found("I8: \(id) is removed before the repository was read") }
        if desired.contains(id) { found("I8: \(id) is removed and stands in the repository") }
        if desired.quarantined[id] != nil { found("I8: \(id) is removed and only in error") }
        let file = ledger.objects[id].flatMap { $0.location }
        if let file, desired.unreadable.contains(file) { found("I8: \(id) is removed and its file cannot be read") }
        if id.kind == .deployment, let name = DeploymentName(id.name) {
            watch.removed[DeploymentID(source: id.source, name: name)] = watch.decided
        }
    }

    /// I4: a step that is still wanted is not cancelled.
    private mutating func checkCancelling(_ run: Run) {
        guard run.state == .cancelling, ledger.runs[run.id]?.state == .running, let desired = watch.reading else {
            return
        }
        for id in [Names.wine, Names.beer] {
            let model = desired.models[id.name] ?? (desired.keeps(ObjectID(id)) ? ledger.model(id) : nil)
            guard let model else { continue }
            let plan = PipelinePlanner(host: Simulation.host).plan(id, model) { ledger.steps[$0] }
            if plan.steps.contains(where: { $0.key == run.key }) { found("I4: \(run.id) is cancelled and wanted") }
        }
    }

    /// I4: a step that nobody wants is ended, and does not go on to its own end.
    private mutating func checkCancelled(_ run: Run) {
        if run.state == .cancelling, watch.cancelled[run.id] == nil { watch.cancelled[run.id] = time }
        guard let cancelled = watch.cancelled[run.id], !run.isLive, let process = runner.processes[run.id] else {
            return
        }
        if process.ends - cancelled > .seconds(60) { found("I4: \(run.id) goes on although nobody wants it") }
    }

    /// A hold ends when the desired state changes or a person says so, and never by itself.
    private mutating func checkHolds(_ row: DeploymentRecord) {
        guard let old = ledger.deployments[row.id], row.holds.count < old.holds.count else { return }
        if watch.hasty.map({ $0 > time }) ?? false { return }
        found("hold: a hold of \(row.id.name) is forgotten")
    }

    // MARK: Before effects start

    mutating func checkBefore(_ effect: Effect) {
        switch effect {
        case .apply(let target, let serving, _): checkServing(serving, on: Self.system(target.spec))
        case .remove(let target, let id, _): checkDraining(id, target)
        case .runStep, .cancelRun, .observe, .measure, .notify: break
        }
    }

    private mutating func checkServing(_ serving: ServingState, on target: TargetName) {
        let id = serving.deployment
        if let flaw = serving.flaw { found("I7: \(id.name): \(flaw)") }
        let before = watch.issued[id]
        let record = ledger.deployments[id]
        let champion = record?.champion?.version
        for (version, weight) in serving.weights.sorted(by: { $0.key < $1.key })
        where weight > (before?.weights[version] ?? 0) && version != champion {
            if before?.stable == version, before?.weights[version] ?? 0 > 0 { continue }
            checkGate(version, id)
            if champion != nil || before?.versions.contains(where: { $0.version == version }) ?? false {
                checkReady(version, id, target)
            }
        }
        if let champion, serving.stable == champion,
            let kept = serving.versions.first(where: { $0.version == champion }),
            let declared = ledger.deployment(id)?.spec.replicas, kept.replicas < declared
        {
            found("I7: \(id.name): the champion has \(kept.replicas) replicas of \(declared)")
        }
        if champion != nil, serving.weights.isEmpty, record?.rollout == nil { found("I7: \(id.name): nothing serves") }
        watch.issued[id] = serving
        var recent = (watch.applies[id] ?? []).filter { $0 + .seconds(60) > time }
        recent.append(time)
        watch.applies[id] = recent
        if recent.count > 60 { found("drift: \(id.name) was written \(recent.count) times in a minute") }
    }

    /// I1 and I13: a version that gains traffic has a pass of every policy in force, on its own assessment.
    private mutating func checkGate(_ version: VersionID, _ id: DeploymentID) {
        guard let spec = ledger.deployment(id)?.spec, ledger.versions[version] != nil else {
            return found("I1: \(version.short) is not known")
        }
        let model = ModelID(source: id.source, name: spec.model)
        let overridden = ledger.overrides.contains {
            $0.deployment == id && $0.version == version && $0.expires > now
        }
        if overridden { return }
        guard watch.inForce?.quarantined[ObjectID(Names.floor)] == nil else {
            return found("I11: \(id.name): \(version.short) takes traffic under a policy that is in error")
        }
        guard let policy = ledger.policy(Names.floor), case .number(let floor)? = policy.spec.params["floor"] else {
            return found("I1: \(id.name): \(version.short) takes traffic without its policy")
        }
        guard let assessment = assessment(of: version, model, id) else {
            return found("I1: \(id.name): \(version.short) takes traffic without an assessment")
        }
        guard case .object(let metrics) = assessment.metrics, case .number(let accuracy)? = metrics["accuracy"] else {
            return found("I6: \(id.name): \(version.short) takes traffic, and nobody measured it")
        }
        guard accuracy >= floor else {
            return found("I1: \(id.name): \(version.short) takes traffic with \(accuracy) below \(floor)")
        }
        let key = RecordedVerdict.Key(
            deployment: id, model: model, version: version, assessment: assessment.id,
            policy: Names.floor.name, policyDigest: Key.policy(policy.spec), moment: .validate)
        if ledger.verdicts[key]?.verdict.outcome != .pass {
            found("I13: \(id.name): \(version.short) takes traffic without a verdict of the policy in force")
        }
    }

    private func assessment(of version: VersionID, _ model: ModelID, _ id: DeploymentID) -> Assessment? {
        let status = ledger.models[model]
        let known =
            status?.version == version
            ? status?.assessment : ledger.deployments[id]?.history.last { $0.version == version }?.assessment
        return (known ?? ledger.deployments[id]?.desiredAssessment).flatMap { ledger.assessments[$0] }
    }

    /// I7: traffic moves to what was ready.
    private mutating func checkReady(_ version: VersionID, _ id: DeploymentID, _ target: TargetName) {
        guard let known = targets[target] else { return }
        if known.wasReady[id]?.contains(version) != true {
            found("I7: \(id.name): \(version.short) takes traffic and was never ready")
        }
    }

    /// I8: only what left the repository is drained, after a grace time, or what moved to another target.
    private mutating func checkDraining(_ id: DeploymentID, _ target: TargetReference) {
        watch.issued[id] = nil
        if let present = ledger.deployments[id]?.target, ledger.deployment(id) != nil {
            if present.isSame(as: target) { found("I8: \(id.name) is drained where it serves") }
            return
        }
        guard let removed = watch.removed[id] else { return found("I8: \(id.name) is drained and was never removed") }
        let isEarly = removed + Simulation.settings.pruneGrace > time
        if isEarly, watch.hasty == nil {
            found("I8: \(id.name) is drained within its grace")
        }
    }

    /// I2 and I6: nothing that has a result runs again, nothing runs twice at once, and errors wait before they repeat.
    mutating func checkStart(_ launch: StepLaunch) {
        let known = ledger.steps[launch.key]
        if known?.result != nil { found("I2: step \(launch.step) of a key that has a result runs again") }
        if known != nil { found("I2: step \(launch.step) of a refused key runs again unasked") }
        for run in ledger.runs.values where run.key == launch.key && run.state == .succeeded {
            found("I2: \(launch.run) does again what \(run.id) did")
        }
        for earlier in runner.processes.values where earlier.launch.key == launch.key && earlier.ends <= time {
            if case .failed = earlier.outcome, !isHasty { found("I6: \(earlier.launch.run) failed and is tried again") }
        }
        let others = runner.live(time).filter { $0.key == launch.key && $0.run != launch.run }
        if let other = others.first { found("I2: \(other.run) and \(launch.run) run side by side") }
        let earlier = ledger.runs.values.filter { $0.key == launch.key && $0.id != launch.run }
        for run in earlier {
            guard case .errored = run.state, let ended = run.ended, !isHasty else { continue }
            let wait = (ledger.runs[launch.run]?.started ?? now) - ended
            if wait >= .zero, wait < .seconds(2) { found("I6: \(launch.run) does not wait after \(run.id)") }
        }
    }

    private var isHasty: Bool { watch.hasty != nil }
}

extension DesiredState {
    /// Whether an object that is not in this snapshot stays in force all the same.
    func keeps(_ id: ObjectID) -> Bool { quarantined[id] != nil || !unreadable.isEmpty }
}

extension StoredObject {
    /// The file that it stands in.
    var location: RepositoryPath? {
        switch spec {
        case .model(let object): object.meta.location.file
        case .policy(let object): object.meta.location.file
        case .deployment(let object): object.meta.location.file
        case .target(let object): object.meta.location.file
        }
    }
}
