extension Reconciler {
    /// Brings the champion up on a new target, then drains the old one; false while that goes on.
    mutating func moved(
        _ id: DeploymentID, _ record: inout DeploymentRecord, _ object: Object<DeploymentSpec>,
        from current: TargetReference
    ) -> Bool {
        let targetID = TargetID(source: id.source, name: object.spec.target)
        guard let spec = state.targets[targetID]?.spec else { return false }
        let wanted = TargetReference(id: targetID, spec: spec)
        guard !current.isSame(as: wanted) else { return true }
        guard record.champion != nil else {
            record.target = wanted
            record.applied = nil
            state.records[id] = record
            state.observed[id] = nil
            observe(id, atOnce: true)
            return false
        }
        if record.leaving == nil {
            record.leaving = current
            record.target = wanted
            record.applied = nil
            record.rollout = nil
            state.records[id] = record
            state.observed[id] = nil
            state.activeSince[id] = now
            log(.normal, "TargetChanged", "moves from \(current.id.name) to \(wanted.id.name)", ObjectID(id))
            observe(id, atOnce: true)
        }
        return false
    }

    /// Drains the target that a Deployment left, once the champion is ready on the new one.
    mutating func leaveOldTarget(_ id: DeploymentID) {
        guard var record = state.records[id], let old = record.leaving, let champion = record.champion,
            state.observed[id]?.versions[champion.version]?.phase == .ready, state.applying[id] == nil
        else { return }
        record.operation = OperationID(record.operation.number + 1)
        record.leaving = nil
        state.records[id] = record
        decision.effects.append(.remove(old, id, record.operation))
    }

    /// Work on the object stops; what serves goes on serving.
    mutating func suspend(_ id: DeploymentID) {
        let since = state.records[id]?.suspendedSince ?? now
        let text = "suspended; `headgate resume \(id.name)` or `suspend: false` goes on"
        conclude(
            id,
            [
                .notReady("Suspended", text, now, stalled: true),
                Condition(.suspended, .isTrue, reason: "Suspended", text, since: since),
            ])
    }

    /// Removes a Deployment that left the repository, after a grace time (I8).
    mutating func retire(_ id: DeploymentID) {
        guard var record = state.records[id] else { return }
        touch(id)
        guard let deleted = record.deleted else {
            record.deleted = now
            state.records[id] = record
            timers.set(.deployment(id), at: now + settings.pruneGrace)
            return
        }
        guard deleted + settings.pruneGrace <= now else {
            timers.set(.deployment(id), at: deleted + settings.pruneGrace)
            return
        }
        guard record.deletionPolicy == .prune, let target = record.target else {
            forget(id)
            return
        }
        guard state.applying[id] == nil else { return }
        // An unreachable target must not keep the object for ever (I9).
        if record.failures > 0, now - deleted > Self.removalDeadline {
            log(.warning, "PruneAbandoned", "the target did not answer; what serves there is left", ObjectID(id))
            forget(id)
            return
        }
        if let retryAt = record.retryAt, retryAt > now {
            timers.set(.deployment(id), at: retryAt)
            return
        }
        record.operation = OperationID(record.operation.number + 1)
        record.rollout = nil
        state.records[id] = record
        state.applying[id] = ReconcilerState.PendingWrite(operation: record.operation, write: nil)
        decision.effects.append(.remove(target, id, record.operation))
    }

    private static let removalDeadline = Duration.seconds(600)

    mutating func removed(_ id: DeploymentID, _ operation: OperationID, _ failure: TargetFailure?) {
        guard state.applying[id]?.operation == operation else { return }
        state.applying[id] = nil
        guard state.deployments[id] == nil else {
            queue.insert(.deployment(id))
            return
        }
        if let failure {
            touch(id)
            guard var record = state.records[id] else { return }
            record.failures += 1
            let retryAt = now + settings.targetRetry.delay(after: record.failures, jitter: jitter)
            record.retryAt = retryAt
            state.records[id] = record
            if record.failures == 1 { log(.warning, "PruneFailed", failure.message, ObjectID(id)) }
            timers.set(.deployment(id), at: retryAt)
            return
        }
        log(.normal, "Pruned", "drained and removed from its target", ObjectID(id))
        forget(id)
    }

