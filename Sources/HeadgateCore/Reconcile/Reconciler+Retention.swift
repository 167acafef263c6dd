extension Reconciler {
    /// Forgets what the ledger forgot, so that memory and ledger know the same.
    mutating func forget(_ pruned: PrunedRecords, before: Instant) {
        for key in pruned.steps { state.steps[key] = nil }
        let runs = Set(pruned.runs)
        state.attempts = state.attempts.filter { $0.value.isLive || !runs.contains($0.value.id) }
        let versions = Set(pruned.versions)
        let assessments = Set(pruned.assessments)
        for version in versions { state.versions[version] = nil }
        for assessment in assessments { state.assessments[assessment] = nil }
        state.verdicts = state.verdicts.filter { key, verdict in
            // One on no version is about a plan.
            if key.version == nil { return verdict.recorded >= before }
            return !(key.version.map(versions.contains) ?? false)
                && !(key.assessment.map(assessments.contains) ?? false)
        }
        for id in state.records.keys.sorted() {
            guard let record = state.records[id] else { continue }
            let kept = record.history(since: before, atLeast: settings.keptChampions)
            guard kept.count < record.history.count else { continue }
            touch(id)
            state.records[id]?.history = kept
        }
    }
}

extension ReconcilerState {
    /// Keys that Models in force ask for: their results and refusals stay, however old.
    package func wantedKeys(_ planner: PipelinePlanner) -> Set<StepKey> {
        var keys: Set<StepKey> = []
        for (id, model) in models { keys.formUnion(planner.plan(id, model) { steps[$0] }.steps.compactMap(\.key)) }
        return keys
    }
}

extension DeploymentRecord {
    /// Champions that are kept: those that served since an instant, and the newest ones up to a number.
    package func history(since before: Instant, atLeast count: Int) -> [Champion] {
        // One was champion until the next one was.
        let ends = history.dropFirst().map(\.since)
        return history.indices.filter { index in
            index >= history.count - count || index >= ends.count || ends[index] >= before
        }.map { history[$0] }
    }
}
