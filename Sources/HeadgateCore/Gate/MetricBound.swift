/// A number that a gate compares a metric of the candidate with.
package struct MetricBound: Hashable, Sendable, Codable {
    package enum Sign: String, Hashable, Sendable, Codable {
        case below = "<"
        case atMost = "≤"
        case above = ">"
        case atLeast = "≥"
    }

    /// Dots for nesting.
    package let metric: String
    package let sign: Sign
    package let bound: Double

    package init(metric: String, sign: Sign, bound: Double) {
        self.metric = metric
        self.sign = sign
        self.bound = bound
    }
}
