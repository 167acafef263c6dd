import CAllocations
import CEL
import Foundation

/// Measures the expression engine alone; what the numbers are worth beside the peers', `Benchmarks/cases/cel.py` says.
enum CELBenchmark {
    /// What one expression takes, in nanoseconds of this thread's CPU time.
    struct Measurement: Encodable {
        let name: String
        /// What an evaluation takes, with variables as the benchmark declares them, for each input.
        let small: Double
        let large: Double
        /// The same for the small input, with variables as declared records.
        let records: Double
        /// What parsing and checking and making the closures takes.
        let compile: Double
        /// How often one evaluation of the small input asks for memory.
        let allocations: Double
        /// The cost units of one evaluation of the small input.
        let cost: UInt64
        /// What the small and the large input gave.
        let results: [String]
        /// How many times as many slices the large input has.
        let growth: Double
    }

    static func measure(_ suite: CELBenchmarkSuite) throws -> [Measurement] {
        var measurements: [Measurement] = []
        for (name, source) in suite.expressions {
            let program = try suite.environment.compile(source)
            let records = try suite.recordEnvironment.compile(source)
            let evaluation = program.evaluate(suite.small)
            measurements.append(
                Measurement(
                    name: name,
                    small: nanoseconds { _ = program.evaluate(suite.small) },
                    large: nanoseconds { _ = program.evaluate(suite.large) },
                    records: nanoseconds { _ = records.evaluate(suite.smallRecords) },
                    compile: nanoseconds { _ = try? suite.environment.compile(source) },
                    allocations: allocations { _ = program.evaluate(suite.small) },
                    cost: evaluation.cost,
                    results: [evaluation.result.description, program.evaluate(suite.large).result.description],
                    growth: suite.growth
                )
            )
        }
        return measurements
    }

    /// Evaluates one expression on the small input for some time, for a profiler to watch.
    static func repeatedly(_ name: String, _ suite: CELBenchmarkSuite, seconds: Double) throws {
        for (known, source) in suite.expressions where known == name {
            let program = try suite.environment.compile(source)
            let start = nanosecondsOf(CLOCK_THREAD_CPUTIME_ID)
            while Double(nanosecondsOf(CLOCK_THREAD_CPUTIME_ID) - start) < seconds * 1e9 {
                for _ in 0..<10_000 { _ = program.evaluate(suite.small) }
            }
        }
    }

    /// The least CPU time of this thread that one call takes, over several runs.
    private static func nanoseconds(_ body: () -> Void) -> Double {
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

    /// How often a call asks for memory, over many calls.
    private static func allocations(_ body: () -> Void) -> Double {
        body()
        let count = 100_000
        let before = headgate_allocations()
        for _ in 0..<count { body() }
        return Double(headgate_allocations() - before) / Double(count)
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
