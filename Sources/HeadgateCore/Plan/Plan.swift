/// What would happen to one object, and why.
package struct PlannedChange: Hashable, Sendable, Codable {
    package enum Action: String, Hashable, Sendable, Codable, CaseIterable {
        /// Nothing.
        case none
        /// A step runs.
        case run
        /// A step waits for another's result before its key is known.
        case wait
        /// A step's result is taken from an earlier run.
        case cached
        /// A step's recorded refusal stands: `headgate retry`, or a change of its inputs.
        case refused
        case rollOut = "roll-out"
        /// An earlier champion returns; nothing is trained.
        case restore
        case resize
        case move
        /// Policies are asked again.
        case judge
        /// A target's spec changed: what serves on it is applied again.
        case apply
        case create
        case prune
        /// It would be pruned, once a person confirms that so many are.
        case confirm
        /// A hold keeps it where it is.
        case held
        /// Its manifest is in error, so its last good spec stays in force.
        case keep
        /// It cannot be planned.
        case error
    }

    package let object: ObjectID
    /// The step, for a Model's.
    package let step: StepName?
    package let action: Action
    package let reason: String
    /// What its gates say and still wait for; nil where none was asked.
    package var gates: [PlannedGate]?

    package init(_ object: ObjectID, step: StepName? = nil, _ action: Action, _ reason: String) {
        self.object = object
        self.step = step
        self.action = action
        self.reason = reason
    }

    /// Whether applying it changes something in the world.
    package var isChange: Bool {
        switch action {
        case .none, .cached, .held, .keep: false
        case .run, .wait, .refused, .rollOut, .restore, .resize, .move, .judge, .apply, .create, .prune, .confirm,
            .error:
            true
        }
    }
}

/// What is known of the world when a plan is made.
package struct PlanKnowledge: Sendable {
    package var steps: [StepKey: StepRecord]
    package var records: [DeploymentID: DeploymentRecord]
    package var modelStatuses: [ModelID: ModelStatus]
    /// Whether that is all that ever happened, as a ledger knows it.
    ///
    /// Without one, what base asks for is taken for granted.
    package var isLedger = false

    package init(
        steps: [StepKey: StepRecord] = [:], records: [DeploymentID: DeploymentRecord] = [:],
        modelStatuses: [ModelID: ModelStatus] = [:]
    ) {
        self.steps = steps
        self.records = records
        self.modelStatuses = modelStatuses
    }

    /// What a ledger holds.
    package init(_ contents: LedgerContents) {
        self.init(
            steps: Dictionary(contents.steps.map { ($0.key, $0) }) { first, _ in first },
            records: Dictionary(contents.deployments.map { ($0.id, $0) }) { first, _ in first },
            modelStatuses: Dictionary(contents.modelStatuses.map { ($0.id, $0) }) { first, _ in first })
        isLedger = true
    }
}

