import Foundation
import HeadgateAPI
import HeadgateCore

/// Draws one Deployment as people watch it: versions, weights, rollout and checks.
enum DeploymentTree {
    static func draw(_ deployment: DeploymentResource, now: Instant = .now) -> String {
        var lines = ["\(deployment.name)  (model \(deployment.model) on \(deployment.target), \(deployment.strategy))"]
        if let ready = deployment.conditions[.ready] {
            lines.append("  \(mark(ready.status)) \(ready.reason): \(ready.message.summary)")
        }
        if let address = deployment.address { lines.append(row("address", address)) }
        lines.append(row("revision", Columns.shortRevision(deployment.revision)))
        for hold in deployment.holds where hold.version.description == deployment.desired {
            lines.append(row("held", "\(hold.version.short) by \(hold.by): \(hold.reason)"))
        }
        lines += versions(deployment.versions)
        for served in deployment.versions {
            if let preview = served.preview { lines.append(row("preview", preview)) }
        }
        if let rollout = deployment.rollout { lines += RolloutTree.draw(rollout, deployment.name, now: now) }
        return lines.map(Renderer.clean).joined(separator: "\n")
    }

    /// A line of the tree: what it is about, then what there is to say.
    static func row(_ title: String, _ text: String) -> String {
        "  " + title.padding(toLength: max(10, title.count + 1), withPad: " ", startingAt: 0) + text
    }

    private static func mark(_ status: Condition.Status) -> String {
        switch status {
        case .isTrue: "✔"
        case .isFalse: "✘"
        case .unknown: "►"
        }
    }

    /// Versions as people think of them: the champion first.
    static func ordered(_ versions: [ServedResource]) -> [ServedResource] {
        let order = ["champion", "candidate", "warm", "draining"]
        return versions.sorted {
            (order.firstIndex(of: $0.role) ?? order.count, $0.version)
                < (order.firstIndex(of: $1.role) ?? order.count, $1.version)
        }
    }

    private static func versions(_ versions: [ServedResource]) -> [String] {
        let cells = ordered(versions).map { served in
            [
                served.role, Columns.short(served.version), "\(bar(served.weight)) \(percent(served.weight))",
                "\(served.phase) \(served.ready)/\(served.replicas)", served.requests.counted("request"),
                served.errors.counted("error"), served.p99.map { String(format: "p99 %.1f ms", $0 * 1000) } ?? "",
                served.restarts > 0 ? "\(served.restarts) restarts" : "",
            ]
        }
        return cells.map { line in
            let padded = line.indices.map { column in
                let width = cells.map { $0[column].count }.max() ?? 0
                // Numbers stand under each other.
                let isNumber = (4...6).contains(column)
                let space = String(repeating: " ", count: width - line[column].count)
                return isNumber ? space + line[column] : line[column] + space
            }
            return row(padded[0], padded.dropFirst().joined(separator: "  ")).trimmingTrailingSpaces
        }
    }

    private static func percent(_ weight: Int) -> String {
        String(repeating: " ", count: weight < 10 ? 2 : weight < 100 ? 1 : 0) + "\(weight)%"
    }

    private static func bar(_ weight: Int) -> String {
        let filled = (weight + 5) / 10
        return String(repeating: "█", count: filled) + String(repeating: "░", count: 10 - filled)
    }
}

extension String {
    /// The text without white space at its end.
    var trimmingTrailingSpaces: String {
        var text = self[...]
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
