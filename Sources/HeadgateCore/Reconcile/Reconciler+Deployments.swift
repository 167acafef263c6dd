extension Reconciler {
    /// What HEAD asks of a Deployment, as far as it is known.
    enum Wanted {
        case version(VersionRecord, Assessment)
        /// The Model's pipeline is not at its end, or not in order.
        case notYet(reason: String, message: String, stalled: Bool)
    }

    /// Brings a Deployment towards HEAD: judges, rolls, keeps the champion as it should be.
    mutating func reconcile(_ id: DeploymentID) {
        guard let object = state.deployments[id] else {
            retire(id)
            return
        }
        touch(id)
        var record = state.records[id] ?? DeploymentRecord(id: id)
        if record.deleted != nil { record.deleted = nil }
        record.revision = state.sources[id.source]?.revision
        record.deletionPolicy = object.spec.deletionPolicy
        let targetID = TargetID(source: id.source, name: object.spec.target)
        guard let targetSpec = state.targets[targetID]?.spec else {
            state.records[id] = record
            let text = "target \(object.spec.target) does not exist"
            conclude(id, [.notReady("TargetNotFound", text, now, stalled: true)])
            return
        }
        let target = TargetReference(id: targetID, spec: targetSpec)
        if record.target == nil || record.target?.isSame(as: target) == true {
            // The same target with other settings is told the champion again.
            if let before = record.target, before.spec != target.spec { record.written = nil }
            record.target = target
        }
        state.records[id] = record
        if isSuspended(id) {
            suspend(id)
            return
        }
        // Nobody may be judged against, or put before, a champion that has not been looked for (I1).
        guard state.observed[id] != nil else {
            observe(id)
            schedule(id)
            return
        }
        advance(id, object, wanted(object.spec.model, id.source))
        // A rollout's time goes on whatever HEAD asks for; what its target shows, when that is new, goes before.
        if firstLook == nil { drive(id, [.tick]) }
        schedule(id)
    }

    private func wanted(_ model: ModelName, _ source: SourceName) -> Wanted {
        let id = ModelID(source: source, name: model)
        guard state.models[id] != nil else {
            return .notYet(reason: "ModelNotFound", message: "model \(model) does not exist", stalled: true)
        }
        guard let status = state.modelStatuses[id], let ready = status.conditions[.ready] else {
            return .notYet(reason: "Progressing", message: "model \(model) has not been planned", stalled: false)
        }
        guard ready.status == .isTrue, let version = status.version.flatMap({ state.versions[$0] }),
            let assessment = status.assessment.flatMap({ state.assessments[$0] })
        else {
            let stalled = status.conditions[.stalled] != nil
            return .notYet(reason: ready.reason, message: "model \(model): \(ready.message)", stalled: stalled)
        }
        return .version(version, assessment)
    }

    private mutating func advance(_ id: DeploymentID, _ object: Object<DeploymentSpec>, _ wanted: Wanted) {
        guard var record = state.records[id] else { return }
        if let target = record.target, !moved(id, &record, object, from: target) { return }
        switch wanted {
        case .notYet(let reason, let message, let stalled):
            record.desired = nil
            record.desiredAssessment = nil
            state.records[id] = record
            // A newer desired state ends the rollout of the one that it replaces (I4).
            if let rollout = record.rollout, rollout.candidate.version != record.champion?.version {
                drive(id, resizing(rollout, object) + [.superseded(by: record.champion?.version)])
            } else if let rollout = record.rollout {
                drive(id, resizing(rollout, object))
            }
            keepSteady(id, object)
            conclude(id, [.notReady(reason, message, now, stalled: stalled)])
        case .version(let version, let assessment):
            record.desired = version.id
            record.desiredAssessment = assessment.id
            state.records[id] = record
            pursue(id, object, version, assessment)
        }
    }

    /// Moves towards a version that is known, unless a hold says otherwise.
    private mutating func pursue(
        _ id: DeploymentID, _ object: Object<DeploymentSpec>, _ version: VersionRecord, _ assessment: Assessment
    ) {
        guard let record = state.records[id] else { return }
        var goal = (version, assessment)
        var extra: [Condition] = []
        let digest = record.holds.isEmpty ? nil : desiredDigest(id, object, version)
        if let digest, let hold = record.holds.last(where: { $0.desired == digest }) {
            let what = "version \(version.id.short) is held by \(hold.by): \(hold.reason)"
            let text = "\(what); `headgate release \(id.name)` ends it"
            extra.append(Condition(.held, .isTrue, reason: "Held", text, since: hold.at))
            guard let stay = hold.stay ?? record.champion?.version, let held = state.versions[stay],
                let then = (record.history.last { $0.version == stay }?.assessment).flatMap({ state.assessments[$0] })
            else {
                if record.rollout != nil { drive(id, [.abort(reason: "held: \(hold.reason)")]) }
                conclude(id, [.notReady("Held", text, now, stalled: true)] + extra)
                return
            }
            goal = (held, then)
        }
        if let rollout = record.rollout, case .finished = rollout.phase {
        } else if let rollout = record.rollout {
            let refusal = continueRollout(id, object, rollout, goal)
            conclude(id, refusal + extra)
            return
        }
        if record.champion?.version == goal.0.id {
            settled(id, object, goal.1)
            conclude(id, extra)
            return
        }
        let refusal = start(id, object, goal.0, goal.1, superseding: nil)
        conclude(id, refusal + extra)
    }

    /// Goes on with a rollout, or replaces it; gives why nothing replaces it, if so.
    private mutating func continueRollout(
        _ id: DeploymentID, _ object: Object<DeploymentSpec>, _ rollout: Rollout, _ goal: (VersionRecord, Assessment)
    ) -> [Condition] {
        if goal.0.id != rollout.candidate.version {
            if rollout.promotedAt != nil {
                // Its candidate is the champion already: what is wanted now is a rollout of its own.
                drive(id, [.superseded(by: goal.0.id)])
                return []
            }
            if state.records[id]?.champion?.version == goal.0.id {
                drive(id, resizing(rollout, object) + [.superseded(by: goal.0.id)])
                return []
            }
            return start(id, object, goal.0, goal.1, superseding: rollout)
        }
        var events: [RolloutEvent] = []
        if let serving = firstLook.take() { events.append(.observed(serving)) }
        // A strategy whose checks cannot be asked does not replace one whose checks can (I11).
        if rollout.strategy != object.spec.strategy, judge.check(object.spec.strategy).isEmpty {
            events.append(.respecified(object.spec.strategy))
        }
        events += resizing(rollout, object)
        if case .admitting = rollout.phase {
            let answer = admission(id, rollout)
            events.append(.admission(stage: rollout.step, answer: answer))
        }
        drive(id, events)
        return []
    }

    /// Replicas follow HEAD at once, whatever becomes of the rollout.
    private func resizing(_ rollout: Rollout, _ object: Object<DeploymentSpec>) -> [RolloutEvent] {
        let wanted = object.spec.replicas
        let isSame = rollout.candidate.replicas == wanted && rollout.champion.map { $0.replicas == wanted } ?? true
        return isSame ? [] : [.resized(champion: wanted, candidate: wanted)]
    }

    /// Asks the gate, then begins a rollout; gives why it does not.
    ///
    /// A refused version leaves the champion serving.
    private mutating func start(
        _ id: DeploymentID, _ object: Object<DeploymentSpec>, _ version: VersionRecord, _ assessment: Assessment,
        superseding old: Rollout?
    ) -> [Condition] {
        guard var record = state.records[id] else { return [] }
        let restoring = record.history.contains { $0.version == version.id }
        if let reason = unmetDependency(object, id.source) {
            return settle(id, object, old, .notReady("DependencyNotReady", reason, now, stalled: false))
        }
        if let capabilities = state.capabilities[id],
            let unmet = object.spec.strategy.unmet(by: capabilities, firstDeployment: record.champion == nil).first
        {
            return settle(id, object, old, .notReady("StrategyNotSupported", unmet, now, stalled: true))
        }
        // A check that cannot be asked never answers: nothing may roll past it (I6).
        if !restoring || object.spec.strategy.onRevert == .full,
            let problem = judge.check(object.spec.strategy).first
        {
            return settle(id, object, old, .notReady("CheckInvalid", problem.summary, now, stalled: true))
        }
        for moment in [GateMoment.validate, .release] {
            switch ask(moment, id, version, assessment, record, restoring: restoring) {
            case .allowed: continue
            case .denied(let policy, let message):
                return settle(
                    id, object, old, .notReady("GateDenied", "policy \(policy): \(message)", now, stalled: true))
            case .inconclusive(let policy, let message):
                return settle(
                    id, object, old, .notReady("GateInconclusive", "policy \(policy): \(message)", now, stalled: true))
            case .error(let policy, let message):
                return settle(
                    id, object, old, .notReady("GateError", "policy \(policy): \(message)", now, stalled: true))
            }
        }
        let number = RolloutID(record.nextRollout)
        record.nextRollout += 1
        let candidate = ServedVersion(version: version.id, replicas: object.spec.replicas, bundle: version.bundle)
        let comparing = Set(object.spec.strategy.checks.filter { judge.readsStable($0) }.map(\.name))
        if let old {
            record.rollout = Rollout(
                superseding: old, id: number, candidate: candidate, strategy: object.spec.strategy,
                restoration: restoring, comparing: comparing)
        } else {
            let champion = record.champion.flatMap { served($0.version, object) }
            record.rollout = Rollout(
                id: number, deployment: id, champion: champion, candidate: candidate, strategy: object.spec.strategy,
                restoration: restoring, warm: record.warm, comparing: comparing)
        }
        state.records[id] = record
        state.activeSince[id] = now
        let verb = restoring ? "restores" : "rolls out"
        log(
            .normal, restoring ? "RestorationStarted" : "RolloutStarted", "\(verb) version \(version.id.short)",
            ObjectID(id))
        drive(id, [.begin])
        return []
    }

    /// Leaves what serves as it is, and says why nothing more happens.
    private mutating func settle(
        _ id: DeploymentID, _ object: Object<DeploymentSpec>, _ old: Rollout?, _ condition: Condition
    ) -> [Condition] {
        if let old {
            drive(id, resizing(old, object) + [.superseded(by: state.records[id]?.champion?.version)])
        }
        keepSteady(id, object)
        return [condition]
    }

    /// The champion is what HEAD asks for: keep it so, and judge it again where policies changed.
    private mutating func settled(_ id: DeploymentID, _ object: Object<DeploymentSpec>, _ assessment: Assessment) {
        guard var record = state.records[id], let champion = record.champion else { return }
        if champion.assessment != assessment.id {
            record.champion = Champion(
                version: champion.version, assessment: assessment.id, revision: champion.revision,
                since: champion.since, restored: champion.restored)
            state.records[id] = record
            state.unjudged.insert(id)
        }
        if state.unjudged.remove(id) != nil { judgeChampion(id, assessment) }
        keepSteady(id, object)
    }

    private mutating func judgeChampion(_ id: DeploymentID, _ assessment: Assessment) {
        guard let record = state.records[id], let version = record.champion.flatMap({ state.versions[$0.version] })
        else { return }
        let decision = ask(.validate, id, version, assessment, record, restoring: true)
        compliance[id] = decision
    }

    private func unmetDependency(_ object: Object<DeploymentSpec>, _ source: SourceName) -> String? {
        for dependency in object.spec.dependsOn {
            let conditions: [Condition]? =
                switch dependency.kind {
                case .deployment:
                    DeploymentName(dependency.name)
                        .flatMap { state.records[DeploymentID(source: source, name: $0)] }?.conditions
                case .model:
                    ModelName(dependency.name)
                        .flatMap { state.modelStatuses[ModelID(source: source, name: $0)] }?.conditions
                case .policy, .target: []
                }
            let label = "\(dependency.kind.rawValue)/\(dependency.name)"
            guard let conditions else { return "\(label) does not exist" }
            if let expression = dependency.ready {
                guard judge.isSatisfied(expression, by: conditions.status) == true else {
                    return "\(label) does not satisfy \(expression.source)"
                }
            } else if conditions[.ready]?.status != .isTrue {
                return "\(label) is not ready"
            }
        }
        return nil
    }

    /// A version as its target shall run it now.
    func served(_ version: VersionID, _ object: Object<DeploymentSpec>) -> ServedVersion? {
        state.versions[version].map {
            ServedVersion(version: version, replicas: object.spec.replicas, bundle: $0.bundle)
        }
    }

    /// Names a desired state: version, strategy and policies.
    func desiredDigest(_ id: DeploymentID, _ object: Object<DeploymentSpec>, _ version: VersionRecord) -> DesiredDigest
    {
        state.desiredDigest(id, object, version)
    }

    mutating func touch(_ id: DeploymentID) {
        if touchedDeployments[id] == nil { touchedDeployments[id] = .some(state.records[id]) }
    }
}

extension [Condition] {
    /// Conditions as evidence: `conditions` by kind.
    var status: JSONValue {
        .object(
            Dictionary(
                map { condition in
                    (
                        condition.kind.rawValue,
                        .object([
                            "status": .string(condition.status.rawValue), "reason": .string(condition.reason),
                            "message": .string(condition.message),
                        ])
                    )
                }
            ) { first, _ in first })
    }
}
