import HeadgateCore
import HeadgatePolicy
import HeadgateReport

/// Asks the gates of one Deployment or Model, by base's policies and by head's.
struct SubjectJudge {
    let source: SourceName
    let base: DesiredState
    let head: Snapshot
    let protected: ProtectedPolicies
    let given: GivenEvidence
    let now: Instant
    let judge = PolicyJudge()

    /// What is compared, besides the policies.
    struct Subject {
        let model: ModelName
        var deployment: DeploymentName?
        let candidate: CandidateEvidence
        let champion: ChampionEvidence
        /// What of the champion is not known.
        let untold: Set<String>
        /// Whether steps have other results than base's, so that policies at `plan` are asked, wherever those came from.
        let trains: Bool
        /// Whether a version of it would be made or moved; else only policies are asked that are not as they were.
        var moves = true

        var withoutDeployment: Subject {
            var subject = self
            subject.deployment = nil
            return subject
        }
    }

    func judge(_ subject: Subject) -> JudgedSubject {
        let desired = head.desired
        let modelID = ObjectID(ModelID(source: source, name: subject.model))
        let object = subject.deployment.map { ObjectID(DeploymentID(source: source, name: $0)) } ?? modelID
        let location =
            subject.deployment.flatMap { desired.deployments[$0]?.meta.location }
            ?? desired.models[subject.model]?.meta.location
        var judged = JudgedSubject(object: object, model: modelID, location: location)
        judged.gates = gates(subject)
        if subject.candidate.isComplete { judged.candidate = subject.candidate.evidence?.version }
        var champion: JSONValue?
        switch subject.champion {
        case .none: judged.championNote = "It never served: there is no champion to compare with."
        case .unknown(let why): judged.championNote = "The champion is not known: \(why)."
        case .known(let evidence):
            if subject.untold.isEmpty { judged.champion = evidence.version }
            champion = evidence.metrics
        }
        let candidate = subject.candidate.untold.contains("candidate.metrics") ? nil : subject.candidate.evidence
        judged.metrics = Self.compare(champion, candidate?.metrics)
        if champion == nil, candidate != nil { judged.bounds = bounds(subject) }
        return judged
    }

    // MARK: Gates

    private func gates(_ subject: Subject) -> [GateAnswer] {
        let answers = GateMoment.allCases.filter { isAsked($0, subject) }.flatMap { moment in
            // A Model is asked before it trains, whoever serves it.
            ask(moment, moment == .plan ? subject.withoutDeployment : subject)
        }
        if subject.moves { return answers }
        let selected = [base, head.desired].map { Set(protected.guarding(labels(of: subject, in: $0)).map(\.name)) }
        return answers.filter { answer in
            switch answer.standing {
            case .unchanged: false
            case .protected: selected[0].contains(answer.policy) != selected[1].contains(answer.policy)
            case .changed, .new, .removed: true
            }
        }
    }

    /// Policies that guard a subject on both sides and that base could not ask, as it has them in error.
    func unaskableAtBase(_ subject: Subject) -> [PolicyName] {
        let heads = guards(head.desired, other: nil, subject)
        return guards(base, other: head.desired, subject).values
            .filter { heads[$0.name] != nil && heads[$0.name]?.digest != $0.digest && !isAnswerable($0, subject) }
            .map(\.name).sorted()
    }

    /// Why a Model's steps are not run: what a policy at `plan` says, by base's text or head's; nil when none refuses.
    func refusalToTrain(_ model: ModelName) -> String? {
        let subject = Subject(
            model: model, deployment: nil, candidate: .none, champion: .unknown("nothing was trained"), untold: [],
            trains: true)
        return ask(.plan, subject).lazy.compactMap { gate in
            gate.refusal.map { "policy \(gate.policy) at plan: \($0.message ?? "it says no")" }
        }.first
    }

    /// Every policy that guards it at a moment, by base's text and head's.
    private func ask(_ moment: GateMoment, _ subject: Subject) -> [GateAnswer] {
        let bases = guards(base, other: head.desired, subject)
        let heads = guards(head.desired, other: nil, subject)
        // Labels of either side select, so that a changed label is no way out.
        let outside = protected.guarding([base, head.desired].flatMap { labels(of: subject, in: $0) })
        let names = Set(bases.keys).union(heads.keys).subtracting(outside.map(\.name)).sorted()
        var answers = outside.filter { $0.isAsked(at: moment) }.map { answer(moment, subject, nil, $0, .protected) }
        for name in names {
            // What base cannot ask is what a change may be there to put right.
            let old = bases[name].flatMap { $0.isAsked(at: moment) && isAnswerable($0, subject) ? $0 : nil }
            let new = heads[name].flatMap { $0.isAsked(at: moment) ? $0 : nil }
            switch (old, new) {
            case (nil, nil): continue
            case (nil, let new?):
                let isSame = bases[name].map { $0.digest == new.digest } ?? false
                answers.append(answer(moment, subject, nil, new, isSame ? .unchanged : .new))
            case (let old?, nil): answers.append(answer(moment, subject, old, nil, .removed))
            case (let old?, let new?):
                let isSame = old.digest == new.digest
                answers.append(answer(moment, subject, isSame ? nil : old, new, isSame ? .unchanged : .changed))
            }
        }
        return answers
    }

