import HeadgateCore

extension ChangeReview {
    /// Models whose versions or gates the change touches.
    func concerned(_ changes: [PlannedChange]) -> Set<ModelName> {
        var models: Set<ModelName> = []
        var policies: Set<PolicyName> = []
        for change in changes where change.isChange {
            switch change.object.kind {
            case .model: if let name = ModelName(change.object.name) { models.insert(name) }
            case .deployment:
                if let name = DeploymentName(change.object.name), let object = head.desired.deployments[name] {
                    models.insert(object.spec.model)
                }
            case .policy: if let name = PolicyName(change.object.name) { policies.insert(name) }
            case .target: break
            }
        }
        policies.formUnion(base.policies.keys.filter { head.desired.policies[$0] == nil })
        for (name, deployment) in deploymentsByModel() where !models.contains(name) {
            if isBoundAnew(name, deployment)
                || !policies.isEmpty && !guards(name, deployment).isDisjoint(with: policies)
            {
                models.insert(name)
            }
        }
        return models.intersection(head.desired.models.keys)
    }

    /// Whether labels or `policies` changed, so that others may guard it.
    private func isBoundAnew(_ model: ModelName, _ deployment: DeploymentName?) -> Bool {
        let models = (base.models[model], head.desired.models[model])
        if models.0?.meta.labels != models.1?.meta.labels || models.0?.spec.policies != models.1?.spec.policies {
            return true
        }
        guard let deployment else { return false }
        let served = (base.deployments[deployment], head.desired.deployments[deployment])
        return served.0?.meta.labels != served.1?.meta.labels || served.0?.spec.policies != served.1?.spec.policies
    }

    private func guards(_ model: ModelName, _ deployment: DeploymentName?) -> Set<PolicyName> {
        let sides = [
            PolicyGuards(source: source, desired: base, other: head.desired),
            PolicyGuards(source: source, desired: head.desired, other: nil),
        ]
        return Set(sides.flatMap { $0.guarding(model, deployment).map(\.name) })
    }

    /// Every Model with each of its Deployments, or with none.
    func deploymentsByModel() -> [(ModelName, DeploymentName?)] {
        var pairs: [(ModelName, DeploymentName?)] = head.desired.deployments.map { ($0.value.spec.model, $0.key) }
        let served = Set(pairs.map(\.0))
        pairs += head.desired.models.keys.filter { !served.contains($0) }.map { ($0, nil) }
        return pairs.sorted { ($0.0.text, $0.1?.text ?? "") < ($1.0.text, $1.1?.text ?? "") }
    }
}
