extension Rollout {
    /// The checks that are asked now, without those that have nothing to compare with.
    var activeChecks: [CheckSpec] {
        guard course == .forward else { return [] }
        return strategy.checks(watching).filter { champion != nil || !comparing.contains($0.name) }
    }

    /// Says which checks a first deployment does without, and why.
    mutating func skipChecksOfFirstDeployment(_ turn: inout RolloutTurn) {
        let asked = Set(stages.map(\.watch)).subtracting([.nothing])
        for check in strategy.checks(.bake) {
            if comparing.contains(check.name) {
                note(.checkSkipped, "\(check.name): reads stable, and this is the first deployment", &turn)
            } else if !asked.contains(where: { strategy.checks($0).contains(check) }) {
                note(.checkSkipped, "\(check.name): a first deployment takes no steps", &turn)
            }
        }
    }

    // MARK: Asking

    /// Asks every check whose time has come, on the traffic up to this observation.
    mutating func measureDue(_ observed: ObservedServing, _ turn: inout RolloutTurn) {
        guard let baseline else { return }
        for check in activeChecks {
            guard var state = checks[check.name] else { continue }
            if let asked = state.asked, asked + Self.answerLimit <= turn.now {
                // The answer is lost; an answer that comes after all has an old number.
                state.request = nil
                state.asked = nil
                state.due = min(state.due, turn.now)
            }
            guard state.request == nil, state.due <= turn.now else {
                checks[check.name] = state
                continue
            }
            requests += 1
            state.request = requests
            state.asked = turn.now
            checks[check.name] = state
            let request = request(check, baseline, observed, turn.now)
            if request.candidate.samples < UInt64(clamping: check.minSamples) {
                let text = "\(request.candidate.samples) of at least \(check.minSamples) requests"
                measured(check.name, request.number, .inconclusive(text), &turn)
            } else {
                turn.effects.append(.measure(request))
            }
        }
    }

    private func request(
        _ check: CheckSpec, _ baseline: TrafficSnapshot, _ observed: ObservedServing, _ now: Instant
    ) -> CheckRequest {
        let present = snapshot(observed, now)
        var stable: TrafficWindow?
        if champion != nil {
            stable = promotedAt == nil ? TrafficWindow(from: baseline.stable, to: present.stable) : reference
        }
        return CheckRequest(
            number: requests, check: check, candidate: TrafficWindow(from: baseline.candidate, to: present.candidate),
            stable: stable, since: baseline.at, until: now, candidateSubject: subject(candidate, observed),
            stableSubject: champion.map { subject($0, observed) })
    }

    private func subject(_ served: ServedVersion, _ observed: ObservedServing) -> CheckSubject {
        CheckSubject(version: served.version, preview: observed.versions[served.version]?.preview)
    }

    // MARK: Answers

    mutating func measured(_ name: String, _ number: Int, _ answer: CheckAnswer, _ turn: inout RolloutTurn) {
        guard var state = checks[name], state.request == number,
            let check = activeChecks.first(where: { $0.name == name })
        else { return }
        let before = state.last?.answer.outcome
        let measurement = CheckMeasurement(check: name, at: turn.now, answer: answer)
        state.request = nil
        state.asked = nil
        state.errors = 0
        state.due = turn.now + max(check.interval, Self.leastInterval)
        state.last = measurement
        state.fails = answer.outcome == .fail ? state.fails + 1 : 0
        checks[name] = state
        if before != answer.outcome {
            note(kind(answer.outcome), "\(name): \(answer.reason)", check: measurement, &turn)
        }
        if state.fails >= max(1, check.failureLimit) { breach(check, &turn) }
        turn.replans = true
    }

    private func kind(_ outcome: CheckAnswer.Outcome) -> RolloutNote.Kind {
        switch outcome {
        case .pass: .checkPassed
        case .fail: .checkFailed
        case .inconclusive: .checkInconclusive
        }
    }

    private mutating func breach(_ check: CheckSpec, _ turn: inout RolloutTurn) {
        // Without a champion nothing better could serve: the breach is recorded, and that is all.
        if champion != nil { goBack(failure(check), hold: true, asked: false, &turn) }
    }

    func failure(_ check: CheckSpec) -> String {
        "check \(check.name) failed: \(checks[check.name]?.last?.answer.reason ?? "no reason")"
    }

    mutating func measureErrored(
        _ name: String, _ number: Int, _ message: String, jitter: Double, _ turn: inout RolloutTurn
    ) {
        guard var state = checks[name], state.request == number else { return }
        state.request = nil
        state.asked = nil
        state.errors += 1
        state.due = turn.now + Self.backoff(after: state.errors, jitter: jitter)
        checks[name] = state
        if state.errors == 1 { note(.checkErrored, "\(name): \(message)", &turn) }
        turn.replans = true
    }

    // MARK: Windows

    func snapshot(_ observed: ObservedServing, _ now: Instant) -> TrafficSnapshot {
        TrafficSnapshot(
            at: now, candidate: observed.traffic[candidate.version] ?? TrafficStatistics(),
            stable: champion.flatMap { observed.traffic[$0.version] } ?? TrafficStatistics())
    }

    /// Moves the window on while a rollout waits, so that a breach on the sixth day is not hidden by five good ones.
    ///
    /// An analysis reads everything since its start; any other wait at least ``watchWindow`` and, where traffic is low,
    /// as long as the greatest `minSamples` needs.
    mutating func rotateBaseline(_ observed: ObservedServing, _ now: Instant) {
        guard let baseline, !checks.isEmpty else { return }
        if case .analysis = stage.wait, phase == .waiting || phase == .closing { return }
        guard let next = nextBaseline else {
            if baseline.at + Self.watchWindow <= now { nextBaseline = snapshot(observed, now) }
            return
        }
        let present = snapshot(observed, now)
        let samples = TrafficWindow(from: next.candidate, to: present.candidate).samples
        let needed = UInt64(clamping: activeChecks.map(\.minSamples).max() ?? 0)
        guard next.at + Self.watchWindow <= now, samples >= needed else { return }
        self.baseline = next
        nextBaseline = present
    }

    /// Remembers the champion's answers of the last window in which it had traffic.
    mutating func keepReference(_ observed: ObservedServing) {
        guard course == .forward, layout?.promoted == false, let champion,
            let traffic = observed.traffic[champion.version]
        else { return }
        // Without a window of its own, as while a stage settles, an earlier one says more than all of the past.
        if baseline == nil, let reference, reference.requests > 0 { return }
        let window = TrafficWindow(from: baseline?.stable ?? TrafficStatistics(), to: traffic)
        if window.requests > 0 || reference == nil { reference = window }
    }
}
