extension Reconciler {
    /// How far a clock may go back without anything but a moment's standstill.
    private static let tolerance = Duration.seconds(5)

    /// Takes the time of an event.
    ///
    /// A clock that was set back would leave every deadline as much later, so deadlines go back with it (I9).
    mutating func keepTime(_ now: Instant) {
        guard now < self.now else {
            self.now = now
            return
        }
        let back = self.now - now
        if back <= Self.tolerance { return }
        self.now = now
        moveDeadlines(back)
    }

    /// Finds out at start whether the clock was set back since the ledger was written.
    mutating func compareWithLedger() {
        guard let latest = state.latestInstant, latest - now > Self.tolerance else { return }
        moveDeadlines(latest - now)
    }

    private mutating func moveDeadlines(_ back: Duration) {
        log(.warning, "ClockSetBack", "the clock went back by \(back.text); deadlines went with it", nil)
        for id in state.records.keys.sorted() {
            touch(id)
            state.records[id]?.moveDeadlines(back)
        }
        for (key, run) in state.attempts.sorted(by: { $0.key < $1.key }) {
            guard var moved = Optional(run), let retryAt = run.retryAt else { continue }
            moved.retryAt = retryAt - back
            state.attempts[key] = moved
            decision.records.append(.run(moved))
        }
        state.moveObservations(back)
        timers = Timers()
        for run in state.liveRuns { timers.set(.run(run.id), at: now + run.launch.timeout + settings.answerLimit) }
        queue.formUnion(state.models.keys.map(WorkItem.model))
        queue.formUnion(state.deployments.keys.map(WorkItem.deployment))
        queue.formUnion(state.records.keys.map(WorkItem.deployment))
    }
}

extension ReconcilerState {
    /// The latest moment that something is known to have happened at; nothing of it can lie in the future.
    fileprivate var latestInstant: Instant? {
        let runs = attempts.values.map { $0.ended ?? $0.started }
        let changes = records.values.flatMap { record in
            record.conditions.map(\.since) + [record.rollout?.since, record.deleted].compactMap { $0 }
        }
        let statuses = modelStatuses.values.flatMap { $0.conditions.map(\.since) }
        return [runs.max(), changes.max(), statuses.max()].compactMap { $0 }.max()
    }

    fileprivate mutating func moveObservations(_ back: Duration) {
        observedAt = observedAt.mapValues { $0 - back }
        observedSince = observedSince.mapValues { $0 - back }
        observing = observing.mapValues { $0 - back }
        activeSince = activeSince.mapValues { $0 - back }
        for id in applying.keys { applying[id].map { applying[id]?.at = $0.at - back } }
        for id in drifting.keys {
            guard let drift = drifting[id] else { continue }
            drifting[id]?.since = drift.since - back
            drifting[id]?.healAt = drift.healAt - back
        }
        for id in leaving.keys {
            guard let removal = leaving[id] else { continue }
            leaving[id]?.asked = removal.asked.map { $0 - back }
            leaving[id]?.retryAt = removal.retryAt - back
        }
    }
}

extension DeploymentRecord {
    fileprivate mutating func moveDeadlines(_ back: Duration) {
        retryAt = retryAt.map { $0 - back }
        deleted = deleted.map { $0 - back }
        for index in warm.indices { warm[index].until = warm[index].until - back }
        draining = draining?.map { Draining(target: $0.target, since: $0.since - back) }
        rollout?.moveDeadlines(back)
    }
}
