import Testing

@testable import HeadgateCore

/// Approvals, pauses, the gate, newer candidates and changed strategies.
struct RolloutPeopleTests {
    static let week = Duration.seconds(604_800)
    static let approval = Sample.canary(
        [.weight(10), .pauseUntilApproved(deadline: week), .weight(50), .pauseUntilApproved(deadline: week)],
        [Sample.check("errors")])

    private static func waiting(_ strategy: StrategySpec = approval) -> RolloutWorld {
        var world = Sample.world(strategy)
        world.send(.begin)
        world.runUntil(stage: "approval", .waiting)
        return world
    }

    // MARK: Approvals

    @Test func `an approval moves one stage on and is recorded with who, when and for what`() {
        var world = Self.waiting()
        let at = world.now
        world.send(.approved(by: "ada", version: Sample.candidate.version, at: at))
        world.run(for: .seconds(10))
        #expect(world.rollout.weight == 50)
        #expect(
            world.rollout.approvals == [
                RolloutApproval(by: "ada", at: at, version: Sample.candidate.version, stage: "approval")
            ])
        // The same word again is not a second approval, not even for the second stage.
        world.send(.approved(by: "ada", version: Sample.candidate.version, at: at))
        world.run(for: .seconds(10))
        #expect(world.rollout.weight == 50 && world.outcomes.isEmpty)
        world.send(.approved(by: "ada", version: Sample.candidate.version, at: world.now))
        world.run()
        #expect(world.outcomes == [.promoted])
        #expect(world.violations.isEmpty)
    }

    @Test func `an approval covers its digest only`() {
        var world = Self.waiting()
        world.send(.approved(by: "ada", version: Sample.version("other").version, at: world.now))
        world.run(for: .seconds(60))
        #expect(world.rollout.weight == 10)
        #expect(world.noted(.ignored).count == 1)
    }

    @Test func `an approval that was given before anything waited for it does not count`() {
        var world = Sample.world(Self.approval)
        world.send(.begin)
        let early = world.now
        world.send(.approved(by: "ada", version: Sample.candidate.version, at: early))
        world.runUntil(stage: "approval", .waiting)
        world.send(.approved(by: "ada", version: Sample.candidate.version, at: early))
        world.run(for: .seconds(60))
        #expect(world.rollout.weight == 10)
    }

    @Test func `an approval that does not come in seven days goes back to the champion`() {
        var world = Self.waiting()
        let began = world.now
        world.run(for: .seconds(8 * 24 * 3600))
        #expect(world.outcomes == [.rolledBack(reason: "no approval within 7d", hold: true)])
        #expect(world.shape.suffix(2) == ["1+1 100/0", "1+0 100/0"])
        #expect(world.notes.last.map { $0.at - began < Self.week + .seconds(600) } == true)
    }

    @Test func `checks go on while waiting for an approval, and a breach rolls back even on the sixth day`() {
        var world = Self.waiting()
        let began = world.now
        world.judge = { ($0.candidate.errorRate ?? 0) > 0.02 ? .fail("errors") : .pass("fine") }
        world.run(for: .seconds(6 * 24 * 3600))
        #expect(world.outcomes.isEmpty)
        world.target.behaviours[Sample.candidate.version]?.errorRate = 0.05
        world.run(for: .seconds(3600))
        #expect(world.outcomes == [.rolledBack(reason: "check errors failed: errors", hold: true)])
        // Five good days do not hide it: the window moves on.
        #expect(world.now - began < .seconds(6 * 24 * 3600 + 3600))
        #expect(world.requests.last.map { $0.until - $0.since < .seconds(1200) } == true)
    }

    // MARK: Inconclusive

    private static func inconclusive(_ action: CheckSpec.OnInconclusive) -> RolloutWorld {
        var world = Sample.world(
            Sample.canary(
                [.weight(10), .analyse(.seconds(60)), .weight(50), .analyse(.seconds(60))],
                [Sample.check("quality", onInconclusive: action)]))
        world.judge = { _ in .inconclusive("no such series") }
        world.send(.begin)
        return world
    }

    @Test func `an inconclusive that may promote goes on and says so`() {
        var world = Self.inconclusive(.promote)
        world.run()
        #expect(world.outcomes == [.promoted])
        #expect(world.noted(.checkInconclusive).contains { $0.contains("goes on nevertheless") })
    }

    @Test func `an inconclusive that may not goes back`() {
        var world = Self.inconclusive(.rollback)
        world.run()
        #expect(world.outcomes == [.rolledBack(reason: "check quality is inconclusive: no such series", hold: true)])
    }

    @Test func `an inconclusive pauses, and once approved it does not pause again`() {
        var world = Self.inconclusive(.pause)
        world.run(for: .seconds(600))
        #expect(world.rollout.phase == .undecided && world.rollout.weight == 10)
        world.send(.approved(by: "ada", version: Sample.candidate.version, at: world.now))
        world.run(for: .seconds(600))
        #expect(world.outcomes == [.promoted])
        #expect(world.noted(.undecided).count == 1)
    }

    @Test func `an undecided analysis goes on by itself when its checks pass after all, and back when they fail`() {
        for (answer, outcome) in [
            (CheckAnswer.pass("now"), RolloutOutcome.promoted),
            (.fail("now"), .rolledBack(reason: "check quality failed: now", hold: true)),
        ] {
            var world = Self.inconclusive(.pause)
            world.run(for: .seconds(600))
            world.judge = { _ in answer }
            world.run(for: .seconds(600))
            #expect(world.outcomes == [outcome])
        }
    }

    @Test func `nobody decides for seven days: back to the champion`() {
        var world = Self.inconclusive(.pause)
        world.run(for: .seconds(8 * 24 * 3600))
        #expect(
            world.outcomes == [
                .rolledBack(reason: "nobody decided on the inconclusive checks: quality", hold: true)
            ])
    }

    @Test func `no traffic is inconclusive, never a pass`() {
        var world = Sample.world(
            Sample.canary([.weight(10), .analyse(.seconds(60))], [Sample.check("errors", minSamples: 100)]))
        world.target.requestsPerSecond = 0
        world.send(.begin)
        world.run(for: .seconds(600))
        #expect(world.rollout.phase == .undecided)
        #expect(world.requests.isEmpty)
        #expect(world.noted(.checkInconclusive).first == "errors: 0 of at least 100 requests")
    }

    @Test func `a check that nobody can measure is retried with backoff and decides nothing`() {
        var world = Sample.world(Sample.canary([.weight(10), .analyse(.seconds(120))], [Sample.check("query")]))
        world.judge = { _ in nil }
        world.send(.begin)
        world.runUntil(stage: "analyse 2m", .waiting)
        world.run(for: .seconds(11)) { !$0.requests.isEmpty }
        guard let request = world.requests.last else {
            Issue.record("nothing was asked")
            return
        }
        world.send(.measureErrored(check: "query", request: request.number, message: "refused", jitter: 1))
        #expect(world.rollout.checks["query"]?.due == world.now + .seconds(1))
        #expect(world.noted(.checkErrored) == ["query: refused"])
        // An answer to a question that was asked before does not count.
        world.send(.measured(check: "query", request: request.number, answer: .fail("late")))
        #expect(world.outcomes.isEmpty)
        world.run(for: .seconds(3600))
        #expect(world.rollout.phase == .undecided)
    }

    // MARK: Pausing, promoting, aborting

    @Test func `a paused rollout stays where it is, and its deadlines wait`() {
        var world = Self.waiting()
        world.send(.paused(by: "ada"))
        world.run(for: .seconds(30 * 24 * 3600))
        #expect(world.outcomes.isEmpty && world.rollout.weight == 10)
        world.send(.approved(by: "bob", version: Sample.candidate.version, at: world.now))
        world.run(for: .seconds(60))
        #expect(world.rollout.weight == 10)
        world.send(.resumed(by: "ada"))
        world.run(for: .seconds(60))
        #expect(world.rollout.weight == 50)
        #expect(world.violations.isEmpty)
    }

    @Test func `a pause holds an admission back, and resuming asks the gate again`() {
        var world = Sample.world(Sample.canary([.weight(10)]))
        world.gate = { if case .start = $0.increase { .allowed } else { nil } }
        world.send(.begin)
        world.runUntil(stage: "weight 10", .admitting)
        world.send(.paused(by: "ada"))
        world.send(.admission(stage: world.rollout.step, answer: .allowed))
        #expect(world.rollout.weight == 0)
        world.gate = { _ in .allowed }
        world.send(.resumed(by: "ada"))
        world.run()
        #expect(world.outcomes == [.promoted])
        #expect(world.violations.isEmpty)
    }

    @Test func `a breach rolls back although a person paused the rollout`() {
        var world = Self.waiting()
        world.send(.paused(by: "ada"))
        world.judge = { _ in .fail("worse") }
        world.run(for: .seconds(60))
        #expect(world.outcomes == [.rolledBack(reason: "check errors failed: worse", hold: true)])
    }

    @Test func `promote takes the next step, and in full goes straight to promotion by way of the gate`() {
        var world = Self.waiting()
        world.send(.promote(full: false, by: "ada"))
        world.run(for: .seconds(60))
        #expect(world.rollout.weight == 50)
        var full = Self.waiting()
        full.send(.promote(full: true, by: "ada"))
        full.run(for: .seconds(60))
        #expect(full.outcomes == [.promoted])
        #expect(full.shape == ["1+1 100/0", "1+1 90/10", "1+1 0/100", "0+1 0/100"])
        #expect(full.admissions.last?.increase == .weight(from: 10, to: 100))
    }

    @Test func `promoting in full still waits for readiness`() {
        var world = Sample.world(Self.approval, candidate: Behaviour(startTime: .seconds(60)))
        world.send(.begin)
        world.send(.promote(full: true, by: "ada"))
        world.run(for: .seconds(50))
        #expect(world.rollout.weight == 0)
        world.run(for: .seconds(60))
        #expect(world.outcomes == [.promoted])
        #expect(world.shape == ["1+1 100/0", "1+1 0/100", "0+1 0/100"])
    }

    @Test func `an abort gives the champion everything in one write and leaves a hold`() {
        var world = Self.waiting()
        world.send(.abort(reason: "by ada"))
        world.run()
        #expect(world.outcomes == [.rolledBack(reason: "by ada", hold: true)])
        #expect(world.shape.suffix(2) == ["1+1 100/0", "1+0 100/0"])
    }

    @Test func `an abort of a rollout that has not begun is by who asked for it, too`() {
        var world = Sample.world(Self.approval)
        world.send(.abort(reason: "wrong data", by: "ada"))
        #expect(world.outcomes == [.rolledBack(reason: "wrong data", hold: true)])
        #expect(world.rollout.asker == "ada")
        #expect(world.target.history.isEmpty)
    }

    // MARK: The gate

    @Test func `a candidate that the gate refuses never starts, and starts when the gate allows it after all`() {
        var world = Sample.world(StrategySpec())
        world.gate = { _ in .denied("policy floor: accuracy 0.7") }
        world.send(.begin)
        world.run(for: .seconds(3600))
        #expect(world.target.history.isEmpty && world.rollout.refusal == "policy floor: accuracy 0.7")
        world.send(.admission(stage: 0, answer: .denied("policy floor: accuracy 0.7")))
        #expect(world.noted(.blocked).count == 1)
        var blocked = world
        blocked.run(for: .seconds(8 * 24 * 3600))
        #expect(blocked.outcomes == [.failed(reason: "not admitted in time: policy floor: accuracy 0.7")])
        world.gate = { _ in .allowed }
        world.send(.admission(stage: 0, answer: .allowed))
        world.run()
        #expect(world.outcomes == [.promoted])
    }

    @Test func `a policy that says no at an increase rolls back; one that cannot tell waits`() {
        var world = Self.waiting()
        world.gate = { _ in .denied("policy floor: no") }
        world.send(.promote(full: false, by: "ada"))
        world.run()
        #expect(world.outcomes == [.rolledBack(reason: "policy floor: no", hold: true)])

        var unsure = Self.waiting()
        unsure.gate = { _ in .inconclusive("no metric") }
        unsure.send(.promote(full: false, by: "ada"))
        unsure.run(for: .seconds(3600))
        #expect(unsure.rollout.phase == .admitting && unsure.rollout.weight == 10)
        // Not polled.
        #expect(unsure.admissions.count == 3)
        // The checks of the weight that it has go on.
        unsure.judge = { _ in .fail("worse") }
        unsure.run(for: .seconds(60))
        #expect(unsure.outcomes == [.rolledBack(reason: "check errors failed: worse", hold: true)])
    }

    // MARK: Newer candidates, other strategies

    @Test func `a newer candidate goes on from where the older one was, with the champion still the champion`() {
        var world = Self.waiting()
        let newer = Sample.version("newer")
        world.send(.superseded(by: newer.version))
        #expect(world.outcomes == [.superseded])
        #expect(world.shape.last == "1+1 90/10")
        var next = world
        next.rollout = Rollout(
            superseding: world.rollout, id: RolloutID(2), candidate: newer, strategy: StrategySpec())
        next.outcomes = []
        next.target.history = []
        #expect(next.rollout.champion == Sample.champion)
        next.gate = { _ in .inconclusive("not yet") }
        next.send(.begin)
        // The older candidate's share goes back to the champion even while the gate holds the newer one.
        #expect(next.shape == ["1+0 100/0"])
        next.gate = { _ in .allowed }
        next.allow(.weight(from: 0, to: 100))
        next.send(.admission(stage: 0, answer: .allowed))
        next.send(.admission(stage: 1, answer: .allowed))
        next.run()
        #expect(next.outcomes == [.promoted])
        #expect(next.target.history.allSatisfy { $0.state.weight(of: Sample.candidate.version) == 0 })
    }

    @Test func `the champion wanted again during a canary is an abort without a hold`() {
        var world = Self.waiting()
        world.send(.superseded(by: Sample.champion.version))
        world.run()
        guard case .rolledBack(_, hold: false) = world.outcomes.last else {
            Issue.record("\(world.outcomes)")
            return
        }
        #expect(world.shape.suffix(2) == ["1+1 100/0", "1+0 100/0"])
    }

    @Test func `a newer candidate during the bake finds the promoted one as champion`() {
        var strategy = StrategySpec()
        strategy.bake = .seconds(600)
        strategy.warm = .seconds(600)
        var world = Sample.world(strategy)
        world.send(.begin)
        world.runUntil(stage: "bake 10m", .waiting)
        world.send(.superseded(by: Sample.version("newer").version))
        #expect(world.outcomes == [.promoted])
        #expect(world.rollout.stable == Sample.candidate)
        #expect(world.rollout.warm.map(\.version) == [Sample.champion])
    }

    @Test func `a changed strategy restarts the current step and skips none`() {
        var world = Self.waiting()
        let changed = Sample.canary(
            [.weight(10), .analyse(.seconds(30)), .weight(80), .pause(.seconds(30))], [Sample.check("other")])
        world.send(.respecified(changed))
        #expect(world.rollout.strategy == changed)
        #expect(world.rollout.weight == 10)
        world.run()
        #expect(world.outcomes == [.promoted])
        #expect(world.shape == ["1+1 100/0", "1+1 90/10", "1+1 20/80", "1+1 0/100", "0+1 0/100"])
        #expect(world.requests.contains { $0.check.name == "other" })
        #expect(world.violations.isEmpty)
    }

    @Test func `replicas change at once and nothing else does`() {
        var world = Self.waiting()
        world.send(.resized(champion: 3, candidate: 3))
        #expect(world.shape.last == "3+3 90/10" || world.shape.last == "3+1 90/10")
        #expect(world.rollout.weight == 10)
        #expect(world.rollout.candidate.replicas == 3)
    }
}
