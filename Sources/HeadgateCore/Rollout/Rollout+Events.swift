/// One event's work: what it was told and what it has given so far.
struct RolloutTurn {
    let now: Instant
    var observation: ObservedServing?
    var effects: [RolloutEffect] = []
    var wantsObservation = false
    /// Whether the next observation must be planned anew.
    var replans = false
}

extension Rollout {
    /// Takes an event and gives what must be done.
    ///
    /// Persist the value before doing it. Every effect may be done twice. A finished rollout gives nothing.
    package mutating func handle(_ event: RolloutEvent, now: Instant) -> [RolloutEffect] {
        if isFinished { return [] }
        var turn = RolloutTurn(now: now)
        if phase == .pending {
            switch event {
            case .begin, .recovered: begin(&turn)
            case .superseded(let version) where version != candidate.version: finish(.superseded, &turn)
            case .abort(let reason, let person): goBack(reason, hold: true, asked: true, by: person, &turn)
            case .respecified(let strategy): respecify(strategy, &turn)
            case .resized(let champion, let candidate): resize(champion, candidate, &turn)
            case .superseded, .applied, .applyFailed, .observed, .admission, .measured, .measureErrored, .approved,
                .paused, .resumed, .promote, .tick:
                break
            }
        } else {
            take(event, &turn)
        }
        advance(&turn)
        if !isFinished, turn.wantsObservation || turn.replans || turn.observation != nil { planObservation(turn.now) }
        if turn.wantsObservation, !isFinished { turn.effects.append(.observe) }
        return turn.effects
    }

    private mutating func take(_ event: RolloutEvent, _ turn: inout RolloutTurn) {
        switch event {
        case .begin: break
        case .recovered: recover(&turn)
        case .tick: tick(&turn)
        case .applied(let write): acknowledge(write, &turn)
        case .applyFailed(let write, let error, let jitter): writeFailed(write, error, jitter: jitter, &turn)
        case .observed(let observed): observe(observed, &turn)
        case .admission(let stage, let answer): admit(stage: stage, answer, &turn)
        case .measured(let check, let request, let answer): measured(check, request, answer, &turn)
        case .measureErrored(let check, let request, let message, let jitter):
            measureErrored(check, request, message, jitter: jitter, &turn)
        case .approved(let person, let version, let at): approve(by: person, version, at: at, &turn)
        case .paused(let person): pause(by: person, &turn)
        case .resumed(let person): resume(by: person, &turn)
        case .promote(let full, let person): hasten(full: full, by: person, &turn)
        case .abort(let reason, let person): goBack(reason, hold: true, asked: true, by: person, &turn)
        case .superseded(let version): supersede(by: version, &turn)
        case .respecified(let strategy): respecify(strategy, &turn)
        case .resized(let champion, let candidate): resize(champion, candidate, &turn)
        }
    }

    mutating func note(
        _ kind: RolloutNote.Kind, _ message: String, check: CheckMeasurement? = nil, _ turn: inout RolloutTurn
    ) {
        let note = RolloutNote(at: turn.now, kind: kind, stage: stage.name, message: message, check: check)
        notes.append(note)
        if notes.count > Self.noteLimit { notes.removeFirst(notes.count - Self.noteLimit) }
        turn.effects.append(.record(note))
    }

    // MARK: Beginning and recovery

    private mutating func begin(_ turn: inout RolloutTurn) {
        note(.began, "version \(candidate.version.short)\(restoration ? ", restored" : "")", &turn)
        if champion == nil { skipChecksOfFirstDeployment(&turn) }
        enter(0, &turn)
    }

    private mutating func recover(_ turn: inout RolloutTurn) {
        askGateAgain(&turn)
        if var write = applied, !write.acknowledged {
            write.at = turn.now
            write.retryAt = nil
            applied = write
            turn.effects.append(.apply(write.state, write: write.number))
        }
        for name in checks.keys {
            checks[name]?.request = nil
            checks[name]?.asked = nil
            if let due = checks[name]?.due { checks[name]?.due = min(due, turn.now) }
        }
        turn.wantsObservation = true
    }

    private mutating func tick(_ turn: inout RolloutTurn) {
        if var write = applied, !write.acknowledged, (write.retryAt ?? write.at + Self.answerLimit) <= turn.now {
            write.at = turn.now
            write.retryAt = nil
            applied = write
            turn.effects.append(.apply(write.state, write: write.number))
        }
        if let next = nextObservation, next <= turn.now { turn.wantsObservation = true }
    }

    // MARK: People

