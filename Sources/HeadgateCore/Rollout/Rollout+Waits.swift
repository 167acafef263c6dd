extension Rollout {
    /// The stage's serving state is written: goes on when the target shows it.
    mutating func settle(_ turn: inout RolloutTurn) -> Bool {
        if let observed = turn.observation, applied.map({ $0.acknowledged || $0.at < turn.now }) ?? false,
            shows(observed)
        {
            if var write = applied, !write.acknowledged {
                // The answer was lost, but the world says that the write arrived.
                write.acknowledged = true
                write.retryAt = nil
                applied = write
            }
            beginWaiting(observed, &turn)
            return true
        }
        guard isOver(turn.now) else { return false }
        settleLate(&turn)
        return true
    }

    /// The default at the end of each settling.
    private mutating func settleLate(_ turn: inout RolloutTurn) {
        let limit = settleLimit.text
        switch stage.kind {
        case .start:
            let why = applied?.problem.map { ": \($0)" } ?? ""
            goBack("the candidate was not ready within \(limit)\(why)", hold: true, asked: false, &turn)
        case .stop: goBack("the champion did not stop within \(limit)", hold: true, asked: false, &turn)
        case .step, .exchange, .promote, .after:
            goBack("the target did not show \"\(stage.name)\" within \(limit)", hold: true, asked: false, &turn)
        case .retire:
            note(.late, "the former champion still drains after \(limit)", &turn)
            finish(.promoted, &turn)
        case .back:
            // The candidate is left to run: it may be all that answers.
            note(.late, "the champion did not take over within \(limit)", &turn)
            finish(.failed(reason: "the champion did not take over within \(limit)"), &turn)
        case .drain:
            note(.late, "the candidate still drains after \(limit)", &turn)
            advanceStage(&turn)
        }
    }

    private mutating func beginWaiting(_ observed: ObservedServing, _ turn: inout RolloutTurn) {
        rememberPromotion(&turn)
        watching = stage.watch
        phase = .waiting
        since = turn.now
        baseline = snapshot(observed, turn.now)
        nextBaseline = nil
        switch stage.wait {
        case .none: deadline = nil
        case .time(let time), .analysis(let time), .approval(let time): deadline = turn.now + time
        }
        checks = Dictionary(
            uniqueKeysWithValues: activeChecks.map { ($0.name, CheckState(due: turn.now + $0.interval)) })
        if case .approval(let time) = stage.wait {
            note(.approvalWanted, "version \(candidate.version.short), within \(time.text)", &turn)
        }
    }

    /// The serving state holds: goes on when the stage's wait is over.
    mutating func wait(_ turn: inout RolloutTurn) -> Bool {
        if isPaused { return false }
        if hastened, stage.kind == .step {
            advanceStage(&turn)
            return true
        }
        switch stage.wait {
        case .none:
            advanceStage(&turn)
            return true
        case .approval(let time):
            guard isOver(turn.now) else { return false }
            goBack("no approval within \(time.text)", hold: true, asked: false, &turn)
            return true
        case .time, .analysis:
            guard isOver(turn.now) else { return false }
            if checks.isEmpty, silence == nil {
                advanceStage(&turn)
            } else {
                beginClosing(&turn)
            }
            return true
        }
    }

    private mutating func beginClosing(_ turn: inout RolloutTurn) {
        phase = .closing
        since = turn.now
        var longest = Duration.zero
        for check in activeChecks {
            checks[check.name]?.due = turn.now
            longest = max(longest, check.interval * check.failureLimit)
        }
        deadline = turn.now + longest + Self.answerLimit
        if let observed = turn.observation {
            measureDue(observed, &turn)
        } else {
            turn.wantsObservation = true
        }
    }

    /// Every check is asked a last time: decides when all have answered.
    mutating func close(_ turn: inout RolloutTurn) -> Bool {
        // A candidate that stays silent is lost before long.
        if isPaused || isSilent { return false }
        let late = isOver(turn.now)
        var doubts: [CheckSpec] = []
        for check in activeChecks {
            if (checks[check.name]?.last?.at ?? Instant(milliseconds: 0)) < since {
                guard late else { return false }
                let silence = CheckAnswer.inconclusive("no answer within \((turn.now - since).text)")
                checks[check.name]?.last = CheckMeasurement(check: check.name, at: turn.now, answer: silence)
            }
            switch checks[check.name]?.last?.answer.outcome {
            case .pass: break
            case .fail:
                // Below its limit of fails it is asked again until it passes, reaches the limit, or time is up.
                guard late else { return false }
                goBack(failure(check), hold: true, asked: false, &turn)
                return true
            case .inconclusive, nil: doubts.append(check)
            }
        }
        settleDoubts(doubts.filter { !accepted.contains($0.name) }, &turn)
        return true
    }

    private mutating func settleDoubts(_ doubts: [CheckSpec], _ turn: inout RolloutTurn) {
        if let decisive = doubts.first(where: { $0.onInconclusive == .rollback }) {
            goBack("check \(decisive.name) is inconclusive: \(lastReason(decisive))", hold: true, asked: false, &turn)
            return
        }
        let open = doubts.filter { $0.onInconclusive == .pause }
        let names = doubts.map { "\($0.name): \(lastReason($0))" }.joined(separator: "; ")
        // Standing by after promotion must not keep a champion's replicas for days because traffic is low.
        let mayWait = stage.watch != .bake
        if !open.isEmpty, mayWait {
            phase = .undecided
            since = turn.now
            deadline = turn.now + Self.approvalDeadline
            note(.undecided, names, &turn)
            turn.replans = true
        } else {
            if !doubts.isEmpty { note(.checkInconclusive, "goes on nevertheless: \(names)", &turn) }
            advanceStage(&turn)
        }
    }

    /// Checks were inconclusive: goes on when they pass after all, and back at the deadline.
    mutating func decideLate(_ turn: inout RolloutTurn) -> Bool {
        if isPaused { return false }
        if undecidedChecks.isEmpty || (hastened && stage.kind == .step) {
            advanceStage(&turn)
            return true
        }
        guard isOver(turn.now) else { return false }
        let names = undecidedChecks.joined(separator: ", ")
        goBack("nobody decided on the inconclusive checks: \(names)", hold: true, asked: false, &turn)
        return true
    }

    /// Names of the checks that still keep the rollout from going on.
    var undecidedChecks: [String] {
        activeChecks.filter { check in
            check.onInconclusive == .pause && !accepted.contains(check.name)
                && checks[check.name]?.last?.answer.outcome != .pass
        }.map(\.name)
    }

    private func lastReason(_ check: CheckSpec) -> String {
        checks[check.name]?.last?.answer.reason ?? "no answer"
    }
}
