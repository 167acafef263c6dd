extension DesiredState {
    /// Where an object that is in force was declared.
    package func location(of id: ObjectID) -> SourceLocation? {
        switch id.kind {
        case .model: ModelName(id.name).flatMap { models[$0]?.meta.location }
        case .policy: PolicyName(id.name).flatMap { policies[$0]?.meta.location }
        case .deployment: DeploymentName(id.name).flatMap { deployments[$0]?.meta.location }
        case .target: TargetName(id.name).flatMap { targets[$0]?.meta.location }
        }
    }

    /// Where each object stands.
    package func locations(of source: SourceName) -> [ObjectID: SourceLocation] {
        var all: [ObjectID: SourceLocation] = [:]
        for (name, object) in models { all[ObjectID(ModelID(source: source, name: name))] = object.meta.location }
        for (name, object) in policies { all[ObjectID(PolicyID(source: source, name: name))] = object.meta.location }
        for (name, object) in deployments {
            all[ObjectID(DeploymentID(source: source, name: name))] = object.meta.location
        }
        for (name, object) in targets { all[ObjectID(TargetID(source: source, name: name))] = object.meta.location }
        return all
    }
}