    private func guards(_ desired: DesiredState, other: DesiredState?, _ subject: Subject) -> [PolicyName: PolicyGuard]
    {
        let guards = PolicyGuards(source: source, desired: desired, other: other)
        let all = models(of: subject, in: desired).flatMap { guards.guarding($0, subject.deployment) }
        return Dictionary(all.map { ($0.name, $0) }) { first, _ in first }
    }

    /// The Model, and the one that the Deployment serves on a side of the change: another Model is no way out either.
    private func models(of subject: Subject, in desired: DesiredState) -> [ModelName] {
        let served = subject.deployment.flatMap { desired.deployments[$0]?.spec.model }
        return [subject.model] + [served].compactMap(\.self).filter { $0 != subject.model }
    }

    private func labels(of subject: Subject, in desired: DesiredState) -> [[String: String]] {
        models(of: subject, in: desired).compactMap { desired.models[$0]?.meta.labels }
            + [subject.deployment.flatMap { desired.deployments[$0]?.meta.labels }].compactMap(\.self)
    }

    /// Whether base's policy could be asked at base.
    private func isAnswerable(_ policy: PolicyGuard, _ subject: Subject) -> Bool {
        guard let spec = policy.spec, let digest = policy.digest else { return false }
        guard judge.compiles(policy.name, spec, digest: digest) else { return false }
        // Of any Model that it guards there: what base could ask of the one that served is asked of another.
        return models(of: subject, in: base).contains { model in
            misspelt(policy, among: base.models[model]?.spec.pipeline?.steps.declaredMetrics) == nil
        }
    }

    private func misspelt(_ policy: PolicyGuard, among declared: [String: MetricType]?) -> MisspeltMetric? {
        guard let spec = policy.spec, let digest = policy.digest else { return nil }
        return judge.misspeltMetric(policy.name, spec, digest: digest, among: declared)
    }

    private func isAsked(_ moment: GateMoment, _ subject: Subject) -> Bool {
        switch moment {
        case .plan: subject.trains
        case .validate: true
        case .release, .rollout: subject.deployment != nil
        }
    }

    private func answer(
        _ moment: GateMoment, _ subject: Subject, _ old: PolicyGuard?, _ new: PolicyGuard?,
        _ standing: GateAnswer.Standing
    ) -> GateAnswer {
        let evidence = evidence(moment, subject)
        let base = old.map { ask($0, evidence) }
        let head = new.map { ask($0, evidence) }
        // A place in another repository is no line of this one.
        let isOutside = standing == .protected
        let asked = (new ?? old).orDie("one of the two is asked")
        let misspelt = misspelt(asked, among: evidence.candidate?.declared)
        var gate = GateAnswer(
            policy: asked.name, moment: moment, standing: standing,
            // What head has no more stands at no line of it.
            location: isOutside || new == nil ? nil : misspelt?.location ?? asked.location,
            binding: isOutside ? nil : binding(of: asked.name, subject), base: base,
            head: isOutside ? head?.withoutPlaces : head, waitsForLater: false)
        // Both sides' doubts: what head puts off must not hide what base asks now.
        let doubts = [gate.base, gate.head].compactMap(\.self)
            .filter { $0.action == .deny && $0.outcome == .inconclusive }.map { $0.forecast.flatMap(\.waitsFor) }
        // Before steps run a doubt refuses nothing, and traffic and approvals come after the merge.
        gate.waitsForLater =
            moment == .plan || moment == .rollout
            || !doubts.isEmpty
                && doubts.allSatisfy { waits in
                    !waits.isEmpty
                        && waits.allSatisfy { Self.later.contains(String($0.prefix { $0 != "." && $0 != "[" })) }
                }
        return gate
    }

