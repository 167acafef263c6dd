/// What one version answered between two snapshots of its statistics.
///
/// Ratios of nothing are nil, never zero: a version without requests has no error rate.
package struct TrafficWindow: Hashable, Sendable, Codable {
    package let requests: UInt64
    package let errors: UInt64
    package let statuses: [String: UInt64]
    package let latency: LatencyHistogram
    package let mirrored: UInt64
    package let agreed: UInt64
    package let mirrorDropped: UInt64

    /// The difference of two snapshots of one version.
    ///
    /// Counts only grow while their counter lives. When one is smaller than before, the counter has started again, and
    /// everything that it holds was counted since: then the window is the later snapshot alone.
    package init(from earlier: TrafficStatistics = TrafficStatistics(), to later: TrafficStatistics) {
        let base = Self.hasRestarted(from: earlier, to: later) ? TrafficStatistics() : earlier
        requests = later.requests - base.requests
        errors = later.errors - base.errors
        statuses = later.statuses
            .reduce(into: [:]) { window, entry in
                let count = entry.value - (base.statuses[entry.key] ?? 0)
                if count > 0 { window[entry.key] = count }
            }
        latency = later.latency.subtracting(base.latency)
        mirrored = later.mirrored - base.mirrored
        agreed = later.agreed - base.agreed
        mirrorDropped = later.mirrorDropped - base.mirrorDropped
    }

    /// Requests that say something about the version: answered ones, and mirrored ones while it is in the shadow.
    package var samples: UInt64 { max(requests, mirrored) }

    /// Errors per request, 0 through 1; nil without requests.
    package var errorRate: Double? { Self.ratio(errors, requests) }

    /// Share of compared answers that agreed with the stable version's; nil without comparisons.
    package var agreement: Double? { Self.ratio(agreed, mirrored) }

    /// Mean latency in seconds; nil when none was counted.
    package var meanLatency: Double? {
        let total = latency.total
        return total == 0 ? nil : Double(latency.sumMicroseconds) / Double(total) / 1_000_000
    }

    /// The upper bound of the bucket that holds a quantile of the latency, in seconds; nil when none was counted.
    package func quantile(_ q: Double) -> Double? { latency.quantile(q) }

    private static func ratio(_ part: UInt64, _ whole: UInt64) -> Double? {
        whole == 0 ? nil : Double(part) / Double(whole)
    }

    private static func hasRestarted(from earlier: TrafficStatistics, to later: TrafficStatistics) -> Bool {
        later.requests < earlier.requests || later.errors < earlier.errors || later.mirrored < earlier.mirrored
            || later.agreed < earlier.agreed || later.mirrorDropped < earlier.mirrorDropped
            || later.latency.sumMicroseconds < earlier.latency.sumMicroseconds
            || earlier.statuses.contains { $0.value > later.statuses[$0.key] ?? 0 }
            || !later.latency.contains(earlier.latency)
    }
}

extension LatencyHistogram {
    /// Whether every bucket holds at least as much as the other's.
    func contains(_ other: LatencyHistogram) -> Bool {
        other.counts.enumerated().allSatisfy { $0.element <= count(in: $0.offset) }
    }

    /// What was counted since an earlier state of the same histogram, which it must contain.
    func subtracting(_ earlier: LatencyHistogram) -> LatencyHistogram {
        LatencyHistogram(
            counts: counts.enumerated().map { $0.element - earlier.count(in: $0.offset) },
            sumMicroseconds: sumMicroseconds - earlier.sumMicroseconds
        )
    }

    /// A bucket's count; zero beyond the stored ones.
    func count(in bucket: Int) -> UInt64 { bucket < counts.count ? counts[bucket] : 0 }
}
