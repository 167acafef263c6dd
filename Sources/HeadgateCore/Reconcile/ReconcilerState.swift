/// Everything that the reconciler knows.
///
/// What is durable is in the ledger; the rest is derived or observed again.
package struct ReconcilerState: Sendable {
    // Durable
    package var sources: [SourceName: SourceRecord] = [:]
    package var models: [ModelID: Object<ModelSpec>] = [:]
    package var policies: [PolicyID: Object<PolicySpec>] = [:]
    package var deployments: [DeploymentID: Object<DeploymentSpec>] = [:]
    package var targets: [TargetID: Object<TargetSpec>] = [:]
    package var steps: [StepKey: StepRecord] = [:]
    /// The last attempt at each key that has no accepted result, and every live one.
    package var attempts: [StepKey: Run] = [:]
    package var versions: [VersionID: VersionRecord] = [:]
    package var assessments: [AssessmentID: Assessment] = [:]
    package var verdicts: [RecordedVerdict.Key: RecordedVerdict] = [:]
    package var records: [DeploymentID: DeploymentRecord] = [:]
    package var modelStatuses: [ModelID: ModelStatus] = [:]
    package var overrides: [Override] = []

    // Derived
    package var quarantined: [ObjectID: Diagnostic] = [:]
    package var keysByRun: [RunID: StepKey] = [:]
    package var wanted: [StepKey: Set<ModelID>] = [:]
    package var wantedByModel: [ModelID: [StepKey]] = [:]
    package var deploymentsByModel: [ModelID: Set<DeploymentID>] = [:]
    package var policyDigests: [PolicyID: PolicyDigest] = [:]
    /// Models with a step that waits for a free slot, in order of arrival.
    package var waitingForSlot: [ModelID] = []

    // Observed
    package var observed: [DeploymentID: ObservedServing] = [:]
    package var observedAt: [DeploymentID: Instant] = [:]
    /// Answers to older questions are of no use: before the last one that was answered, or the last write.
    package var observedSince: [DeploymentID: Instant] = [:]
    /// Questions to targets that have no answer yet, and when they were asked.
    package var observing: [DeploymentID: Instant] = [:]
    package var capabilities: [DeploymentID: TargetCapabilities] = [:]
    /// How often the router of each Target was started again.
    package var routerRestarts: [TargetID: Int] = [:]
    /// Writes under way, and the rollout's number of each.
    package var applying: [DeploymentID: PendingWrite] = [:]
    /// Removals under way from targets that Deployments have left.
    package var leaving: [DeploymentID: PendingRemoval] = [:]
    /// Since when something moves, for how often a target is asked.
    package var activeSince: [DeploymentID: Instant] = [:]
    /// Differences on targets that are being put right.
    package var drifting: [DeploymentID: Drift] = [:]
    /// Deletions that are too many to be done unasked.
    package var unconfirmed: [SourceName: [ObjectID]] = [:]
    /// Champions whose policies may have changed.
    package var unjudged: Set<DeploymentID> = []

    /// A write to a target that has not been answered.
    package struct PendingWrite: Hashable, Sendable {
        package let operation: OperationID
        /// Nil for a write of the steady state.
        package let write: Int?
        package var at: Instant
    }

    /// A removal from a target that a Deployment has left, under way or to be tried again.
    package struct PendingRemoval: Hashable, Sendable {
        package let operation: OperationID
        package let target: TargetReference
        /// When it was asked for; nil once it has failed.
        package var asked: Instant?
        package var failures: Int
        package var retryAt: Instant
    }

    /// A difference between what was written and what the target shows.
    package struct Drift: Hashable, Sendable {
        package var since: Instant
        package let heals: Int
        package var healAt: Instant
    }

    package init() {}

    /// Runs that are under way.
    package var liveRuns: [Run] {
        keysByRun.values.compactMap { attempts[$0] }.filter(\.isLive).sorted { $0.id < $1.id }
    }
}

/// What a controller's operator decides about reconciling.
package struct ReconcilerSettings: Hashable, Sendable, Codable {
    /// Steps that run side by side.
    package var concurrentSteps: Int
    package var retry: RetryPolicy
    package var targetRetry: RetryPolicy
    /// How often a target is asked while nothing moves.
    package var observeInterval: Duration
    /// How often a target is asked at first while something moves; grows to `observeInterval`.
    package var rolloutInterval: Duration
    /// How long an object that left the repository stays before it is pruned.
    package var pruneGrace: Duration
    /// How long the removal from a target that does not answer is tried before what serves there is left.
    package var removalDeadline: Duration
    /// After which a question or a write without an answer counts as lost and is asked again.
    package var answerLimit: Duration
    /// More deletions than this share of a source's Deployments in one commit wait for confirmation, 0 through 1.
    package var massDeletionShare: Double
    /// Champions that are kept whatever their age.
    package var keptChampions: Int

    package init(
        concurrentSteps: Int = 2, retry: RetryPolicy = RetryPolicy(),
        targetRetry: RetryPolicy = RetryPolicy(base: .seconds(1), cap: .seconds(120)),
        observeInterval: Duration = .seconds(15),
        rolloutInterval: Duration = .milliseconds(100), pruneGrace: Duration = .seconds(10),
        removalDeadline: Duration = .seconds(600), answerLimit: Duration = .seconds(120),
        massDeletionShare: Double = MassDeletion.share, keptChampions: Int = 20
    ) {
        self.concurrentSteps = concurrentSteps
        self.retry = retry
        self.targetRetry = targetRetry
        self.observeInterval = observeInterval
        self.rolloutInterval = rolloutInterval
        self.pruneGrace = pruneGrace
        self.removalDeadline = removalDeadline
        self.answerLimit = answerLimit
        self.massDeletionShare = massDeletionShare
        self.keptChampions = keptChampions
    }
}
