/// What a rollout is told.
package enum RolloutEvent: Hashable, Sendable, Codable {
    /// Starts it; repeating it changes nothing.
    case begin
    /// The controller has started again: gives every effect that is outstanding once more.
    case recovered
    /// The target has accepted a write.
    case applied(write: Int)
    /// - `jitter`: 0 through 1, so that many retries do not meet.
    case applyFailed(write: Int, error: TargetError, jitter: Double)
    case observed(ObservedServing)
    /// What the gate said about one stage; may come unasked and again while the rollout waits for it.
    case admission(stage: Int, answer: AdmissionAnswer)
    case measured(check: String, request: Int, answer: CheckAnswer)
    /// Nobody could measure, for a reason that is not the versions'.
    case measureErrored(check: String, request: Int, message: String, jitter: Double)
    /// - `at`: When the person said so, which makes a repetition harmless.
    case approved(by: String, version: VersionID, at: Instant)
    case paused(by: String)
    case resumed(by: String)
    /// Goes on with the next step now, or, when full, with promotion. The gate and readiness are still asked.
    case promote(full: Bool, by: String)
    /// Goes back to the champion, and leaves a hold.
    case abort(reason: String, by: String? = nil)
    /// Another version is wanted; when it is the champion, goes back to it without a hold.
    ///
    /// Nil when nothing can take its place: a candidate without a champion goes, unless it serves already.
    case superseded(by: VersionID?)
    /// The strategy has changed: restarts the current step by the new one.
    case respecified(StrategySpec)
    /// Replicas have changed.
    case resized(champion: Int?, candidate: Int?)
    /// Time has passed.
    case tick
}

/// What a rollout asks for.
package enum RolloutEffect: Hashable, Sendable, Codable {
    /// Write a serving state. The write's number is unique in the rollout and repeated when the write is.
    case apply(ServingState, write: Int)
    case admit(Admission)
    case measure(CheckRequest)
    case observe
    case record(RolloutNote)
    case finished(RolloutOutcome)
}

/// What the gate is asked to allow.
package struct Admission: Hashable, Sendable, Codable {
    package enum Increase: Hashable, Sendable, Codable {
        /// The candidate starts; so many replicas exist beside the champion's.
        case start(surge: Int)
        case weight(from: Int, to: Int)
        case route(RouteMatch)
        case mirror(percent: Int)
    }

    package let stage: Int
    package let increase: Increase

    package init(stage: Int, increase: Increase) {
        self.stage = stage
        self.increase = increase
    }
}

/// What the gate says.
package enum AdmissionAnswer: Hashable, Sendable, Codable {
    case allowed
    /// A definite no. Before the start it blocks; later it rolls back.
    case denied(String)
    /// Nobody can tell, or only the present moment forbids it: the rollout waits where it is.
    case inconclusive(String)
}

/// A question to whoever evaluates checks.
package struct CheckRequest: Hashable, Sendable, Codable {
    /// Comes back with the answer; an answer to an older question is ignored.
    package let number: Int
    package let check: CheckSpec
    package let candidate: TrafficWindow
    /// Nil when there is no stable version to compare with.
    package let stable: TrafficWindow?
    package let since: Instant
    package let until: Instant
    /// The versions as queries name them.
    package let candidateSubject: CheckSubject?
    package let stableSubject: CheckSubject?

    package init(
        number: Int, check: CheckSpec, candidate: TrafficWindow, stable: TrafficWindow?, since: Instant, until: Instant,
        candidateSubject: CheckSubject? = nil, stableSubject: CheckSubject? = nil
    ) {
        self.number = number
        self.check = check
        self.candidate = candidate
        self.stable = stable
        self.since = since
        self.until = until
        self.candidateSubject = candidateSubject
        self.stableSubject = stableSubject
    }
}

/// How a rollout ended.
package enum RolloutOutcome: Hashable, Sendable, Codable {
    /// The candidate is the champion.
    case promoted
    /// The champion has everything again. A hold keeps the same desired state from rolling out at once.
    case rolledBack(reason: String, hold: Bool)
    /// A newer candidate goes on from the present serving state.
    case superseded
    /// The candidate never took traffic, or nobody could go back; the same desired state is not tried again unasked.
    case failed(reason: String)
}

/// Something that happened in a rollout, for people and the ledger.
package struct RolloutNote: Hashable, Sendable, Codable {
    package enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
        case began = "RolloutBegan"
        case blocked = "RolloutBlocked"
        case stageEntered = "RolloutStage"
        case promoted = "CandidatePromoted"
        case checkPassed = "CheckPassed"
        case checkFailed = "CheckFailed"
        case checkInconclusive = "CheckInconclusive"
        case checkErrored = "CheckErrored"
        case checkSkipped = "CheckSkipped"
        case undecided = "AnalysisInconclusive"
        case approvalWanted = "ApprovalWanted"
        case approved = "RolloutApproved"
        case ignored = "RequestIgnored"
        case paused = "RolloutPaused"
        case resumed = "RolloutResumed"
        case hastened = "RolloutHastened"
        case writeFailed = "TargetWriteFailed"
        case rewritten = "ServingStateRewritten"
        case respecified = "StrategyChanged"
        case goingBack = "RollingBack"
        case late = "DeadlinePassed"
        case finished = "RolloutFinished"
    }

    package let at: Instant
    package let kind: Kind
    /// The stage's name.
    package let stage: String
    package let message: String
    /// The check that decided, with its values.
    package let check: CheckMeasurement?

    package init(at: Instant, kind: Kind, stage: String, message: String, check: CheckMeasurement? = nil) {
        self.at = at
        self.kind = kind
        self.stage = stage
        self.message = message
        self.check = check
    }

    /// Stable and machine-readable, such as `CheckFailed`.
    package var code: String { kind.rawValue }

    /// Whether an operator should look.
    package var isWarning: Bool {
        switch kind {
        case .blocked, .checkFailed, .checkErrored, .undecided, .writeFailed, .rewritten, .goingBack, .late: true
        case .began, .stageEntered, .promoted, .checkPassed, .checkInconclusive, .checkSkipped, .approvalWanted,
            .approved, .ignored, .paused, .resumed, .hastened, .respecified, .finished:
            false
        }
    }
}
