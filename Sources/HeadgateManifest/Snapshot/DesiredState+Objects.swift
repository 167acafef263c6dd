import HeadgateCore

extension DesiredState {
    /// Every object's identity.
    func ids(in source: SourceName) -> [ObjectID] {
        models.keys.map { ObjectID(source: source, kind: .model, name: $0.text) }
            + policies.keys.map { ObjectID(source: source, kind: .policy, name: $0.text) }
            + deployments.keys.map { ObjectID(source: source, kind: .deployment, name: $0.text) }
            + targets.keys.map { ObjectID(source: source, kind: .target, name: $0.text) }
    }

    /// Takes an object into force; says whether that changes anything.
    mutating func put(
        _ id: ObjectID, _ meta: ObjectMeta, _ spec: ParsedObject.Spec, _ tracked: [RepositoryPath: TrackedEntry]
    ) -> Bool {
        switch spec {
        case .model(let spec): Self.put(Object(meta: meta, spec: spec, tracked: tracked), ModelName(id.name), &models)
        case .policy(let spec):
            Self.put(Object(meta: meta, spec: spec, tracked: tracked), PolicyName(id.name), &policies)
        case .deployment(let spec):
            Self.put(Object(meta: meta, spec: spec, tracked: tracked), DeploymentName(id.name), &deployments)
        case .target(let spec):
            Self.put(Object(meta: meta, spec: spec, tracked: tracked), TargetName(id.name), &targets)
        }
    }

    /// Takes an object out of force; says whether it was in force.
    mutating func remove(_ id: ObjectID) -> Bool {
        switch id.kind {
        case .model: ModelName(id.name).flatMap { models.removeValue(forKey: $0) } != nil
        case .policy: PolicyName(id.name).flatMap { policies.removeValue(forKey: $0) } != nil
        case .deployment: DeploymentName(id.name).flatMap { deployments.removeValue(forKey: $0) } != nil
        case .target: TargetName(id.name).flatMap { targets.removeValue(forKey: $0) } != nil
        }
    }

    private static func put<Spec>(
        _ object: Object<Spec>, _ name: Name<Spec>?, _ objects: inout [Name<Spec>: Object<Spec>]
    ) -> Bool {
        guard let name, objects[name] != object else { return false }
        objects[name] = object
        return true
    }
}
