/// What people ask of the ledger, over the API and on the command line; the reconciler asks nothing of it.
package protocol LedgerReader: Sendable {
    /// Events in the order in which they were recorded, oldest first.
    ///
    /// `id`: gives the first `limit` events after this one; nil gives the last `limit` events.
    /// `object`: only events of this object; nil gives all.
    /// `limit`: how many at most.
    /// Gives Events with ids that never come again, so that a reader resumes with the last that it saw.
    func events(after id: Int64?, object: ObjectID?, limit: Int) async throws(LedgerError) -> [StoredEvent]

    /// The id of the newest event; 0 when there is none.
    func newestEvent() async throws(LedgerError) -> Int64

    /// Attempts at steps, newest first.
    func runs(model: ModelID?, step: StepName?, limit: Int) async throws(LedgerError) -> [Run]

    func run(_ id: RunID) async throws(LedgerError) -> Run?

    /// What is known of a key.
    func step(_ key: StepKey) async throws(LedgerError) -> StepRecord?

    /// Versions, newest first.
    func versions(model: ModelID?, limit: Int) async throws(LedgerError) -> [VersionRecord]

    /// Versions whose digest begins with these hex digits, with or without `sha256:`; empty for what is no such prefix.
    func versions(prefix: String) async throws(LedgerError) -> [VersionRecord]

    /// Assessments of a version, newest first.
    func assessments(version: VersionID) async throws(LedgerError) -> [Assessment]

    func assessment(_ id: AssessmentID) async throws(LedgerError) -> Assessment?

    /// Verdicts that match all that is given, newest first.
    func verdicts(
        model: ModelID?, deployment: DeploymentID?, version: VersionID?, limit: Int
    ) async throws(LedgerError) -> [RecordedVerdict]

    /// Champions of a Deployment within retention, newest first; they outlive the Deployment.
    func history(_ deployment: DeploymentID, limit: Int) async throws(LedgerError) -> [Champion]

    /// Overrides that match all that is given, newest first.
    ///
    /// `validAt`: Only those that had not expired then.
    func overrides(
        deployment: DeploymentID?, policy: PolicyName?, validAt: Instant?
    ) async throws(LedgerError) -> [Override]
}

/// An event with its place in the ledger.
package struct StoredEvent: Hashable, Sendable, Codable {
    /// Increases with every event and is never used again.
    package let id: Int64
    package let event: LoggedEvent

    package init(id: Int64, event: LoggedEvent) {
        self.id = id
        self.event = event
    }
}

/// What an operator does with a ledger as a whole.
package protocol LedgerMaintenance: Sendable {
    /// Deletes what is beyond retention and gives what was deleted, for whoever holds it in memory.
    ///
    /// Kept are every champion since `before`, and the newest ones up to a number for each Deployment that exists, with
    /// their assessments and step results; what a Deployment or Model now names; what is younger; and live runs.
    /// `before`: the end of retention.
    /// `champions`: how many champions a Deployment keeps whatever their age.
    /// `wanted`: keys that Models in force ask for; their results and refusals stay, however old.
    func prune(
        before: Instant, keepingChampions champions: Int, wanted: Set<StepKey>
    ) async throws(LedgerError) -> PrunedRecords

    /// What ``prune(before:keepingChampions:wanted:)`` would delete, and what the ledger would reach afterwards.
    func wouldPrune(
        before: Instant, keepingChampions champions: Int, wanted: Set<StepKey>
    ) async throws(LedgerError) -> (PrunedRecords, LedgerRoots)

    /// What the ledger reaches: everything else in the object store, the environments and the run folders may go.
    func roots() async throws(LedgerError) -> LedgerRoots

    /// Writes a consistent copy to a path that does not exist yet, while the ledger is in use.
    func backup(to path: String) async throws(LedgerError)

    /// Reads all of the ledger and gives what is wrong with it; empty when nothing is.
    func check() async throws(LedgerError) -> [String]
}

/// What a ledger forgot.
package struct PrunedRecords: Hashable, Sendable, Codable {
    package var steps: [StepKey] = []
    package var runs: [RunID] = []
    package var versions: [VersionID] = []
    package var assessments: [AssessmentID] = []

    package init() {}
}

/// What must outlive a collection of garbage.
package struct LedgerRoots: Hashable, Sendable {
    /// Results of steps, artifacts, inputs of live runs, and locks of environments.
    package var trees: Set<TreeDigest> = []
    package var environments: Set<EnvironmentDigest> = []
    package var runs: Set<RunID> = []

    package init() {}
}
