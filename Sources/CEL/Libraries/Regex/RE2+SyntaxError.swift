extension RE2 {
    /// Why a pattern is none.
    struct SyntaxError: Error, Sendable, Hashable, CustomStringConvertible {
        /// Where in the pattern, in bytes of UTF-8.
        let offset: Int
        let message: String

        var description: String { "invalid regular expression at offset \(offset): \(message)" }
    }
}
