/// The controller's durable record.
///
/// Everything that a decision changed is committed in one transaction.
package protocol Ledger: Sendable {
    /// Everything that the reconciler needs to go on after a restart.
    func load() async throws(LedgerError) -> LedgerContents

    /// Writes all records in one durable transaction, in order. An empty list writes nothing.
    func commit(_ records: [LedgerRecord]) async throws(LedgerError)
}

/// One row to write; thousands wait for one transaction, so each takes the room of a pointer.
package indirect enum LedgerRecord: Hashable, Sendable {
    case source(SourceRecord)
    case object(StoredObject)
    case objectRemoved(ObjectID)
    case run(Run)
    /// The first record of a key wins; a later one is ignored.
    case step(StepRecord)
    /// Forgets a refusal, so that `retry` may run the key again.
    case stepForgotten(StepKey)
    case version(VersionRecord)
    case assessment(Assessment)
    case verdict(RecordedVerdict)
    case deployment(DeploymentRecord)
    case deploymentRemoved(DeploymentID)
    case modelStatus(ModelStatus)
    case override(Override)
    case event(LoggedEvent)
}

/// What the ledger holds at start.
package struct LedgerContents: Sendable {
    package var sources: [SourceRecord] = []
    package var objects: [StoredObject] = []
    package var runs: [Run] = []
    package var steps: [StepRecord] = []
    package var versions: [VersionRecord] = []
    package var assessments: [Assessment] = []
    package var verdicts: [RecordedVerdict] = []
    package var deployments: [DeploymentRecord] = []
    package var modelStatuses: [ModelStatus] = []
    package var overrides: [Override] = []

    package init() {}
}

/// What is known of a watched repository.
package struct SourceRecord: Hashable, Sendable, Codable {
    package let name: SourceName
    /// The revision whose snapshot is in force.
    package var revision: Revision?
    package var commit: CommitFacts?
    /// What is wrong with it; nil when the last listing succeeded.
    package var problem: String?
    package var diagnostics: [Diagnostic]

    package init(
        name: SourceName, revision: Revision? = nil, commit: CommitFacts? = nil, problem: String? = nil,
        diagnostics: [Diagnostic] = []
    ) {
        self.name = name
        self.revision = revision
        self.commit = commit
        self.problem = problem
        self.diagnostics = diagnostics
    }
}

/// An object in force: kept so that a last good spec survives a restart, and as the inventory that pruning goes by.
package struct StoredObject: Hashable, Sendable, Codable {
    package enum Spec: Hashable, Sendable, Codable {
        case model(Object<ModelSpec>)
        case policy(Object<PolicySpec>)
        case deployment(Object<DeploymentSpec>)
        case target(Object<TargetSpec>)
    }

    package let id: ObjectID
    package let spec: Spec

    package init(id: ObjectID, spec: Spec) {
        self.id = id
        self.spec = spec
    }
}

/// How a Model's pipeline stands.
package struct ModelStatus: Hashable, Sendable, Codable {
    package let id: ModelID
    package var revision: Revision?
    package var version: VersionID?
    package var assessment: AssessmentID?
    package var conditions: [Condition]

    package init(id: ModelID) {
        self.id = id
        conditions = []
    }
}

/// What a ledger could not do.
package struct LedgerError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        case newerVersion, corrupted, diskFull, locked, io
        /// A record breaks what always holds, such as a second live run of a key; nothing of its batch was written.
        case refused
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
