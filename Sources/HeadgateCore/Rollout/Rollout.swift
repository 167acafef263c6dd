/// The moves of one Deployment from its champion to a candidate, or back: the whole durable state of them.
///
/// A value that is told events and gives effects. It has no clock: time arrives with every event. It is level-triggered:
/// at any moment the serving state that should hold follows from the stage and the two versions, an observation tells
/// whether it does, and telling the same twice changes nothing. After a crash the persisted value, `recovered` and a
/// fresh observation are enough.
package struct Rollout: Hashable, Sendable, Codable {
    package let id: RolloutID
    package let deployment: DeploymentID
    /// The version to go back to; nil on a first deployment.
    package internal(set) var champion: ServedVersion?
    package internal(set) var candidate: ServedVersion
    package internal(set) var strategy: StrategySpec
    /// Whether the candidate was champion before.
    package let restoration: Bool
    /// Names of the checks that read `stable`, sorted.
    package let comparing: [String]

    package internal(set) var phase: RolloutPhase
    package internal(set) var course: RolloutCourse
    package internal(set) var stages: [RolloutStage]
    /// Index of the current stage.
    package internal(set) var step: Int
    /// When the current phase began.
    package internal(set) var since: Instant
    /// When the current phase ends by default; moves while a person pauses the rollout.
    package internal(set) var deadline: Instant?
    /// How the versions stand as last written.
    package internal(set) var layout: RolloutLayout?
    package internal(set) var applied: RolloutWrite?
    package internal(set) var writes: Int

    package internal(set) var checks: [String: CheckState]
    package internal(set) var requests: Int
    /// Checks whose inconclusive answer a person has accepted; sorted.
    package internal(set) var accepted: [String]
    package internal(set) var approvals: [RolloutApproval]
    /// Why the gate holds the rollout back.
    package internal(set) var refusal: String?
    /// The start of the window that checks read, and of the one that replaces it.
    package internal(set) var baseline: TrafficSnapshot?
    package internal(set) var nextBaseline: TrafficSnapshot?
    /// What the former champion answered before it lost its traffic: the comparison after promotion.
    package internal(set) var reference: TrafficWindow?

    /// When a person paused it.
    package internal(set) var pausedSince: Instant?
    /// Whether the remaining steps are skipped, as a person asked.
    package internal(set) var hastened: Bool
    package internal(set) var candidateWasReady: Bool
    package internal(set) var candidateTookTraffic: Bool
    /// Set while the candidate has requests that it does not answer.
    package internal(set) var silence: RolloutSilence?
    /// When the target first showed the candidate as stable with all weight.
    package internal(set) var promotedAt: Instant?
    package internal(set) var crowded: Bool
    /// Whether the gate has allowed the candidate to start.
    package internal(set) var startAllowed: Bool
    /// The checks that are asked now: those of the last stage that held.
    package internal(set) var watching: RolloutStage.Watch
    /// When the target is looked at again; a restart looks at once.
    @Unrecorded package internal(set) var nextObservation: Instant?
    /// Earlier versions that stay started; taken over by the owner when the rollout is finished.
    package internal(set) var warm: [WarmVersion]
    /// What happened, newest last, at most ``noteLimit``.
    package internal(set) var notes: [RolloutNote]

    /// Prepares a rollout; nothing happens before `begin`.
    ///
    /// - Parameters:
    ///   - id: Names it.
    ///   - deployment: Whose rollout it is.
    ///   - champion: What serves as stable; nil on a first deployment.
    ///   - candidate: What shall serve.
    ///   - strategy: How it gets there.
    ///   - restoration: Whether the candidate was champion before.
    ///   - warm: Earlier versions that are kept started.
    ///   - comparing: Names of the checks that read `stable`.
    package init(
        id: RolloutID, deployment: DeploymentID, champion: ServedVersion?, candidate: ServedVersion,
        strategy: StrategySpec, restoration: Bool = false, warm: [WarmVersion] = [], comparing: Set<String> = []
    ) {
        self.id = id
        self.deployment = deployment
        self.champion = champion
        self.candidate = candidate
        self.strategy = strategy
        self.restoration = restoration
        self.comparing = comparing.sorted()
        self.warm = warm
        phase = .pending
        course = .forward
        step = 0
        since = Instant(milliseconds: 0)
        writes = 0
        checks = [:]
        requests = 0
        accepted = []
        approvals = []
        hastened = false
        candidateWasReady = false
        candidateTookTraffic = false
        crowded = false
        startAllowed = false
        watching = .nothing
        notes = []
        stages = strategy.stages(
            for: StrategySpec.Situation(
                firstDeployment: champion == nil, restoration: restoration, replicas: candidate.replicas))
    }

    /// Prepares the rollout of a newer candidate, straight from where an older rollout stands.
    ///
    /// The champion is still the champion, unless the older candidate has been promoted. The first write ends what the
    /// older rollout left.
    package init(
        superseding old: Rollout, id: RolloutID, candidate: ServedVersion, strategy: StrategySpec,
        restoration: Bool = false, comparing: Set<String> = []
    ) {
        var warm = old.warm
        if let promoted = old.promotedAt, let former = old.champion, old.strategy.warm > .zero {
            warm.append(WarmVersion(version: former, until: promoted + old.strategy.warm))
        }
        self.init(
            id: id, deployment: old.deployment, champion: old.stable, candidate: candidate, strategy: strategy,
            restoration: restoration, warm: warm, comparing: comparing)
        if old.layout != nil {
            // What the older candidate has goes back at once, which asks nobody; the new one starts when it may.
            layout =
                champion == nil
                ? RolloutLayout(champion: .nothing, candidate: .nothing, weight: nil)
                : RolloutLayout(champion: .everything, candidate: .nothing, weight: 0)
        }
    }

    /// The version that counts as champion now.
    package var stable: ServedVersion? { promotedAt == nil ? champion : candidate }

    /// The current stage.
    package var stage: RolloutStage { stages[min(step, stages.count - 1)] }

    /// The candidate's share of requests as last written, 0 through 100.
    package var weight: Int { layout?.weight ?? 0 }

    package var isFinished: Bool {
        if case .finished = phase { true } else { false }
    }

    /// When `tick` should arrive at the latest; nil when only another event can move the rollout.
    package var nextDeadline: Instant? {
        switch phase {
        case .finished, .pending: return nil
        case .admitting, .settling, .waiting, .closing, .undecided: break
        }
        var times = warm.map(\.until)
        if let deadline, !isPaused { times.append(deadline) }
        if let applied, !applied.acknowledged { times.append(applied.retryAt ?? applied.at + Self.answerLimit) }
        if let nextObservation { times.append(nextObservation) }
        return times.min()
    }

    /// Whether a person has stopped it; the way back cannot be stopped.
    var isPaused: Bool { pausedSince != nil && course == .forward }

    var situation: StrategySpec.Situation {
        StrategySpec.Situation(
            firstDeployment: champion == nil, restoration: restoration, replicas: candidate.replicas, crowded: crowded)
    }
}

