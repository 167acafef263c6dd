/// One attempt at a step's key, as the ledger keeps it.
package struct Run: Hashable, Sendable, Codable {
    package enum State: Hashable, Sendable, Codable {
        case running
        /// A newer desired state no longer wants it; the runner was told.
        case cancelling
        case succeeded
        case failed(exitCode: Int32, message: String)
        case errored(StepError)
        case cancelled
    }

    package let launch: StepLaunch
    /// Counts attempts at the key, from 1.
    package let attempt: Int
    package var state: State
    package let started: Instant
    package var ended: Instant?
    /// When an errored attempt may be followed by another.
    package var retryAt: Instant?

    package var id: RunID { launch.run }
    package var key: StepKey { launch.key }
    package var isLive: Bool { state == .running || state == .cancelling }

    package init(launch: StepLaunch, attempt: Int, started: Instant) {
        self.launch = launch
        self.attempt = attempt
        self.state = .running
        self.started = started
    }
}

/// What is known of a key: the accepted result, or the refusal.
package struct StepRecord: Hashable, Sendable, Codable {
    package enum Outcome: Hashable, Sendable, Codable {
        case succeeded(StepResult)
        /// The command said no; not run again unasked.
        case failed(exitCode: Int32, message: String)
        /// No attempt can end otherwise until something changes.
        case errored(StepError)
    }

    package let key: StepKey
    package let run: RunID
    package let outcome: Outcome
    package let recorded: Instant

    package init(key: StepKey, run: RunID, outcome: Outcome, recorded: Instant) {
        self.key = key
        self.run = run
        self.outcome = outcome
        self.recorded = recorded
    }

    /// The result, where there is one.
    package var result: StepResult? {
        guard case .succeeded(let result) = outcome else { return nil }
        return result
    }
}

/// Exponential backoff with a cap and jitter.
package struct RetryPolicy: Hashable, Sendable, Codable {
    package var base: Duration
    package var cap: Duration

    package init(base: Duration = .seconds(5), cap: Duration = .seconds(600)) {
        self.base = base
        self.cap = cap
    }

    /// The wait before the attempt after `attempt` (from 1): half of it fixed, half of it by jitter.
    ///
    /// `jitter`: 0 through 1, from the shell.
    package func delay(after attempt: Int, jitter: Double) -> Duration {
        let doublings = min(max(attempt - 1, 0), 20)
        let full = min(base.milliseconds << Int64(doublings), cap.milliseconds)
        return .milliseconds(full / 2 + Int64(Double(full / 2) * min(max(jitter, 0), 1)))
    }
}
