extension Rollout {
    /// Takes everything back by as much as the clock was set back, so that no deadline is later for it.
    mutating func moveDeadlines(_ back: Duration) {
        since = since - back
        deadline = deadline.map { $0 - back }
        pausedSince = pausedSince.map { $0 - back }
        promotedAt = promotedAt.map { $0 - back }
        nextObservation = nextObservation.map { $0 - back }
        if let write = applied {
            applied?.at = write.at - back
            applied?.retryAt = write.retryAt.map { $0 - back }
        }
        for name in checks.keys {
            guard let check = checks[name] else { continue }
            checks[name]?.due = check.due - back
            checks[name]?.asked = check.asked.map { $0 - back }
            checks[name]?.last = check.last.map {
                CheckMeasurement(check: $0.check, at: $0.at - back, answer: $0.answer)
            }
        }
        baseline = baseline.map { TrafficSnapshot(at: $0.at - back, candidate: $0.candidate, stable: $0.stable) }
        nextBaseline = nextBaseline.map {
            TrafficSnapshot(at: $0.at - back, candidate: $0.candidate, stable: $0.stable)
        }
        for index in warm.indices { warm[index].until = warm[index].until - back }
    }
}
