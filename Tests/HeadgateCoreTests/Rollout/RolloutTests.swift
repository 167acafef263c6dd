import Testing

@testable import HeadgateCore

/// Whole rollouts on a fake target.
struct RolloutTests {
    @Test func `rolling starts, moves all weight when ready, and drains`() {
        var world = Sample.world(StrategySpec())
        world.send(.begin)
        world.run()
        #expect(world.outcomes == [.promoted])
        #expect(world.shape == ["1+1 100/0", "1+1 0/100", "0+1 0/100"])
        #expect(world.admissions.map(\.increase) == [.start(surge: 1), .weight(from: 0, to: 100)])
        #expect(world.rollout.stable == Sample.candidate)
        #expect(world.violations.isEmpty)
    }

    @Test func `a first deployment goes from 0 to 100 when ready and records the checks that it skips`() {
        let checks = [Sample.check("compares"), Sample.check("absolute")]
        var strategy = Sample.canary([.weight(10), .analyse(.seconds(60))], checks)
        strategy.bake = .seconds(60)
        var world = Sample.world(strategy, first: true, comparing: ["compares"])
        world.send(.begin)
        world.run()
        #expect(world.outcomes == [.promoted])
        #expect(world.shape == ["0+1 -/0", "0+1 -/100"])
        #expect(world.noted(.checkSkipped).count == 1)
        #expect(world.noted(.checkSkipped).first?.hasPrefix("compares") == true)
        #expect(
            !world.requests.isEmpty && world.requests.allSatisfy { $0.check.name == "absolute" && $0.stable == nil })
        #expect(world.violations.isEmpty)
    }

    @Test func `a canary takes its steps and asks the gate before each increase`() {
        var world = Sample.world(
            Sample.canary(
                [.weight(10), .analyse(.seconds(120)), .weight(50), .pause(.seconds(60)), .weight(20)],
                [Sample.check("errors", minSamples: 200)]))
        world.send(.begin)
        world.run()
        #expect(world.outcomes == [.promoted])
        #expect(
            world.shape == ["1+1 100/0", "1+1 90/10", "1+1 50/50", "1+1 80/20", "1+1 0/100", "0+1 0/100"])
        #expect(
            world.admissions.map(\.increase) == [
                .start(surge: 1), .weight(from: 0, to: 10), .weight(from: 10, to: 50), .weight(from: 20, to: 100),
            ])
        #expect(world.requests.allSatisfy { $0.candidate.requests >= 200 && ($0.stable?.requests ?? 0) > 0 })
        #expect(world.violations.isEmpty)
    }

    @Test func `a failed check returns traffic to the champion in one write, then drains the candidate`() {
        var world = Sample.world(
            Sample.canary([.weight(10), .analyse(.seconds(120))], [Sample.check("errors", minSamples: 50)]),
            candidate: Behaviour(errorRate: 0.5))
        world.judge = { request in
            let rate = request.candidate.errorRate ?? 0
            return rate > 0.01 ? .fail("errorRate \(rate)", numbers: ["errorRate": rate]) : .pass("fine")
        }
        world.send(.begin)
        world.run()
        guard case .rolledBack(let reason, let hold) = world.outcomes.last else {
            Issue.record("\(world.outcomes)")
            return
        }
        #expect(reason.contains("check errors failed: errorRate 0."))
        #expect(hold)
        #expect(world.shape == ["1+1 100/0", "1+1 90/10", "1+1 100/0", "1+0 100/0"])
        #expect(world.notes.contains { $0.kind == .checkFailed && $0.check?.answer.numbers["errorRate"] != nil })
        #expect(world.violations.isEmpty)
    }

    @Test func `a check fails only after its limit of fails in a row`() {
        var world = Sample.world(
            Sample.canary(
                [.weight(10), .analyse(.seconds(60))], [Sample.check("errors", failureLimit: 3)]))
        var answers: [CheckAnswer] = [.fail("1"), .fail("2"), .pass("ok"), .fail("1"), .fail("2"), .fail("3")]
        let script = Script(answers: answers)
        answers = []
        world.judge = { _ in script.next() }
        world.send(.begin)
        world.run()
        #expect(world.requests.count == 6)
        #expect(world.outcomes == [.rolledBack(reason: "check errors failed: 3", hold: true)])
    }

    @Test(arguments: [
        Behaviour(neverReady: true), Behaviour(broken: true), Behaviour(startTime: .seconds(3600)),
    ])
    func `a candidate that never becomes ready never takes weight and fails at its deadline`(_ behaviour: Behaviour) {
        for strategy in [
            StrategySpec(), Sample.canary([.weight(10)]), StrategySpec(method: .blueGreen(BlueGreenSpec())),
        ] {
            var world = Sample.world(strategy, candidate: behaviour)
            world.send(.begin)
            let began = world.now
            world.run()
            guard case .failed = world.outcomes.last else {
                Issue.record("\(world.outcomes)")
                continue
            }
            #expect(world.now - began < .seconds(700))
            #expect(world.target.history.allSatisfy { $0.state.weight(of: Sample.candidate.version) == 0 })
            #expect(world.shape.last == "1+0 100/0")
            #expect(world.violations.isEmpty)
        }
    }

    @Test func `a candidate that dies during the rollout loses its traffic at once`() {
        var world = Sample.world(
            Sample.canary([.weight(10), .pause(.seconds(600))]), candidate: Behaviour(diesAfter: .seconds(60)))
        world.send(.begin)
        let began = world.now
        world.run()
        guard case .rolledBack(let reason, true) = world.outcomes.last else {
            Issue.record("\(world.outcomes)")
            return
        }
        #expect(reason.contains("stopped being ready"))
        #expect(world.now - began < .seconds(70))
        #expect(world.shape.suffix(2) == ["1+1 100/0", "1+0 100/0"])
    }

    @Test func `a candidate that dies after promotion goes back while the champion stands by`() {
        var strategy = StrategySpec()
        strategy.bake = .seconds(600)
        var world = Sample.world(strategy, candidate: Behaviour(diesAfter: .seconds(60)))
        world.send(.begin)
        world.run()
        #expect(world.shape == ["1+1 100/0", "1+1 0/100", "1+1 100/0", "1+0 100/0"])
        #expect(world.rollout.stable == Sample.champion)
    }

    @Test func `a restoration moves all weight in one write without steps`() {
        var world = Sample.world(
            Sample.canary([.weight(10), .pauseUntilApproved(deadline: .seconds(60))]), restoration: true)
        world.send(.begin)
        let began = world.now
        world.run()
        #expect(world.outcomes == [.promoted])
        #expect(world.shape == ["1+1 100/0", "1+1 0/100", "0+1 0/100"])
        #expect(world.now - began < .seconds(2))
    }

    @Test func `a revert inside the warm time needs no start`() {
        let candidate = WarmVersion(version: Sample.candidate, until: Instant(milliseconds: 100_000_000))
        var world = Sample.world(StrategySpec(), restoration: true, warm: [candidate])
        world.target.started[Sample.candidate.version] = Instant(milliseconds: 0)
        world.send(.begin)
        let began = world.now
        world.run()
        #expect(world.outcomes == [.promoted])
        #expect(world.now - began < .milliseconds(700))
        #expect(world.rollout.warm.isEmpty)
    }

    @Test func `the former champion stays warm for its time and is dropped then`() {
        var strategy = StrategySpec()
        strategy.warm = .seconds(100)
        var world = Sample.world(strategy)
        world.send(.begin)
        world.run()
        #expect(world.outcomes == [.promoted])
        let warm = world.rollout.warm
        #expect(warm.map(\.version) == [Sample.champion])
        func steady(_ now: Instant) -> [ServedVersion] {
            ServingState.steady(deployment: Sample.deployment, champion: Sample.candidate, warm: warm, now: now)
                .versions
        }
        #expect(steady(world.now).count == 2)
        #expect(steady(world.now + .seconds(101)) == [Sample.candidate])
    }

    @Test func `recreate stops the champion before the candidate starts, and starts it again when that fails`() {
        let strategy = StrategySpec(method: .recreate(allowDowntime: true))
        var good = Sample.world(strategy)
        good.target.capacity = 1
        good.send(.begin)
        good.run()
        #expect(good.outcomes == [.promoted])
        #expect(good.shape == ["0+0 0/0", "0+1 0/0", "0+1 0/100"])

        var bad = Sample.world(strategy, candidate: Behaviour(broken: true))
        bad.target.capacity = 1
        bad.send(.begin)
        bad.run()
        #expect(bad.outcomes == [.failed(reason: "the candidate failed: exit code 1")])
        #expect(bad.shape == ["0+0 0/0", "0+1 0/0", "1+0 100/0"])
    }

    @Test func `in batches the ready replicas never fall below the declared number`() {
        var world = Sample.world(StrategySpec(maxSurge: 2), replicas: 5)
        world.target.capacity = 7
        world.send(.begin)
        world.run()
        #expect(world.outcomes == [.promoted])
        #expect(world.shape == ["5+2 100/0", "3+4 60/40", "1+5 20/80", "1+5 0/100", "0+5 0/100"])
        #expect(world.violations.isEmpty)
    }

    @Test func `a restoration without room for two goes in batches`() {
        var world = Sample.world(StrategySpec(maxSurge: 1), replicas: 2, restoration: true)
        world.target.capacity = 3
        world.send(.begin)
        world.run()
        #expect(world.outcomes == [.promoted])
        #expect(world.shape == ["2+1 100/0", "1+2 50/50", "1+2 0/100", "0+2 0/100"])
    }

    @Test func `warm versions make room first`() {
        let warm = WarmVersion(version: Sample.version("old"), until: Instant(milliseconds: 100_000_000))
        var world = Sample.world(StrategySpec(), warm: [warm])
        world.target.capacity = 2
        world.send(.begin)
        world.run()
        #expect(world.outcomes == [.promoted])
        #expect(world.rollout.warm.isEmpty)
    }

    @Test func `blue-green shows a preview, checks before and after, waits, and drains`() {
        let spec = BlueGreenSpec(
            analyse: .seconds(30), checks: [Sample.check("before")], postChecks: [Sample.check("after")],
            postAnalyse: .seconds(30), delay: .seconds(20))
        var world = Sample.world(StrategySpec(method: .blueGreen(spec)))
        world.send(.begin)
        world.run()
        #expect(world.outcomes == [.promoted])
        #expect(world.shape == ["1+1 100/0", "1+1 0/100", "0+1 0/100"])
        #expect(world.target.history.first?.state.versions.contains { $0.preview } == true)
        #expect(world.requests.contains { $0.check.name == "before" })
        // The former champion has no traffic after the switch: what it answered before is the comparison.
        #expect(world.requests.filter { $0.check.name == "after" }.allSatisfy { ($0.stable?.requests ?? 0) > 0 })

        var bad = Sample.world(StrategySpec(method: .blueGreen(spec)))
        bad.judge = { $0.check.name == "after" ? .fail("worse") : .pass("fine") }
        bad.send(.begin)
        bad.run()
        #expect(bad.outcomes == [.rolledBack(reason: "check after failed: worse", hold: true)])
        #expect(bad.shape == ["1+1 100/0", "1+1 0/100", "1+1 100/0", "1+0 100/0"])
    }

    @Test func `ab routes by what requests carry, then promotes`() {
        let match = RouteMatch.cookie(name: "beta", value: "1")
        var world = Sample.world(StrategySpec(method: .ab(ABSpec(match: match, analyse: .seconds(30)))))
        world.send(.begin)
        world.run()
        #expect(world.outcomes == [.promoted])
        #expect(world.admissions.map(\.increase) == [.start(surge: 1), .route(match), .weight(from: 0, to: 100)])
        #expect(world.target.history.map { $0.state.routes.count } == [0, 1, 0, 0])
        #expect(world.target.history.allSatisfy { $0.state.stable != nil })
    }

    @Test func `a shadow counts mirrored requests as samples and returns nothing of the candidate`() {
        let spec = ShadowSpec(percent: 50, analyse: .seconds(30), checks: [Sample.check("agree", minSamples: 100)])
        var world = Sample.world(StrategySpec(method: .shadow(spec)))
        world.judge = { ($0.candidate.agreement ?? 0) >= 0.99 ? .pass("agrees") : .fail("differs") }
        world.send(.begin)
        world.run()
        #expect(world.outcomes == [.promoted])
        #expect(world.target.history.map { $0.state.mirror?.percent } == [nil, 50, nil, nil])
        #expect(world.shape == ["1+1 100/0", "1+1 100/0", "1+1 0/100", "0+1 0/100"])
        #expect(world.requests.allSatisfy { $0.candidate.mirrored >= 100 })
    }

    @Test func `baking keeps watching after promotion and can still go back`() {
        var strategy = Sample.canary([.weight(50)], [Sample.check("errors")])
        strategy.bake = .seconds(1800)
        var world = Sample.world(strategy)
        let began = world.now
        world.judge = { $0.until > began + .seconds(900) ? .fail("late") : .pass("fine") }
        world.send(.begin)
        world.run()
        #expect(world.outcomes == [.rolledBack(reason: "check errors failed: late", hold: true)])
        #expect(world.shape == ["1+1 100/0", "1+1 50/50", "1+1 0/100", "1+1 100/0", "1+0 100/0"])
    }
}

/// Answers in order, the last one again and again.
final class Script {
    private var answers: [CheckAnswer]
    init(answers: [CheckAnswer]) { self.answers = answers }
    func next() -> CheckAnswer { answers.count > 1 ? answers.removeFirst() : answers[0] }
}
