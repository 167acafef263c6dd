/// A policy that guards an object, or the reason why it cannot be asked.
struct GuardingPolicy: Sendable {
    let name: PolicyName
    let spec: PolicySpec?
    let digest: PolicyDigest?
    /// Set when the policy is missing or quarantined: it blocks what it guards (I11).
    let problem: String?
}

extension Reconciler {
    /// Policies that a Model or Deployment names, or whose `match` selects either, in order of name.
    func policies(guarding model: ModelID, _ deployment: DeploymentID?, at moment: GateMoment) -> [GuardingPolicy] {
        state.policies(guarding: model, deployment, at: moment)
    }

    /// The Model as which a version serves.
    ///
    /// Two Models may make the same version; the one that a Deployment names decides which policies guard it (I1).
    func model(of id: DeploymentID, _ version: VersionRecord) -> ModelID {
        state.deployments[id].map { ModelID(source: id.source, name: $0.spec.model) } ?? version.model
    }

    /// Asks every policy in force for a version of a Deployment, records what changed, and decides (I1, I13).
    mutating func ask(
        _ moment: GateMoment, _ id: DeploymentID, _ version: VersionRecord, _ assessment: Assessment,
        _ record: DeploymentRecord, restoring: Bool
    ) -> GateDecision {
        var answers: [(verdict: Verdict, overridden: Bool)] = []
        for policy in policies(guarding: model(of: id, version), id, at: moment) {
            answers.append(answer(policy, moment, id, version, assessment, record, restoring: restoring))
        }
        warnings[id, default: [:]][moment] = answers.compactMap { Self.warning($0.verdict, overridden: $0.overridden) }
        return GateDecision.deciding(answers)
    }

    /// Takes up what policies with action `warn` said of the champions, as the ledger has it.
    mutating func recallWarnings() {
        let recorded = state.verdicts.values.sorted { $0.verdict.policy < $1.verdict.policy }
        for item in recorded {
            let verdict = item.verdict
            guard let id = item.deployment, state.records[id]?.champion?.assessment == item.assessment,
                state.policyDigests[PolicyID(source: id.source, name: verdict.policy)] == verdict.policyDigest,
                let text = Self.warning(verdict, overridden: item.overridden)
            else { continue }
            warnings[id, default: [:]][verdict.moment, default: []].append(text)
        }
    }

    /// What a policy that only warns has to say; nil for a pass, and for policies that do something else.
    static func warning(_ verdict: Verdict, overridden: Bool) -> String? {
        guard verdict.action == .warn, verdict.outcome != .pass, !overridden else { return nil }
        return "policy \(verdict.policy): \(verdict.message ?? verdict.outcome.rawValue)"
    }

    private mutating func answer(
        _ policy: GuardingPolicy, _ moment: GateMoment, _ id: DeploymentID, _ version: VersionRecord,
        _ assessment: Assessment, _ record: DeploymentRecord, restoring: Bool
    ) -> (verdict: Verdict, overridden: Bool) {
        guard let spec = policy.spec, let digest = policy.digest else {
            return (unaskable(policy, moment), false)
        }
        let model = model(of: id, version)
        let key = RecordedVerdict.Key(
            deployment: id, model: model, version: version.id, assessment: assessment.id,
            policy: policy.name, policyDigest: digest, moment: moment)
        let known = state.verdicts[key]
        // A restoration's recorded passes count while the policy's digest is the same.
        if restoring, let known, known.verdict.outcome == .pass, !known.verdict.isVolatile {
            return (known.verdict, false)
        }
        let champion =
            restoring
            ? championOfThen(known, version, assessment, id) : record.champion.map { ($0.version, $0.assessment) }
        let evidence = evidence(moment, id, version, assessment, record, champion: champion, restoring: restoring)
        let verdict = judge.judge(policy.name, spec, digest: digest, on: evidence)
        let overridden = isOverridden(policy.name, id, version.id)
        let recorded = RecordedVerdict(
            model: model, deployment: id, version: version.id, assessment: assessment.id,
            champion: champion?.1, verdict: verdict, overridden: overridden, revision: assessment.revision,
            recorded: now)
        if differs(recorded, from: known) {
            state.verdicts[key] = recorded
            decision.records.append(.verdict(recorded))
            // That an override was given has been told, and what the policy says has not changed by it.
            let isOverride =
                overridden && known?.overridden == false && known?.verdict.outcome == verdict.outcome
                && known?.verdict.message == verdict.message
            if !isOverride { announce(recorded, ObjectID(id)) }
        }
        return (verdict, overridden)
    }

