import HeadgateCore
import Testing

@testable import HeadgatePolicy

/// Checks of rollouts: what passes, what fails, and what nobody can tell.
@Suite struct CheckJudgeTests {
    private let judge = CheckJudge()

    private static func check(_ expression: String, _ queries: [MetricQuery] = []) -> CheckSpec {
        CheckSpec(name: "check", expression: PolicyExpression(expression), queries: queries)
    }

    /// Requests of which some are errors, each as long as one of the latencies in turn.
    private static func window(
        _ requests: Int, errors: Int = 0, seconds: [Double] = [0.1], mirrored: Int = 0, agreed: Int = 0
    ) -> TrafficWindow {
        var statistics = TrafficStatistics(
            requests: UInt64(requests), errors: UInt64(errors), mirrored: UInt64(mirrored), agreed: UInt64(agreed))
        statistics.latency.counts = Array(repeating: 0, count: LatencyHistogram.bucketCount)
        for request in 0..<requests {
            let microseconds = UInt64(seconds[request % seconds.count] * 1e6)
            statistics.latency.counts[LatencyHistogram.bucket(of: microseconds)] += 1
            statistics.latency.sumMicroseconds += microseconds
        }
        return TrafficWindow(to: statistics)
    }

    private func answer(
        _ expression: String, _ candidate: TrafficWindow, _ stable: TrafficWindow? = nil,
        queries: [MetricQuery] = [], values: [String: QueryValue] = [:]
    ) -> CheckAnswer {
        judge.answer(
            CheckRequest(
                number: 1, check: Self.check(expression, queries), candidate: candidate, stable: stable,
                since: Instant(milliseconds: 0), until: Instant(milliseconds: 1)), queries: values)
    }

    @Test(arguments: [
        ("candidate.errorRate <= stable.errorRate + 0.01", 1000, 5, 1000, 5, CheckAnswer.Outcome.pass),
        ("candidate.errorRate <= stable.errorRate + 0.01", 1000, 50, 1000, 5, .fail),
        ("candidate.errorRate <= 0.01", 0, 0, 1000, 5, .inconclusive),
        ("candidate.errorRateNotWorse(stable, 0.05, 0.03)", 4000, 40, 4000, 40, .pass),
        ("candidate.errorRateNotWorse(stable, 0.05, 0.01)", 1000, 100, 1000, 10, .fail),
        ("candidate.errorRateNotWorse(stable, 0.05, 0.01)", 20, 1, 20, 0, .inconclusive),
        ("candidate.errorRateNotWorse(stable, 0.05, 0.01)", 0, 0, 20, 0, .inconclusive),
        ("candidate.errorRateBelow(0.05, 0.05)", 1000, 2, 0, 0, .pass),
        ("candidate.errorRateBelow(0.05, 0.05)", 1000, 200, 0, 0, .fail),
        ("candidate.errorRateBelow(0.05, 0.05)", 10, 0, 0, 0, .inconclusive),
        ("candidate.errorRateBelow(1.5, 0.05)", 1000, 0, 0, 0, .inconclusive),
        ("candidate.latency.p99 < 1.0", 10, 0, 0, 0, .pass),
    ])
    func `checks answer like this`(
        _ expression: String, _ requests: Int, _ errors: Int, _ stableRequests: Int, _ stableErrors: Int,
        _ outcome: CheckAnswer.Outcome
    ) {
        let answer = answer(
            expression, Self.window(requests, errors: errors), Self.window(stableRequests, errors: stableErrors))
        #expect(answer.outcome == outcome, "\(answer)")
    }

    @Test(arguments: [
        // A rank test for latency, and one for its mean, on values a tenth higher or the same.
        ("candidate.latencyNotWorse(stable, 0.05, 0.1)", 1.0, CheckAnswer.Outcome.pass),
        ("candidate.latencyNotWorse(stable, 0.05, 0.1)", 2.0, .fail),
        ("candidate.meanLatencyNotWorse(stable, 0.05, 0.02)", 1.0, .pass),
        ("candidate.meanLatencyNotWorse(stable, 0.05, 0.02)", 2.0, .fail),
    ])
    func `latency is compared by rank and by mean`(
        _ expression: String, _ factor: Double, _ outcome: CheckAnswer.Outcome
    ) {
        let seconds = [0.05, 0.08, 0.1, 0.13, 0.2, 0.09, 0.11]
        let answer = answer(
            expression, Self.window(2000, seconds: seconds.map { $0 * factor }), Self.window(2000, seconds: seconds))
        #expect(answer.outcome == outcome, "\(answer)")
    }

    @Test func `seven of ten requests a hundred times as slow are not a pass`() {
        let canary = Self.window(10, seconds: [100, 100, 100, 100, 100, 100, 100, 1, 1, 1])
        let answer = answer("candidate.latencyNotWorse(stable, 0.05, 0.1)", canary, Self.window(10, seconds: [1]))
        #expect(answer.outcome != .pass, "\(answer)")
        #expect(answer.numbers["latency.effect"] ?? 0 > 0.3)
    }