    /// Head's, or base's where head has none any more.
    private func binding(of policy: PolicyName, _ subject: Subject) -> GateAnswer.Binding? {
        let sides = [head.desired, base].lazy.flatMap { side in
            let guards = PolicyGuards(source: source, desired: side, other: nil)
            return models(of: subject, in: side).compactMap { guards.binding(of: policy, to: $0, subject.deployment) }
        }
        return sides.first
    }

    private static let later: Set<String> = ["approvals", "traffic"]

    private func ask(_ policy: PolicyGuard, _ evidence: Evidence) -> GateAnswer.Answer {
        guard let spec = policy.spec, let digest = policy.digest else {
            return GateAnswer.Answer(action: .deny, outcome: .error, message: policy.problem, rules: [])
        }
        let verdict = judge.judge(policy.name, spec, digest: digest, on: evidence)
        let forecast =
            verdict.outcome == .inconclusive ? judge.forecast(policy.name, spec, digest: digest, on: evidence) : []
        var answer = GateAnswer.Answer(
            action: spec.action, outcome: verdict.outcome, message: verdict.message, rules: verdict.rules,
            forecast: forecast)
        // A controller takes it so, too.
        if verdict.isMomentary {
            answer.outcome = .inconclusive
            answer.message = verdict.message.map { "\($0); only to this moment" }
        }
        return answer
    }

    /// The numbers that head's, base's and protected policies compare metrics with.
    private func bounds(_ subject: Subject) -> [MetricBound] {
        let heads = guards(head.desired, other: nil, subject)
        let outside = protected.guarding(labels(of: subject, in: head.desired))
        let asked = heads.values.sorted { $0.name < $1.name } + outside
        let before = guards(base, other: head.desired, subject).values.sorted { $0.name < $1.name }
            .filter { policy in
                heads[policy.name]?.digest != policy.digest && !outside.contains { $0.name == policy.name }
            }
        let evidence = evidence(.validate, subject)
        func bounds(of policies: [PolicyGuard], isAtBase: Bool) -> [MetricBound] {
            policies.filter { $0.isAsked(at: .validate) }.flatMap { policy -> [MetricBound] in
                guard let spec = policy.spec, let digest = policy.digest else { return [] }
                return judge.bounds(policy.name, spec, digest: digest, on: evidence).map { bound in
                    var bound = bound
                    bound.isAtBase = isAtBase
                    return bound
                }
            }
        }
        return bounds(of: asked, isAtBase: false) + bounds(of: before, isAtBase: true)
    }

    // MARK: Evidence

    private func evidence(_ moment: GateMoment, _ subject: Subject) -> Evidence {
        let desired = head.desired
        let model = desired.models[subject.model]
        func about(_ name: String, _ meta: ObjectMeta?) -> Evidence.Subject {
            Evidence.Subject(name: name, labels: meta?.labels ?? [:], annotations: meta?.annotations ?? [:])
        }
        // The controller asks a Model before it trains, when there is neither a version nor a Deployment.
        if moment == .plan {
            return Evidence(
                moment: .plan, candidate: nil, champion: .unknown("asked per Deployment"),
                model: about(subject.model.text, model?.meta), commit: head.commit, now: now, untold: ["approvals"])
        }
        let deployment = subject.deployment.flatMap { desired.deployments[$0] }
        let consents = subject.deployment.flatMap {
            given.consents($0, to: subject.candidate.evidence?.version, now: now)
        }
        return Evidence(
            moment: moment, candidate: subject.candidate.evidence, champion: subject.champion,
            model: about(subject.model.text, model?.meta),
            deployment: subject.deployment.map { about($0.text, deployment?.meta) },
            target: deployment?.spec.target.text, commit: head.commit, approvals: consents ?? [], now: now,
            untold: subject.candidate.untold.union(subject.untold).union(consents == nil ? ["approvals"] : []))
    }

    // MARK: Metrics

    private static func compare(_ champion: JSONValue?, _ candidate: JSONValue?) -> [MetricComparison] {
        var old: [String: Double] = [:]
        var new: [String: Double] = [:]
        if let champion { flatten(champion, "", &old) }
        if let candidate { flatten(candidate, "", &new) }
        return Set(old.keys).union(new.keys).sorted().map {
            MetricComparison(name: $0, champion: old[$0], candidate: new[$0])
        }
    }

    private static func flatten(_ value: JSONValue, _ path: String, _ numbers: inout [String: Double]) {
        switch value {
        case .integer(let number): numbers[path] = Double(number)
        case .number(let number): numbers[path] = number
        case .object:
            for (name, nested) in value.sortedMembers where numbers.count < 1000 {
                flatten(nested, path.isEmpty ? name : "\(path).\(name)", &numbers)
            }
        case .null, .bool, .string, .array: return
        }
    }
}
