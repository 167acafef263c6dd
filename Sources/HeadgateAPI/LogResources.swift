/// Which part of a Deployment's server's log is asked for.
package struct ServerLogRequest: Sendable, Hashable {
    /// The beginning of a version's digest; nil for the champion's.
    package var version: String?
    /// Counted from 0.
    package var replica: Int
    /// Where an earlier part ended.
    package var after: String?
    /// How many of the last lines the first part begins with; nil for all.
    package var tail: Int?

    package init(version: String? = nil, replica: Int = 0, after: String? = nil, tail: Int? = nil) {
        self.version = version
        self.replica = replica
        self.after = after
        self.tail = tail
    }
}

/// A part of the log of a Deployment's server.
package struct ServerLogResource: Codable, Sendable, Hashable {
    package var version: String
    /// champion, candidate, warm, draining, unknown, or gone.
    package var role: String
    package var replica: Int
    /// Other versions on the target now.
    package var others: [String]
    /// Empty at the end of what there is.
    package var text: String
    /// Where the next part begins.
    package var next: String
    /// Whether no server runs that may go on with it.
    package var ended: Bool

    package init(
        version: String, role: String, replica: Int, others: [String], text: String, next: String, ended: Bool
    ) {
        self.version = version
        self.role = role
        self.replica = replica
        self.others = others
        self.text = text
        self.next = next
        self.ended = ended
    }
}
