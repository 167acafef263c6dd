import HeadgateCore

extension Declaration {
    static let deployment: Shape<DeploymentSpec> = .object(
        "Deployment spec",
        Field("model", .name(), "The Model that serves."),
        Field("target", .name(), "The Target that it serves on. `local` is there without being declared."),
        Field("strategy", strategy, default: StrategySpec(), "How a version replaces another; left out, `rolling`."),
        Field("policies", policies, default: [], "Policies that guard this deployment besides those that select it."),
        Field("replicas", .integer(1...10_000), default: 1, "Server processes of each version with traffic."),
        .optional("autoscaling", autoscaling, "Lets the target choose the number of replicas."),
        Field("dependsOn", .list(of: dependency), default: [], "Objects that must be ready before this one rolls."),
        Field("heal", .boolean, default: true, "Whether a difference on the target is put right."),
        Field("ignoreDifferences", ignored, default: [], "What others may change on the target."),
        Field(
            "deletionPolicy",
            .option { (policy: DeletionPolicy) in
                switch policy {
                case .prune: "It is drained and removed from the target."
                case .orphan: "It is left as it is."
                }
            }, default: .prune, "What happens on the target when this object leaves the repository."),
        Field(
            "suspend", .boolean, default: false,
            "While true, work on this object stops; what serves goes on serving."),
        make: DeploymentSpec.init)

    private enum IgnoredField: String, CaseIterable, Sendable {
        case replicas, weights
    }

    private static let ignored: Shape<[String]> = .list(
        of: Shape<IgnoredField>.option { field in
            switch field {
            case .replicas: "How many replicas there are."
            case .weights: "How traffic is shared."
            }
        }.map(\.rawValue))

    static let autoscaling: Shape<AutoscalingSpec> = .object(
        "Autoscaling",
        Field("minReplicas", .integer(0...10_000), "The fewest replicas."),
        Field("maxReplicas", .integer(1...10_000), "The most replicas."),
        Field("targetConcurrency", .integer(1...100_000), "Concurrent requests a replica that scaling aims at."),
        make: AutoscalingSpec.init)

    static let dependency: Shape<Dependency> = .object(
        "Dependency",
        Field("kind", .option { (kind: Kind) in summary(of: kind) }, "The other object's kind."),
        Field("name", Shape<Name<Kind>>.name().map(\.text), "The other object's name."),
        .optional(
            "ready", .expression, "Over the other's `status`; left out, its Ready condition must be True."),
        make: Dependency.init)

    static let method: Field<StrategySpec.Method> = .oneOf(
        [
            .init("recreate", recreate, "Stops the old version, then starts the new one.") {
                StrategySpec.Method.recreate(allowDowntime: $0)
            },
            .init(
                "rolling", rolling,
                "Starts the new version, moves all traffic when it is ready, drains the old one."
            ) { _ in .rolling },
            .init("blueGreen", blueGreen, "Starts the new version beside the old one, then switches.") {
                .blueGreen($0)
            },
            .init("canary", canary, "Moves traffic step by step.") { .canary($0) },
            .init("ab", ab, "Sends requests that carry something to the new version.") { .ab($0) },
            .init("shadow", shadow, "Mirrors requests to the new version and compares the answers.") {
                .shadow($0)
            },
        ], default: .rolling)

    static let strategy: Shape<StrategySpec> = .object(
        "Strategy",
        method,
        Field(
            "onRevert",
            .option { (option: StrategySpec.OnRevert) in
                switch option {
                case .skip: "All traffic moves back in one write."
                case .full: "The strategy's steps are gone through as for any version."
                }
            }, default: .skip, "What a return to an earlier champion does."),
        Field(
            "maxSurge", .integer(0...10_000), default: StrategySpec().maxSurge,
            "Replicas above the declared number while a rollout is under way; 0 asks the target for room first."),
        Field(
            "bake", .duration(), default: StrategySpec().bake,
            "How long the checks go on after promotion and can still go back."),
        Field(
            "warm", .duration(), default: StrategySpec().warm,
            "How long an earlier version stays started, so that a revert needs no start."),
        Field(
            "progressDeadline", .duration(atLeast: .seconds(1)), default: StrategySpec().progressDeadline,
            "How long a version may take to become ready, all replicas together."),
        make: StrategySpec.init)

    static let recreate: Shape<Bool> = .object(
        "Recreate",
        Field("allowDowntime", .boolean, default: false, "Must be true: between the two versions nothing answers."),
        make: { $0 })

    // A mapping with no fields, so that it can be written and refused like any other.
    static let rolling: Shape<Bool> = Shape(.object(ObjectSchema(title: "Rolling", members: [], choices: []))) {
        node, reader in reader.mapping(node, known: []).map { _ in true }
    }
}
