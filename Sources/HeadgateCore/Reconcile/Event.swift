/// What the reconciler is told: outcomes of effects, time, and what people ask.
package enum ReconcileEvent: Sendable {
    /// The ledger was read; what was running is taken up again.
    case started
    case snapshot(SourceName, Snapshot)
    /// The source cannot be listed, fetched or read; what is in force stays in force.
    case sourceFailed(SourceName, message: String)
    case stepEnded(RunID, StepOutcome)
    case applied(DeploymentID, OperationID, TargetFailure?)
    case removed(DeploymentID, OperationID, TargetFailure?)
    /// What one target says, and when it was asked: an answer that others have overtaken is of no use.
    case observed(DeploymentID, TargetReference, asked: Instant, Observation)
    /// The values of a check's queries, by name.
    case measured(DeploymentID, CheckRequest, [String: QueryValue])
    case command(Command)
    /// What the ledger forgot, and the end of retention.
    case pruned(PrunedRecords, before: Instant)
    /// A deadline may have passed.
    case tick

    package enum Observation: Sendable {
        case serving(ObservedServing, TargetCapabilities)
        case failed(TargetFailure)
    }
}

/// A target's error, as the reconciler decides by it.
package typealias TargetFailure = TargetError

/// What the shell does for the reconciler.
///
/// Each may be carried out twice: after a crash all that is pending is repeated.
package enum Effect: Hashable, Sendable {
    case runStep(StepLaunch)
    /// Ends a run; it comes back as `stepEnded`, with its result if it had one already.
    case cancelRun(StepLaunch)
    case apply(TargetReference, ServingState, OperationID)
    case remove(TargetReference, DeploymentID, OperationID)
    case observe(TargetReference, DeploymentID, asked: Instant)
    /// Runs a check's queries; the answers come back as `measured`.
    case measure(DeploymentID, CheckRequest)
    case notify(LoggedEvent)
}

/// What one event decided: rows to commit first, then effects to start.
package struct Decision: Sendable {
    package var records: [LedgerRecord] = []
    package var effects: [Effect] = []
}

/// What a person asks of the controller.
package enum Command: Hashable, Sendable, Codable {
    /// Forgets refusals and backoff of an object.
    case retry(ObjectID)
    /// Goes back to the champion before the present one, or to a given earlier champion, and holds.
    case rollback(DeploymentID, to: VersionID?, by: String, reason: String)
    /// Stays with the champion although HEAD asks for another version.
    case hold(DeploymentID, by: String, reason: String)
    case release(DeploymentID, by: String)
    case suspend(DeploymentID, by: String)
    case resume(DeploymentID, by: String)
    case override(Override)
    /// Approves one version; what is wanted when the command arrives if none is given.
    case approve(DeploymentID, VersionID?, by: String)
    case promote(DeploymentID, full: Bool, by: String)
    /// Goes back to the champion and holds.
    case abort(DeploymentID, by: String, reason: String)
    case pause(DeploymentID, by: String)
    /// Lets a commit that deletes many Deployments at once do so.
    case confirmPrune(SourceName, by: String)
    /// Takes what the target reports as the champion of a Deployment whose past the ledger does not know.
    case adopt(DeploymentID, VersionID, by: String)
}

/// Something that the reconciler works on by name.
package enum WorkItem: Hashable, Sendable, Comparable {
    /// A run that lives, to ask again when its answer is overdue.
    case run(RunID)
    case model(ModelID)
    case deployment(DeploymentID)

    private var rank: Int {
        switch self {
        case .run: 0
        case .model: 1
        case .deployment: 2
        }
    }

    package static func < (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.run(let a), .run(let b)): a < b
        case (.model(let a), .model(let b)): a < b
        case (.deployment(let a), .deployment(let b)): a < b
        case (.run, _), (.model, _), (.deployment, _): left.rank < right.rank
        }
    }
}
