extension Reconciler {
    /// Asks the policies at `plan` once a step is to run, and records what changed of their answers.
    ///
    /// A doubt does not refuse here: `plan` policies that ask for what training gives are asked again at `validate`.
    ///
    /// - Returns: The conditions of a refusal, nil when nothing refuses; and what policies that only warn say.
    mutating func askAtPlan(_ id: ModelID, _ model: Object<ModelSpec>) -> (refusal: [Condition]?, warned: [Condition]) {
        let evidence = evidenceAtPlan(id, model)
        let verdicts = policies(guarding: id, nil, at: .plan).map { policy -> Verdict in
            guard let spec = policy.spec, let digest = policy.digest else { return unaskable(policy, .plan) }
            let verdict = judge.judge(policy.name, spec, digest: digest, on: evidence)
            record(verdict, atPlanOf: id)
            return verdict
        }
        let clear = verdicts.filter { $0.outcome != .inconclusive }.map { (verdict: $0, overridden: false) }
        switch GateDecision.deciding(clear) {
        case .allowed: return (nil, warned(id, verdicts))
        case .denied(let policy, let message): return (stalled("GateDenied", "policy \(policy): \(message)"), [])
        // A no to the present moment, such as a freeze window's, may be a yes later.
        case .inconclusive(let policy, let message):
            timers.set(.model(id), at: now + settings.observeInterval)
            return (stalled("GateInconclusive", "policy \(policy): \(message)"), [])
        case .error(let policy, let message): return (stalled("GateError", "policy \(policy): \(message)"), [])
        }
    }

    /// Keeps an answer that differs from the last one, and tells who watches the Model.
    private mutating func record(_ verdict: Verdict, atPlanOf id: ModelID) {
        guard let revision = state.sources[id.source]?.revision else { return }
        let recorded = RecordedVerdict(
            model: id, deployment: nil, version: nil, assessment: nil, champion: nil, verdict: verdict,
            overridden: false, revision: revision, recorded: now)
        guard differs(recorded, from: state.verdicts[recorded.key]) else { return }
        state.verdicts[recorded.key] = recorded
        decision.records.append(.verdict(recorded))
        // Warnings are told when their text changes, and what cannot be told yet is asked again when it can.
        guard verdict.action == .deny, verdict.outcome != .inconclusive else { return }
        announce(recorded, ObjectID(id))
    }

    /// What policies that only warn say before training; an event the first time that they say so.
    private mutating func warned(_ id: ModelID, _ verdicts: [Verdict]) -> [Condition] {
        // What cannot be told before training is asked again when it can.
        let texts = verdicts.filter { $0.outcome != .inconclusive }
            .compactMap { Self.warning($0, overridden: false) }
        guard !texts.isEmpty else { return [] }
        let text = texts.joined(separator: "; ")
        if state.modelStatuses[id]?.conditions[.warned]?.message != text {
            log(.warning, "PolicyWarning", "\(text); it only warns", ObjectID(id))
        }
        return [Condition(.warned, .isTrue, reason: "PolicyWarning", text, since: now)]
    }

    private func evidenceAtPlan(_ id: ModelID, _ model: Object<ModelSpec>) -> Evidence {
        Evidence(
            moment: .plan, candidate: nil, champion: .unknown("asked per Deployment"),
            model: Evidence.Subject(name: id.name.text, labels: model.meta.labels, annotations: model.meta.annotations),
            commit: state.sources[id.source]?.commit, now: now)
    }
}

extension ReconcilerState {
    /// What the policies in force answered last before a Model's steps ran, in order of their names.
    ///
    /// What refused is left out once the Model is ready: it returned to results that it has, and asked nobody.
    package func verdictsAtPlan(of id: ModelID) -> [RecordedVerdict] {
        let isReady = modelStatuses[id]?.conditions[.ready]?.status == .isTrue
        return policies(guarding: id, nil, at: .plan).compactMap { policy in
            guard let digest = policy.digest else { return nil }
            let key = RecordedVerdict.Key(
                deployment: nil, model: id, version: nil, assessment: nil, policy: policy.name, policyDigest: digest,
                moment: .plan)
            guard let recorded = verdicts[key] else { return nil }
            switch recorded.verdict.outcome {
            case .pass, .inconclusive: return recorded
            case .fail, .error: return isReady && recorded.verdict.action == .deny ? nil : recorded
            }
        }
    }
}
