import CEL
import Foundation

/// The expression engine beside its peers: the same expressions, the same inputs, in CPU time.
///
/// Everything is read from the folder that `CEL_BENCH` names, by default `../shared/cel/bench` beside the repository.
enum CELBenchmark {
    /// One line of the table.
    ///
    /// `ratio` is how many times faster than the rival we are, or what `name` says instead.
    struct Row {
        let name: String
        let ours: Double
        let rival: Double
        let ratio: Double
        let goal: Double
        let met: Bool
    }

    /// How many times faster than the fastest peer each expression is to be.
    private static let goals = ["metric_gate": 2.0, "provenance": 2, "fairness": 2]

    /// What cel-go took without cost accounting, in nanoseconds, on a machine like CI's; measured apart.
    private static let celGo: [String: Double] = [
        "trivial": 135, "metric_gate": 10_500, "provenance": 3_800, "fairness": 48_000, "freshness": 2_400,
        "message": 16_700,
    ]

    /// Runs ours and the peers.
    ///
    /// - Parameters:
    ///   - folder: Where the expressions, inputs and peers' runners lie.
    ///   - withPeers: Whether to install and run the peers; without them only our own goals are looked at.
    /// - Returns: The table.
    /// - Throws: Where the files cannot be read or a peer cannot be run.
    static func run(folder: URL, withPeers: Bool = true) throws -> [Row] {
        let suite = try CELBenchmarkSuite(folder: folder)
        let peers = withPeers ? try CELPeers.run(folder: folder) : []
        var rows: [Row] = []
        for (name, source) in suite.expressions {
            let program = try suite.environment.compile(source)
            let small = nanoseconds { _ = program.evaluate(suite.small) }
            let large = nanoseconds { _ = program.evaluate(suite.large) }
            rows += evaluationRows(name, small, large, peers)
            let records = try suite.recordEnvironment.compile(source)
            let recordTime = nanoseconds { _ = records.evaluate(suite.smallRecords) }
            rows.append(
                Row(
                    name: "\(name), over records: ns", ours: recordTime, rival: small, ratio: small / recordTime,
                    goal: 0, met: true)
            )
            rows.append(linearity(name, small, large, suite))
            let compile = nanoseconds { _ = try? suite.environment.compile(source) }
            rows.append(
                Row(
                    name: "\(name), compile: µs",
                    ours: compile / 1000,
                    rival: 100,
                    ratio: 100_000 / compile,
                    goal: 1,
                    met: compile < 100_000
                )
            )
        }
        return rows
    }

    private static func evaluationRows(
        _ name: String,
        _ small: Double,
        _ large: Double,
        _ peers: [CELPeers.Measurement]
    ) -> [Row] {
        var rows: [Row] = []
        for (size, ours) in [("small", small), ("large", large)] {
            let rivals = peers.filter { $0.name == name && $0.size == size }
            guard let fastest = rivals.min(by: { $0.nanoseconds < $1.nanoseconds }) else { continue }
            let ratio = fastest.nanoseconds / ours
            let goal = size == "small" ? goals[name] ?? 1 : 1
            rows.append(
                Row(
                    name: "\(name), \(size), against \(fastest.peer): ns",
                    ours: ours,
                    rival: fastest.nanoseconds,
                    ratio: ratio,
                    goal: goal,
                    met: ratio > goal
                )
            )
        }
        if let reference = celGo[name] {
            let ratio = reference / small
            rows.append(
                Row(
                    name: "\(name), against cel-go (apart): ns", ours: small, rival: reference, ratio: ratio, goal: 2,
                    met: ratio > 2)
            )
        }
        return rows
    }

    /// How time grows with the input: linear is at most the growth of the input, with room for noise.
    private static func linearity(_ name: String, _ small: Double, _ large: Double, _ suite: CELBenchmarkSuite) -> Row {
        let growth = suite.growth
        let ratio = large / small
        return Row(
            name: "\(name), growth from small to large",
            ours: ratio,
            rival: growth,
            ratio: growth / ratio,
            goal: 0.8,
            met: growth / ratio > 0.8
        )
    }

    /// The least CPU time of this thread that one call takes, over several runs.
    static func nanoseconds(_ body: () -> Void) -> Double {
        body()
        var count = 1
        var elapsed: UInt64 = 0
        while true {
            elapsed = cpuTime { for _ in 0..<count { body() } }
            if elapsed > 10_000_000 { break }
            count *= 4
        }
        count = max(1, Int(Double(count) * 60_000_000 / Double(elapsed)))
        var best = Double.infinity
        for _ in 0..<7 {
            best = min(best, Double(cpuTime { for _ in 0..<count { body() } }) / Double(count))
        }
        return best
    }

    private static func cpuTime(_ body: () -> Void) -> UInt64 {
        let start = nanosecondsOf(CLOCK_THREAD_CPUTIME_ID)
        body()
        return nanosecondsOf(CLOCK_THREAD_CPUTIME_ID) - start
    }

    private static func nanosecondsOf(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