/// Compares a desired state with what is known; pure, and reads no data.
package struct Planner: Sendable {
    private let pipelines: PipelinePlanner
    private let builder: VersionBuilder

    package init(host: HostFacts) {
        pipelines = PipelinePlanner(host: host)
        builder = VersionBuilder(planner: pipelines)
    }

    /// What would happen if `head` came into force.
    ///
    /// - Parameters:
    ///   - source: Whose desired state it is.
    ///   - head: What would be in force.
    ///   - base: What is in force; nil when nothing is known of it.
    ///   - known: The ledger's knowledge.
    ///   - revision: The revision of `head`.
    ///   - commit: Its commit.
    ///   - now: The time.
    /// - Returns: A change for every step of a Model and every other object, in order of identity.
    package func plan(
        _ source: SourceName, _ head: DesiredState, base: DesiredState?, known: PlanKnowledge, revision: Revision,
        commit: CommitFacts, now: Instant
    ) -> [PlannedChange] {
        var changes: [PlannedChange] = []
        var versions: [ModelName: VersionRecord] = [:]
        // What is as at base is not news, whether anybody here has its results or not.
        let before =
            base.map {
                AssumedState(source, $0, known: known, builder: builder, revision: revision, commit: commit, now: now)
            } ?? AssumedState()
        for (name, model) in head.models.sorted(by: { $0.key < $1.key }) {
            let id = ModelID(source: source, name: name)
            let plan = pipelines.plan(id, model) { known.steps[$0] ?? before.steps[$0] }
            changes += steps(id, plan, before.plans[name])
            guard plan.isComplete else { continue }
            switch builder.build(id, model, plan, revision: revision, commit: commit, now: now) {
            case .success(let (version, _)): versions[name] = version
            case .failure(let problem): changes.append(PlannedChange(ObjectID(id), .error, problem.message))
            }
        }
        let holds = holds(source, head, versions, known.records)
        for (name, deployment) in head.deployments.sorted(by: { $0.key < $1.key }) {
            let id = DeploymentID(source: source, name: name)
            let old = base?.deployments[name]
            let serving = old.flatMap { before.versions[$0.spec.model] }
            let version = versions[deployment.spec.model]
            changes.append(
                !known.isLedger && base != nil
                    ? change(id, deployment, head, version, from: old, serving, base: base)
                    : change(id, deployment, head, version, known.records[id], holds[name], base: base))
        }
        changes += policies(source, head, base)
        changes += pruned(source, head, base)
        changes += targets(source, head, base)
        let waiting = Set(changes.filter { $0.action == .keep }.map(\.object))
        let kept = kept(source, head, base).filter { !waiting.contains($0.object) }
        let names = Set(kept.map(\.object))
        return confirmed(changes.filter { !names.contains($0.object) }, source, head, base) + kept
    }

    private func steps(_ id: ModelID, _ plan: PipelinePlan, _ before: PipelinePlan?) -> [PlannedChange] {
        let object = ObjectID(id)
        if !plan.problems.isEmpty { return plan.problems.map { PlannedChange(object, .error, $0) } }
        return plan.steps.map { step in
            guard let key = step.key else {
                let names = step.waitsFor.map(\.text).joined(separator: ", ")
                return PlannedChange(object, step: step.spec.name, .wait, "waits for \(names)")
            }
            if step.record?.isAssumed == true {
                return PlannedChange(object, step: step.spec.name, .none, "same key \(key.short) as at base")
            }
            switch step.record?.outcome {
            case .succeeded:
                let run = step.record?.run.text ?? ""
                return PlannedChange(object, step: step.spec.name, .cached, "same key \(key.short) as run \(run)")
            case .failed(let code, _):
                return PlannedChange(
                    object, step: step.spec.name, .refused, "exited with \(code) before, on the same inputs")
            case .errored(let error): return PlannedChange(object, step: step.spec.name, .refused, error.message)
            case nil:
                let earlier = before?.steps.first { $0.spec.name == step.spec.name }
                return PlannedChange(object, step: step.spec.name, .run, Self.difference(step, earlier))
            }
        }
    }

    /// What makes a step's key another than before.
    static func difference(_ step: PlannedStep, _ earlier: PlannedStep?) -> String {
        guard let earlier else { return "new step" }
        var reasons: [String] = []
        for input in step.keyInputs {
            guard let old = earlier.keyInputs.first(where: { $0.path == input.path }) else {
                // Outputs of other steps are not known of the earlier state.
                if input.mode != "stored" { reasons.append("\(input.path) is new") }
                continue
            }
            if old != input { reasons.append("\(input.path) changed") }
        }
        for old in earlier.keyInputs where !step.keyInputs.contains(where: { $0.path == old.path }) {
            reasons.append("\(old.path) is no input any more")
        }
        for (name, value) in step.spec.params.sorted(by: { $0.key < $1.key }) where earlier.spec.params[name] != value {
            let old = earlier.spec.params[name]?.canonicalText ?? "nothing"
            reasons.append("param \(name) changed from \(old) to \(value.canonicalText)")
        }
        if step.spec.command != earlier.spec.command { reasons.append("the command changed") }
        if step.environment?.digest != earlier.environment?.digest { reasons.append("the environment changed") }
        if step.spec.outputs != earlier.spec.outputs { reasons.append("the outputs changed") }
        let stored = step.keyInputs.filter { $0.mode == "stored" }.map(\.path)
        if reasons.isEmpty, !stored.isEmpty { reasons.append("\(stored.joined(separator: ", ")) differs") }
        return reasons.isEmpty ? "never ran" : reasons.joined(separator: "; ")
    }

    private func change(
        _ id: DeploymentID, _ deployment: Object<DeploymentSpec>, _ head: DesiredState, _ version: VersionRecord?,
        _ record: DeploymentRecord?, _ hold: Hold?, base: DesiredState?
    ) -> PlannedChange {
        let object = ObjectID(id)
        let model = deployment.spec.model
        if let problem = missing(id, deployment.spec, head, base) { return problem }
        guard let version else {
            let reason = "when model \(model) has a version that passes its gates"
            return record?.champion == nil
                ? PlannedChange(object, .rollOut, reason) : rollOut(object, reason, deployment, head)
        }
        guard let record, let champion = record.champion else {
            if let hold { return held(object, hold) }
            return PlannedChange(object, .rollOut, "first version \(version.id.short), if it passes its gates")
        }
        if let target = record.target, let move = move(object, from: target.id.name, target.spec, deployment, head) {
            return move
        }
        let goal = hold.map { $0.stay ?? champion.version } ?? version.id
        if champion.version == goal {
            let replicas = record.applied?.versions.first { $0.version == goal }?.replicas
            if let replicas, replicas != deployment.spec.replicas {
                return PlannedChange(object, .resize, "from \(replicas) to \(deployment.spec.replicas) replicas")
            }
            return hold.map { held(object, $0) }
                ?? PlannedChange(object, .none, "serves version \(version.id.short)")
        }
        if record.history.contains(where: { $0.version == goal }) {
            return PlannedChange(object, .restore, "version \(goal.short) was champion before: nothing is trained")
        }
        return rollOut(
            object, "from version \(champion.version.short) to \(version.id.short), if it passes its gates", deployment,
            head)
    }

    /// How a Deployment moves to another serving system; nil when it stays where it is, under whatever name.
    func move(
        _ object: ObjectID, from old: TargetName, _ spec: TargetSpec?, _ deployment: Object<DeploymentSpec>,
        _ head: DesiredState
    ) -> PlannedChange? {
        let name = deployment.spec.target
        if let spec, let wanted = head.targets[name]?.spec {
            let before = TargetReference(id: TargetID(source: object.source, name: old), spec: spec)
            let after = TargetReference(id: TargetID(source: object.source, name: name), spec: wanted)
            if after.isSame(as: before) { return nil }
        } else if old == name {
            return nil
        }
        let reason = old == name ? "target \(name) is another serving system now" : "from target \(old) to \(name)"
        return PlannedChange(object, .move, reason)
    }

    /// A rollout that takes the place of what serves, with what people should know of its strategy and target.
    func rollOut(
        _ object: ObjectID, _ reason: String, _ deployment: Object<DeploymentSpec>, _ head: DesiredState
    ) -> PlannedChange {
        let (strategy, replicas) = (deployment.spec.strategy, deployment.spec.replicas)
        let notes =
            strategy.remarks(replicas: replicas)
            + [
                strategy.shortage(replicas: replicas, room: room(on: deployment.spec.target, head)),
                question(to: deployment.spec.target, strategy, head),
            ].compactMap { $0 }
        return PlannedChange(object, .rollOut, ([reason] + notes).joined(separator: "; "))
    }

    /// What is not known of a target behind a program until the controller asks it; nil for others, which can do all.
    private func question(to target: TargetName, _ strategy: StrategySpec, _ head: DesiredState) -> String? {
        guard case .exec(let spec) = head.targets[target]?.spec.provider else { return nil }
        let needs = strategy.unmet(by: TargetCapabilities())
        guard !needs.isEmpty else { return nil }
        return "the program \(spec.program) is asked first, and nothing moves if \(needs.joined(separator: ", or "))"
    }

    /// Replicas that a target holds beside what all Deployments on it declare; nil without a limit.
    private func room(on target: TargetName, _ head: DesiredState) -> Int? {
        guard case .local(let spec) = head.targets[target]?.spec.provider, let capacity = spec.capacity else {
            return nil
        }
        let declared = head.deployments.values.filter { $0.spec.target == target }.map(\.spec.replicas)
        return capacity - declared.reduce(0, +)
    }

    private func policies(_ source: SourceName, _ head: DesiredState, _ base: DesiredState?) -> [PlannedChange] {
        head.policies.sorted { $0.key < $1.key }.map { name, policy in
            let object = ObjectID(PolicyID(source: source, name: name))
            guard let old = base?.policies[name] else { return PlannedChange(object, .create, "new policy") }
            guard Key.policy(old.spec) != Key.policy(policy.spec) || old.spec.match != policy.spec.match else {
                return PlannedChange(object, .none, "unchanged")
            }
            let changes = policy.spec.changes(from: old.spec).joined(separator: ", ")
            return PlannedChange(
                object, .judge, "\(changes) changed: what it guards is judged again; no champion is evicted")
        }
            + (base?.policies ?? [:]).sorted { $0.key < $1.key }.compactMap { name, policy in
                let object = ObjectID(PolicyID(source: source, name: name))
                guard head.policies[name] == nil,
                    head.hold(on: object, lastSeenAt: policy.meta.location) == nil
                else { return nil }
                return PlannedChange(object, .prune, "left the repository; it is not asked any more")
            }
    }

    private func pruned(_ source: SourceName, _ head: DesiredState, _ base: DesiredState?) -> [PlannedChange] {
        guard let base else { return [] }
        let gone = base.deployments.filter { name, deployment in
            let id = ObjectID(DeploymentID(source: source, name: name))
            return head.deployments[name] == nil && head.hold(on: id, lastSeenAt: deployment.meta.location) == nil
        }.sorted { $0.key < $1.key }
        let models = base.models.filter { name, model in
            let object = ObjectID(ModelID(source: source, name: name))
            return head.models[name] == nil && head.hold(on: object, lastSeenAt: model.meta.location) == nil
        }.keys.sorted().map { name in
            PlannedChange(
                ObjectID(ModelID(source: source, name: name)), .prune,
                "left the repository; its versions stay until they are collected")
        }
        return models
            + gone.map { name, deployment in
                let object = ObjectID(DeploymentID(source: source, name: name))
                return deployment.spec.deletionPolicy == .orphan
                    ? PlannedChange(object, .none, "left the repository; what serves is left (orphan)")
                    : PlannedChange(object, .prune, "left the repository; drained and removed")
            }
    }
}
