import Testing

@testable import HeadgateCore

struct ComparisonTests {
    typealias Count = RateComparison.Count

    // MARK: Golden vectors

    @Test(arguments: [RankComparison.Looks.always, .once])
    func `seven of ten samples a hundred times as high are a fail`(_ looks: RankComparison.Looks) {
        let stable = [Double](repeating: 1, count: 10)
        let candidate = [Double](repeating: 100, count: 7) + [1, 1, 1]
        let answer = RankComparison(looks: looks).judge(candidate: candidate, stable: stable)
        #expect(answer.outcome == .fail, "\(answer)")
        #expect(answer.numbers["superiority"] == 0.85)
    }

    @Test func `by the exact distribution such a sample has one chance in 646`() {
        let ranks = MannWhitney(
            candidate: [Double](repeating: 100, count: 7) + [1, 1, 1], stable: [Double](repeating: 1, count: 10))
        // 10 choose 7 ways among 20 choose 7.
        #expect(abs(ranks.pValue - 120.0 / 77520.0) < 1e-12)
    }

    @Test(arguments: [1, 2, 10, 1000])
    func `two constant series give the same answer every time, and few of them decide nothing`(_ count: Int) {
        let series = [Double](repeating: 1, count: count)
        let answers = (0..<20).map { _ in RankComparison().judge(candidate: series, stable: series) }
        #expect(Set(answers).count == 1)
        #expect(answers.first?.outcome == (count >= 1000 ? .pass : .inconclusive))
        let moments = Moments(series)
        #expect(MeanComparison(minimumEffect: 0.1).judge(candidate: moments, stable: moments).outcome == .inconclusive)
    }

    @Test func `the statistic agrees with counting all pairs`() {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<50 {
            let candidate = (0..<Int.random(in: 1...20, using: &generator)).map { _ in
                Double(Int.random(in: 0...5, using: &generator))
            }
            let stable = (0..<Int.random(in: 1...20, using: &generator)).map { _ in
                Double(Int.random(in: 0...5, using: &generator))
            }
            var wins = 0.0
            for value in candidate { for other in stable { wins += value > other ? 1 : value == other ? 0.5 : 0 } }
            let ranks = MannWhitney(candidate: candidate, stable: stable)
            #expect(abs(ranks.superiority - wins / Double(candidate.count * stable.count)) < 1e-12)
        }
    }

    @Test func `the exact p-value agrees with the normal approximation where both hold`() {
        var generator = SeededGenerator(seed: 11)
        for _ in 0..<10 {
            let candidate = (0..<20).map { _ in generator.unit() + 0.1 }
            let stable = (0..<20).map { _ in generator.unit() }
            let ranks = MannWhitney(candidate: candidate, stable: stable)
            let z = (ranks.superiority - 0.5 - 0.5 / 400) / ranks.nullVariance.squareRoot()
            #expect(abs(ranks.pValue - (1 - SpecialFunctions.normal(z))) < 0.01)
        }
    }

    @Test func `a histogram gives the answer of its bucketed values`() {
        var generator = SeededGenerator(seed: 3)
        var (ours, theirs) = (LatencyHistogram(counts: []), LatencyHistogram(counts: []))
        var (candidate, stable): ([Double], [Double]) = ([], [])
        func add(_ microseconds: UInt64, to histogram: inout LatencyHistogram, _ values: inout [Double]) {
            let bucket = LatencyHistogram.bucket(of: microseconds)
            while histogram.counts.count <= bucket { histogram.counts.append(0) }
            histogram.counts[bucket] += 1
            histogram.sumMicroseconds += microseconds
            values.append(Double(bucket))
        }
        for _ in 0..<300 {
            add(UInt64.random(in: 1000...9000, using: &generator), to: &ours, &candidate)
            add(UInt64.random(in: 1000...6000, using: &generator), to: &theirs, &stable)
        }
        let comparison = RankComparison()
        let answer = comparison.judge(candidate: ours, stable: theirs)
        #expect(answer == comparison.judge(candidate: candidate, stable: stable))
        #expect(answer.outcome == .fail)
        let moments = Moments(ours)
        #expect(moments.count == 300 && abs(moments.mean - 0.005) < 0.0005)
    }

    // MARK: What is unknown stays unknown

