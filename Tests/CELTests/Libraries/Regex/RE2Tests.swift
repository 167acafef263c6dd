import Testing

@testable import CEL

@Suite struct RE2Tests {
    struct Case: Sendable, CustomTestStringConvertible {
        let pattern: String
        let text: String
        /// The match and its groups; nil for none.
        let expected: [String?]?

        init(_ pattern: String, _ text: String, _ expected: [String?]?) {
            self.pattern = pattern
            self.text = text
            self.expected = expected
        }

        var testDescription: String { "\(pattern) in '\(text)'" }
    }

    static let matches = [
        Case("ubb", "hubba", ["ubb"]),
        Case("", "cows", [""]),
        Case("foo|bar", "", nil),
        Case("gr(a|e)y", "grey", ["grey", "e"]),
        Case("ba(na)*", "banana", ["banana", "na"]),
        Case("a+ñ+a+", "mañana", ["aña"]),
        Case("(a|😀){2}", "🐱😀😀", ["😀😀", "😀"]),
        Case("a|ab", "ab", ["a"]),
        Case("(?U)a+", "aaa", ["a"]),
        Case("(?U)a+?", "aaa", ["aaa"]),
        Case("a+?", "aaa", ["a"]),
        Case("(?i)straße", "STRAẞE", ["STRAẞE"]),
        Case("(?i)k", "\u{212A}", ["\u{212A}"]),
        Case("(?i)[^k]", "\u{212A}Kk", nil),
        Case("(?i)σ", "ς", ["ς"]),
        Case("a(?i)b", "aB", ["aB"]),
        Case("a(?i)b", "AB", nil),
        Case("(?i:a)b", "AB", nil),
        Case("(?i)a(?-i)b", "Ab", ["Ab"]),
        Case("(?i)a(?-i)b", "AB", nil),
        Case("a.c", "a\nc", nil),
        Case("(?s)a.c", "a\nc", ["a\nc"]),
        Case("^b$", "a\nb\nc", nil),
        Case("(?m)^b$", "a\nb\nc", ["b"]),
        Case("b$", "b\n", nil),
        Case("\\Ab\\z", "b", ["b"]),
        Case("\\bfoo\\b", "a foo.", ["foo"]),
        Case("\\bfoo\\b", "afoo", nil),
        Case("\\Boo", "foo", ["oo"]),
        Case("a\\B", "aéb", nil),
        Case("\\Q.+*\\E+", ".+**", [".+**"]),
        Case("\\Qa", "a", ["a"]),
        Case("[[:alpha:]]+[[:^alpha:]]", "ab1", ["ab1"]),
        Case("[]a]+", "a]", ["a]"]),
        Case("[^]a]", "]ab", ["b"]),
        Case("[a-]+", "-a", ["-a"]),
        Case("[\\d\\-x]+", "1-x", ["1-x"]),
        Case("[\\pL\\pN]+", "é9٣!", ["é9٣"]),
        Case("\\p{Lu}", "aÄ", ["Ä"]),
        Case("\\P{Lu}+", "aÄ", ["a"]),
        Case("\\p{^Lu}+", "aÄ", ["a"]),
        Case("\\p{Greek}+", "abγδ", ["γδ"]),
        Case("\\p{Han}", "x漢", ["漢"]),
        Case("\\p{Cyrillic}{2}", "дa-да", ["да"]),
        Case("\\x41\\x{1F600}\\101\\052", "A😀A*", ["A😀A*"]),
        Case("\\a\\f\\t\\n\\r\\v", "\u{7}\u{C}\t\n\r\u{B}", ["\u{7}\u{C}\t\n\r\u{B}"]),
        Case("\\s", "\u{B}", nil),
        Case("a{,2}", "a{,2}", ["a{,2}"]),
        Case("a{x}", "a{x}", ["a{x}"]),
        Case("a{0}b", "ab", ["b"]),
        Case("a{2,3}", "aaaa", ["aaa"]),
        Case("a{2,3}?", "aaaa", ["aa"]),
        Case("(?P<x>a)(?<y>b)?", "a", ["a", "a", nil]),
        Case("(a)|b", "b", ["b", nil]),
        Case("((a)|b)*", "ab", ["ab", "b", "a"]),
        Case("(|a)*", "aa", [""]),
        Case("(|a)+", "aa", ["", ""]),
        Case("(a*)*", "b", ["", ""]),
        Case("(a*)+", "b", ["", ""]),
        Case("(a|b)*?c", "abc", ["abc", "b"]),
        Case("x*", "é", [""]),
        Case("[^a]", "é", ["é"]),
        Case("(?:)", "", [""]),
        Case("()", "a", ["", ""]),
        Case("^*a", "a", ["a"]),
        Case("\\_\\/\\-", "_/-", ["_/-"]),
        Case("(?i)[a-z]+", "ſK", ["ſK"]),
        Case("[^\\x00-\\x{10FFFF}]", "a", nil),
    ]

