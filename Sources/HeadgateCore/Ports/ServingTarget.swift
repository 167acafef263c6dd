/// A serving system: says what it can do, observes, applies a serving state, and tells when it is done.
package protocol ServingTarget: Sendable {
    var capabilities: TargetCapabilities { get }

    /// Writes the whole desired state of one Deployment.
    ///
    /// Repeating a call with the same state changes nothing. Returns when the target has accepted it, which is not proof
    /// that it holds: observe. A version without weight may start; a version gains traffic only when it is ready.
    func apply(_ state: ServingState, operation: OperationID) async throws(TargetError)

    /// What the target does now for one Deployment; a Deployment that it has never seen has no versions.
    func observe(_ deployment: DeploymentID) async throws(TargetError) -> ObservedServing

    /// Removes everything of a Deployment after its requests in flight have ended or their drain time is over.
    func remove(_ deployment: DeploymentID, operation: OperationID) async throws(TargetError)

    /// A part of a server's log.
    ///
    /// - Throws: ``TargetError`` with `.rejected` where it has none, which says where it is to be found.
    func log(_ query: ServerLogQuery) async throws(TargetError) -> ServerLogPart
}

/// What a target can express.
///
/// A strategy that needs more is refused when it is planned.
package struct TargetCapabilities: Hashable, Sendable, Codable {
    package var weights: Bool
    package var routes: Bool
    package var mirror: Bool
    package var statistics: Bool
    package var preview: Bool
    /// Two versions of one Deployment at once.
    package var sideBySide: Bool

    package init(
        weights: Bool = false, routes: Bool = false, mirror: Bool = false, statistics: Bool = false,
        preview: Bool = false, sideBySide: Bool = false
    ) {
        self.weights = weights
        self.routes = routes
        self.mirror = mirror
        self.statistics = statistics
        self.preview = preview
        self.sideBySide = sideBySide
    }

    package static let everything = TargetCapabilities(
        weights: true, routes: true, mirror: true, statistics: true, preview: true, sideBySide: true)
}

/// What a target does for one Deployment.
package struct ObservedServing: Hashable, Sendable, Codable {
    package var versions: [VersionID: ObservedVersion]
    /// As the target routes now; adds up to 100 or is empty.
    package var weights: [VersionID: Int]
    package var mirror: ServingState.Mirror?
    package var routes: [ServingState.HeaderRoute]
    /// Where clients reach the Deployment.
    package var address: String?
    /// Counted since each version was added; empty for a target without statistics.
    package var traffic: [VersionID: TrafficStatistics]
    /// Of the router before it; nil where it has none of ours.
    package var router: ServerRestarts?

    package init(
        versions: [VersionID: ObservedVersion] = [:], weights: [VersionID: Int] = [:],
        mirror: ServingState.Mirror? = nil, routes: [ServingState.HeaderRoute] = [], address: String? = nil,
        traffic: [VersionID: TrafficStatistics] = [:], router: ServerRestarts? = nil
    ) {
        self.versions = versions
        self.weights = weights
        self.mirror = mirror
        self.routes = routes
        self.address = address
        self.traffic = traffic
        self.router = router
    }
}

/// How often a server was started again after it had ended by itself.
package struct ServerRestarts: Hashable, Sendable, Codable {
    package var count: Int
    /// How it ended the last time, such as `was killed by signal 9`; nil where that is not known.
    package var lastExit: String?

    package init(count: Int, lastExit: String? = nil) {
        self.count = count
        self.lastExit = lastExit
    }
}

/// What one version does on a target.
package struct ObservedVersion: Hashable, Sendable, Codable {
    package enum Phase: Hashable, Sendable, Codable {
        case starting
        case ready
        /// Cannot become ready without a change; the message is for people.
        case failed(String)
        /// Takes no new requests; some are still in flight.
        case draining
        case stopped
    }

    package var phase: Phase
    package var readyReplicas: Int
    package var replicas: Int
    /// Of its servers, all together.
    package var restarts: Int
    /// How the last of its servers that was started again had ended; nil where that is not known.
    package var lastExit: String?
    package var inFlight: Int
    /// Where the version alone can be reached, where the target offers that.
    package var preview: String?

    package init(
        phase: Phase, readyReplicas: Int, replicas: Int, restarts: Int = 0, lastExit: String? = nil, inFlight: Int = 0,
        preview: String? = nil
    ) {
        self.phase = phase
        self.readyReplicas = readyReplicas
        self.replicas = replicas
        self.restarts = restarts
        self.lastExit = lastExit
        self.inFlight = inFlight
        self.preview = preview
    }
}