    @Test func `no samples, NaN and nonsense are inconclusive`() {
        let rates = RateComparison()
        #expect(
            rates.judge(candidate: Count(events: 0, trials: 0), stable: Count(events: 0, trials: 10)).outcome
                == .inconclusive)
        #expect(
            rates.judge(candidate: Count(events: 9, trials: 3), stable: Count(events: 0, trials: 10)).outcome
                == .inconclusive)
        #expect(
            RateComparison(alpha: .nan).judge(
                candidate: Count(events: 1, trials: 3), stable: Count(events: 0, trials: 10)
            ).outcome == .inconclusive)
        let ranks = RankComparison()
        #expect(ranks.judge(candidate: [], stable: [1]).outcome == .inconclusive)
        #expect(ranks.judge(candidate: [.nan, 1], stable: [1, 2]).outcome == .inconclusive)
        #expect(ranks.judge(candidate: LatencyHistogram(), stable: LatencyHistogram()).outcome == .inconclusive)
        let means = MeanComparison(minimumEffect: 1)
        #expect(
            means.judge(
                candidate: Moments([.nan] + [Double](repeating: 1, count: 50)),
                stable: Moments([Double](repeating: 1, count: 50))
            ).outcome == .inconclusive)
        #expect(means.judge(candidate: Moments(), stable: Moments()).outcome == .inconclusive)
    }

    @Test func `answers carry finite numbers only`() {
        let answer = CheckAnswer.pass("x", numbers: ["a": .nan, "b": 1, "c": .infinity])
        #expect(answer.numbers == ["b": 1])
        #expect(roundTrip(answer) == answer)
    }

    @Test(arguments: [
        (Count(events: 60, trials: 1000), Count(events: 10, trials: 1000), CheckAnswer.Outcome.fail),
        (Count(events: 100, trials: 10000), Count(events: 100, trials: 10000), .pass),
        (Count(events: 0, trials: 3000), Count(events: 0, trials: 3000), .pass),
        (Count(events: 1, trials: 10), Count(events: 0, trials: 90), .inconclusive),
        (Count(events: 5, trials: 5), Count(events: 0, trials: 45), .fail),
        // Higher beyond doubt, but by less than what matters.
        (Count(events: 2500, trials: 1_000_000), Count(events: 1000, trials: 1_000_000), .pass),
    ])
    func `rates are judged like this`(_ candidate: Count, _ stable: Count, _ outcome: CheckAnswer.Outcome) {
        let answer = RateComparison(alpha: 0.05, minimumEffect: 0.01).judge(candidate: candidate, stable: stable)
        #expect(answer.outcome == outcome, "\(answer)")
    }

    @Test func `logarithms of gamma are right`() {
        for (x, value) in [
            (0.5, 0.572_364_942_924_700_1), (1, 0), (2, 0), (10.5, 13.940_625_219_404), (1e6, 12_815_504.569_147_611),
        ] {
            #expect(abs(SpecialFunctions.logGamma(x) - value) < 1e-9 * max(1, value))
        }
    }

    // MARK: Windows

    @Test func `a window is the difference of two snapshots, and a restarted counter counts from zero`() {
        func statistics(_ requests: UInt64, _ errors: UInt64, _ counts: [UInt64]) -> TrafficStatistics {
            TrafficStatistics(
                requests: requests, errors: errors, statuses: ["2xx": requests - errors, "5xx": errors],
                latency: LatencyHistogram(counts: counts, sumMicroseconds: counts.reduce(0, +) * 10))
        }
        let window = TrafficWindow(from: statistics(100, 10, [50, 50]), to: statistics(300, 20, [50, 150, 100]))
        #expect(window.requests == 200 && window.errors == 10)
        #expect(window.errorRate == 0.05)
        #expect(window.statuses == ["2xx": 190, "5xx": 10])
        #expect(window.latency.counts == [0, 100, 100])
        let restarted = TrafficWindow(from: statistics(300, 20, [50, 150, 100]), to: statistics(40, 0, [40]))
        #expect(restarted.requests == 40 && restarted.errorRate == 0)
        let nothing = TrafficWindow(from: statistics(300, 20, [300]), to: statistics(300, 20, [300]))
        #expect(nothing.errorRate == nil && nothing.quantile(0.99) == nil && nothing.meanLatency == nil)
        #expect(nothing.agreement == nil)
    }
}