    private mutating func approve(
        by person: String, _ version: VersionID, at: Instant, _ turn: inout RolloutTurn
    ) {
        if approvals.contains(where: { $0.by == person && $0.at == at }) { return }
        guard version == candidate.version else {
            note(.ignored, "\(person) approved \(version.short), which is not the candidate", &turn)
            return
        }
        if phase == .admitting {
            // A policy may read approvals.
            askGateAgain(&turn)
            return
        }
        guard awaitsApproval, at >= since else {
            note(.ignored, "nothing waits for the approval of \(person)", &turn)
            return
        }
        approvals.append(RolloutApproval(by: person, at: at, version: version, stage: stage.name))
        if approvals.count > Self.noteLimit { approvals.removeFirst() }
        note(.approved, "version \(version.short) by \(person)", &turn)
        if phase == .undecided { accepted = Set(accepted).union(undecidedChecks).sorted() }
        if isPaused { return }
        advanceStage(&turn)
    }

    /// Whether an approval is of use to it now: a stage waits for one, or a policy that may read it is asked.
    var readsApprovals: Bool { awaitsApproval || phase == .admitting }

    /// Whether a person's word moves the rollout.
    private var awaitsApproval: Bool {
        guard course == .forward else { return false }
        if phase == .undecided { return true }
        if phase == .waiting, case .approval = stage.wait { return true }
        return false
    }

    private mutating func pause(by person: String, _ turn: inout RolloutTurn) {
        guard pausedSince == nil else {
            note(.ignored, "\(person) cannot pause it: it is paused already", &turn)
            return
        }
        guard course == .forward else {
            note(.ignored, "\(person) cannot pause the way back", &turn)
            return
        }
        pausedSince = turn.now
        note(.paused, "by \(person)", &turn)
    }

    private mutating func resume(by person: String, _ turn: inout RolloutTurn) {
        guard let paused = pausedSince else { return }
        pausedSince = nil
        if let deadline, turn.now > paused { self.deadline = deadline + (turn.now - paused) }
        note(.resumed, "by \(person)", &turn)
        if wasApprovedWhilePaused { advanceStage(&turn) }
        askGateAgain(&turn)
    }

    /// Asks the gate what it was asked before; does nothing when the rollout does not wait for it.
    private mutating func askGateAgain(_ turn: inout RolloutTurn) {
        guard phase == .admitting, let increase = increase(to: stage) else { return }
        turn.effects.append(.admit(Admission(stage: step, increase: increase)))
    }

    private var wasApprovedWhilePaused: Bool {
        awaitsApproval && approvals.contains { $0.version == candidate.version && $0.at >= since }
    }

    private mutating func hasten(full: Bool, by person: String, _ turn: inout RolloutTurn) {
        guard course == .forward else {
            note(.ignored, "\(person) cannot promote on the way back", &turn)
            return
        }
        note(.hastened, full ? "straight to promotion, by \(person)" : "next step, by \(person)", &turn)
        if full { hastened = true }
        if pausedSince != nil { resume(by: person, &turn) } else { askGateAgain(&turn) }
        switch phase {
        case .waiting, .closing, .undecided:
            if phase == .undecided { accepted = Set(accepted).union(undecidedChecks).sorted() }
            advanceStage(&turn)
        case .pending, .admitting, .settling, .finished: break
        }
    }

    private mutating func supersede(by version: VersionID?, _ turn: inout RolloutTurn) {
        if version == candidate.version { return }
        if promotedAt != nil {
            // The candidate is the stable version: what is wanted now is a rollout of its own.
            keepChampionWarm(&turn)
            finish(.promoted, &turn)
        } else if version == champion?.version {
            if case .back(var cause) = course {
                cause.hold = false
                course = .back(cause)
            } else {
                let what = "version \(candidate.version.short) is no longer asked for"
                let reason = version.map { "\(what): back to \($0.short)" } ?? what
                // What serves already is all that there is.
                if version == nil, candidateTookTraffic { return }
                goBack(reason, hold: false, asked: true, &turn)
            }
        } else {
            finish(.superseded, &turn)
        }
    }

    private mutating func resize(_ championReplicas: Int?, _ candidateReplicas: Int?, _ turn: inout RolloutTurn) {
        if let championReplicas { champion?.replicas = championReplicas }
        guard let candidateReplicas, candidateReplicas != candidate.replicas else { return }
        candidate.replicas = candidateReplicas
        // Only a plan with batches depends on the number.
        if course == .forward, strategy.stages(for: situation) != stages { restartStep(&turn) }
    }

    private mutating func respecify(_ strategy: StrategySpec, _ turn: inout RolloutTurn) {
        guard strategy != self.strategy else { return }
        self.strategy = strategy
        if phase == .pending {
            stages = strategy.stages(for: situation)
        } else if course == .forward {
            restartStep(&turn)
            note(.respecified, "goes on with \(stage.name)", &turn)
        }
    }
}
