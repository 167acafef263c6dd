import HeadgateCore
import Testing

@testable import HeadgateController

/// The families that have labels, as Prometheus reads them.
@Suite struct MetricsTextTests {
    private let id: DeploymentID
    private let version = VersionID(Digest.of([1]))

    init() throws {
        id = DeploymentID(
            source: try #require(SourceName("models")), name: try #require(DeploymentName("wine")))
    }

    @Test func `what waits for a person, and what was started again, has a series each`() throws {
        var state = ReconcilerState()
        var record = DeploymentRecord(id: id)
        let now = Instant(milliseconds: 0)
        record.conditions = [
            Condition(.ready, .isFalse, reason: "GateDenied", "no", since: now),
            Condition(.held, .isTrue, reason: "Held", "held", since: now),
        ]
        state.records[id] = record
        let file = try #require(RepositoryPath("headgate.yaml"))
        state.deployments[id] = Object(
            meta: ObjectMeta(location: SourceLocation(file: file, line: 1, column: 1)),
            spec: DeploymentSpec(
                model: try #require(ModelName("wine")), target: try #require(TargetName("local")), replicas: 1))
        let policy = PolicyID(source: id.source, name: try #require(PolicyName("floor")))
        state.quarantined[ObjectID(policy)] = Diagnostic(.error, code: "test", "does not parse")
        state.unconfirmed[id.source] = [ObjectID(id)]
        state.observed[id] = ObservedServing(
            versions: [version: ObservedVersion(phase: .ready, readyReplicas: 1, replicas: 1, restarts: 3)],
            weights: [version: 100])
        let text = MetricsText.text(
            state, stopped: false, routers: ["127.0.0.1:8080": ServerRestarts(count: 2, lastExit: nil)])
        let lines = text.split(separator: "\n").map(String.init)
        let labels = #"source="models",deployment="wine""#
        for line in [
            #"headgate_action_required{source="models",kind="Deployment",name="wine",deployment="wine",reason="GateDenied"} 1"#,
            #"headgate_action_required{source="models",kind="Deployment",name="wine",deployment="wine",reason="Held"} 1"#,
            #"headgate_action_required{source="models",kind="Policy",name="floor",reason="Quarantined"} 1"#,
            #"headgate_action_required{source="models",kind="Source",name="models",reason="PruneUnconfirmed"} 1"#,
            #"headgate_server_restarts_total{\#(labels),version="\#(version.short)"} 3"#,
            #"headgate_deployment_weight_ratio{\#(labels),version="\#(version.short)"} 1"#,
            #"headgate_router_restarts_total{router="127.0.0.1:8080"} 2"#,
        ] {
            #expect(lines.contains(line), "\(line)\n\(text)")
        }
        #expect(lines.count { $0.hasPrefix("headgate_action_required{") } == 4)
    }
}
