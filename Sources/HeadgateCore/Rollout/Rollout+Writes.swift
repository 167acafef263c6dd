extension Rollout {
    /// The serving state that a layout stands for.
    func servingState(_ layout: RolloutLayout) -> ServingState {
        var versions: [ServedVersion] = []
        func add(_ version: ServedVersion?, _ replicas: Int?, preview: Bool) {
            guard var version, let replicas, !versions.contains(where: { $0.version == version.version }) else {
                return
            }
            version.replicas = replicas
            version.preview = version.preview || preview
            versions.append(version)
        }
        add(champion, champion.flatMap { layout.champion.count(of: $0.replicas) }, preview: false)
        add(candidate, layout.candidate.count(of: candidate.replicas), preview: layout.preview)
        for entry in warm { add(entry.version, entry.version.replicas, preview: false) }

        var weights: [VersionID: Int] = [:]
        if let weight = layout.weight {
            if weight < 100, let champion { weights[champion.version] = 100 - weight }
            if weight > 0 { weights[candidate.version, default: 0] += weight }
        }
        let stable: VersionID? =
            layout.promoted ? candidate.version : layout.champion == .nothing ? nil : champion?.version
        return ServingState(
            deployment: deployment, versions: versions, weights: weights, stable: stable,
            mirror: layout.mirror.map {
                ServingState.Mirror(version: candidate.version, percent: $0.percent, compare: $0.compare)
            },
            routes: layout.route.map { [ServingState.HeaderRoute(match: $0, version: candidate.version)] } ?? [])
    }

    /// Hands a write out whenever what should hold differs from what was written last.
    mutating func keepWritten(_ turn: inout RolloutTurn) {
        guard let layout, phase != .pending, !isFinished else { return }
        let state = servingState(layout)
        if applied?.state != state { write(state, &turn) }
    }

    private mutating func write(_ state: ServingState, _ turn: inout RolloutTurn) {
        writes += 1
        applied = RolloutWrite(number: writes, state: state, at: turn.now)
        turn.replans = true
        turn.effects.append(.apply(state, write: writes))
    }

    mutating func acknowledge(_ number: Int, _ turn: inout RolloutTurn) {
        guard var write = applied, write.number == number, !write.acknowledged else { return }
        write.acknowledged = true
        write.failures = 0
        write.problem = nil
        write.retryAt = nil
        applied = write
        turn.wantsObservation = true
    }

    mutating func writeFailed(
        _ number: Int, _ error: TargetError, jitter: Double, _ turn: inout RolloutTurn
    ) {
        guard var write = applied, write.number == number, !write.acknowledged, write.retryAt == nil else { return }
        guard error.mayRetry else {
            refused(error, &turn)
            return
        }
        write.failures += 1
        write.problem = error.message
        write.retryAt = turn.now + Self.backoff(after: write.failures, jitter: jitter)
        applied = write
        if write.failures == 1 { note(.writeFailed, error.message, &turn) }
        if error.code == .noCapacity { makeRoom(&turn) }
    }

    /// Frees what no one uses, or takes less, when the target has no room.
    private mutating func makeRoom(_ turn: inout RolloutTurn) {
        if !warm.isEmpty {
            note(.writeFailed, "drops \(warm.count) warm versions for want of room", &turn)
            warm = []
            return
        }
        guard course == .forward, !crowded, let layout, !layout.exposesCandidate else { return }
        var less = situation
        less.crowded = true
        guard strategy.stages(for: less) != stages else { return }
        crowded = true
        restartStep(&turn)
    }

    private mutating func refused(_ error: TargetError, _ turn: inout RolloutTurn) {
        let reason = "the target refuses: \(error.message)"
        if var write = applied {
            write.acknowledged = true
            applied = write
        }
        if course != .forward {
            finish(.failed(reason: reason), &turn)
        } else if stage.kind == .retire {
            note(.writeFailed, reason, &turn)
            finish(.promoted, &turn)
        } else {
            goBack(reason, hold: true, asked: false, &turn)
        }
    }

    /// 1 s, doubled with every failure up to a minute, of which a random half is waited: "equal jitter".
    ///
    /// Formula: M. Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.
    static func backoff(after failures: Int, jitter: Double) -> Duration {
        let doubled = Int64(1000) << Int64(min(max(failures - 1, 0), 16))
        let full = min(doubled, greatestBackoff.milliseconds)
        let fraction = jitter.isFinite ? min(max(jitter, 0), 1) : 0.5
        return .milliseconds(full / 2 + Int64(Double(full / 2) * fraction))
    }

    // MARK: Observing

    /// Observes again before long, and when the next check is due.
    mutating func planObservation(_ now: Instant) {
        let dues = checks.values.filter { $0.request == nil && $0.due > now }.map(\.due)
        nextObservation = min(dues.min() ?? now + Self.watchInterval, now + pollInterval(now))
    }

    /// Short while something should move, growing with the time that it takes.
    private func pollInterval(_ now: Instant) -> Duration {
        if phase == .closing, isSilent { return .milliseconds(500) }
        guard phase == .settling, let applied else { return Self.watchInterval }
        let grown = Duration.milliseconds((now - applied.at).milliseconds / 4)
        return min(max(.milliseconds(200), grown), Self.watchInterval)
    }

    mutating func observe(_ observed: ObservedServing, _ turn: inout RolloutTurn) {
        guard layout != nil else { return }
        turn.observation = observed
        if observed.versions[candidate.version]?.phase == .ready { candidateWasReady = true }
        listen(observed, turn.now)
        if let reason = candidateLoss(observed, turn.now) {
            goBack(reason, hold: true, asked: false, &turn)
            return
        }
        heal(observed, &turn)
        rotateBaseline(observed, turn.now)
        keepReference(observed)
        measureDue(observed, &turn)
    }

    /// Why the candidate is lost; nil while it may live.
    private func candidateLoss(_ observed: ObservedServing, _ now: Instant) -> String? {
        // Without a champion to go back to, a candidate that serves is left to its target to heal.
        guard course == .forward, startAllowed, let applied, applied.acknowledged,
            stage.kind != .retire, stage.kind != .stop, champion != nil || !candidateTookTraffic
        else { return nil }
        guard let version = observed.versions[candidate.version] else {
            // A target that shows nothing at all has forgotten everything: that is drift, and written again.
            let forgotten = observed.versions.isEmpty
            return candidateWasReady && !forgotten ? "the candidate has disappeared from the target" : nil
        }
        switch version.phase {
        case .failed(let message): return "the candidate failed: \(message)"
        case .ready: return silentLoss(observed, now)
        case .starting where candidateWasReady && version.readyReplicas == 0:
            return "the candidate stopped being ready (\(version.restarts) restarts)"
        case .draining where candidateWasReady, .stopped where candidateWasReady:
            return "the candidate has stopped"
        case .starting, .draining, .stopped: return nil
        }
    }

    /// Writes again what the target does not hold.
    private mutating func heal(_ observed: ObservedServing, _ turn: inout RolloutTurn) {
        guard let write = applied, write.acknowledged else { return }
        let patience = phase == .settling ? Self.rewriteAfter : Self.watchInterval * 2
        guard write.at + patience <= turn.now, !routes(observed, as: write.state) || forgot(observed, write.state)
        else { return }
        note(.rewritten, "the target does not show write \(write.number)", &turn)
        // A target that forgot the candidate starts it again: that is not the candidate's death.
        if observed.versions[candidate.version] == nil { candidateWasReady = false }
        self.write(write.state, &turn)
    }

    private func forgot(_ observed: ObservedServing, _ state: ServingState) -> Bool {
        state.versions.contains { observed.versions[$0.version] == nil }
    }

    /// Whether traffic goes as written, as far as this rollout must insist.
    ///
    /// The champion's share is not insisted on while it is not ready: a rollout may be its cure.
    private func routes(_ observed: ObservedServing, as state: ServingState) -> Bool {
        let ours = Set([champion?.version, candidate.version].compactMap { $0 })
        let championReady = champion.map { observed.versions[$0.version]?.phase == .ready } ?? true
        guard (observed.weights[candidate.version] ?? 0) == state.weight(of: candidate.version),
            !observed.weights.contains(where: { $0.value > 0 && !ours.contains($0.key) }),
            observed.mirror == state.mirror, observed.routes == state.routes
        else { return false }
        guard championReady || course != .forward, let champion else { return true }
        return (observed.weights[champion.version] ?? 0) == state.weight(of: champion.version)
    }

    /// Whether the target shows what the stage wants.
    func shows(_ observed: ObservedServing) -> Bool {
        guard let write = applied, routes(observed, as: write.state) else { return false }
        if course == .forward, let wanted = stage.layout.candidate.count(of: candidate.replicas) {
            guard let version = observed.versions[candidate.version], version.phase == .ready,
                version.readyReplicas >= wanted
            else { return false }
        }
        if stage.kind == .back, let champion {
            guard observed.versions[champion.version]?.phase == .ready else { return false }
        }
        switch stage.kind {
        case .stop, .retire: return isGone(champion, observed, write.state)
        case .drain: return isGone(candidate, observed, write.state)
        case .start, .step, .exchange, .promote, .after, .back: return true
        }
    }

    private func isGone(_ version: ServedVersion?, _ observed: ObservedServing, _ state: ServingState) -> Bool {
        guard let version, !state.versions.contains(where: { $0.version == version.version }) else { return true }
        let seen = observed.versions[version.version]
        return seen == nil || seen?.phase == .stopped
    }
}
