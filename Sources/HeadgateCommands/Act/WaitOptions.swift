import ArgumentParser
import Foundation
import HeadgateAPI
import HeadgateCore

/// Whether a command returns when it is taken, or when the Deployment has settled.
struct WaitOptions: ParsableArguments {
    @Flag(help: "Wait until the Deployment has settled, and show how it gets there.")
    var wait = false

    @Option(help: "How long to wait, such as 10m.")
    var timeout = "10m"

    func validate() throws {
        guard let span = Duration(text: timeout), span > .zero else {
            throw ValidationError("--timeout must be a duration, such as 10m")
        }
    }

    /// Follows a Deployment until nothing more happens to it.
    ///
    /// With `isHoldWanted`, the command asks for a hold, and reaching one is no failure.
    ///
    /// - Throws: an exit code of 1 when it settled without serving what HEAD asks for, and 2 when time ran out.
    func follow(_ deployment: DeploymentResource, _ client: APIClient, isHoldWanted: Bool = false) async throws {
        guard wait, let span = Duration(text: timeout) else { return }
        let end = Instant.now + span
        var progress = ProgressLine()
        defer { progress.finish() }
        // What the command began shows a moment after it is taken.
        var calm = 0
        while true {
            let all = try await client.get("/api/v1/deployments", as: [DeploymentResource].self)
            guard let now = all.first(where: { $0.name == deployment.name && $0.source == deployment.source }) else {
                throw APIProblem(.notFound, "\(deployment.name) is gone")
            }
            let ready = now.conditions[.ready]
            progress.show("\(now.name)  \(ready?.reason ?? "Unknown"): \(ready?.message.summary ?? "")", weights(now))
            calm = isMoving(now) ? 0 : calm + 1
            if calm >= 3 {
                if ready?.status == .isTrue || (isHoldWanted && now.conditions[.held] != nil) { return }
                throw ExitCode(1)
            }
            guard .now < end else {
                progress.finish()
                Terminal.note("headgate: \(now.name) has not settled in \(timeout)")
                throw ExitCode(2)
            }
            // Weights move without an event, and the line shows them.
            try await Task.sleep(for: .milliseconds(250))
        }
    }

    private func isMoving(_ deployment: DeploymentResource) -> Bool {
        if let rollout = deployment.rollout { return !rollout.paused }
        guard let ready = deployment.conditions[.ready], ready.status != .isTrue else { return false }
        return ["Progressing", "RollingOut", "ProgressingWithRetry"].contains(ready.reason)
    }

    private func weights(_ deployment: DeploymentResource) -> String {
        deployment.versions.filter { $0.weight > 0 }.map { "\(Columns.short($0.version)) \($0.weight)%" }
            .joined(separator: " ")
    }
}

extension Command {
    /// Whether a Deployment that is held is what it asks for.
    var asksForHold: Bool {
        switch self {
        case .rollback, .hold, .abort: true
        case .retry, .release, .suspend, .resume, .override, .approve, .promote, .pause, .confirmPrune, .adopt: false
        }
    }
}

/// One line that is drawn again as work goes on; where nobody watches, a line for each change.
struct ProgressLine {
    private var last = ""
    private var frame = 0

    mutating func show(_ what: String, _ detail: String = "") {
        let text = Renderer.clean(detail.isEmpty ? what : "\(what)  [\(detail)]")
        guard Terminal.isTalkInteractive else {
            if text != last { Terminal.note(text) }
            last = text
            return
        }
        let frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"]
        frame = (frame + 1) % frames.count
        Terminal.write("\r\u{1B}[K\(frames[frame]) \(text.prefix(Terminal.width - 2))")
        last = text
    }

    /// Leaves the last line as it stands.
    mutating func finish() {
        guard Terminal.isTalkInteractive, !last.isEmpty else { return }
        Terminal.write("\r\u{1B}[K\(last)\n")
        last = ""
    }
}