/// Where a rollout stands within its stage.
package enum RolloutPhase: Hashable, Sendable, Codable {
    /// Not begun.
    case pending
    /// The gate has not allowed the stage yet.
    case admitting
    /// The stage's serving state is written, or being written, and the target does not show it yet.
    case settling
    /// The serving state holds; the stage's wait runs and its checks are asked.
    case waiting
    /// The wait is over; every check is asked a last time.
    case closing
    /// Checks were inconclusive at the end; a person decides, or the checks do when they have an answer.
    case undecided
    case finished(RolloutOutcome)
}

/// Where a rollout goes.
package enum RolloutCourse: Hashable, Sendable, Codable {
    case forward
    case back(Cause)

    package struct Cause: Hashable, Sendable, Codable {
        package let reason: String
        package var hold: Bool
        /// Whether the candidate never took traffic.
        package let failed: Bool
        /// Who asked for it; nil where the rollout went back by itself.
        package let by: String?

        var outcome: RolloutOutcome { failed ? .failed(reason: reason) : .rolledBack(reason: reason, hold: hold) }
    }
}

extension Rollout {
    /// Who asked for the way back.
    var asker: String? {
        guard case .back(let cause) = course else { return nil }
        return cause.by
    }

    /// How long an approval, an admission or a decision on inconclusive checks is waited for: 7 days.
    package static let approvalDeadline = Duration.seconds(7 * 24 * 3600)
    /// After which a question or a write without an answer counts as lost and is repeated.
    static let answerLimit = Duration.seconds(60)
    /// The longest wait between two attempts at a write.
    static let greatestBackoff = Duration.seconds(60)
    /// How long the target may take to show a write before it is written again.
    static let rewriteAfter = Duration.seconds(30)
    /// How long a version may take to leave beyond its own drain time.
    static let drainGrace = Duration.seconds(60)
    /// The least length of the window that checks read while a rollout waits without an end of its own.
    static let watchWindow = Duration.seconds(300)
    /// How often the target is observed while nothing is expected to move.
    static let watchInterval = Duration.seconds(5)
    /// How often a check is asked at most.
    static let leastInterval = Duration.milliseconds(100)
    static let noteLimit = 64
}