    /// Whether an answer is another than the one that is recorded.
    ///
    /// What reads the time or traffic reads something else at each look: of that only the answer counts.
    func differs(_ new: RecordedVerdict, from known: RecordedVerdict?) -> Bool {
        guard let known else { return true }
        if new.verdict == known.verdict { return new.overridden != known.overridden }
        return !new.verdict.isVolatile || new.overridden != known.overridden || new.champion != known.champion
            || new.verdict.outcome != known.verdict.outcome || new.verdict.message != known.verdict.message
            || new.verdict.action != known.verdict.action
            || new.verdict.rules.map(\.outcome) != known.verdict.rules.map(\.outcome)
    }

    /// Tells who watches an object what a policy says of it, and how to see why.
    mutating func announce(_ recorded: RecordedVerdict, _ object: ObjectID) {
        let verdict = recorded.verdict
        // An audit is for who looks into the ledger.
        guard verdict.action != .audit else { return }
        let subject = recorded.version.map { "for version \($0.short)" } ?? "at \(verdict.moment.rawValue)"
        switch verdict.outcome {
        case .pass: log(.normal, "PolicyPassed", "policy \(verdict.policy): pass \(subject)", object)
        case .fail, .inconclusive, .error:
            let answer = "policy \(verdict.policy): \(verdict.outcome.rawValue) \(subject)"
            let way = "`headgate policy explain \(recorded.id)` shows how"
            guard !recorded.overridden else {
                let text = "\(answer), overridden: \(verdict.message ?? "")"
                return log(.normal, "PolicyOverridden", "\(text); \(way)", object)
            }
            var text = "\(answer): \(verdict.message ?? "")"
            let isWarning = verdict.action == .warn
            if isWarning { text += "; it only warns" }
            let reason = isWarning ? "PolicyWarning" : "Policy\(verdict.outcome.rawValue.capitalizedASCII)"
            log(.warning, reason, "\(text); \(way)", object)
        }
    }

    func unaskable(_ policy: GuardingPolicy, _ moment: GateMoment) -> Verdict {
        Verdict(
            policy: policy.name, policyDigest: PolicyDigest(Digest.of([])), action: .deny, moment: moment,
            outcome: .error, evidenceDigest: EvidenceDigest(Digest.of([])), isVolatile: true, rules: [],
            message: policy.problem)
    }

    private func isOverridden(_ policy: PolicyName, _ id: DeploymentID, _ version: VersionID) -> Bool {
        state.overrides.contains {
            $0.policy == policy && $0.deployment == id && $0.version == version && $0.expires > now
        }
    }

    /// The champion that a version was compared with when it was judged first.
    private func championOfThen(
        _ known: RecordedVerdict?, _ version: VersionRecord, _ assessment: Assessment, _ id: DeploymentID
    ) -> (VersionID, AssessmentID)? {
        let earlier =
            known
            ?? state.verdicts.values.filter {
                $0.deployment == id && $0.version == version.id && $0.assessment == assessment.id
            }.min { $0.recorded < $1.recorded }
        return earlier?.champion.flatMap { state.assessments[$0] }.map { ($0.version, $0.id) }
    }

    private func evidence(
        _ moment: GateMoment, _ id: DeploymentID, _ version: VersionRecord, _ assessment: Assessment,
        _ record: DeploymentRecord, champion: (VersionID, AssessmentID)?, restoring: Bool
    ) -> Evidence {
        let modelID = model(of: id, version)
        let model = state.models[modelID]
        let deployment = state.deployments[id]
        var evidence = Evidence(
            moment: moment, candidate: VersionEvidence(version, assessment),
            champion: state.champion(of: id, record, champion, restoring: restoring),
            model: Evidence.Subject(
                name: modelID.name.text, labels: model?.meta.labels ?? [:],
                annotations: model?.meta.annotations ?? [:]),
            deployment: Evidence.Subject(
                name: id.name.text, labels: deployment?.meta.labels ?? [:],
                annotations: deployment?.meta.annotations ?? [:]),
            target: deployment?.spec.target.text, commit: assessment.commit,
            approvals: record.approvals.filter { $0.digest == version.id.description }, now: now,
            restoring: restoring, traffic: moment == .rollout ? traffic(id, version.id, record) : [:])
        if moment == .rollout { evidence.weight = state.observed[id].map { $0.weights[version.id] ?? 0 } }
        return evidence
    }

    private func traffic(
        _ id: DeploymentID, _ candidate: VersionID, _ record: DeploymentRecord
    ) -> [String: TrafficStatistics] {
        guard let traffic = state.observed[id]?.traffic else { return [:] }
        var roles: [String: TrafficStatistics] = [:]
        roles["candidate"] = traffic[candidate]
        if let stable = record.champion?.version { roles["stable"] = traffic[stable] }
        return roles
    }
}

extension String {
    /// This text with its first letter in upper case, for reasons in CamelCase.
    var capitalizedASCII: String { prefix(1).uppercased() + dropFirst() }
}
