@testable import HeadgateCore

/// Commits of one repository with a Model, a Policy and a Deployment, as snapshots.
struct Repository {
    /// Given to the train step; its value is the accuracy that the simulated runner reports.
    var quality = "0.90"
    var floor = 0.8
    var replicas = 1
    var hasDeployment = true
    var isPolicyQuarantined = false
    var action = PolicyAction.deny
    var strategy = StrategySpec()
    var moments = [GateMoment.validate]
    private(set) var count = 0

    static let model = ModelID(source: World.source, name: name(ModelName("wine")))
    static let deployment = DeploymentID(source: World.source, name: name(DeploymentName("wine")))
    static let policy = PolicyID(source: World.source, name: name(PolicyName("floor")))

    /// The next commit with what is set now.
    mutating func commit() -> Snapshot {
        count += 1
        let hex = String(repeating: "0", count: 40 - String(count).count) + String(count)
        guard let id = CommitID(hex) else { preconditionFailure("40 digits are a commit") }
        let nobody = CommitFacts.Person(name: "Ada", email: "ada@example.com")
        let facts = CommitFacts(
            commit: id, parents: [], author: nobody, committer: nobody, message: "commit \(count)",
            time: Instant(milliseconds: Int64(count)))
        return Snapshot(
            revision: Revision(reference: "main", commit: id), commit: facts, desired: desired(), changed: nil)
    }

    private func desired() -> DesiredState {
        guard let file = RepositoryPath("headgate.yaml"), let script = RepositoryPath("train.py") else {
            preconditionFailure("constant paths are valid")
        }
        let meta = ObjectMeta(location: SourceLocation(file: file, line: 1, column: 1))
        let train = StepSpec(
            name: name(StepName("train")), command: ["train", "$(params.quality)"],
            params: ["quality": .string(quality)], inputs: [.path("train.py")], outputs: ["model/"])
        let evaluate = StepSpec(
            name: name(StepName("evaluate")), command: ["evaluate", "$(params.quality)"],
            params: ["quality": .string(quality)], inputs: [.path("model/")],
            metrics: MetricsSpec(file: "metrics.json"))
        let model = ModelSpec(
            pipeline: PipelineSpec(steps: [train, evaluate]), artifact: "model/",
            serve: ServeSpec(command: ["serve"]), policies: [Repository.policy.name])
        var state = DesiredState(
            models: [
                Repository.model.name: Object(
                    meta: meta, spec: model,
                    tracked: [script: TrackedEntry(mode: .file, id: String(repeating: "a", count: 40))])
            ],
            targets: [
                World.target.name: Object(meta: meta, spec: TargetSpec(provider: .local(LocalTargetSpec())))
            ])
        if isPolicyQuarantined {
            state.quarantined[ObjectID(Repository.policy)] = Diagnostic(.error, code: "test", "does not parse")
        } else {
            let policy = PolicySpec(
                at: moments, action: action, params: ["floor": .number(floor)], rules: [])
            state.policies[Repository.policy.name] = Object(meta: meta, spec: policy)
        }
        if hasDeployment {
            let spec = DeploymentSpec(
                model: Repository.model.name, target: World.target.name, strategy: strategy, replicas: replicas)
            state.deployments[Repository.deployment.name] = Object(meta: meta, spec: spec)
        }
        return state
    }
}
