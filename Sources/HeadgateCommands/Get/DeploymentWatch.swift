import Foundation
import HeadgateAPI
import HeadgateCore

/// Shows a Deployment as it changes: drawn anew on a terminal, a line a change where output is piped.
struct DeploymentWatch {
    private var screen = Screen()
    private var last: String?

    mutating func show(_ deployment: DeploymentResource, now: Instant = .now) {
        if Terminal.isInteractive {
            screen.draw(DeploymentTree.draw(deployment, now: now))
            return
        }
        let state = Self.state(deployment)
        guard state != last else { return }
        last = state
        print(Renderer.clean("\(TimeText.stamp(now))  \(Self.line(deployment))"))
    }

    /// What makes a change: not the counts, which change with every request.
    private static func state(_ deployment: DeploymentResource) -> String {
        var parts = [deployment.version ?? "", headline(deployment)]
        parts += deployment.versions.map {
            "\($0.version) \($0.role) \($0.weight) \($0.phase) \($0.ready) \($0.restarts)"
        }
        if let rollout = deployment.rollout {
            parts += ["\(rollout.step) \(rollout.phase) \(rollout.paused) \(rollout.back ?? "")"]
            parts += rollout.checks.map { "\($0.name) \($0.answer?.outcome.rawValue ?? "") \($0.fails)" }
        }
        return parts.joined(separator: "\n")
    }

    private static func headline(_ deployment: DeploymentResource) -> String {
        deployment.conditions[.ready].map { "\($0.reason): \($0.message.summary)" } ?? "Unknown"
    }

    private static func line(_ deployment: DeploymentResource) -> String {
        var parts: [String] = []
        if let rollout = deployment.rollout {
            let stage = rollout.stages.indices.contains(rollout.step) ? rollout.stages[rollout.step] : "-"
            parts.append("\(rollout.back == nil ? "" : "back: ")\(stage) (\(rollout.phase))")
            if rollout.paused { parts.append("paused") }
        } else {
            parts.append(headline(deployment))
        }
        for served in DeploymentTree.ordered(deployment.versions) {
            parts.append(
                "\(served.role) \(Columns.short(served.version)) \(served.weight)% \(served.phase) "
                    + "\(served.ready)/\(served.replicas) \(served.requests.counted("request")) \(served.errors.counted("error"))"
            )
        }
        for check in deployment.rollout?.checks ?? [] {
            guard let answer = check.answer else { continue }
            parts.append("\(check.name): \(answer.outcome.rawValue) (\(answer.reason))")
        }
        if let back = deployment.rollout?.back { parts.append("because \(back)") }
        return parts.joined(separator: "  ")
    }
}

/// A terminal on which a picture is drawn over the one before, without flicker.
struct Screen {
    private var isCleared = false

    mutating func draw(_ picture: String) {
        let (width, height) = Self.size
        var lines = picture.split(separator: "\n", omittingEmptySubsequences: false).map { String($0.prefix(width)) }
        if lines.count >= height { lines = Array(lines.prefix(max(1, height - 1))) }
        var text = isCleared ? "\u{1B}[H" : "\u{1B}[2J\u{1B}[H"
        isCleared = true
        // Each line clears what is left of the longer one that stood there.
        for line in lines { text += Terminal.colored(line) + "\u{1B}[K\r\n" }
        print(text + "\u{1B}[J", terminator: "")
    }

    private static var size: (width: Int, height: Int) {
        var size = winsize()
        guard ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return (200, 60) }
        return (Int(size.ws_col), Int(size.ws_row))
    }
}

extension Terminal {
    /// A line with its marks in colour, where the terminal has any.
    static func colored(_ line: String) -> String {
        guard hasColor else { return line }
        var text = ""
        for character in line {
            switch character {
            case "✔": text += "\u{1B}[32m✔\u{1B}[0m"
            case "✘": text += "\u{1B}[31m✘\u{1B}[0m"
            case "►", "◌": text += "\u{1B}[33m\(character)\u{1B}[0m"
            case "█": text += "\u{1B}[36m█\u{1B}[0m"
            default: text.append(character)
            }
        }
        return text
    }
}