    private mutating func forget(_ id: DeploymentID) {
        state.records[id] = nil
        state.observed[id] = nil
        state.observedAt[id] = nil
        state.activeSince[id] = nil
        warnings[id] = nil
        touchedDeployments[id] = nil
        timers.set(.deployment(id), at: nil)
        decision.records.append(.deploymentRemoved(id))
    }

    /// Sets a Deployment's conditions from what is given and, where that says nothing, from what is observed.
    mutating func conclude(_ id: DeploymentID, _ given: [Condition]) {
        touch(id)
        leaveOldTarget(id)
        guard var record = state.records[id] else { return }
        var conditions = given
        if conditions[.ready] == nil { conditions.append(readiness(record)) }
        if let ready = conditions[.ready], ready.status != .isTrue, conditions[.suspended] == nil {
            let kind: Condition.Kind = ready.status == .isFalse ? .stalled : .reconciling
            conditions.append(Condition(kind, .isTrue, reason: ready.reason, ready.message, since: now))
        }
        if record.champion != nil, let decision = compliance[id] { conditions.append(compliant(decision)) }
        let warned = (warnings[id] ?? [:]).sorted { $0.key.rawValue < $1.key.rawValue }.flatMap(\.value)
        if !warned.isEmpty {
            var texts: [String] = []
            for text in warned where !texts.contains(text) { texts.append(text) }
            let text = texts.joined(separator: "; ")
            conditions.append(Condition(.warned, .isTrue, reason: "PolicyWarning", text, since: now))
        }
        let before = record.conditions[.ready]
        guard record.conditions.replace(with: conditions) else { return }
        state.records[id] = record
        if let ready = conditions[.ready], ready.reason != before?.reason || ready.message != before?.message {
            log(ready.status == .isFalse ? .warning : .normal, ready.reason, ready.message, ObjectID(id))
        }
    }

    private func readiness(_ record: DeploymentRecord) -> Condition {
        if let rollout = record.rollout {
            let text = "version \(rollout.candidate.version.short): \(rollout.stage.name)"
            return Condition(.ready, .unknown, reason: "RollingOut", text, since: now)
        }
        guard let champion = record.champion else {
            return Condition(.ready, .unknown, reason: "Progressing", "nothing serves yet", since: now)
        }
        let text = "version \(champion.version.short) serves"
        switch state.observed[record.id]?.versions[champion.version]?.phase {
        case .ready: return Condition(.ready, .isTrue, reason: "Succeeded", text, since: now)
        case .failed(let why): return Condition(.ready, .isFalse, reason: "Unhealthy", why, since: now)
        case .starting, .draining, .stopped, nil:
            let text = "version \(champion.version.short) is not ready on its target"
            return Condition(.ready, .unknown, reason: "Progressing", text, since: now)
        }
    }

    private func compliant(_ decision: GateDecision) -> Condition {
        switch decision {
        case .allowed:
            Condition(.compliant, .isTrue, reason: "Succeeded", "passes every policy in force", since: now)
        case .denied(let policy, let message), .inconclusive(let policy, let message), .error(let policy, let message):
            Condition(.compliant, .isFalse, reason: "GateDenied", "policy \(policy): \(message)", since: now)
        }
    }
}

extension ObservedServing {
    /// The first difference from what was written, for people; nil when it holds.
    func difference(from serving: ServingState, ignoring: [String]) -> String? {
        for version in serving.versions {
            guard let seen = versions[version.version] else { return "version \(version.version.short) is missing" }
            switch seen.phase {
            case .stopped, .draining: return "version \(version.version.short) is stopped"
            case .starting, .ready, .failed: break
            }
            if !ignoring.contains("replicas"), seen.replicas != version.replicas {
                return "version \(version.version.short) has \(seen.replicas) replicas, not \(version.replicas)"
            }
        }
        if !ignoring.contains("weights"), weights != serving.weights {
            return "weights differ from what was written"
        }
        return nil
    }
}
