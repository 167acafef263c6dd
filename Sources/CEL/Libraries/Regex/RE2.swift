/// A regular expression in RE2's syntax, matched in time linear in the text.
///
/// Of all matches the leftmost is found, and of those the one that a backtracking engine would find first. There are no
/// back-references and no lookaround.
struct RE2: Sendable {
    /// As it was written.
    var pattern: String { matcher.pattern }

    // One reference, so that copies and closures that hold an expression cost little.
    private let matcher: RegexMatcher

    /// Where a match and its groups stand, in bytes of UTF-8.
    struct Captures: Sendable, Hashable {
        fileprivate let slots: [Int32]

        /// Groups and the whole match.
        var count: Int { slots.count / 2 }

        /// The whole match.
        var range: Range<Int> { Int(slots[0])..<Int(slots[1]) }

        /// A group, or the whole match for 0; nil where it took no part.
        subscript(group: Int) -> Range<Int>? {
            let start = slots[2 * group]
            let end = slots[2 * group + 1]
            return start >= 0 && end >= start ? Int(start)..<Int(end) : nil
        }
    }

    /// - Parameters:
    ///   - pattern: The expression.
    ///   - maximumProgramSize: How many instructions it may need, which bounds time and memory.
    /// - Throws: What is wrong with the pattern, and where.
    init(_ pattern: String, maximumProgramSize: Int = 10_000) throws(SyntaxError) {
        var parser = RegexParser(pattern)
        let node = try parser.parse()
        let names = parser.groupNames
        matcher = RegexMatcher(
            try RegexProgram(node, groupCount: names.count - 1, maximumSize: maximumProgramSize),
            pattern: pattern,
            groupNames: names
        )
    }

    /// The name of each group, if it has one; the first is the whole match.
    var groupNames: [String?] { matcher.groupNames }

    /// Groups without the whole match.
    var groupCount: Int { groupNames.count - 1 }

    /// Whether a part of the text matches.
    func isMatch(_ text: String) -> Bool {
        Self.withBytes(text) { matcher.isMatch($0) }
    }

    /// Whether a part of the text, valid UTF-8, matches.
    func isMatch(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        matcher.isMatch(bytes)
    }

    /// The leftmost match at or after an offset in bytes.
    func firstMatch(in text: String, from offset: Int = 0) -> Captures? {
        Self.withBytes(text) { firstMatch(in: $0, from: offset) }
    }

    /// The leftmost match at or after an offset into valid UTF-8.
    func firstMatch(in bytes: UnsafeBufferPointer<UInt8>, from offset: Int = 0) -> Captures? {
        guard offset <= bytes.count, bytes.count < Int(Int32.max), offset > 0 || matcher.isMatch(bytes)
        else { return nil }
        var machine = CapturingMachine(matcher.program)
        return machine.firstMatch(in: bytes, from: offset).map { Captures(slots: $0) }
    }

    /// Matches that do not overlap, from the left; an empty one right after another does not count.
    func allMatches(in text: String, limit: Int = .max) -> [Captures] {
        Self.withBytes(text) { bytes in
            guard bytes.count < Int(Int32.max), limit > 0, matcher.isMatch(bytes) else { return [] }
            var machine = CapturingMachine(matcher.program)
            var matches: [Captures] = []
            var position = 0
            var lastEnd = -1
            while position <= bytes.count, let slots = machine.firstMatch(in: bytes, from: position) {
                let match = Captures(slots: slots)
                if !match.range.isEmpty || match.range.lowerBound != lastEnd {
                    matches.append(match)
                    if matches.count == limit { break }
                }
                lastEnd = match.range.upperBound
                position = match.range.isEmpty ? Self.scalarEnd(bytes, lastEnd) : lastEnd
            }
            return matches
        }
    }

    private static func scalarEnd(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
        var position = start + 1
        while position < bytes.count, RegexBoundary.isContinuation(bytes[position]) { position += 1 }
        return position
    }

    private static func withBytes<Result>(
        _ text: String,
        _ body: (UnsafeBufferPointer<UInt8>) -> Result
    ) -> Result {
        if let result = text.utf8.withContiguousStorageIfAvailable(body) { return result }
        var copy = text
        return copy.withUTF8(body)
    }
}
