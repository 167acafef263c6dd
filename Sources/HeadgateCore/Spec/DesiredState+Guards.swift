extension DesiredState {
    /// The Models and Deployments that name a policy or that its `match` selects, in order.
    ///
    /// A Model's policies guard its Deployments too; those are not listed besides.
    package func objectsGuarded(by policy: PolicyName) -> [GuardedObject] {
        let match = policies[policy]?.spec.match
        let models = models.filter { _, model in
            model.spec.policies.contains(policy) || match?.selects(model.meta.labels) ?? false
        }
        let deployments = deployments.filter { _, deployment in
            deployment.spec.policies.contains(policy) || match?.selects(deployment.meta.labels) ?? false
        }
        return models.keys.sorted().map { GuardedObject(kind: .model, name: $0.text) }
            + deployments.keys.sorted().map { GuardedObject(kind: .deployment, name: $0.text) }
    }

    /// Models whose versions a policy is asked about, by themselves or by a Deployment, in order.
    package func modelsGuarded(by policy: PolicyName) -> [ModelName] {
        let names = objectsGuarded(by: policy).compactMap { object in
            switch object.kind {
            case .model: ModelName(object.name)
            case .deployment: DeploymentName(object.name).flatMap { deployments[$0]?.spec.model }
            case .policy, .target: nil
            }
        }
        return Set(names).sorted()
    }

    /// What a policy guards.
    package struct GuardedObject: Hashable, Sendable, CustomStringConvertible {
        package let kind: Kind
        package let name: String

        /// `Kind/name`, as people write it.
        package var description: String { "\(kind.rawValue)/\(name)" }
    }
}
