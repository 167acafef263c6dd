import HeadgateCore
import NIOCore
import Synchronization

/// What was counted of one version, and how many of its requests are under way.
///
/// Each event loop counts on a shard of its own, so that a count never waits for another loop.
final class VersionTraffic: Sendable {
    let version: String
    let inFlight = Atomic<Int>(0)
    private let shards: [Shard]

    private final class Shard: Sendable {
        let counts: Mutex<Counts>
        init() { counts = Mutex(Counts()) }
    }

    private struct Counts: Sendable {
        var requests: UInt64 = 0
        var errors: UInt64 = 0
        var statuses: (UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0)
        var latency = [UInt64](repeating: 0, count: LatencyHistogram.bucketCount)
        var microseconds: UInt64 = 0
        var mirrored: UInt64 = 0
        var agreed: UInt64 = 0
        var mirrorDropped: UInt64 = 0
    }

    init(version: String, shards: Int) {
        self.version = version
        self.shards = (0..<shards).map { _ in Shard() }
    }

    /// A request of this version begins.
    func begin(shard: Int) {
        inFlight.wrappingAdd(1, ordering: .relaxed)
        shards[shard].counts.withLock { $0.requests += 1 }
    }

    /// A request of this version ended with a complete answer.
    func end(shard: Int, status: Int, after latency: TimeAmount) {
        let microseconds = UInt64(max(0, latency.nanoseconds / 1000))
        shards[shard].counts.withLock { counts in
            switch status {
            case ..<200: counts.statuses.0 += 1
            case ..<300: counts.statuses.1 += 1
            case ..<400: counts.statuses.2 += 1
            case ..<500: counts.statuses.3 += 1
            default:
                counts.statuses.4 += 1
                counts.errors += 1
            }
            counts.latency[LatencyHistogram.bucket(of: microseconds)] += 1
            counts.microseconds += microseconds
        }
        inFlight.wrappingSubtract(1, ordering: .releasing)
    }

    /// A request of this version ended without a complete answer of its own; not an error when the client went away.
    func endWithoutAnswer(shard: Int, isError: Bool) {
        if isError { shards[shard].counts.withLock { $0.errors += 1 } }
        inFlight.wrappingSubtract(1, ordering: .releasing)
    }

    /// A mirrored answer was compared.
    func compared(shard: Int, agreed: Bool) {
        shards[shard].counts.withLock { counts in
            counts.mirrored += 1
            if agreed { counts.agreed += 1 }
        }
    }

    /// A request was not mirrored, since the queue was full or a body too large.
    func mirrorDropped(shard: Int) {
        shards[shard].counts.withLock { $0.mirrorDropped += 1 }
    }

    /// The sum over all event loops.
    var statistics: TrafficStatistics {
        var sum = TrafficStatistics(latency: LatencyHistogram(counts: []))
        var latency = [UInt64](repeating: 0, count: LatencyHistogram.bucketCount)
        var statuses: [UInt64] = [0, 0, 0, 0, 0]
        for shard in shards {
            let counts = shard.counts.withLock { $0 }
            sum.requests += counts.requests
            sum.errors += counts.errors
            sum.mirrored += counts.mirrored
            sum.agreed += counts.agreed
            sum.mirrorDropped += counts.mirrorDropped
            sum.latency.sumMicroseconds += counts.microseconds
            for (index, count) in counts.latency.enumerated() { latency[index] += count }
            let parts = [
                counts.statuses.0, counts.statuses.1, counts.statuses.2, counts.statuses.3, counts.statuses.4,
            ]
            for (index, count) in parts.enumerated() { statuses[index] += count }
        }
        while latency.last == 0 { latency.removeLast() }
        sum.latency.counts = latency
        for (index, count) in statuses.enumerated() where count > 0 { sum.statuses["\(index + 1)xx"] = count }
        return sum
    }
}
