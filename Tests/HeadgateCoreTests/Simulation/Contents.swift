@testable import HeadgateCore

/// What one simulated commit holds: few settings that together reach every kind of change.
struct Contents: Hashable {
    struct Pipeline: Hashable {
        /// The accuracy in percent that its version has; of 13 training exits with 3.
        var quality = 90
        /// Added by the evaluation alone; nil reports no metric at all.
        var evaluation: Int? = 0
        /// The serve command's argument: another one is another version without training.
        var server = 1
        var finishes = false
    }

    var wine = Pipeline()
    var beer = Pipeline()
    /// The accuracy in percent that the policy asks for.
    var floor = 80
    var replicas = 1
    var strategy = Strategy.steps
    /// Where `red` serves.
    var target = Names.left
    /// A setting of the target `left`.
    var capacity: Int?
    /// Whether the target `left` stands for another serving system.
    var isElsewhere = false
    /// Whether the target `left` has another name.
    var isRenamed = false
    /// What `red` serves.
    var pours = Names.wine.name
    var heals = true
    /// Whether `ale` waits for `red`.
    var depends = false
    /// Deployments that are not there, and whether they are left on their targets.
    var missing: Set<DeploymentName> = []
    var orphans = false
    var suspended = false
    /// Objects that do not parse.
    var broken: Set<Kind> = []
    /// Whether the file of everything about beer cannot be read.
    var unreadable = false
    /// Whether the folder of the manifests is not there.
    var pathMissing = false

    enum Strategy: Int, CaseIterable, Hashable {
        case rolling, recreate, steps, approval, blueGreen

        var spec: StrategySpec {
            switch self {
            case .rolling: return StrategySpec(maxSurge: 1)
            case .recreate: return StrategySpec(method: .recreate(allowDowntime: true))
            case .steps:
                let check = CheckSpec(
                    name: "errors", expression: PolicyExpression("candidate.errorRate < 0.1"), interval: .seconds(5),
                    queries: [MetricQuery(name: "errors", provider: .command(["errors"]))])
                let steps: [CanaryStep] = [.weight(10), .analyse(.seconds(20)), .weight(50), .pause(.seconds(10))]
                return StrategySpec(method: .canary(CanarySpec(steps: steps, checks: [check])), warm: .seconds(30))
            case .approval:
                return StrategySpec(
                    method: .canary(
                        CanarySpec(steps: [.weight(20), .pauseUntilApproved(deadline: .seconds(120))])))
            case .blueGreen:
                return StrategySpec(
                    method: .blueGreen(BlueGreenSpec(analyse: .seconds(5), delay: .seconds(5))), bake: .seconds(10))
            }
        }
    }
}

/// Every object of the simulated repository.
enum Names {
    static let source = World.source
    static let wine = ModelID(source: source, name: name(ModelName("wine")))
    static let beer = ModelID(source: source, name: name(ModelName("beer")))
    static let floor = PolicyID(source: source, name: name(PolicyName("floor")))
    static let red = DeploymentID(source: source, name: name(DeploymentName("red")))
    static let rose = DeploymentID(source: source, name: name(DeploymentName("rose")))
    static let ale = DeploymentID(source: source, name: name(DeploymentName("ale")))
    static let left = name(TargetName("left"))
    static let right = name(TargetName("right"))
    /// Another name of `left`.
    static let port = name(TargetName("port"))
    /// Another system that `left` may stand for.
    static let annex = name(TargetName("annex"))
    static let deployments = [ale, red, rose]
    static let beerFile = path("beer.yaml")

    static func path(_ text: String) -> RepositoryPath {
        guard let path = RepositoryPath(text) else { preconditionFailure("\(text) is not a path") }
        return path
    }
}

