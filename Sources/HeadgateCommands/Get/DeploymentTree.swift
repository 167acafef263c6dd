import Foundation
import HeadgateAPI
import HeadgateCore

/// Draws one Deployment as people watch it: versions, weights, rollout and checks.
enum DeploymentTree {
    static func draw(_ deployment: DeploymentResource) -> String {
        var lines = ["\(deployment.name)  (model \(deployment.model) on \(deployment.target), \(deployment.strategy))"]
        if let ready = deployment.conditions[.ready] {
            lines.append("  \(ready.status.rawValue == "True" ? "✔" : "►") \(ready.reason): \(ready.message)")
        }
        if let address = deployment.address { lines.append("  address   \(address)") }
        lines.append("  revision  \(Columns.shortRevision(deployment.revision))")
        for hold in deployment.holds where hold.version.description == deployment.desired {
            lines.append("  held      \(hold.version.short) by \(hold.by): \(hold.reason)")
        }
        lines += deployment.versions.map(line)
        if let rollout = deployment.rollout { lines += draw(rollout) }
        return lines.map(Renderer.clean).joined(separator: "\n")
    }

    private static func line(_ served: ServedResource) -> String {
        var parts = [
            served.role.padding(toLength: 9, withPad: " ", startingAt: 0), Columns.short(served.version),
            "\(bar(served.weight)) \(served.weight)%", "\(served.phase) \(served.ready)/\(served.replicas)",
            "\(served.requests) requests", "\(served.errors) errors",
        ]
        if let p99 = served.p99 { parts.append(String(format: "p99 %.1f ms", p99 * 1000)) }
        if served.restarts > 0 { parts.append("\(served.restarts) restarts") }
        return "  " + parts.joined(separator: "  ")
    }

    private static func draw(_ rollout: RolloutResource) -> [String] {
        let steps = rollout.stages.enumerated().map { index, stage in
            index == rollout.step ? "[\(stage)]" : stage
        }
        var lines = ["  rollout   \(Columns.short(rollout.candidate))  \(steps.joined(separator: " → "))"]
        if rollout.paused { lines.append("  paused    `headgate promote` or `headgate abort`") }
        if let deadline = rollout.deadline { lines.append("  deadline  \(TimeText.stamp(deadline))") }
        for check in rollout.checks {
            let answer = check.answer.map { "\($0.outcome.rawValue)  \($0.reason)" } ?? "not asked yet"
            lines.append("  check     \(check.name): \(answer)")
        }
        return lines
    }

    private static func bar(_ weight: Int) -> String {
        let filled = (weight + 5) / 10
        return String(repeating: "█", count: filled) + String(repeating: "░", count: 10 - filled)
    }
}
