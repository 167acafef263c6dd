import CEL
import HeadgateCore

/// Comparisons of two versions' traffic that hold up to being looked at as often as one likes.
///
/// `candidate.errorRateNotWorse(stable, alpha, minimumEffect)` and
/// `candidate.latencyNotWorse(stable, alpha, minimumEffect)`: true or false once the data decide, unknown before.
enum Comparisons {
    static func declare(in environment: inout Environment) {
        let signature = Overload(
            [.record("Statistics"), .record("Statistics"), .double, .double], .bool, isMember: true)
        environment.declare(function: "errorRateNotWorse", signature) {
            (arguments: [Value]) throws(EvaluationError) -> Value in
            let (candidate, stable, alpha, effect) = try read(arguments)
            guard let candidate = count(candidate), let stable = count(stable) else { return undecided("errorRate") }
            let comparison = RateComparison(alpha: alpha, minimumEffect: effect)
            return value(comparison.judge(candidate: candidate, stable: stable), "errorRate")
        }
        environment.declare(function: "latencyNotWorse", signature) {
            (arguments: [Value]) throws(EvaluationError) -> Value in
            let (candidate, stable, alpha, effect) = try read(arguments)
            guard let candidate = histogram(candidate), let stable = histogram(stable) else {
                return undecided("latency")
            }
            let comparison = RankComparison(alpha: alpha, minimumEffect: effect)
            return value(comparison.judge(candidate: candidate, stable: stable), "latency")
        }
    }

    private static func read(
        _ arguments: [Value]
    ) throws(EvaluationError) -> (RecordValue, RecordValue, Double, Double) {
        guard arguments.count == 4, case .record(let candidate) = arguments[0], case .record(let stable) = arguments[1],
            case .double(let alpha) = arguments[2], case .double(let effect) = arguments[3]
        else { throw EvaluationError(.invalidArgument, "expected (statistics, statistics, alpha, minimum effect)") }
        guard alpha > 0, alpha < 1, effect >= 0 else {
            throw EvaluationError(
                .invalidArgument, "alpha must be between 0 and 1, and the minimum effect not negative")
        }
        return (candidate, stable, alpha, effect)
    }

    private static func count(_ record: RecordValue) -> RateComparison.Count? {
        guard case .int(let errors) = record.fields["errors"], case .int(let requests) = record.fields["requests"]
        else {
            return nil
        }
        return RateComparison.Count(events: UInt64(clamping: errors), trials: UInt64(clamping: requests))
    }

    private static func histogram(_ record: RecordValue) -> LatencyHistogram? {
        guard case .list(let counts) = record.fields["latencyCounts"] else { return nil }
        return LatencyHistogram(
            counts: counts.map { count in
                guard case .int(let number) = count else { return 0 }
                return UInt64(clamping: number)
            })
    }

    private static func value(_ answer: CheckAnswer, _ what: String) -> Value {
        switch answer.outcome {
        case .pass: .bool(true)
        case .fail: .bool(false)
        case .inconclusive: undecided(what)
        }
    }

    private static func undecided(_ what: String) -> Value { .unknown(UnknownSet("more samples of \(what)")) }
}
