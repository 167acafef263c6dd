import HeadgateCore
import HeadgateReport

/// A policy that guards something, with all that asking it needs.
struct PolicyGuard {
    let name: PolicyName
    let spec: PolicySpec?
    let digest: PolicyDigest?
    /// Why it cannot be asked: it is missing or in error, and blocks what it guards (I11).
    let problem: String?
    let location: SourceLocation?

    init(_ name: PolicyName, in desired: DesiredState, source: SourceName) {
        self.name = name
        let object = desired.policies[name]
        let error = desired.quarantined[ObjectID(PolicyID(source: source, name: name))]
        location = object?.meta.location ?? error?.location
        if let error {
            (spec, digest, problem) = (nil, nil, "policy \(name) is in error: \(error.message)")
        } else if let object {
            (spec, digest, problem) = (object.spec, Key.policy(object.spec), nil)
        } else {
            (spec, digest, problem) = (nil, nil, "policy \(name) does not exist")
        }
    }

    /// Whether it is asked at a moment; one that cannot be asked is asked, and blocks, where versions are judged.
    func isAsked(at moment: GateMoment) -> Bool { spec.map { $0.at.contains(moment) } ?? (moment == .validate) }
}

/// Which policies guard what, at one side of a change.
struct PolicyGuards {
    let source: SourceName
    let desired: DesiredState
    /// Labels of the other side select too, so that a change cannot slip away from a policy by its labels.
    let other: DesiredState?

    /// In order of name.
    func guarding(_ model: ModelName, _ deployment: DeploymentName?) -> [PolicyGuard] {
        let named =
            (desired.models[model]?.spec.policies ?? [])
            + (deployment.flatMap { desired.deployments[$0] }?.spec.policies ?? [])
        let labels = [desired, other].compactMap(\.self).flatMap { state in
            [state.models[model]?.meta.labels, deployment.flatMap { state.deployments[$0]?.meta.labels }]
                .compactMap(\.self)
        }
        let selected = desired.policies.filter { _, policy in
            guard let match = policy.spec.match else { return false }
            return labels.contains { match.selects($0) }
        }
        return Set(named).union(selected.keys).sorted().map { PolicyGuard($0, in: desired, source: source) }
    }

    /// Why a policy guards a Model or its Deployment on this side; nil when it does not.
    func binding(of policy: PolicyName, to model: ModelName, _ deployment: DeploymentName?) -> GateAnswer.Binding? {
        let match = desired.policies[policy]?.spec.match
        func bound(_ object: ObjectID, _ meta: ObjectMeta?, _ policies: [PolicyName]?) -> GateAnswer.Binding? {
            guard let meta else { return nil }
            if policies?.contains(policy) == true { return GateAnswer.Binding(.named, object, at: meta.location) }
            guard match?.selects(meta.labels) == true else { return nil }
            return GateAnswer.Binding(.selected, object, at: meta.location)
        }
        let served = deployment.flatMap { desired.deployments[$0] }
        let found = [
            bound(
                ObjectID(ModelID(source: source, name: model)), desired.models[model]?.meta,
                desired.models[model]?.spec.policies),
            deployment.flatMap {
                bound(ObjectID(DeploymentID(source: source, name: $0)), served?.meta, served?.spec.policies)
            },
        ].compactMap(\.self)
        return found.first { $0.way == .named } ?? found.first
    }
}
