extension RegexParser {
    /// Reads what follows a backslash outside brackets.
    mutating func escape(at start: Int) throws(RE2.SyntaxError) -> RegexNode? {
        guard let next = peek() else { throw error("trailing backslash", at: start) }
        switch next {
        case "A": return assertion(.textStart)
        case "z": return assertion(.textEnd)
        case "b": return assertion(.wordBoundary)
        case "B": return assertion(.notWordBoundary)
        case "E":
            // The end of a quotation that is already over.
            position += 1
            return nil
        default: break
        }
        if let set = try classEscape(at: start) { return .set(set) }
        return literal(try scalarEscape(at: start))
    }

    private mutating func assertion(_ assertion: RegexNode.Assertion) -> RegexNode {
        position += 1
        return .assertion(assertion)
    }

    /// Reads `d`, `pL`, `P{Greek}` and the like; nil where no class stands here.
    mutating func classEscape(at start: Int) throws(RE2.SyntaxError) -> ScalarSet? {
        guard let next = peek() else { return nil }
        if let set = Self.perlClass(next) {
            position += 1
            return set
        }
        guard next == "p" || next == "P" else { return nil }
        position += 1
        var isNegated = next == "P"
        var name = String.UnicodeScalarView()
        if skip("{") {
            if skip("^") { isNegated.toggle() }
            while let next = peek(), next != "}" {
                name.append(next)
                position += 1
            }
            guard skip("}") else { throw error("missing closing } of a Unicode class", at: start) }
        } else if let letter = peek() {
            name.append(letter)
            position += 1
        }
        guard var set = UnicodeClasses.set(named: String(name)) else {
            throw error("unknown Unicode class '\(String(name))'", at: start)
        }
        if flags.ignoresCase { set = CaseFolding.closure(of: set) }
        return isNegated ? set.inverted : set
    }

    /// Reads an escape that stands for one scalar.
    mutating func scalarEscape(at start: Int) throws(RE2.SyntaxError) -> UInt32 {
        guard let next = peek() else { throw error("trailing backslash", at: start) }
        position += 1
        switch next {
        case "a": return 0x07
        case "f": return 0x0C
        case "n": return 0x0A
        case "r": return 0x0D
        case "t": return 0x09
        case "v": return 0x0B
        case "x": return try hexadecimal(at: start)
        case "1"..."9":
            // RE2 reads \12 as octal, and refuses a lone digit, which elsewhere is a back-reference.
            guard next <= "7", let second = peek(), ("0"..."7").contains(second) else {
                throw error("back-references are not supported", at: start)
            }
            position -= 1
            return octal()
        case "0":
            position -= 1
            return octal()
        default:
            guard next.isASCII, !next.isRegexWord || next == "_" else {
                throw error("unknown escape \\\(next)", at: start)
            }
            return next.value
        }
    }

    private mutating func octal() -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<3 {
            guard let digit = peek(), ("0"..."7").contains(digit) else { break }
            value = value * 8 + (digit.value - 0x30)
            position += 1
        }
        return value
    }

    private mutating func hexadecimal(at start: Int) throws(RE2.SyntaxError) -> UInt32 {
        let isBraced = skip("{")
        var value: UInt32 = 0
        var digits = 0
        while isBraced || digits < 2, let digit = peek()?.hexadecimalDigit {
            value = min(value * 16 + digit, ScalarSet.maximum + 1)
            digits += 1
            position += 1
        }
        let isClosed = isBraced ? skip("}") && digits > 0 : digits == 2
        guard isClosed, Unicode.Scalar(value) != nil else { throw error("invalid hexadecimal escape", at: start) }
        return value
    }

    static func perlClass(_ name: Unicode.Scalar) -> ScalarSet? {
        switch name {
        case "d": digit
        case "D": digit.inverted
        case "s": space
        case "S": space.inverted
        case "w": word
        case "W": word.inverted
        default: nil
        }
    }

    private static let digit = ScalarSet(ascii: "09")
    private static let space = ScalarSet(ascii: "\t\n\u{0C}\r  ")
    private static let word = ScalarSet(ascii: "09AZaz__")
}

extension Unicode.Scalar {
    /// ASCII letters, digits and the underscore.
    var isRegexWord: Bool {
        switch self {
        case "a"..."z", "A"..."Z", "0"..."9", "_": true
        default: false
        }
    }

    var decimalDigit: Int? {
        ("0"..."9").contains(self) ? Int(value) - 0x30 : nil
    }

    var hexadecimalDigit: UInt32? {
        switch self {
        case "0"..."9": value - 0x30
        case "a"..."f": value - 0x61 + 10
        case "A"..."F": value - 0x41 + 10
        default: nil
        }
    }
}