extension Contents {
    /// The manifests as a snapshot has them.
    func desired() -> DesiredState {
        var state = DesiredState()
        let policy = PolicySpec(at: [.validate], params: ["floor": .number(Double(floor))], rules: [])
        add(ObjectID(Names.floor), &state) { state in
            state.policies[Names.floor.name] = Object(meta: Self.meta("policy.yaml"), spec: policy)
        }
        for (index, target) in [Names.left, Names.right].enumerated() {
            let isLeft = target == Names.left
            let port = isLeft && isElsewhere ? 9002 : 9000 + index
            let spec = TargetSpec(provider: .local(LocalTargetSpec(port: port, capacity: isLeft ? capacity : nil)))
            state.targets[named(target)] = Object(meta: Self.meta("targets.yaml"), spec: spec)
        }
        add(ObjectID(Names.wine), &state) { state in
            state.models[Names.wine.name] = model(wine, "wine.yaml")
        }
        add(ObjectID(Names.red), &state) { state in
            state.deployments[Names.red.name] = deployment("wine.yaml") { spec in
                spec.model = pours
                spec.target = named(target)
                spec.replicas = replicas
                spec.heal = heals
                spec.suspend = suspended
            }
        }
        add(ObjectID(Names.rose), &state) { state in
            state.deployments[Names.rose.name] = deployment("wine.yaml") { spec in
                spec.strategy = strategy.spec
                spec.target = named(Names.left)
            }
        }
        guard !unreadable else {
            state.unreadable = [Names.beerFile]
            return state
        }
        state.models[Names.beer.name] = model(beer, "beer.yaml")
        guard !missing.contains(Names.ale.name) else { return state }
        state.deployments[Names.ale.name] = deployment("beer.yaml") { spec in
            spec.model = Names.beer.name
            spec.target = Names.right
            spec.ignoreDifferences = ["replicas"]
            if depends { spec.dependsOn = [Dependency(kind: .deployment, name: Names.red.name.text)] }
        }
        return state
    }

    private func named(_ target: TargetName) -> TargetName { target == Names.left && isRenamed ? Names.port : target }

    /// The object if it parses and is there.
    private func add(_ id: ObjectID, _ state: inout DesiredState, _ insert: (inout DesiredState) -> Void) {
        if id.kind == .deployment, missing.contains(where: { $0.text == id.name }) { return }
        guard broken.contains(id.kind), id != ObjectID(Names.rose) else {
            insert(&state)
            return
        }
        let problem = Diagnostic(.error, code: "test", "does not parse", object: id)
        state.quarantined[id] = problem
        state.diagnostics.append(problem)
    }

    private static func meta(_ file: String) -> ObjectMeta {
        ObjectMeta(location: SourceLocation(file: Names.path(file), line: 1, column: 1))
    }

    private func deployment(_ file: String, _ change: (inout DeploymentSpec) -> Void) -> Object<DeploymentSpec> {
        var spec = DeploymentSpec(
            model: Names.wine.name, target: Names.left, deletionPolicy: orphans ? .orphan : .prune)
        change(&spec)
        return Object(meta: Self.meta(file), spec: spec)
    }

    private func model(_ pipeline: Pipeline, _ file: String) -> Object<ModelSpec> {
        let train = StepSpec(
            name: name(StepName("train")), command: ["train", "$(params.quality)"],
            params: ["quality": .number(Double(pipeline.quality))], inputs: [.path("train.py")],
            outputs: ["model/"], timeout: .seconds(900))
        let accuracy = pipeline.evaluation.map { Double(pipeline.quality + $0) }
        let evaluate = StepSpec(
            name: name(StepName("evaluate")), command: ["evaluate", "$(params.accuracy)"],
            params: ["accuracy": accuracy.map { .number($0) } ?? .string("none")], inputs: [.path("model/")],
            metrics: MetricsSpec(file: "metrics.json"), timeout: .seconds(300))
        let spec = ModelSpec(
            pipeline: PipelineSpec(steps: [train, evaluate]), artifact: "model/",
            serve: ServeSpec(command: ["serve", String(pipeline.server)], drain: .seconds(5)),
            policies: [Names.floor.name], supersede: pipeline.finishes ? .finish : .cancel)
        return Object(
            meta: Self.meta(file), spec: spec,
            tracked: [Names.path("train.py"): TrackedEntry(mode: .file, id: String(repeating: "a", count: 40))])
    }
}
