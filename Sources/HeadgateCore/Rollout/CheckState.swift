/// What is known of one check in the current stage.
package struct CheckState: Hashable, Sendable, Codable {
    /// When it is asked next.
    package var due: Instant
    /// The question that is under way.
    package var request: Int?
    package var asked: Instant?
    /// Fails in a row.
    package var fails: Int
    /// Times in a row that nobody could measure.
    package var errors: Int
    package var last: CheckMeasurement?

    init(due: Instant) {
        self.due = due
        fails = 0
        errors = 0
    }
}

/// One answer of a check.
package struct CheckMeasurement: Hashable, Sendable, Codable {
    package let check: String
    package let at: Instant
    package let answer: CheckAnswer

    package init(check: String, at: Instant, answer: CheckAnswer) {
        self.check = check
        self.at = at
        self.answer = answer
    }
}

/// A person's word for one version, in one stage.
package struct RolloutApproval: Hashable, Sendable, Codable {
    package let by: String
    package let at: Instant
    package let version: VersionID
    /// The name of the stage that waited for it.
    package let stage: String

    package init(by: String, at: Instant, version: VersionID, stage: String) {
        self.by = by
        self.at = at
        self.version = version
        self.stage = stage
    }
}

/// Both versions' statistics at one moment; windows start at them.
package struct TrafficSnapshot: Hashable, Sendable, Codable {
    package let at: Instant
    package let candidate: TrafficStatistics
    package let stable: TrafficStatistics

    package init(at: Instant, candidate: TrafficStatistics, stable: TrafficStatistics) {
        self.at = at
        self.candidate = candidate
        self.stable = stable
    }
}

/// A serving state that was handed out to be written.
package struct RolloutWrite: Hashable, Sendable, Codable {
    package let number: Int
    package let state: ServingState
    /// When it was handed out last.
    package var at: Instant
    /// Whether the target has accepted it.
    package var acknowledged: Bool
    /// Failures in a row.
    package var failures: Int
    /// When it is handed out again after a failure.
    package var retryAt: Instant?
    /// What the target said last against it; nil when nothing did.
    package var problem: String?

    package init(number: Int, state: ServingState, at: Instant, acknowledged: Bool = false) {
        self.number = number
        self.state = state
        self.at = at
        self.acknowledged = acknowledged
        failures = 0
    }
}
