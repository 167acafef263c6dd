/// Executes steps.
package protocol StepRunner: Sendable {
    /// Runs one attempt to its end and says how it ended.
    ///
    /// Idempotent by the launch's run: called again for a run that lives, after a crash of the caller, it adopts it; for
    /// one that ended, it gives the recorded outcome. At most one process tree ever exists for a run.
    /// Cancelling the calling task leaves the run alive; only ``cancel(_:)`` ends it.
    func run(_ launch: StepLaunch) async -> StepOutcome

    /// Ends a run and all its descendants, and says how it ended.
    ///
    /// A run that had ended before keeps its outcome: a result that is there counts, whoever no longer wants it. A run
    /// that is unknown is cancelled.
    func cancel(_ launch: StepLaunch) async -> StepOutcome

    /// Forgets what is kept of runs that ended, their logs included.
    func discard(_ runs: [RunID]) async
}
