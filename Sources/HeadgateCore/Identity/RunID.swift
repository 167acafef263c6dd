/// One attempt at a step's key: a sortable text made by the shell, safe as a file name.
package struct RunID: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    package let text: String

    /// Nil unless the text is 1 to 64 characters of `a-z`, `0-9` and `-`.
    package init?(_ text: String) {
        guard text.utf8.count <= 64, let first = text.utf8.first, first != UInt8(ascii: "-"),
            text.utf8.allSatisfy({ $0 == 45 || (48...57).contains($0) || (97...122).contains($0) })
        else { return nil }
        self.text = text
    }

    /// For constants.
    init(unchecked text: String) { self.text = text }

    package var description: String { text }
    package static func < (left: Self, right: Self) -> Bool { left.text < right.text }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let id = RunID(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a run id: \(text)")
        }
        self = id
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

/// Names one outside write, so that repeating it after a crash is recognised as the same write.
package struct OperationID: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    /// Increases with every operation of a ledger.
    package let number: Int64

    package init(_ number: Int64) { self.number = number }

    package var description: String { "op-\(number)" }
    package static func < (left: Self, right: Self) -> Bool { left.number < right.number }

    package init(from decoder: any Decoder) throws { number = try decoder.singleValueContainer().decode(Int64.self) }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(number)
    }
}
