extension RegexParser {
    /// Reads a class after its opening bracket.
    mutating func bracketed(at start: Int) throws(RE2.SyntaxError) -> ScalarSet {
        let isNegated = skip("^")
        var ranges: [ClosedRange<UInt32>] = []
        var folded = ScalarSet()
        var isFirst = true
        while let next = peek(), next != "]" || isFirst {
            isFirst = false
            let itemStart = position
            if let set = try namedClass() {
                folded.formUnion(set)
                continue
            }
            if next == "\\" {
                position += 1
                if let set = try classEscape(at: itemStart) {
                    folded.formUnion(set)
                    continue
                }
                position = itemStart
            }
            let low = try bracketedScalar()
            guard peek() == "-", let after = peek(1), after != "]" else {
                ranges.append(low...low)
                continue
            }
            position += 1
            let high = try bracketedScalar()
            guard low <= high else { throw error("range of a class is in the wrong order", at: itemStart) }
            ranges.append(low...high)
        }
        guard skip("]") else { throw error("missing closing ]", at: start) }
        var set = ScalarSet(ranges: ranges)
        if flags.ignoresCase { set = CaseFolding.closure(of: set) }
        set.formUnion(folded)
        return isNegated ? set.inverted : set
    }

    private mutating func bracketedScalar() throws(RE2.SyntaxError) -> UInt32 {
        let start = position
        guard let next = peek() else { throw error("missing closing ]", at: start) }
        position += 1
        guard next == "\\" else { return next.value }
        let scalar = try scalarEscape(at: start)
        return scalar
    }

    /// Reads `[:alpha:]` or `[:^alpha:]`; nil where no such name stands here.
    private mutating func namedClass() throws(RE2.SyntaxError) -> ScalarSet? {
        guard peek() == "[", peek(1) == ":" else { return nil }
        let start = position
        var end = position + 2
        while end + 1 < scalars.count, scalars[end] != ":" || scalars[end + 1] != "]" {
            // Without its end it is no name but a bracket and a colon.
            guard scalars[end] != "]" else { return nil }
            end += 1
        }
        guard end + 1 < scalars.count else { return nil }
        var name = scalars[(start + 2)..<end]
        let isNegated = name.first == "^"
        if isNegated { name.removeFirst() }
        guard let bounds = Self.posixClasses[String(String.UnicodeScalarView(name))] else {
            throw error("unknown class [:…:]", at: start)
        }
        position = end + 2
        var set = ScalarSet(ascii: bounds)
        if flags.ignoresCase { set = CaseFolding.closure(of: set) }
        return isNegated ? set.inverted : set
    }

    private static let posixClasses = [
        "alnum": "09AZaz", "alpha": "AZaz", "ascii": "\0\u{7F}", "blank": "\t\t  ", "cntrl": "\0\u{1F}\u{7F}\u{7F}",
        "digit": "09", "graph": "!~", "lower": "az", "print": " ~", "punct": "!/:@[`{~", "space": "\t\r  ",
        "upper": "AZ", "word": "09AZaz__", "xdigit": "09AFaf",
    ]
}
