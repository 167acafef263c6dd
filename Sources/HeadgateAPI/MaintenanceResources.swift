package import HeadgateCore

/// Work on a state folder as a whole; one at a time.
package enum MaintenanceRequest: Codable, Sendable, Hashable {
    /// Deletes what is beyond retention and what nothing reaches; a trial only says what that would be.
    case collect(olderThan: Duration, isTrial: Bool)
    /// Copies the ledger, or with `objects` all that a controller can be started with, to a path that is not there yet.
    case backup(path: String, objects: Bool)
}

/// How the last work on a state folder stands.
package struct MaintenanceStatus: Codable, Sendable, Hashable {
    /// Grows with each request.
    package var number: Int
    package var phase: String
    /// Freed or copied so far.
    package var bytes: Int64
    package var isOver: Bool
    package var problem: APIProblem?
    package var collection: CollectionReport?
    package var backup: BackupReport?

    package init(number: Int, phase: String) {
        self.number = number
        self.phase = phase
        bytes = 0
        isOver = false
    }
}

/// What a collection deleted, or as a trial would delete.
package struct CollectionReport: Codable, Sendable, Hashable {
    package var isTrial: Bool
    /// Rows of the ledger.
    package var versions: Int
    package var assessments: Int
    package var steps: Int
    package var runs: Int
    /// Bytes of each kind.
    package var objectBytes: Int64
    package var environmentBytes: Int64
    package var runBytes: Int64

    package var bytes: Int64 { objectBytes + environmentBytes + runBytes }

    package init(_ pruned: PrunedRecords, isTrial: Bool, objects: Int64, environments: Int64, runs: Int64) {
        self.isTrial = isTrial
        versions = pruned.versions.count
        assessments = pruned.assessments.count
        steps = pruned.steps.count
        self.runs = pruned.runs.count
        objectBytes = objects
        environmentBytes = environments
        runBytes = runs
    }
}

/// What a backup holds.
package struct BackupReport: Codable, Sendable, Hashable {
    package var path: String
    /// Nil for a copy of the ledger alone.
    package var objects: Int?
    package var bytes: Int64

    package init(path: String, objects: Int?, bytes: Int64) {
        self.path = path
        self.objects = objects
        self.bytes = bytes
    }
}
