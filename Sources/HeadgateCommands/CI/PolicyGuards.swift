import HeadgateCore

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
}

/// Policies from outside of the repository; no change of it touches them.
struct ProtectedPolicies {
    static let none = ProtectedPolicies(source: nil, desired: DesiredState())

    let source: SourceName?
    let desired: DesiredState

    /// Those that select something, or everything for want of a `match`; in order of name.
    func guarding(_ labels: [[String: String]]) -> [PolicyGuard] {
        guard let source else { return [] }
        return desired.policies.filter { _, policy in
            guard let match = policy.spec.match else { return true }
            return labels.contains { match.selects($0) }
        }.keys.sorted().map { PolicyGuard($0, in: desired, source: source) }
    }
}
