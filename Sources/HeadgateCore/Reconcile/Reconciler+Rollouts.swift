extension Reconciler {
    /// Gives events to a Deployment's rollout and carries what it answers.
    mutating func drive(_ id: DeploymentID, _ events: [RolloutEvent]) {
        touch(id)
        var pending = events
        while !pending.isEmpty, var rollout = state.records[id]?.rollout {
            let event = pending.removeFirst()
            let effects = rollout.handle(event, now: now)
            state.records[id]?.rollout = rollout
            for effect in effects { pending += carry(effect, of: id, rollout) }
        }
    }

    /// Turns a rollout's effect into ours; gives events that answer it at once.
    private mutating func carry(_ effect: RolloutEffect, of id: DeploymentID, _ rollout: Rollout) -> [RolloutEvent] {
        switch effect {
        case .apply(let serving, let write):
            apply(serving, of: id, write: write)
            return []
        case .admit(let admission):
            // Asked again once the target was looked at, when it is known what HEAD asks for (I4), or when work goes on.
            guard state.observed[id] != nil, !isSuspended(id) else { return [] }
            return [.admission(stage: admission.stage, answer: self.admission(id, rollout))]
        case .measure(let request):
            if request.check.queries.isEmpty {
                return [
                    .measured(
                        check: request.check.name, request: request.number, answer: judge.answer(request, queries: [:]))
                ]
            }
            decision.effects.append(.measure(id, request))
            return []
        case .observe:
            observe(id)
            return []
        case .record(let note):
            // Its beginning and its end are told where they are decided.
            guard note.kind != .began, note.kind != .finished else { return [] }
            log(note.isWarning ? .warning : .normal, note.code, note.message, ObjectID(id))
            return []
        case .finished(let outcome):
            finish(id, rollout, outcome)
            return []
        }
    }

    /// What the gate says now to more traffic for a rollout's candidate (I1).
    func admissionDecision(_ id: DeploymentID, _ rollout: Rollout) -> (VersionRecord, Assessment)? {
        guard let record = state.records[id], let version = state.versions[rollout.candidate.version] else {
            return nil
        }
        let known =
            record.desired == version.id
            ? record.desiredAssessment : record.history.last { $0.version == version.id }?.assessment
        return known.flatMap { state.assessments[$0] }.map { (version, $0) }
    }

    mutating func admission(_ id: DeploymentID, _ rollout: Rollout) -> AdmissionAnswer {
        guard let record = state.records[id], let (version, assessment) = admissionDecision(id, rollout) else {
            return .inconclusive("the candidate's assessment is not known")
        }
        for moment in [GateMoment.validate, .release, .rollout] {
            switch ask(moment, id, version, assessment, record, restoring: rollout.restoration) {
            case .allowed: continue
            case .denied(let policy, let message): return .denied("policy \(policy): \(message)")
            case .inconclusive(let policy, let message), .error(let policy, let message):
                return .inconclusive("policy \(policy): \(message)")
            }
        }
        return .allowed
    }

    private mutating func finish(_ id: DeploymentID, _ rollout: Rollout, _ outcome: RolloutOutcome) {
        guard var record = state.records[id] else { return }
        record.rollout = nil
        record.warm = rollout.warm
        state.activeSince[id] = now
        let version = rollout.candidate.version
        switch outcome {
        case .promoted:
            let assessment = admissionDecision(id, rollout)?.1
            let revision = state.sources[id.source]?.revision
            if let assessment {
                let champion = Champion(
                    version: version, assessment: assessment.id, revision: revision ?? assessment.revision, since: now,
                    restored: rollout.restoration)
                record.champion = champion
                record.history.append(champion)
                if record.history.count > Self.historyLimit {
                    record.history.removeFirst(record.history.count - Self.historyLimit)
                }
            }
            record.approvals.removeAll { $0.digest == version.description }
            state.unjudged.insert(id)
            log(.normal, rollout.restoration ? "Restored" : "Promoted", "version \(version.short) serves", ObjectID(id))
        case .rolledBack(let reason, let hold):
            log(.warning, "RolledBack", "version \(version.short): \(reason.summary)", ObjectID(id))
            if hold { self.hold(&record, version, reason.summary, by: rollout.asker) }
        case .failed(let reason):
            log(.warning, "RolloutFailed", "version \(version.short): \(reason.summary)", ObjectID(id))
            self.hold(&record, version, reason.summary)
        case .superseded:
            log(.normal, "RolloutSuperseded", "version \(version.short) is no longer wanted", ObjectID(id))
        }
        state.records[id] = record
        queue.insert(.deployment(id))
    }

    private static let historyLimit = 1000

    private func hold(
        _ record: inout DeploymentRecord, _ version: VersionID, _ reason: String, by person: String? = nil
    ) {
        guard let object = state.deployments[record.id], let version = state.versions[version] else { return }
        let digest = desiredDigest(record.id, object, version)
        record.holds.removeAll { $0.desired == digest }
        record.holds.append(
            Hold(desired: digest, version: version.id, stay: nil, by: person ?? "headgate", reason: reason, at: now))
    }

    // MARK: Writing to the target

    private mutating func apply(_ serving: ServingState, of id: DeploymentID, write: Int?) {
        guard var record = state.records[id], let target = record.target else { return }
        record.operation = OperationID(record.operation.number + 1)
        record.applied = serving
        state.records[id] = record
        state.applying[id] = ReconcilerState.PendingWrite(operation: record.operation, write: write, at: now)
        if state.activeSince[id] == nil { state.activeSince[id] = now }
        tell(target, serving, record.operation)
    }

    /// Of the states that one decision comes to, a target is told the last alone: the others hold for no moment.
    private mutating func tell(_ target: TargetReference, _ serving: ServingState, _ operation: OperationID) {
        let effect = Effect.apply(target, serving, operation)
        if let index = told[serving.deployment], case .apply(target, _, _) = decision.effects[index] {
            decision.effects[index] = effect
        } else {
            told[serving.deployment] = decision.effects.count
            decision.effects.append(effect)
        }
    }

    mutating func applied(_ id: DeploymentID, _ operation: OperationID, _ failure: TargetFailure?) {
        guard let pending = state.applying[id], pending.operation == operation else { return }
        touch(id)
        state.applying[id] = nil
        note(failure, id)
        if failure == nil { state.records[id]?.written = operation }
        state.observedSince[id] = now
        if let write = pending.write {
            drive(id, [failure.map { .applyFailed(write: write, error: $0, jitter: jitter) } ?? .applied(write: write)])
        }
        observe(id, atOnce: failure == nil)
        queue.insert(.deployment(id))
    }

    /// Counts errors of the target, and says when it is asked again.
    private mutating func note(_ failure: TargetFailure?, _ id: DeploymentID) {
        guard var record = state.records[id] else { return }
        if let failure {
            record.failures += 1
            record.retryAt = now + settings.targetRetry.delay(after: record.failures, jitter: jitter)
            if record.failures == 1 { log(.warning, "TargetFailed", failure.message, ObjectID(id)) }
        } else if record.failures > 0 {
            record.failures = 0
            record.retryAt = nil
            log(.normal, "TargetRecovered", "the target answers again", ObjectID(id))
        }
        state.records[id] = record
    }

    /// Writes the champion's steady state where the target does not hold it: after a change of replicas, or drift.
    mutating func keepSteady(_ id: DeploymentID, _ object: Object<DeploymentSpec>) {
        guard !isWriting(id), var record = state.records[id], record.rollout == nil,
            let champion = record.champion.flatMap({ served($0.version, object) }),
            record.retryAt.map({ $0 <= now }) ?? true
        else { return }
        record.warm.removeAll { $0.until <= now || $0.version.version == champion.version }
        state.records[id] = record
        let steady = ServingState.steady(deployment: id, champion: champion, warm: record.warm, now: now)
        if record.applied != steady || record.written != record.operation {
            apply(steady, of: id, write: nil)
            return
        }
        guard object.spec.heal, let observed = state.observed[id], let observedAt = state.observedAt[id],
            let difference = observed.difference(from: steady, ignoring: object.spec.ignoreDifferences)
        else {
            state.drifting[id] = nil
            return
        }
        // A write takes its time to show; a heal that does not hold backs off.
        let drift = state.drifting[id] ?? ReconcilerState.Drift(since: now, heals: 0, healAt: now)
        state.drifting[id] = drift
        guard drift.healAt <= now, observedAt >= drift.since else { return }
        let wait = settings.targetRetry.delay(after: drift.heals + 1, jitter: jitter)
        state.drifting[id] = ReconcilerState.Drift(since: drift.since, heals: drift.heals + 1, healAt: now + wait)
        log(.warning, "DriftHealed", "\(difference); written again (\(drift.heals + 1))", ObjectID(id))
        apply(steady, of: id, write: nil)
    }

    // MARK: Observing the target

    /// Asks the target, unless it is being asked or was asked just now.
    mutating func observe(_ id: DeploymentID, atOnce: Bool = false) {
        // What was asked before a write says nothing of it.
        guard atOnce || !isObserving(id), let target = state.records[id]?.target else { return }
        if !atOnce, let last = state.observedAt[id], last + observeInterval(id) > now { return }
        state.observing[id] = now
        decision.effects.append(.observe(target, id, asked: now))
    }

    /// Whether the target is being asked; an answer that is overdue counts as lost (I9).
    private mutating func isObserving(_ id: DeploymentID) -> Bool {
        guard let asked = state.observing[id] else { return false }
        if asked + Self.observationLimit > now { return true }
        state.observing[id] = nil
        return false
    }

    /// Looking changes nothing, so it is soon repeated.
    private static let observationLimit = Duration.seconds(20)

    /// Whether a write is under way; one whose answer is overdue counts as lost, and is repeated (I9).
    mutating func isWriting(_ id: DeploymentID) -> Bool {
        guard let pending = state.applying[id] else { return false }
        if pending.at + settings.answerLimit > now { return true }
        state.applying[id] = nil
        return false
    }

    /// Short while something began to move, growing with the time that it takes.
    private func observeInterval(_ id: DeploymentID) -> Duration {
        guard let since = state.activeSince[id] else { return settings.observeInterval }
        let grown = Duration.milliseconds((now - since).milliseconds / 10)
        return min(max(settings.rolloutInterval, grown), .seconds(2))
    }

    mutating func observed(
        _ id: DeploymentID, _ target: TargetReference, _ asked: Instant, _ observation: ReconcileEvent.Observation
    ) {
        guard state.records[id]?.target?.isSame(as: target) == true else {
            observedWhileLeaving(id, target, observation)
            return
        }
        if let overtaken = state.observedSince[id], asked < overtaken { return }
        // Asked before the clock was set back: taken for the newest, it would hide every answer until that time comes.
        if asked > now { return }
        state.observedSince[id] = asked
        state.observing[id] = nil
        state.observedAt[id] = now
        touch(id)
        switch observation {
        case .failed(let failure):
            note(failure, id)
        case .serving(let serving, let capabilities):
            let isFirst = state.observed[id] == nil
            if state.deployments[id] != nil { note(nil, id) }
            tellRestarts(id, target, serving)
            state.observed[id] = serving
            state.capabilities[id] = capabilities
            if state.records[id]?.address != serving.address { state.records[id]?.address = serving.address }
            // Of a Deployment that left the repository nothing moves but what removes it.
            guard state.deployments[id] != nil else { break }
            firstLook = serving
            // A rollout goes no step further before it is known that HEAD still asks for it (I4).
            if isFirst, state.records[id]?.rollout?.course == .forward { reconcile(id) }
            if let serving = firstLook.take() { drive(id, [.observed(serving)]) }
        }
        queue.insert(.deployment(id))
    }

    mutating func measured(_ id: DeploymentID, _ request: CheckRequest, _ values: [String: QueryValue]) {
        guard state.deployments[id] != nil else { return }
        let answer = judge.answer(request, queries: values)
        drive(id, [.measured(check: request.check.name, request: request.number, answer: answer)])
        queue.insert(.deployment(id))
    }

    /// When this Deployment must be looked at again without anything happening.
    mutating func schedule(_ id: DeploymentID) {
        guard let record = state.records[id] else { return }
        let isWriting = isWriting(id)
        if record.rollout == nil, !isWriting, isSettled(id) { state.activeSince[id] = nil }
        if state.observedAt[id].map({ $0 + observeInterval(id) <= now }) ?? true,
            record.retryAt.map({ $0 <= now }) ?? true
        {
            observe(id)
        }
        var next = (state.observedAt[id] ?? now) + observeInterval(id)
        if let retryAt = record.retryAt { next = max(next, retryAt) }
        if let asked = state.observing[id] { next = asked + Self.observationLimit }
        if let write = state.applying[id] { next = min(next, write.at + settings.answerLimit) }
        if let removal = state.leaving[id] { next = min(next, removal.retryAt) }
        if !isWriting, let drift = state.drifting[id], drift.healAt > now { next = min(next, drift.healAt) }
        // A rollout goes on once its target was looked at.
        if state.observed[id] != nil, let deadline = record.rollout?.nextDeadline { next = min(next, deadline) }
        if let warm = record.warm.map(\.until).min() { next = min(next, warm) }
        timers.set(.deployment(id), at: max(next, now + .milliseconds(10)))
    }

    /// Whether the target shows what was written.
    private func isSettled(_ id: DeploymentID) -> Bool {
        guard let applied = state.records[id]?.applied else { return true }
        return state.observed[id]?.difference(from: applied, ignoring: []) == nil
    }
}