    @Test(arguments: matches) func `an expression finds its leftmost first match`(_ test: Case) throws {
        let regex = try RE2(test.pattern)
        let match = regex.firstMatch(in: test.text)
        let bytes = Array(test.text.utf8)
        let found = match.map { match in
            (0..<match.count).map { group in match[group].map { String(decoding: bytes[$0], as: UTF8.self) } }
        }
        // `(|a)*` and its like: the group is checked only where a table says so.
        let expected = test.expected
        if let expected, let found, expected.count < found.count {
            #expect(Array(found.prefix(expected.count)) == expected)
        } else {
            #expect(found == expected)
        }
        for _ in 0..<6 { #expect(regex.isMatch(test.text) == (expected != nil)) }
    }

    @Test(arguments: [
        ("(a", 0, "missing closing )"), ("a)", 1, "unexpected )"), ("é[a", 2, "missing closing ]"),
        ("a\\", 1, "trailing backslash"), ("*a", 0, "missing argument"), ("a|*", 2, "missing argument"),
        ("a**", 2, "repetition of a repetition"), ("a{2}{3}", 4, "repetition of a repetition"),
        ("a{1001}", 1, "above 1000"), ("a{3,2}", 1, "wrong order"), ("((a{100}){100}){100}", 9, "multiply"),
        ("(a)\\1", 3, "back-references"), ("(?P<n>a)(?P=n)", 8, "back-references"), ("(?=a)", 0, "lookaround"),
        ("a(?!b)", 1, "lookaround"), ("(?<=a)", 0, "lookaround"), ("(?<!a)", 0, "lookaround"),
        ("(?>a)", 0, "unknown kind"), ("(?#c)", 0, "unknown kind"), ("(?P<n>a)(?P<n>b)", 8, "second group"),
        ("(?P<1-2>a)", 0, "invalid name"), ("[b-a]", 1, "wrong order"), ("[a-\\d]", 3, "unknown escape"),
        ("[[:foo:]]", 1, "unknown class"), ("\\pX", 0, "unknown Unicode class"), ("\\p{Klingon}", 0, "Klingon"),
        ("\\p{L", 0, "missing closing }"), ("\\xZ", 0, "hexadecimal"), ("\\x{110000}", 0, "hexadecimal"),
        ("\\Z", 0, "unknown escape"), ("\\C", 0, "unknown escape"), ("\\é", 0, "unknown escape"), ("(?i", 0, "missing"),
        ("(?-)", 0, "unknown kind"), ("(?i-:a)", 0, "unknown kind"), ("\\8", 0, "back-references"),
    ])
    func `a bad pattern is refused with its offset`(_ pattern: String, _ offset: Int, _ message: String) {
        #expect {
            try RE2(pattern)
        } throws: { error in
            guard let error = error as? RE2.SyntaxError else { return false }
            return error.offset == offset && error.message.contains(message)
        }
    }

    @Test func `deep nesting and large programs are refused`() {
        let deep = String(repeating: "(", count: 200_000) + String(repeating: ")", count: 200_000)
        #expect(throws: RE2.SyntaxError.self) { try RE2(deep) }
        #expect(throws: RE2.SyntaxError.self) { try RE2("(?:a{1000}b{1000}){1}c{1000}", maximumProgramSize: 2500) }
        #expect(throws: RE2.SyntaxError.self) { try RE2("\\pL{1000}") }
        #expect(throws: RE2.SyntaxError.self) { try RE2(String(repeating: "()", count: 101)) }
        #expect(throws: Never.self) { try RE2(String(repeating: "(", count: 99) + String(repeating: ")", count: 99)) }
    }

