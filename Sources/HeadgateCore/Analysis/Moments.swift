/// Count, mean and spread of a sample, which can be added up in any order.
package struct Moments: Hashable, Sendable, Codable {
    package private(set) var count: UInt64
    package private(set) var mean: Double
    /// Sum of squared deviations from the mean.
    package private(set) var squares: Double

    package init(count: UInt64 = 0, mean: Double = 0, squares: Double = 0) {
        self.count = count
        self.mean = mean
        self.squares = squares
    }

    package init(_ values: some Sequence<Double>) {
        self.init()
        for value in values { add(value) }
    }

    /// Of latencies in seconds, with the exact mean and the spread of the buckets' centres.
    package init(_ histogram: LatencyHistogram) {
        let total = histogram.total
        guard total > 0 else {
            self.init()
            return
        }
        var centres = Moments()
        for (bucket, count) in histogram.counts.enumerated() where count > 0 {
            let low = Double(LatencyHistogram.lowerBound(bucket))
            let high = Double(LatencyHistogram.lowerBound(bucket + 1))
            centres.add((low + high) / 2e6, times: count)
        }
        self.init(
            count: total, mean: Double(histogram.sumMicroseconds) / 1e6 / Double(total), squares: centres.squares)
    }

    /// Adds a value, or the same one several times.
    ///
    /// B. P. Welford (1962), in the form for groups of T. F. Chan, G. H. Golub and R. J. LeVeque (1979).
    package mutating func add(_ value: Double, times: UInt64 = 1) {
        guard times > 0 else { return }
        let total = Double(count) + Double(times)
        let delta = value - mean
        squares += delta * delta * Double(count) * Double(times) / total
        mean += delta * Double(times) / total
        count += times
    }

    /// Unbiased; nil below two values.
    package var variance: Double? { count < 2 ? nil : squares / Double(count - 1) }
}
