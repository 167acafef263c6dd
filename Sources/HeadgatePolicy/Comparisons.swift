import CEL
import HeadgateCore
import Synchronization

/// Judgements on traffic that hold up to being looked at as often as one likes, as functions of checks.
///
/// Each is true or false once the data decide, and unknown before. `alpha` bounds the probability of a wrong answer
/// over all looks.
enum Comparisons {
    static func declare(in environment: inout Environment) {
        let pair = Overload([.record("Statistics"), .record("Statistics"), .double, .double], .bool, isMember: true)
        environment.declare(function: "errorRateNotWorse", pair) {
            (arguments: [Value]) throws(EvaluationError) -> Value in
            let (candidate, stable, alpha, effect) = try pairArguments(arguments)
            guard let left = errors(candidate), let right = errors(stable) else {
                return undecided("errorRate", without: ["errors", "requests"], of: [candidate, stable])
            }
            let comparison = RateComparison(alpha: alpha, minimumEffect: effect)
            return value(comparison.judge(candidate: left, stable: right), "errorRate")
        }
        environment.declare(function: "latencyNotWorse", pair) {
            (arguments: [Value]) throws(EvaluationError) -> Value in
            let (candidate, stable, alpha, effect) = try pairArguments(arguments)
            guard let left = histogram(candidate), let right = histogram(stable) else {
                return undecided("latency", without: ["latency", "latencyCounts"], of: [candidate, stable])
            }
            let comparison = RankComparison(alpha: alpha, minimumEffect: effect)
            return value(comparison.judge(candidate: left, stable: right), "latency")
        }
        environment.declare(function: "meanLatencyNotWorse", pair) {
            (arguments: [Value]) throws(EvaluationError) -> Value in
            let (candidate, stable, alpha, effect) = try pairArguments(arguments)
            guard let left = histogram(candidate), let right = histogram(stable) else {
                return undecided("latency.mean", without: ["latency", "latencyCounts"], of: [candidate, stable])
            }
            let comparison = MeanComparison(alpha: alpha, minimumEffect: effect)
            let answer = comparison.judge(candidate: Moments(left), stable: Moments(right))
            return value(answer, "latency.mean")
        }
        declareBounds(in: &environment)
        declareNumbers(in: &environment)
    }

    private static func declareBounds(in environment: inout Environment) {
        let single = Overload([.record("Statistics"), .double, .double], .bool, isMember: true)
        environment.declare(function: "errorRateBelow", single) {
            (arguments: [Value]) throws(EvaluationError) -> Value in
            let (statistics, limit, alpha) = try boundArguments(arguments)
            guard let count = errors(statistics) else {
                return undecided("errorRate", without: ["errors", "requests"], of: [statistics])
            }
            return value(BoundComparison(alpha: alpha, limit: limit).judge(count), "errorRate")
        }
        environment.declare(function: "agreementAbove", single) {
            (arguments: [Value]) throws(EvaluationError) -> Value in
            let (statistics, share, alpha) = try boundArguments(arguments)
            guard case .double(let agreement) = statistics.fields["agreement"],
                case .int(let mirrored) = statistics.fields["mirrored"]
            else { return undecided("agreement", without: ["agreement", "mirrored"], of: [statistics]) }
            let different = ((1 - agreement) * Double(mirrored)).rounded()
            let count = RateComparison.Count(events: UInt64(max(0, different)), trials: UInt64(clamping: mirrored))
            return value(BoundComparison(alpha: alpha, limit: 1 - share).judge(count), "disagreement")
        }
    }

    /// The same on numbers that queries gave.
    private static func declareNumbers(in environment: inout Environment) {
        environment.declare(
            function: "rateNotWorse", Overload(Array(repeating: .double, count: 6), .bool)
        ) { (arguments: [Value]) throws(EvaluationError) -> Value in
            let numbers = try doubles(arguments)
            let (alpha, effect) = try levels(numbers[4], numbers[5])
            let comparison = RateComparison(alpha: alpha, minimumEffect: effect)
            let candidate = RateComparison.Count(events: try count(numbers[0]), trials: try count(numbers[1]))
            let stable = RateComparison.Count(events: try count(numbers[2]), trials: try count(numbers[3]))
            return value(comparison.judge(candidate: candidate, stable: stable), "rate")
        }
        environment.declare(
            function: "meanNotWorse", Overload(Array(repeating: .double, count: 8), .bool)
        ) { (arguments: [Value]) throws(EvaluationError) -> Value in
            let numbers = try doubles(arguments)
            let (alpha, effect) = try levels(numbers[6], numbers[7])
            let comparison = MeanComparison(alpha: alpha, minimumEffect: effect)
            let candidate = try moments(numbers[0], numbers[1], deviation: numbers[2])
            let stable = try moments(numbers[3], numbers[4], deviation: numbers[5])
            return value(comparison.judge(candidate: candidate, stable: stable), "mean")
        }
    }

    // MARK: Arguments

