package import HeadgateCore

/// The controller's state in Prometheus' text format; names and units by its conventions.
package enum MetricsText {
    /// - Parameters:
    ///   - state: What the reconciler knows.
    ///   - stopped: Whether the ledger cannot be written.
    ///   - looks: By source.
    ///   - routers: Restarts of routers by address.
    /// - Returns: The text.
    package static func text(
        _ state: ReconcilerState, stopped: Bool, looks: [SourceName: LookStatistics] = [:],
        routers: [String: ServerRestarts] = [:]
    ) -> String {
        var text = Exposition()
        text.family("headgate_objects", "gauge", "Objects in force by kind.")
        for (kind, count) in [
            ("model", state.models.count), ("policy", state.policies.count), ("deployment", state.deployments.count),
            ("target", state.targets.count),
        ] { text.sample("headgate_objects", [("kind", kind)], Double(count)) }
        text.family("headgate_quarantined_objects", "gauge", "Objects whose manifest is in error.")
        text.sample("headgate_quarantined_objects", [], Double(state.quarantined.count))
        text.family("headgate_running_steps", "gauge", "Steps that run now.")
        text.sample("headgate_running_steps", [], Double(state.keysByRun.count))
        text.family("headgate_work_stopped", "gauge", "Whether the ledger cannot be written.")
        text.sample("headgate_work_stopped", [], stopped ? 1 : 0)
        text.family("headgate_source_healthy", "gauge", "Whether the last look at a source succeeded.")
        for (name, source) in state.sources.sorted(by: { $0.key < $1.key }) {
            text.sample("headgate_source_healthy", [("source", name.text)], source.problem == nil ? 1 : 0)
        }
        text.family("headgate_source_look_seconds", "summary", "What looks at a source took, with what they led to.")
        for (name, looks) in looks.sorted(by: { $0.key < $1.key }) {
            text.sample("headgate_source_look_seconds_count", [("source", name.text)], Double(looks.count))
            text.sample("headgate_source_look_seconds_sum", [("source", name.text)], looks.total / .seconds(1))
        }
        text.family("headgate_manifests_decoded_total", "counter", "Manifests whose content was not known before.")
        for (name, looks) in looks.sorted(by: { $0.key < $1.key }) {
            text.sample("headgate_manifests_decoded_total", [("source", name.text)], Double(looks.decodedFiles))
        }
        awaited(state, &text)
        deployments(state, &text)
        restarts(state, routers, &text)
        return text.finish()
    }

    /// Only what is so has a series, so that there are no more than things that wait.
    private static func awaited(_ state: ReconcilerState, _ text: inout Exposition) {
        text.family("headgate_action_required", "gauge", "What stands still until a person acts, and why.")
        for action in state.awaitedActions {
            var labels: [(String, String)]
            switch action.subject {
            case .object(let id):
                labels = [("source", id.source.text), ("kind", id.kind.rawValue), ("name", id.name)]
                // Under the name that other families have it by, to be joined with them.
                if id.kind == .deployment { labels.append(("deployment", id.name)) }
            case .source(let source): labels = [("source", source.text), ("kind", "Source"), ("name", source.text)]
            }
            text.sample("headgate_action_required", labels + [("reason", action.reason)], 1)
        }
    }

    private static func restarts(
        _ state: ReconcilerState, _ routers: [String: ServerRestarts], _ text: inout Exposition
    ) {
        text.family(
            "headgate_server_restarts_total", "counter",
            "Model servers that ended by themselves and were started again.")
        for id in state.records.keys.sorted() {
            for (version, seen) in (state.observed[id]?.versions ?? [:]).sorted(by: { $0.key < $1.key }) {
                text.sample(
                    "headgate_server_restarts_total", labels(id) + [("version", version.short)], Double(seen.restarts))
            }
        }
        text.family(
            "headgate_router_restarts_total", "counter", "Routers that ended by themselves and were started again.")
        for (address, restarts) in routers.sorted(by: { $0.key < $1.key }) {
            text.sample("headgate_router_restarts_total", [("router", address)], Double(restarts.count))
        }
    }

    private static func deployments(_ state: ReconcilerState, _ text: inout Exposition) {
        let records = state.records.sorted { $0.key < $1.key }
        text.family("headgate_deployment_ready", "gauge", "Whether a Deployment serves what HEAD asks for.")
        for (id, record) in records {
            let isReady = record.conditions[.ready]?.status == .isTrue
            text.sample("headgate_deployment_ready", labels(id), isReady ? 1 : 0)
        }
        text.family("headgate_rollout_in_progress", "gauge", "Whether a rollout is under way.")
        for (id, record) in records {
            text.sample("headgate_rollout_in_progress", labels(id), record.rollout == nil ? 0 : 1)
        }
        rollouts(records.compactMap { id, record in record.rollout.map { (id, $0) } }, &text)
        text.family("headgate_deployment_weight_ratio", "gauge", "Share of requests by version.")
        for (id, _) in records {
            for (version, weight) in (state.observed[id]?.weights ?? [:]).sorted(by: { $0.key < $1.key }) {
                text.sample(
                    "headgate_deployment_weight_ratio", labels(id) + [("version", version.short)], Double(weight) / 100)
            }
        }
        text.family("headgate_deployment_held", "gauge", "Whether a hold keeps a Deployment from what HEAD asks for.")
        for (id, record) in records {
            text.sample("headgate_deployment_held", labels(id), record.conditions[.held] == nil ? 0 : 1)
        }
    }

    private static func rollouts(_ rollouts: [(DeploymentID, Rollout)], _ text: inout Exposition) {
        text.family("headgate_rollout_stage", "gauge", "The stage that a rollout is in, counted from 1.")
        for (id, rollout) in rollouts { text.sample("headgate_rollout_stage", labels(id), Double(rollout.step + 1)) }
        text.family("headgate_rollout_stages", "gauge", "How many stages a rollout has.")
        for (id, rollout) in rollouts {
            text.sample("headgate_rollout_stages", labels(id), Double(rollout.stages.count))
        }
        text.family(
            "headgate_rollout_stage_start_timestamp_seconds", "gauge", "When a rollout came to where it is.")
        for (id, rollout) in rollouts {
            text.sample(
                "headgate_rollout_stage_start_timestamp_seconds", labels(id), Double(rollout.since.milliseconds) / 1000)
        }
        text.family("headgate_rollout_paused", "gauge", "Whether a person paused a rollout.")
        for (id, rollout) in rollouts {
            text.sample("headgate_rollout_paused", labels(id), rollout.pausedSince == nil ? 0 : 1)
        }
    }

    private static func labels(_ id: DeploymentID) -> [(String, String)] {
        [("source", id.source.text), ("deployment", id.name.text)]
    }
}

/// Writes metric families.
package struct Exposition {
    private var lines: [String] = []

    package init() {}

    package mutating func family(_ name: String, _ type: String, _ help: String) {
        lines.append("# HELP \(name) \(help)")
        lines.append("# TYPE \(name) \(type)")
    }

    package mutating func sample(_ name: String, _ labels: [(String, String)], _ value: Double) {
        let pairs = labels.map { "\($0.0)=\"\(Self.escaped($0.1))\"" }.joined(separator: ",")
        let number = value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : "\(value)"
        lines.append("\(name)\(pairs.isEmpty ? "" : "{\(pairs)}") \(number)")
    }

    package func finish() -> String { lines.joined(separator: "\n") + "\n" }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text {
            switch character {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.append(character)
            }
        }
        return escaped
    }
}
