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
}