    private static func pairArguments(
        _ arguments: [Value]
    ) throws(EvaluationError) -> (RecordValue, RecordValue, Double, Double) {
        guard arguments.count == 4, case .record(let candidate) = arguments[0], case .record(let stable) = arguments[1],
            case .double(let alpha) = arguments[2], case .double(let effect) = arguments[3]
        else { throw EvaluationError(.invalidArgument, "expected (statistics, statistics, alpha, minimum effect)") }
        let (level, least) = try levels(alpha, effect)
        return (candidate, stable, level, least)
    }

    private static func boundArguments(
        _ arguments: [Value]
    ) throws(EvaluationError) -> (RecordValue, Double, Double) {
        guard arguments.count == 3, case .record(let statistics) = arguments[0], case .double(let bound) = arguments[1],
            case .double(let alpha) = arguments[2]
        else { throw EvaluationError(.invalidArgument, "expected (statistics, bound, alpha)") }
        guard alpha > 0, alpha < 1, bound > 0, bound < 1 else {
            throw EvaluationError(.invalidArgument, "alpha and the bound must be between 0 and 1")
        }
        return (statistics, bound, alpha)
    }

    private static func levels(_ alpha: Double, _ effect: Double) throws(EvaluationError) -> (Double, Double) {
        guard alpha > 0, alpha < 1, effect >= 0 else {
            throw EvaluationError(
                .invalidArgument, "alpha must be between 0 and 1, and the minimum effect not negative")
        }
        return (alpha, effect)
    }

    private static func doubles(_ arguments: [Value]) throws(EvaluationError) -> [Double] {
        var numbers: [Double] = []
        for argument in arguments {
            guard case .double(let number) = argument else {
                throw EvaluationError(.invalidArgument, "expected numbers")
            }
            numbers.append(number)
        }
        return numbers
    }

    private static func count(_ number: Double) throws(EvaluationError) -> UInt64 {
        guard let count = UInt64(exactly: number.rounded()) else {
            throw EvaluationError(.invalidArgument, "\(number) is not a count")
        }
        return count
    }

    private static func moments(
        _ samples: Double, _ mean: Double, deviation: Double
    ) throws(EvaluationError) -> Moments {
        let count = try count(samples)
        return Moments(count: count, mean: mean, squares: deviation * deviation * max(0, Double(count) - 1))
    }

    private static func errors(_ record: RecordValue) -> RateComparison.Count? {
        guard case .int(let errors) = record.fields["errors"], case .int(let requests) = record.fields["requests"]
        else { return nil }
        return RateComparison.Count(events: UInt64(clamping: errors), trials: UInt64(clamping: requests))
    }

    private static func histogram(_ record: RecordValue) -> LatencyHistogram? {
        guard case .list(let counts) = record.fields["latencyCounts"],
            case .record(let latency) = record.fields["latency"], case .double(let mean) = latency.fields["mean"]
        else { return nil }
        var histogram = LatencyHistogram(
            counts: counts.map { count in
                guard case .int(let number) = count else { return 0 }
                return UInt64(clamping: number)
            })
        histogram.sumMicroseconds = UInt64(exactly: (mean * 1e6 * Double(histogram.total)).rounded()) ?? 0
        return histogram
    }

    private static func value(_ answer: CheckAnswer, _ what: String) -> Value {
        ComparisonTrace.current?.note(what, answer)
        return switch answer.outcome {
        case .pass: .bool(true)
        case .fail: .bool(false)
        case .inconclusive: undecided(what)
        }
    }

    private static func undecided(_ what: String) -> Value { .unknown(UnknownSet("more samples of \(what)")) }

    /// Unknown until what a file left out is given, or else until more is counted.
    private static func undecided(
        _ what: String, without fields: [String], of statistics: [RecordValue]
    ) -> Value {
        let missing = statistics.flatMap { record -> [String] in
            guard case .unknown(let path) = record.fields.absence else { return [] }
            return fields.filter { record.fields[$0] == nil }.map { "\(path).\($0)" }
        }
        return missing.isEmpty ? undecided(what) : .unknown(UnknownSet(missing))
    }
}

/// What the comparisons of one check said while it was evaluated: the judge's state, for people.
final class ComparisonTrace: Sendable {
    @TaskLocal static var current: ComparisonTrace?

    private let notes = Mutex<[(what: String, answer: CheckAnswer)]>([])

    /// Notes an answer; evaluating an unknown asks twice.
    func note(_ what: String, _ answer: CheckAnswer) {
        notes.withLock { notes in
            guard !notes.contains(where: { $0.what == what && $0.answer == answer }) else { return }
            notes.append((what, answer))
        }
    }

    /// A sentence for each comparison.
    var text: String {
        notes.withLock { $0.map { "\($0.what): \($0.answer.reason)" }.joined(separator: "; ") }
    }

    /// The comparisons' numbers, such as `errorRate.evidenceOfHarm`.
    var numbers: [String: Double] {
        notes.withLock { notes in
            var numbers: [String: Double] = [:]
            for (what, answer) in notes {
                for (name, number) in answer.numbers { numbers["\(what).\(name)"] = number }
            }
            return numbers
        }
    }
}