    @Test(arguments: [(1000, 999, CheckAnswer.Outcome.pass), (1000, 500, .fail), (20, 20, .inconclusive)])
    func `agreement of answers is compared with a share`(
        _ mirrored: Int, _ agreed: Int, _ outcome: CheckAnswer.Outcome
    ) {
        let answer = answer(
            "candidate.agreementAbove(0.95, 0.05)", Self.window(0, mirrored: mirrored, agreed: agreed))
        #expect(answer.outcome == outcome, "\(answer)")
    }

    @Test func `an answer names the values that it was given, and the judge's state`() {
        let failed = answer("candidate.errorRate <= 0.01", Self.window(100, errors: 50))
        #expect(failed.reason == "candidate.errorRate <= 0.01 is false: candidate.errorRate = 0.5")
        #expect(failed.numbers == ["candidate.errorRate": 0.5])
        let judged = answer("candidate.errorRateNotWorse(stable, 0.05, 0.01)", Self.window(20), Self.window(20))
        #expect(judged.reason == "errorRate: rate 0 against 0: not decided by 20 and 20 requests")
        #expect(judged.numbers["errorRate.needed"] ?? 0 > 2.9)
        #expect(judged.numbers.keys.contains("errorRate.evidenceOfHarm"))
    }

    // MARK: Queries

    private static let lag = MetricQuery(name: "lag", provider: .command(["lag"]))
    private static let smoke = MetricQuery(name: "smoke", provider: .command(["smoke", "$(preview)"]))

    @Test(
        arguments: [
            (QueryValue.number(0.5), CheckAnswer.Outcome.pass, nil), (.number(2), .fail, nil),
            (.number(.nan), .inconclusive, "not a finite number"),
            (.missing("no series matches"), .inconclusive, "no series matches"),
        ] as [(QueryValue, CheckAnswer.Outcome, String?)])
    func `a query without a number is inconclusive and says why`(
        _ value: QueryValue, _ outcome: CheckAnswer.Outcome, _ reason: String?
    ) {
        let answer = answer("queries.lag < 1.0", Self.window(0), queries: [Self.lag], values: ["lag": value])
        #expect(answer.outcome == outcome)
        if let reason { #expect(answer.reason == "waits for queries.lag (\(reason))") }
    }

    @Test func `a query that names a version is read of each version`() {
        let expression = "candidate.metrics.smoke >= stable.metrics.smoke"
        let values = ["candidate.smoke": QueryValue.number(3), "stable.smoke": .number(2)]
        #expect(
            answer(expression, Self.window(0), Self.window(0), queries: [Self.smoke], values: values).outcome == .pass)
        let alone = answer(
            expression, Self.window(0), Self.window(0), queries: [Self.smoke],
            values: ["candidate.smoke": .number(3)])
        #expect(alone.reason == "waits for stable.metrics.smoke (nothing to ask for this version)")
    }

    @Test func `numbers of queries are compared by the same judges`() {
        let queries = ["a", "b", "c", "d"].map { MetricQuery(name: $0, provider: .command([$0])) }
        func ask(_ numbers: [Double]) -> CheckAnswer.Outcome {
            let values = zip(queries, numbers).map { ($0.name, QueryValue.number($1)) }
            return answer(
                "rateNotWorse(queries.a, queries.b, queries.c, queries.d, 0.05, 0.01)", Self.window(0),
                queries: queries, values: Dictionary(uniqueKeysWithValues: values)
            ).outcome
        }
        #expect(ask([100, 1000, 10, 1000]) == .fail)
        #expect(ask([1, 20, 0, 20]) == .inconclusive)
        #expect(ask([-1, 20, 0, 20]) == .inconclusive)
        let means = "meanNotWorse(200.0, 1.0, 0.1, 200.0, 1.5, 0.1, 0.05, 0.1)"
        #expect(answer(means, Self.window(0)).outcome == .pass)
    }

    // MARK: Before anything runs

    @Test(
        arguments: [
            ("candidate.errorRat <= 0.1", 10, "errorRate"),
            ("candidate.errorRate <= queries.lagg", 31, "lag"),
            ("candidate.latency.p9 < 1.0", 18, "p90"),
            ("candidat.errors < 1", 0, "candidate"),
            ("candidate.metrics.smok > 1.0", 18, "smoke"),
            ("candidate.errors", 0, nil),
            ("candidate.errors <", 18, nil),
        ] as [(String, Int, String?)])
    func `a check that cannot be asked is found when it is read, with its place and the nearest name`(
        _ expression: String, _ offset: Int, _ nearest: String?
    ) throws {
        let file = try #require(RepositoryPath("headgate.yaml"))
        let placed = PolicyExpression(expression, at: SourceLocation(file: file, line: 7, column: 20))
        let check = CheckSpec(name: "check", expression: placed, queries: [Self.lag, Self.smoke])
        let strategy = StrategySpec(method: .canary(CanarySpec(steps: [.weight(10)], checks: [check])))
        let problem = try #require(judge.check(strategy).first)
        #expect(problem.location?.line == 7)
        #expect(problem.location?.column == 20 + offset, "\(problem)")
        #expect(problem.field == "spec.strategy.canary.checks[0].expression")
        if let nearest { #expect(problem.hint?.contains(nearest) == true, "\(problem)") }
        #expect(answer(expression, Self.window(10), queries: [Self.lag, Self.smoke]).outcome == .inconclusive)
    }
}
