import Foundation
import Testing

@testable import HeadgateCore

/// Simulations with a look at every sample, from seeds: how often the judges err, and what they need.
struct FalseAlarmTests {
    static let alpha = 0.05
    /// More of them give finer figures; the promise is the same.
    static let runs = Int(ProcessInfo.processInfo.environment["HEADGATE_SIMULATION_RUNS"] ?? "") ?? 100

    /// Pairs of requests until the first answer of a kind, or nil within the limit.
    private static func rates(
        _ candidate: Double, _ stable: Double, share: Double = 0.5, effect: Double = 0.01, limit: Int, seed: UInt64,
        drift: (Int) -> Double = { _ in 1 }, waitFor outcome: CheckAnswer.Outcome
    ) -> Int? {
        var generator = SeededGenerator(seed: seed)
        let comparison = RateComparison(alpha: alpha, minimumEffect: effect)
        var (ours, theirs) = (RateComparison.Count(events: 0, trials: 0), RateComparison.Count(events: 0, trials: 0))
        for step in 1...limit {
            let isOurs = generator.unit() < share
            let isError = generator.unit() < (isOurs ? candidate : stable) * drift(step)
            if isOurs {
                ours.trials += 1
                ours.events += isError ? 1 : 0
            } else {
                theirs.trials += 1
                theirs.events += isError ? 1 : 0
            }
            guard ours.trials > 0, theirs.trials > 0 else { continue }
            if outcome == .fail {
                // The answer without its costlier half: `fail` needs this and the estimate.
                guard RateComparison.logEvidenceOfHarm(ours, theirs) >= -SpecialFunctions.logarithm(alpha) else {
                    continue
                }
            } else if step % 10 != 0 {
                continue
            }
            if comparison.judge(candidate: ours, stable: theirs).outcome == outcome { return step }
        }
        return nil
    }

    private static func share(_ alarm: (UInt64) -> Bool) -> Double {
        Double((0..<runs).count { alarm(UInt64($0) &* 7919 &+ 13) }) / Double(runs)
    }

    @Test(arguments: [(0.01, 0.5, 0.0), (0.3, 0.5, 0.0), (0.05, 0.1, 0.0), (0.02, 0.1, 1.0)])
    func `rates without a difference fail less often than declared, with a look at every request`(
        _ rate: Double, _ share: Double, _ wave: Double
    ) {
        let alarms = Self.share { seed in
            Self.rates(
                rate, rate, share: share, effect: 0, limit: 1500, seed: seed,
                // The common rate triples and comes back: an incident of both versions.
                drift: { wave == 0 ? 1 : $0 % 1000 > 500 ? 3 : 1 }, waitFor: .fail) != nil
        }
        print(
            "rates \(rate), candidate's share \(share), incident \(wave == 1): \(alarms) of \(Self.runs) runs alarmed")
        #expect(alarms <= Self.alpha)
    }

    @Test func `rates with the effect that matters pass less often than declared`() {
        let passes = Self.share {
            Self.rates(0.06, 0.03, effect: 0.03, limit: 3000, seed: $0, waitFor: .pass) != nil
        }
        print("rates 0.06 against 0.03, minimum effect 0.03: \(passes) of \(Self.runs) runs passed")
        #expect(passes <= Self.alpha)
    }

    /// Samples until the first answer of a kind against a limit, or nil within 2,000.
    private static func bound(_ rate: Double, limit: Double, seed: UInt64, waitFor outcome: CheckAnswer.Outcome) -> Int?
    {
        var generator = SeededGenerator(seed: seed)
        let comparison = BoundComparison(alpha: alpha, limit: limit)
        var count = RateComparison.Count(events: 0, trials: 0)
        for step in 1...2000 {
            count.trials += 1
            count.events += generator.unit() < rate ? 1 : 0
            if comparison.judge(count).outcome == outcome { return step }
        }
        return nil
    }

    @Test(arguments: [0.01, 0.05, 0.3])
    func `a rate at its limit fails, and passes, less often than declared, with a look at every sample`(_ limit: Double)
    {
        for outcome in [CheckAnswer.Outcome.fail, .pass] {
            let errors = Self.share { Self.bound(limit, limit: limit, seed: $0, waitFor: outcome) != nil }
            print("rate at its limit of \(limit): \(errors) of \(Self.runs) runs said \(outcome)")
            #expect(errors <= Self.alpha)
        }
    }

    @Test func `a rate against a limit needs so many samples`() {
        for (rate, limit, outcome) in [
            (0.05, 0.01, CheckAnswer.Outcome.fail), (0.02, 0.01, .fail), (0.001, 0.02, .pass), (0.01, 0.05, .pass),
        ] {
            let needed = (0..<20).map { Self.bound(rate, limit: limit, seed: $0, waitFor: outcome) ?? Int.max }.sorted()
            print(
                "rate \(rate) against the limit \(limit): \(outcome) after \(Self.text(needed[10])) samples in half the runs, \(Self.text(needed[17])) in 9 of 10"
            )
            #expect(needed[10] < Int.max)
        }
    }

