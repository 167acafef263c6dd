import HeadgateAPI
import HeadgateCore

/// A Deployment as the API shows it.
enum DeploymentView {
    static func resource(_ id: DeploymentID, _ state: ReconcilerState) -> DeploymentResource? {
        guard let object = state.deployments[id] else { return nil }
        let record = state.records[id]
        let verdicts = state.verdicts.values.filter {
            $0.deployment == id && ($0.version == record?.desired || $0.version == record?.champion?.version)
        }
        let atPlan = state.verdictsAtPlan(of: ModelID(source: id.source, name: object.spec.model))
        return DeploymentResource(
            name: id.name.text, source: id.source.text, model: object.spec.model.text, target: object.spec.target.text,
            strategy: object.spec.strategy.name, revision: record?.revision?.description,
            version: record?.champion?.version.description, desired: record?.desired?.description,
            address: record?.address, replicas: object.spec.replicas, versions: versions(record, state.observed[id]),
            rollout: record?.rollout.map(RolloutView.resource), holds: record?.holds ?? [],
            conditions: record?.conditions ?? [],
            verdicts: atPlan + verdicts.sorted { ($0.recorded, $0.verdict.policy) < ($1.recorded, $1.verdict.policy) },
            file: object.meta.location.description)
    }

    private static func versions(_ record: DeploymentRecord?, _ observed: ObservedServing?) -> [ServedResource] {
        guard let observed else { return [] }
        return observed.versions.sorted { $0.key < $1.key }.map { version, seen in
            let traffic = observed.traffic[version]
            return ServedResource(
                version: version.description, role: role(version, seen, record), weight: observed.weights[version] ?? 0,
                phase: phase(seen.phase), ready: seen.readyReplicas, replicas: seen.replicas, restarts: seen.restarts,
                requests: traffic?.requests ?? 0, errors: traffic?.errors ?? 0, p50: traffic?.latency.quantile(0.5),
                p99: traffic?.latency.quantile(0.99), preview: seen.preview)
        }
    }

    private static func role(_ version: VersionID, _ seen: ObservedVersion, _ record: DeploymentRecord?) -> String {
        if record?.champion?.version == version { return "champion" }
        if record?.rollout?.candidate.version == version { return "candidate" }
        if record?.warm.contains(where: { $0.version.version == version }) == true { return "warm" }
        if case .draining = seen.phase { return "draining" }
        return "unknown"
    }

    private static func phase(_ phase: ObservedVersion.Phase) -> String {
        switch phase {
        case .starting: "starting"
        case .ready: "ready"
        case .failed: "failed"
        case .draining: "draining"
        case .stopped: "stopped"
        }
    }
}

extension StrategySpec {
    /// The strategy's word in manifests.
    var name: String {
        switch method {
        case .recreate: "recreate"
        case .rolling: "rolling"
        case .blueGreen: "blueGreen"
        case .canary: "canary"
        case .ab: "ab"
        case .shadow: "shadow"
        }
    }
}
