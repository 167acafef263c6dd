package import HeadgateCore

/// A rollout under way.
package struct RolloutResource: Codable, Sendable, Hashable {
    package var candidate: String
    /// Index of the current stage.
    package var step: Int
    /// The stages' names; on the way back those of the way back.
    package var stages: [String]
    /// What it does in the stage: pending, admitting, settling, waiting, closing, undecided or finished.
    package var phase: String
    /// What ends the stage: none, time, approval or analysis.
    package var wait: String
    /// When the phase began.
    package var since: Instant
    /// When the phase ends by default; nil when nothing but an event ends it, or a person paused it.
    package var deadline: Instant?
    /// The candidate's share of requests.
    package var weight: Int
    package var paused: Bool
    package var restoration: Bool
    /// Why it goes back; nil while it goes forward.
    package var back: String?
    /// Why the gate holds it back.
    package var refusal: String?
    /// What the target said against the last write.
    package var problem: String?
    package var approvals: [RolloutApproval]
    package var checks: [CheckResource]

    package init(
        candidate: String, step: Int, stages: [String], phase: String, wait: String, since: Instant,
        deadline: Instant?, weight: Int, paused: Bool, restoration: Bool, back: String?, refusal: String?,
        problem: String?,
        approvals: [RolloutApproval], checks: [CheckResource]
    ) {
        self.candidate = candidate
        self.step = step
        self.stages = stages
        self.phase = phase
        self.wait = wait
        self.since = since
        self.deadline = deadline
        self.weight = weight
        self.paused = paused
        self.restoration = restoration
        self.back = back
        self.refusal = refusal
        self.problem = problem
        self.approvals = approvals
        self.checks = checks
    }
}

/// A rollout's check and what it answered last.
package struct CheckResource: Codable, Sendable, Hashable {
    package var name: String
    /// Whether it is asked in the present stage.
    package var active: Bool
    /// Nil before it was asked.
    package var answer: CheckAnswer?
    package var at: Instant?
    /// Fails in a row, and how many decide.
    package var fails: Int
    package var failureLimit: Int
    /// Whether a person accepted that it cannot tell.
    package var accepted: Bool

    package init(
        name: String, active: Bool, answer: CheckAnswer?, at: Instant?, fails: Int, failureLimit: Int, accepted: Bool
    ) {
        self.name = name
        self.active = active
        self.answer = answer
        self.at = at
        self.fails = fails
        self.failureLimit = failureLimit
        self.accepted = accepted
    }
}
