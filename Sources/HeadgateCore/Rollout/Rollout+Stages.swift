extension Rollout {
    /// Moves as far as the present knowledge allows.
    mutating func advance(_ turn: inout RolloutTurn) {
        dropExpiredWarmVersions(turn.now)
        repeat {
            keepWritten(&turn)
        } while move(&turn)
        if nextObservation == nil, layout != nil, phase != .pending { turn.wantsObservation = true }
    }

    /// Makes one transition; false when there is none to make.
    private mutating func move(_ turn: inout RolloutTurn) -> Bool {
        switch phase {
        case .pending, .finished: return false
        case .admitting:
            guard isOver(turn.now) else { return false }
            let reason = "not admitted in time\(refusal.map { ": \($0)" } ?? "")"
            goBack(reason, hold: true, asked: false, &turn)
            return true
        case .settling: return settle(&turn)
        case .waiting: return wait(&turn)
        case .closing: return close(&turn)
        case .undecided: return decideLate(&turn)
        }
    }

    func isOver(_ now: Instant) -> Bool {
        guard let deadline, !isPaused else { return false }
        return deadline <= now
    }

    // MARK: Entering stages

    /// Goes to a stage; asks the gate first when the stage gives the candidate more than it has.
    mutating func enter(_ index: Int, _ turn: inout RolloutTurn) {
        step = index
        since = turn.now
        refusal = nil
        note(.stageEntered, "stage \(index + 1) of \(stages.count): \(stage.name)", &turn)
        if let increase = increase(to: stage) {
            phase = .admitting
            deadline = turn.now + Self.approvalDeadline
            turn.effects.append(.admit(Admission(stage: index, increase: increase)))
        } else {
            beginSettling(&turn)
        }
    }

    func increase(to stage: RolloutStage) -> Admission.Increase? {
        guard course == .forward else { return nil }
        guard startAllowed, let present = layout else {
            let replicas = stages.first { $0.kind == .start }?.layout.candidate.count(of: candidate.replicas)
            let beside = champion != nil && !strategy.isRecreate
            return .start(surge: beside ? replicas ?? 0 : 0)
        }
        let next = stage.layout
        if let route = next.route, route != present.route { return .route(route) }
        if (next.weight ?? 0) > (present.weight ?? 0) {
            return .weight(from: present.weight ?? 0, to: next.weight ?? 0)
        }
        if let mirror = next.mirror, mirror.percent > (present.mirror?.percent ?? 0) {
            return .mirror(percent: mirror.percent)
        }
        return nil
    }

    mutating func admit(stage index: Int, _ answer: AdmissionAnswer, _ turn: inout RolloutTurn) {
        guard phase == .admitting, index == step else { return }
        switch answer {
        case .allowed:
            // A pause holds everything back that would move the candidate on; resuming asks again.
            guard !isPaused else { return }
            refusal = nil
            startAllowed = true
            beginSettling(&turn)
        case .denied(let reason) where startAllowed:
            goBack(reason, hold: true, asked: false, &turn)
        case .denied(let reason), .inconclusive(let reason):
            guard refusal != reason else { return }
            refusal = reason
            note(.blocked, reason, &turn)
        }
    }

    private mutating func beginSettling(_ turn: inout RolloutTurn) {
        if stage.kind == .retire { keepChampionWarm(&turn) }
        checks = [:]
        baseline = nil
        nextBaseline = nil
        watching = .nothing
        phase = .settling
        since = turn.now
        deadline = turn.now + settleLimit
        layout = stage.layout
        if stage.layout.exposesCandidate { candidateTookTraffic = true }
    }

    /// How long the target may take to show the stage.
    var settleLimit: Duration {
        switch stage.kind {
        case .start, .step, .exchange, .promote, .after, .back: strategy.progressDeadline
        case .stop, .retire: (champion?.bundle.serve?.drain ?? ServeSpec.defaultDrain) + Self.drainGrace
        case .drain: (candidate.bundle.serve?.drain ?? ServeSpec.defaultDrain) + Self.drainGrace
        }
    }

    /// Goes on to the next stage, or ends.
    mutating func advanceStage(_ turn: inout RolloutTurn) {
        var next = step + 1
        if hastened, course == .forward {
            while next < stages.count, stages[next].kind == .step { next += 1 }
        }
        if next < stages.count {
            enter(next, &turn)
        } else if case .back(let cause) = course {
            finish(cause.outcome, &turn)
        } else {
            finish(.promoted, &turn)
        }
    }

    /// The target shows the candidate with all traffic: it is the stable version from here on.
    mutating func rememberPromotion(_ turn: inout RolloutTurn) {
        guard stage.kind == .promote, promotedAt == nil else { return }
        promotedAt = turn.now
        warm.removeAll { $0.version.version == candidate.version }
        note(.promoted, "version \(candidate.version.short) has all traffic", &turn)
    }

    mutating func finish(_ outcome: RolloutOutcome, _ turn: inout RolloutTurn) {
        let text =
            switch outcome {
            case .promoted: "promoted"
            case .rolledBack(let reason, _): "rolled back: \(reason)"
            case .superseded: "superseded"
            case .failed(let reason): "failed: \(reason)"
            }
        note(.finished, text, &turn)
        phase = .finished(outcome)
        deadline = nil
        nextObservation = nil
        checks = [:]
        turn.effects.append(.finished(outcome))
    }

    /// Starts the current step again, after its strategy has changed.
    mutating func restartStep(_ turn: inout RolloutTurn) {
        let present = stage
        stages = strategy.stages(for: situation)
        let same = stages.indices.filter { stages[$0].kind == present.kind && stages[$0].layout == present.layout }
        if let index = same.contains(step) ? step : same.last {
            enter(index, &turn)
        } else if promotedAt != nil {
            enter(stages.firstIndex { $0.kind == .after || $0.kind == .retire } ?? stages.count - 1, &turn)
        } else {
            enter(startAllowed ? stageToRestart : 0, &turn)
        }
    }

    /// The farthest stage that gives the candidate no more than it has.
    private var stageToRestart: Int {
        let start = stages.firstIndex { $0.kind == .start } ?? 0
        guard candidateWasReady, let layout else { return start }
        return stages.lastIndex {
            $0.kind == .step && ($0.layout.weight ?? 0) <= layout.weight ?? 0
                && ($0.layout.route == nil || $0.layout.route == layout.route)
                && ($0.layout.mirror == nil || $0.layout.mirror == layout.mirror)
        } ?? start
    }

    // MARK: Going back

    /// Returns all traffic to the champion.
    ///
    /// A rollout without a champion takes its candidate out of service only when somebody asked for it.
    mutating func goBack(
        _ reason: String, hold: Bool, asked: Bool, by person: String? = nil, _ turn: inout RolloutTurn
    ) {
        guard course == .forward else { return }
        let cause = RolloutCourse.Cause(reason: reason, hold: hold, failed: !candidateTookTraffic && !asked, by: person)
        note(.goingBack, reason + (person.map { ", by \($0)" } ?? ""), &turn)
        guard let standing = layout else {
            course = .back(cause)
            finish(cause.outcome, &turn)
            return
        }
        if champion == nil, candidateTookTraffic, !asked {
            // Going back would take the only version out of service.
            finish(.failed(reason: reason), &turn)
            return
        }
        course = .back(cause)
        pausedSince = nil
        promotedAt = nil
        warm.removeAll { $0.version.version == candidate.version }
        stages = strategy.stagesBack(from: standing, firstDeployment: champion == nil)
        enter(0, &turn)
    }

    // MARK: Warm versions

    mutating func keepChampionWarm(_ turn: inout RolloutTurn) {
        guard let champion, strategy.warm > .zero, !strategy.isRecreate else { return }
        warm.removeAll { $0.version.version == champion.version }
        warm.append(WarmVersion(version: champion, until: turn.now + strategy.warm))
    }

    private mutating func dropExpiredWarmVersions(_ now: Instant) {
        warm.removeAll { $0.until <= now }
    }
}
