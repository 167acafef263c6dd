package import HeadgateCore

/// The counts of routers in Prometheus' text format, by its conventions: base units, counters end in `_total`.
package enum RouterMetricsText {
    /// One exposition for all routers, told apart by the label `router`, their address.
    ///
    /// Deployments and versions have the labels that the controller's families have.
    package static func of(_ routers: [RouterStatus]) -> String {
        var text = ""
        let rows = routers.sorted { $0.address < $1.address }.flatMap { router in
            router.deployments.sorted { $0.key < $1.key }.flatMap { name, status in
                status.traffic.sorted { $0.key < $1.key }.map { version, traffic in
                    Row(
                        labels: labels([("router", router.address)] + subject(name, version)),
                        traffic: traffic, inFlight: status.inFlight[version] ?? 0,
                        weight: status.table.weights[version] ?? 0)
                }
            }
        }
        family(&text, "headgate_router_requests_total", "counter", "Requests sent to a version.", rows) {
            [("", "\($0.traffic.requests)")]
        }
        family(
            &text, "headgate_router_request_errors_total", "counter",
            "Requests of a version that failed: answers 5xx, and requests that got no whole answer from it.", rows
        ) { [("", "\($0.traffic.errors)")] }
        family(&text, "headgate_router_responses_total", "counter", "Whole answers by class of status.", rows) { row in
            row.traffic.statuses.sorted { $0.key < $1.key }.map { (",code=\"\($0.key)\"", "\($0.value)") }
        }
        family(&text, "headgate_router_requests_in_flight", "gauge", "Requests of a version under way.", rows) {
            [("", "\($0.inFlight)")]
        }
        family(&text, "headgate_router_weight_ratio", "gauge", "Share of requests of a version.", rows) {
            [("", "\(Double($0.weight) / 100)")]
        }
        family(
            &text, "headgate_router_mirrored_requests_total", "counter",
            "Mirrored requests whose answers were compared.", rows
        ) { [("", "\($0.traffic.mirrored)")] }
        family(
            &text, "headgate_router_mirrored_agreements_total", "counter",
            "Mirrored requests whose answers agreed with those that users got.", rows
        ) { [("", "\($0.traffic.agreed)")] }
        family(
            &text, "headgate_router_mirrored_dropped_total", "counter",
            "Requests that were not mirrored, since the queue was full or a body too large.", rows
        ) { [("", "\($0.traffic.mirrorDropped)")] }
        histogram(&text, rows)
        return text
    }

    private static func subject(_ key: String, _ version: String) -> [(name: String, value: String)] {
        let version = ("version", VersionID(version)?.short ?? version)
        guard let id = DeploymentID(routerKey: key) else { return [("deployment", key), version] }
        return [("source", id.source.text), ("deployment", id.name.text), version]
    }

    private static func labels(_ pairs: [(name: String, value: String)]) -> String {
        pairs.map { "\($0.name)=\"\(escaped($0.value))\"" }.joined(separator: ",")
    }

    private struct Row {
        let labels: String
        let traffic: TrafficStatistics
        let inFlight: Int
        let weight: Int
    }

    private static func family(
        _ text: inout String, _ name: String, _ type: String, _ help: String, _ rows: [Row],
        _ values: (Row) -> [(labels: String, value: String)]
    ) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
        for row in rows {
            for (labels, value) in values(row) { text += "\(name){\(row.labels)\(labels)} \(value)\n" }
        }
    }

    /// Powers of two from 128 µs to 134 s; the router counts in finer steps.
    private static func histogram(_ text: inout String, _ rows: [Row]) {
        let name = "headgate_router_request_duration_seconds"
        text += "# HELP \(name) Time from a request's head to the end of its answer.\n# TYPE \(name) histogram\n"
        for row in rows {
            let counts = row.traffic.latency.counts
            for exponent in 7...27 {
                let bound = UInt64(1) << UInt64(exponent)
                let below = counts.prefix(LatencyHistogram.bucket(of: bound)).reduce(0, +)
                text += "\(name)_bucket{\(row.labels),le=\"\(Double(bound) / 1_000_000)\"} \(below)\n"
            }
            let total = row.traffic.latency.total
            text += "\(name)_bucket{\(row.labels),le=\"+Inf\"} \(total)\n"
            text += "\(name)_sum{\(row.labels)} \(Double(row.traffic.latency.sumMicroseconds) / 1_000_000)\n"
            text += "\(name)_count{\(row.labels)} \(total)\n"
        }
    }

    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.append(character)
            }
        }
    }
}
