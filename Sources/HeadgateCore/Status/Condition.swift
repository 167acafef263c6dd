/// A condition as kstatus has them: Ready, and Reconciling and Stalled only while True.
package struct Condition: Hashable, Sendable, Codable {
    package enum Kind: String, Hashable, Sendable, Codable, CaseIterable, Comparable {
        case ready = "Ready"
        case reconciling = "Reconciling"
        case stalled = "Stalled"
        case compliant = "Compliant"
        /// A policy with action `warn` does not pass; nothing is blocked.
        case warned = "Warned"
        case held = "Held"
        case suspended = "Suspended"

        package static func < (left: Kind, right: Kind) -> Bool { left.rawValue < right.rawValue }
    }

    package enum Status: String, Hashable, Sendable, Codable {
        case isTrue = "True"
        case isFalse = "False"
        case unknown = "Unknown"
    }

    package let kind: Kind
    package let status: Status
    /// CamelCase and stable, such as `GateDenied`.
    package let reason: String
    package let message: String
    /// When the status changed last.
    package var since: Instant

    package init(_ kind: Kind, _ status: Status, reason: String, _ message: String, since: Instant) {
        self.kind = kind
        self.status = status
        self.reason = reason
        self.message = message
        self.since = since
    }
}

extension [Condition] {
    /// Takes new conditions, keeping `since` where the status did not change; says whether anything differs.
    package mutating func replace(with new: [Condition]) -> Bool {
        let merged = new.map { condition in
            var condition = condition
            if let old = first(where: { $0.kind == condition.kind }), old.status == condition.status {
                condition.since = old.since
            }
            return condition
        }
        defer { self = merged }
        return merged != self
    }

    /// The condition of a kind, if present.
    package subscript(_ kind: Condition.Kind) -> Condition? { first { $0.kind == kind } }
}

extension Condition {
    /// Not at the desired state: `False` when only a change from outside helps, `Unknown` while work goes on.
    static func notReady(_ reason: String, _ message: String, _ now: Instant, stalled: Bool) -> Condition {
        Condition(.ready, stalled ? .isFalse : .unknown, reason: reason, message, since: now)
    }
}
