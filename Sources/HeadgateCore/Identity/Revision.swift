/// A Git commit's object name.
package struct CommitID: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    /// 40 lower-case hex digits.
    package let hex: String

    /// Nil unless the text is 40 hex digits.
    package init?(_ text: some StringProtocol) {
        guard text.utf8.count == 40, Hex.decode(text.utf8) != nil else { return nil }
        hex = text.lowercased()
    }

    /// The first 12 hex digits, for people.
    package var short: String { String(hex.prefix(12)) }
    package var description: String { hex }

    package static func < (left: Self, right: Self) -> Bool { left.hex < right.hex }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let commit = CommitID(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a commit id: \(text)")
        }
        self = commit
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(hex)
    }
}

/// A commit of a watched reference, printed `main@sha1:<hex>` as Flux does.
package struct Revision: Hashable, Sendable, Codable, CustomStringConvertible {
    /// The branch or tag, without `refs/heads/`; empty when a commit is followed directly.
    package let reference: String
    package let commit: CommitID

    package init(reference: String, commit: CommitID) {
        self.reference = reference
        self.commit = commit
    }

    package var description: String { reference.isEmpty ? "sha1:\(commit.hex)" : "\(reference)@sha1:\(commit.hex)" }

    /// `main@3f2a9c…`, for people.
    package var short: String { reference.isEmpty ? commit.short : "\(reference)@\(commit.short)" }
}