    @Test func `rates need so many requests`() {
        for (candidate, stable, effect, outcome, limit) in [
            (0.05, 0.01, 0.01, CheckAnswer.Outcome.fail, 4000), (0.02, 0.01, 0.005, .fail, 20000),
            (0.5, 0.01, 0.01, .fail, 1000), (0.01, 0.01, 0.03, .pass, 20000), (0.01, 0.01, 0.01, .pass, 40000),
        ] {
            let needed = (0..<20).map {
                Self.rates(candidate, stable, effect: effect, limit: limit, seed: $0, waitFor: outcome) ?? Int.max
            }.sorted()
            print(
                "rates \(candidate) against \(stable), minimum effect \(effect): \(outcome) after \(Self.text(needed[10])) requests of both in half the runs, \(Self.text(needed[17])) in 9 of 10"
            )
            #expect(needed[17] < Int.max)
        }
    }

    private static func text(_ count: Int) -> String { count == Int.max ? "more" : String(count) }

    // MARK: Means and ranks

    enum Shape: String, CaseIterable, CustomTestStringConvertible {
        case normal, exponential, logNormal, coarse
        var testDescription: String { rawValue }

        func draw(_ generator: inout SeededGenerator) -> Double {
            let (u, v) = (max(generator.unit(), 1e-300), generator.unit())
            let normal = (-2 * SpecialFunctions.logarithm(u)).squareRoot() * cos(2 * Double.pi * v)
            switch self {
            case .normal: return normal
            case .exponential: return -SpecialFunctions.logarithm(u)
            case .logNormal: return SpecialFunctions.exponential(normal)
            case .coarse: return (normal * 1.5).rounded()
            }
        }
    }

    private static func means(_ shape: Shape, shift: Double, every: Int = 1, limit: Int, seed: UInt64) -> Int? {
        var generator = SeededGenerator(seed: seed)
        let comparison = MeanComparison(alpha: alpha, minimumEffect: 0)
        var (ours, theirs) = (Moments(), Moments())
        for step in 1...limit {
            for _ in 0..<every { theirs.add(shape.draw(&generator)) }
            ours.add(shape.draw(&generator) + shift)
            if comparison.judge(candidate: ours, stable: theirs).outcome == .fail { return step }
        }
        return nil
    }

    @Test(arguments: Shape.allCases, [1, 9])
    func `means without a difference fail less often than declared, with a look at every sample`(
        _ shape: Shape, _ every: Int
    ) {
        let alarms = Self.share { Self.means(shape, shift: 0, every: every, limit: 500, seed: $0) != nil }
        print("means of \(shape) values, 1 to \(every): \(alarms) of \(Self.runs) runs alarmed")
        #expect(alarms <= Self.alpha)
    }

    @Test func `means need so many samples`() {
        for shift in [1.0, 0.5, 0.25] {
            let needed = (0..<20).map { Self.means(.normal, shift: shift, limit: 5000, seed: $0) ?? Int.max }.sorted()
            print(
                "means apart by \(shift) standard deviations: fail after \(Self.text(needed[10])) samples of each in half the runs, \(Self.text(needed[17])) in 9 of 10"
            )
            #expect(needed[17] < Int.max)
        }
    }

    private static func ranks(_ shape: Shape, shift: Double, every: Int = 1, limit: Int, seed: UInt64) -> Int? {
        var generator = SeededGenerator(seed: seed)
        let comparison = RankComparison(alpha: alpha, minimumEffect: 0)
        // Fine buckets: every look costs as much as there are buckets.
        var (ours, theirs) = (LatencyHistogram(), LatencyHistogram())
        ours.counts = [UInt64](repeating: 0, count: 24)
        theirs.counts = ours.counts
        func bucket(_ value: Double) -> Int { min(23, max(0, Int((value + 3) * 3))) }
        for step in 1...limit {
            for _ in 0..<every { theirs.counts[bucket(shape.draw(&generator))] += 1 }
            ours.counts[bucket(shape.draw(&generator) + shift)] += 1
            if comparison.judge(candidate: ours, stable: theirs).outcome == .fail { return step }
        }
        return nil
    }

    @Test(arguments: Shape.allCases, [1, 9])
    func `ranks without a difference fail less often than declared, with a look at every sample`(
        _ shape: Shape, _ every: Int
    ) {
        let alarms = Self.share { Self.ranks(shape, shift: 0, every: every, limit: 200, seed: $0) != nil }
        print("ranks of \(shape) values, 1 to \(every): \(alarms) of \(Self.runs) runs alarmed")
        #expect(alarms <= Self.alpha)
    }

    @Test func `ranks need so many samples`() {
        for shift in [1.0, 0.5, 0.25] {
            let needed = (0..<20).map { Self.ranks(.normal, shift: shift, limit: 3000, seed: $0) ?? Int.max }.sorted()
            print(
                "ranks apart by \(shift) standard deviations: fail after \(Self.text(needed[10])) samples of each in half the runs, \(Self.text(needed[17])) in 9 of 10"
            )
            #expect(needed[17] < Int.max)
        }
    }

    @Test func `asked once, ranks without a difference fail as often as declared`() {
        var generator = SeededGenerator(seed: 5)
        let comparison = RankComparison(alpha: Self.alpha, minimumEffect: 0, looks: .once)
        let alarms = (0..<400).count { _ in
            let candidate = (0..<12).map { _ in Shape.coarse.draw(&generator) }
            let stable = (0..<12).map { _ in Shape.coarse.draw(&generator) }
            return comparison.judge(candidate: candidate, stable: stable).outcome == .fail
        }
        print("ranks asked once, 12 against 12 coarse values: \(Double(alarms) / 400) of 400 alarmed")
        // Three standard errors above the declared rate.
        #expect(Double(alarms) / 400 <= Self.alpha + 3 * (Self.alpha * (1 - Self.alpha) / 400).squareRoot())
    }
}