/// Counts of one version's requests, and their latency as a histogram.
///
/// All counts only grow.
package struct TrafficStatistics: Hashable, Sendable, Codable {
    package var requests: UInt64
    /// Answers 5xx, connection failures, and requests of this version that were replayed to the stable one.
    package var errors: UInt64
    /// Requests by class of status: 2xx, 3xx, 4xx, 5xx.
    package var statuses: [String: UInt64]
    package var latency: LatencyHistogram
    /// Mirrored requests whose answers were compared, and how many agreed.
    package var mirrored: UInt64
    package var agreed: UInt64
    /// Mirrored requests that were dropped because the queue was full.
    package var mirrorDropped: UInt64

    package init(
        requests: UInt64 = 0, errors: UInt64 = 0, statuses: [String: UInt64] = [:],
        latency: LatencyHistogram = LatencyHistogram(), mirrored: UInt64 = 0, agreed: UInt64 = 0,
        mirrorDropped: UInt64 = 0
    ) {
        self.requests = requests
        self.errors = errors
        self.statuses = statuses
        self.latency = latency
        self.mirrored = mirrored
        self.agreed = agreed
        self.mirrorDropped = mirrorDropped
    }
}

/// Latencies in buckets of relative width 1/8: bucket `i` holds microseconds in `[lowerBound(i), lowerBound(i + 1))`.
package struct LatencyHistogram: Hashable, Sendable, Codable {
    /// Counts by bucket; missing tail buckets are zero.
    package var counts: [UInt64]
    package var sumMicroseconds: UInt64

    /// 8 linear steps a power of two, up to 2^40 microseconds.
    package static let bucketCount = 8 * 38

    package init(counts: [UInt64] = [], sumMicroseconds: UInt64 = 0) {
        self.counts = counts
        self.sumMicroseconds = sumMicroseconds
    }

    /// The bucket of a latency in microseconds.
    package static func bucket(of microseconds: UInt64) -> Int {
        if microseconds < 8 { return Int(microseconds) }
        let exponent = 63 - microseconds.leadingZeroBitCount
        let step = Int((microseconds >> UInt64(exponent - 3)) & 7)
        return min((exponent - 2) * 8 + step, bucketCount - 1)
    }

    /// The least latency of a bucket, in microseconds.
    package static func lowerBound(_ bucket: Int) -> UInt64 {
        if bucket < 8 { return UInt64(bucket) }
        let exponent = bucket / 8 + 2
        return (8 + UInt64(bucket % 8)) << UInt64(exponent - 3)
    }

    package var total: UInt64 { counts.reduce(0, +) }

    /// The upper bound of the bucket that holds the quantile, in seconds; nil when nothing was counted.
    package func quantile(_ q: Double) -> Double? {
        let total = total
        guard total > 0 else { return nil }
        let rank = max(1, UInt64((q * Double(total)).rounded(.up)))
        var seen: UInt64 = 0
        for (bucket, count) in counts.enumerated() {
            seen += count
            if seen >= rank { return Double(Self.lowerBound(bucket + 1)) / 1_000_000 }
        }
        return Double(Self.lowerBound(counts.count)) / 1_000_000
    }
}

/// What a target could not do.
package struct TargetError: Error, Hashable, Sendable, Codable, CustomStringConvertible {
    package enum Code: String, Sendable, Codable {
        /// Nobody answered, or an answer was lost; retry.
        case unreachable
        /// The target refuses this state; retrying the same does not help.
        case rejected
        /// No room for the versions that it must hold; wait or free some.
        case noCapacity
        case timedOut
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
    package var mayRetry: Bool { code != .rejected }
}
