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
    /// Whose rule compares.
    package var policy: PolicyName?
    /// Whether that is base's text of a policy which head has changed or no more.
    package var isAtBase: Bool

    package init(metric: String, sign: Sign, bound: Double, policy: PolicyName? = nil, isAtBase: Bool = false) {
        self.metric = metric
        self.sign = sign
        self.bound = bound
        self.policy = policy
        self.isAtBase = isAtBase
    }

    /// Whether a metric is as the rule wants it.
    package func holds(for metric: Double) -> Bool {
        switch sign {
        case .below: metric < bound
        case .atMost: metric <= bound
        case .above: metric > bound
        case .atLeast: metric >= bound
        }
    }
}
