extension ReconcilerState {
    /// A source's objects as if they were in force, and nothing else.
    init(_ desired: DesiredState, of source: SourceName) {
        self.init()
        for (name, model) in desired.models {
            insert(StoredObject(id: ObjectID(ModelID(source: source, name: name)), spec: .model(model)))
        }
        for (name, policy) in desired.policies {
            insert(StoredObject(id: ObjectID(PolicyID(source: source, name: name)), spec: .policy(policy)))
        }
        for (name, deployment) in desired.deployments {
            insert(StoredObject(id: ObjectID(DeploymentID(source: source, name: name)), spec: .deployment(deployment)))
        }
        quarantined = desired.quarantined
    }

    /// Policies that a Model or Deployment names, or whose `match` selects either, in order of name.
    func policies(guarding model: ModelID, _ deployment: DeploymentID?, at moment: GateMoment) -> [GuardingPolicy] {
        let modelObject = models[model]
        let deploymentObject = deployment.flatMap { deployments[$0] }
        let named = Set((modelObject?.spec.policies ?? []) + (deploymentObject?.spec.policies ?? []))
        let selected = policies.filter { id, policy in
            guard id.source == model.source, let match = policy.spec.match else { return false }
            if let labels = modelObject?.meta.labels, match.selects(labels) { return true }
            if let labels = deploymentObject?.meta.labels, match.selects(labels) { return true }
            return false
        }
        let names = named.union(selected.keys.map(\.name)).sorted()
        return names.compactMap { name in
            let id = PolicyID(source: model.source, name: name)
            if let diagnostic = quarantined[ObjectID(id)] {
                return GuardingPolicy(
                    name: name, spec: nil, digest: nil, problem: "policy \(name) is in error: \(diagnostic.summary)")
            }
            guard let policy = policies[id], let digest = policyDigests[id] else {
                return GuardingPolicy(name: name, spec: nil, digest: nil, problem: "policy \(name) does not exist")
            }
            guard policy.spec.at.contains(moment) else { return nil }
            return GuardingPolicy(name: name, spec: policy.spec, digest: digest, problem: nil)
        }
    }

    /// Names a desired state: version, strategy and policies.
    func desiredDigest(_ id: DeploymentID, _ object: Object<DeploymentSpec>, _ version: VersionRecord) -> DesiredDigest
    {
        var builder = DigestBuilder(domain: "headgate.dev/desired/1")
        builder.add("version", version.id.digest)
        builder.add("strategy", "\(object.spec.strategy.unlocated)")
        for moment in GateMoment.allCases {
            for policy in policies(guarding: ModelID(source: id.source, name: object.spec.model), id, at: moment) {
                builder.add("policy", [policy.name.text, policy.digest?.description ?? ""])
            }
        }
        return DesiredDigest(builder.finish())
    }
}
