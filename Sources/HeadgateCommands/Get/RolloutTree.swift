import Foundation
import HeadgateAPI
import HeadgateCore

/// Draws a rollout: its stages, what the present one waits for, and its checks with their numbers.
enum RolloutTree {
    static func draw(_ rollout: RolloutResource, _ deployment: String, now: Instant) -> [String] {
        let course = rollout.back == nil ? (rollout.restoration ? "restores" : "rolls out") : "goes back from"
        var lines = [DeploymentTree.row("rollout", "\(course) \(Columns.short(rollout.candidate))")]
        for (index, line) in wrapped(rollout.back?.summary ?? "").enumerated() {
            lines.append(DeploymentTree.row(index == 0 ? "because" : "", line))
        }
        for (index, stage) in rollout.stages.enumerated() {
            let isPresent = index == rollout.step
            let mark = index < rollout.step ? "✔" : isPresent ? "►" : " "
            let what = isPresent ? "   " + present(rollout, deployment, now) : ""
            lines.append("    \(mark) \(stage)\(what)".trimmingTrailingSpaces)
        }
        if rollout.paused { lines.append(DeploymentTree.row("paused", "`headgate resume \(deployment)` goes on")) }
        for approval in rollout.approvals {
            let text =
                "\(approval.version.short) by \(approval.by) at \(TimeText.stamp(approval.at)), for \(approval.stage)"
            lines.append(DeploymentTree.row("approved", text))
        }
        let width = rollout.checks.map(\.name.count).max() ?? 0
        return lines + rollout.checks.flatMap { draw($0, width, now) }
    }

    /// What the present stage does, and how long it may.
    static func present(_ rollout: RolloutResource, _ deployment: String, _ now: Instant) -> String {
        let left = rollout.deadline.map { TimeText.age(since: now, now: $0) + " left" }
        switch rollout.phase {
        case "admitting": return "waits for the gate" + (rollout.refusal.map { ": \($0)" } ?? "")
        case "settling":
            return "waits for the target, " + (left ?? "without a deadline")
                + (rollout.problem.map { ": \($0)" } ?? "")
        case "closing": return "asks its checks a last time"
        case "undecided":
            return "the checks cannot tell: `headgate approve \(deployment)` or `headgate abort \(deployment)`, "
                + (left ?? "paused")
        case "waiting":
            switch rollout.wait {
            case "approval": return "waits for `headgate approve \(deployment)`, " + (left ?? "paused")
            case "none": return ""
            default: return left ?? "paused"
            }
        default: return rollout.phase
        }
    }

    private static func draw(_ check: CheckResource, _ width: Int, _ now: Instant) -> [String] {
        let name = "check " + check.name.padding(toLength: width, withPad: " ", startingAt: 0)
        guard let answer = check.answer else {
            return [DeploymentTree.row(name, check.active ? "◌ not asked yet" : "  not asked in this stage")]
        }
        var state = "\(mark(answer.outcome)) \(answer.outcome.rawValue)"
        if answer.outcome == .fail, check.failureLimit > 1 { state += " \(check.fails) of \(check.failureLimit)" }
        if check.accepted { state += ", accepted" }
        if let at = check.at { state += ", \(TimeText.age(since: at, now: now)) ago" }
        return [DeploymentTree.row(name, state)] + wrapped(answer.reason).map { "      " + $0 } + evidence(answer)
    }

    /// How far each comparison is from either answer.
    private static func evidence(_ answer: CheckAnswer) -> [String] {
        let suffix = ".needed"
        return answer.numbers.keys.sorted().filter { $0.hasSuffix(suffix) }.compactMap { key in
            let name = key.dropLast(suffix.count)
            guard let needed = answer.numbers[key], needed > 0 else { return nil }
            func part(_ title: String, _ key: String) -> String {
                let evidence = answer.numbers["\(name).\(key)"] ?? 0
                let share = min(1, max(0, evidence / needed))
                let filled = Int((share * 10).rounded(.down))
                return "\(title) " + String(repeating: "▮", count: filled) + String(repeating: "▯", count: 10 - filled)
                    + " \(Int(share * 100))%"
            }
            return "      \(name): \(part("harm", "evidenceOfHarm"))   \(part("safety", "evidenceOfSafety"))"
                + "   of the evidence that decides"
        }
    }

    /// Lines of at most 100 characters or so.
    static func wrapped(_ text: String) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
            if !line.isEmpty, line.count + word.count + 1 > 100 {
                lines.append(line)
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        return lines + (line.isEmpty ? [] : [line])
    }

    static func mark(_ outcome: CheckAnswer.Outcome) -> String {
        switch outcome {
        case .pass: "✔"
        case .fail: "✘"
        case .inconclusive: "◌"
        }
    }
}
