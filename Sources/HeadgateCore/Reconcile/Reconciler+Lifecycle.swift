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
        // What is on its way to the old target is of no use any more.
        state.applying[id] = nil
        state.observed[id] = nil
        state.observing[id] = nil
        state.activeSince[id] = now
        // A target that may hold something is drained, whether the champion stood there or only a first candidate.
        if record.applied != nil {
            var draining = record.draining ?? []
            draining.removeAll { $0.target.isSame(as: current) }
            draining.append(Draining(target: current, since: now))
            record.draining = draining
        }
        record.draining?.removeAll { $0.target.isSame(as: wanted) }
        if record.draining?.isEmpty == true { record.draining = nil }
        record.target = wanted
        record.applied = nil
        record.written = nil
        record.warm = []
        record.rollout = nil
        record.failures = 0
        record.retryAt = nil
        state.records[id] = record
        log(.normal, "TargetChanged", "moves from \(current.id.name) to \(wanted.id.name)", ObjectID(id))
        observe(id, atOnce: true)
        return false
    }

    /// Drains targets that a Deployment has left, one after the other.
    ///
    /// While the Deployment exists, its champion must be ready on the new one first (I7).
    mutating func drainOldTargets(_ id: DeploymentID) {
        guard let record = state.records[id], let next = record.draining?.first else {
            state.leaving[id] = nil
            return
        }
        let isReady = record.champion.map { state.observed[id]?.versions[$0.version]?.phase == .ready } ?? true
        guard state.deployments[id] == nil || isReady else { return }
        var removal = state.leaving[id]
        if let known = removal, !known.target.isSame(as: next.target) { removal = nil }
        if next.since + settings.removalDeadline <= now, removal?.failures ?? 0 > 0 {
            log(
                .warning, "DrainAbandoned",
                "target \(next.target.id.name) did not answer; what serves there is left", ObjectID(id))
            drained(id, next.target)
            return
        }
        if let removal, removal.retryAt > now { return }
        touch(id)
        let operation = OperationID(record.operation.number + 1)
        // The steady state is not written anew for a number that another target got.
        if record.written == record.operation { state.records[id]?.written = operation }
        state.records[id]?.operation = operation
        state.leaving[id] = ReconcilerState.PendingRemoval(
            operation: operation, target: next.target, asked: now, failures: removal?.failures ?? 0,
            retryAt: now + settings.answerLimit)
        decision.effects.append(.remove(next.target, id, operation))
    }

    private mutating func drained(_ id: DeploymentID, _ target: TargetReference) {
        touch(id)
        state.leaving[id] = nil
        state.records[id]?.draining?.removeAll { $0.target.isSame(as: target) }
        if state.records[id]?.draining?.isEmpty == true { state.records[id]?.draining = nil }
        queue.insert(.deployment(id))
    }

    private mutating func left(_ id: DeploymentID, _ removal: ReconcilerState.PendingRemoval, _ failure: TargetFailure?)
    {
        var removal = removal
        removal.asked = nil
        removal.failures += 1
        removal.retryAt = now + settings.targetRetry.delay(after: removal.failures + 1, jitter: jitter)
        state.leaving[id] = removal
        if let failure {
            if removal.failures == 1 { log(.warning, "DrainFailed", failure.message, ObjectID(id)) }
        } else {
            // An acknowledgement is no proof.
            decision.effects.append(.observe(removal.target, id, asked: now))
        }
        queue.insert(.deployment(id))
    }

    /// Takes what a target shows that is being left.
    mutating func observedWhileLeaving(
        _ id: DeploymentID, _ target: TargetReference, _ observation: ReconcileEvent.Observation
    ) {
        guard let removal = state.leaving[id], removal.asked == nil, removal.target.isSame(as: target),
            case .serving(let serving, _) = observation, serving.isEmpty
        else { return }
        log(.normal, "Drained", "target \(target.id.name) is drained", ObjectID(id))
        drained(id, target)
    }

    func isSuspended(_ id: DeploymentID) -> Bool {
        state.deployments[id]?.spec.suspend == true || state.records[id]?.suspendedSince != nil
    }

    /// Work on the object stops; what serves goes on serving.
    mutating func suspend(_ id: DeploymentID) {
        let since = state.records[id]?.suspendedSince ?? now
        let ends = [
            state.records[id]?.suspendedSince.map { _ in "`headgate resume \(id.name)`" },
            state.deployments[id]?.spec.suspend == true ? "a commit with `suspend: false`" : nil,
        ].compactMap(\.self)
        let text =
            ends.count == 2
            ? "suspended by hand and by its manifest; \(ends.joined(separator: " and ")) go on together"
            : "suspended; \(ends.joined()) goes on"
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
        if record.draining != nil {
            drainOldTargets(id)
            // What it left before is drained first.
            guard state.records[id]?.draining == nil else {
                timers.set(.deployment(id), at: max(state.leaving[id]?.retryAt ?? now, now + .milliseconds(10)))
                return
            }
            record = state.records[id] ?? record
        }
        guard record.deletionPolicy == .prune, let target = record.target else {
            forget(id)
            return
        }
        if isWriting(id), let pending = state.applying[id] {
            timers.set(.deployment(id), at: pending.at + settings.answerLimit)
            return
        }
        if isGone(id, record) {
            log(.normal, "Pruned", "drained and removed from its target", ObjectID(id))
            forget(id)
            return
        }
        // An unreachable target must not keep the object for ever (I9).
        if record.failures > 0, now - deleted > settings.removalDeadline {
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
        // Should it come back meanwhile, it is written from the beginning.
        record.applied = nil
        record.written = nil
        record.warm = []
        state.records[id] = record
        state.applying[id] = ReconcilerState.PendingWrite(operation: record.operation, write: nil, at: now)
        timers.set(.deployment(id), at: now + settings.answerLimit)
        decision.effects.append(.remove(target, id, record.operation))
    }

    mutating func removed(_ id: DeploymentID, _ operation: OperationID, _ failure: TargetFailure?) {
        if let removal = state.leaving[id], removal.operation == operation, removal.asked != nil {
            left(id, removal, failure)
            return
        }
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
        // An acknowledgement is no proof: what is still seen is removed again.
        touch(id)
        guard var record = state.records[id] else { return }
        record.written = operation
        record.failures += 1
        let retryAt = now + settings.targetRetry.delay(after: record.failures + 1, jitter: jitter)
        record.retryAt = retryAt
        state.records[id] = record
        state.observed[id] = nil
        state.observedSince[id] = now
        observe(id, atOnce: true)
        timers.set(.deployment(id), at: retryAt)
    }

    /// Whether the target of a Deployment that left the repository shows nothing of it any more, after a removal.
    private func isGone(_ id: DeploymentID, _ record: DeploymentRecord) -> Bool {
        // A removal is the only write after which nothing is meant to be there.
        guard record.applied == nil, record.written == record.operation, let observed = state.observed[id] else {
            return false
        }
        return observed.isEmpty
    }

    private mutating func forget(_ id: DeploymentID) {
        state.records[id] = nil
        state.observed[id] = nil
        state.observedAt[id] = nil
        state.activeSince[id] = nil
        warnings[id] = nil
        state.observedSince[id] = nil
        state.observing[id] = nil
        state.applying[id] = nil
        state.leaving[id] = nil
        state.drifting[id] = nil
        compliance[id] = nil
        touchedDeployments[id] = nil
        timers.set(.deployment(id), at: nil)
        decision.records.append(.deploymentRemoved(id))
    }

    /// Sets a Deployment's conditions from what is given and, where that says nothing, from what is observed.
    mutating func conclude(_ id: DeploymentID, _ given: [Condition]) {
        touch(id)
        drainOldTargets(id)
        guard var record = state.records[id] else { return }
        var conditions = given
        if conditions[.ready] == nil { conditions.append(readiness(record, held: conditions[.held])) }
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
        if let ready = conditions[.ready], ready.reason != before?.reason || ready.message != before?.message,
            !isTold(ready, id)
        {
            log(ready.status == .isFalse ? .warning : .normal, ready.reason, ready.message, ObjectID(id))
        }
    }

    /// Whether an event has said already what made a Deployment so.
    private func isTold(_ ready: Condition, _ id: DeploymentID) -> Bool {
        let telling: Set<String>
        switch ready.reason {
        // Every stage has an event of its own.
        case "RollingOut": return true
        case "Succeeded": telling = ["Promoted", "Restored"]
        case "Held": telling = ["RolledBack", "RolloutFailed"]
        default: return false
        }
        return decision.records.contains { record in
            guard case .event(let event) = record else { return false }
            return event.object == ObjectID(id) && telling.contains(event.reason)
        }
    }

    private func readiness(_ record: DeploymentRecord, held: Condition?) -> Condition {
        if let rollout = record.rollout {
            let text = "version \(rollout.candidate.version.short): \(rollout.stage.name)"
            if rollout.phase == .admitting, let refusal = rollout.refusal {
                let end = "; it goes back after \(Rollout.approvalDeadline.text)"
                return Condition(.ready, .isFalse, reason: "NotAdmitted", "\(text) waits: \(refusal)\(end)", since: now)
            }
            return Condition(.ready, .unknown, reason: "RollingOut", text, since: now)
        }
        guard let champion = record.champion else {
            return Condition(.ready, .unknown, reason: "Progressing", "nothing serves yet", since: now)
        }
        if let drift = toleratedDrift(record) {
            let text = "\(drift), and `heal: false` leaves it so"
            return Condition(.ready, .isFalse, reason: "Drifted", text, since: now)
        }
        let text = "version \(champion.version.short) serves"
        switch state.observed[record.id]?.versions[champion.version]?.phase {
        case .ready:
            // However well it serves, it is not what HEAD asks for.
            if let held, record.desired != champion.version {
                return .notReady("Held", "\(text); \(held.message)", now, stalled: true)
            }
            return Condition(.ready, .isTrue, reason: "Succeeded", text, since: now)
        case .failed(let why): return Condition(.ready, .isFalse, reason: "Unhealthy", why, since: now)
        case .starting, .draining, .stopped, nil:
            let text = "version \(champion.version.short) is not ready on its target"
            return Condition(.ready, .unknown, reason: "Progressing", text, since: now)
        }
    }

    /// How the target differs from what it was told and took, where that is reported and left.
    private func toleratedDrift(_ record: DeploymentRecord) -> String? {
        guard let spec = state.deployments[record.id]?.spec, !spec.heal, let applied = record.applied,
            record.written == record.operation, let seen = state.observed[record.id],
            // What was written just now takes its time to show.
            state.activeSince[record.id].map({ $0 + settings.answerLimit <= now }) ?? true
        else { return nil }
        return seen.difference(from: applied, ignoring: spec.ignoreDifferences)
    }

    private func compliant(_ decision: GateDecision) -> Condition {
        switch decision {
        case .allowed:
            // The same after an override that was not needed has expired: nothing changed then (I14).
            Condition(
                .compliant, .isTrue, reason: "Succeeded", "passes every policy in force that is not overridden",
                since: now)
        case .denied(let policy, let message), .inconclusive(let policy, let message), .error(let policy, let message):
            Condition(.compliant, .isFalse, reason: "GateDenied", "policy \(policy): \(message)", since: now)
        }
    }
}

extension ObservedServing {
    /// Whether nothing of the Deployment runs or takes traffic.
    var isEmpty: Bool { versions.values.allSatisfy { $0.phase == .stopped } && weights.isEmpty }

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
