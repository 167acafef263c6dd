/// One rollout of a Deployment.
package struct RolloutID: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    /// Increases with every rollout.
    package let number: Int64

    package init(_ number: Int64) { self.number = number }

    package var description: String { "rollout-\(number)" }
    package static func < (left: Self, right: Self) -> Bool { left.number < right.number }

    package init(from decoder: any Decoder) throws { number = try decoder.singleValueContainer().decode(Int64.self) }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(number)
    }
}