    @Test(arguments: [
        ("(a+)+$", "a", "!"), ("(a|aa)+$", "a", "!"), ("(a*)*b", "a", ""), ("(x+x+)+y", "x", ""),
        ("(?:a?){20}a{20}b", "a", ""), (".*.*.*=.*", "x", ""), ("(a|b|ab)*c", "ab", ""), ("[a-z]{1,50}[0-9]", "q", ""),
    ])
    func `time is linear in the text where backtracking explodes`(_ pattern: String, _ unit: String, _ end: String)
        throws
    {
        let regex = try RE2(pattern)
        let clock = ContinuousClock()
        func time(_ count: Int) -> Duration {
            let text = String(repeating: unit, count: count) + end
            return (0..<3).map { _ in
                clock.measure { #expect(regex.firstMatch(in: text) == nil && !regex.isMatch(text)) }
            }.min() ?? .zero
        }
        let short = time(2000)
        let long = time(32_000)
        // Sixteen times the text; quadratic time would take 256 times as long.
        #expect(long < short * 100 + .milliseconds(50))
    }

    @Test func `captures take linear time too`() throws {
        let regex = try RE2("((a|aa)+)(b?)$")
        let text = String(repeating: "a", count: 20_000)
        #expect(regex.firstMatch(in: text)?[1] == 0..<20_000)
    }

    @Test(arguments: [
        ("a", "banana", [1..<2, 3..<4, 5..<6]), ("a*", "baac", [0..<0, 1..<3, 4..<4]), ("", "é", [0..<0, 2..<2]),
        ("^a", "aaa", [0..<1]), ("\\b", "ab c", [0..<0, 2..<2, 3..<3, 4..<4]), ("x", "abc", []),
        ("[^,]*", "a,,b", [0..<1, 2..<2, 3..<4]),
    ])
    func `all matches are found without overlap`(_ pattern: String, _ text: String, _ expected: [Range<Int>]) throws {
        let regex = try RE2(pattern)
        #expect(regex.allMatches(in: text).map(\.range) == expected)
        #expect(regex.allMatches(in: text, limit: 1).map(\.range) == Array(expected.prefix(1)))
    }

    @Test func `a search may begin anywhere and still sees what is before`() throws {
        #expect(try RE2("a").firstMatch(in: "aba", from: 1)?.range == 2..<3)
        #expect(try RE2("\\ba").firstMatch(in: "aa", from: 1) == nil)
        #expect(try RE2("^a").firstMatch(in: "aa", from: 1) == nil)
        #expect(try RE2("a").firstMatch(in: "a", from: 2) == nil)
        #expect(try RE2("$").firstMatch(in: "a", from: 1)?.range == 1..<1)
    }

    @Test func `groups know their names`() throws {
        let regex = try RE2("(?P<year>\\d+)-(\\d+)(?:x)(?<day>\\d)")
        #expect(regex.groupNames == [nil, "year", nil, "day"])
        #expect(regex.groupCount == 3)
    }

    @Test func `an automaton that outgrows its table begins anew and answers the same`() throws {
        var parser = RegexParser("(a|b)*a(a|b){12}c")
        let node = try parser.parse()
        let program = try RegexProgram(node, groupCount: 2, maximumSize: 10_000)
        var small = LazyAutomaton(program, maximumSize: 200)
        var state: UInt32 = 1
        var text: [UInt8] = []
        for _ in 0..<3000 {
            state = state &* 1_664_525 &+ 1_013_904_223
            text.append(state >> 31 == 0 ? UInt8(ascii: "a") : UInt8(ascii: "b"))
        }
        for suffix in ["abbbbbbbbbbbbc", "abbbbbbbbbbbbbc"] {
            let bytes = text + Array(suffix.utf8)
            var row = small.startRow
            for byte in bytes where row > small.accepting { row = small.next(row, Int(small.classes[Int(byte)])) }
            #expect((row == small.accepting) == (suffix.utf8.count == 14))
            #expect(small.stateCount <= 200)
        }
    }

    @Test func `many threads may share one expression`() async throws {
        let regex = try RE2("^(?:[a-z0-9]+-)*[a-z0-9]+$")
        await withTaskGroup(of: Bool.self) { group in
            for task in 0..<8 {
                group.addTask {
                    (0..<200).allSatisfy { regex.isMatch("a-\(task)-b\($0)") && !regex.isMatch("a--\(task)") }
                }
            }
            for await isRight in group { #expect(isRight) }
        }
    }
}
