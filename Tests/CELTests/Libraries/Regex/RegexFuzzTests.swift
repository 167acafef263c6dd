import Testing

@testable import CEL

@Suite struct RegexFuzzTests {
    @Test(arguments: PythonTable.rows)
    func `the first match and its groups are those of Python`(_ row: PythonTable.Row) throws {
        let regex = try RE2(row.pattern)
        let match = regex.firstMatch(in: row.text)
        #expect(describe(match) == row.expected)
        #expect(regex.isMatch(row.text) == (match != nil))
    }

    @Test(arguments: 0..<4)
    func `random expressions match as a backtracking matcher does`(_ seed: Int) throws {
        var generator = Generator(seed: UInt64(seed) &* 7919 &+ 1)
        var compared = 0
        for _ in 0..<400 where compared < 100 {
            let pattern = generator.pattern(depth: 3)
            var parser = RegexParser(pattern)
            let node = try parser.parse()
            // Engines differ in what an empty turn of a loop does.
            guard !loopsOverEmpty(node) else { continue }
            let regex: RE2
            do throws(RE2.SyntaxError) {
                regex = try RE2(pattern, maximumProgramSize: 1500)
            } catch {
                // Nested repetitions of large classes would only take time.
                #expect(error.message.contains("instructions"), "\(pattern)")
                continue
            }
            for _ in 0..<5 {
                let text = generator.text()
                var oracle = BacktrackingOracle(text, groupCount: regex.groupCount)
                let expected = oracle.firstMatch(node).map { slots in
                    slots.map { $0 < 0 ? -1 : Array(text.unicodeScalars)[..<$0].reduce(0) { $0 + UTF8.width($1) } }
                }
                guard !oracle.gaveUp else { continue }
                compared += 1
                let match = regex.firstMatch(in: text)
                #expect(describe(match) == describe(expected), "\(pattern) in '\(text)'")
                #expect(regex.isMatch(text) == (expected != nil), "\(pattern) in '\(text)'")
            }
        }
        #expect(compared >= 100)
    }

    @Test func `random bytes as patterns never crash and errors point into the pattern`() {
        var generator = Generator(seed: 99)
        for _ in 0..<2000 {
            let pattern = generator.noise()
            do throws(RE2.SyntaxError) {
                let regex = try RE2(pattern, maximumProgramSize: 2000)
                _ = regex.firstMatch(in: "aab é(]")
            } catch {
                #expect((0...pattern.utf8.count).contains(error.offset), "\(pattern)")
            }
        }
    }

    private func loopsOverEmpty(_ node: RegexNode) -> Bool {
        switch node {
        case .empty, .set, .assertion: false
        case .sequence(let nodes), .choice(let nodes): nodes.contains(where: loopsOverEmpty)
        case .capture(let node, _): loopsOverEmpty(node)
        case .loop(let node, _): node.canBeEmpty || loopsOverEmpty(node)
        }
    }

    private func describe(_ match: RE2.Captures?) -> String {
        describe(
            match.map { match in
                (0..<match.count).flatMap { group in match[group].map { [$0.lowerBound, $0.upperBound] } ?? [-1, -1] }
            })
    }

    private func describe(_ slots: [Int]?) -> String {
        guard let slots else { return "none" }
        return stride(from: 0, to: slots.count, by: 2)
            .map { slots[$0] < 0 ? "-" : "\(slots[$0]):\(slots[$0 + 1])" }
            .joined(separator: " ")
    }
}

/// Makes patterns and texts from a seed.
private struct Generator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    private mutating func below(_ bound: Int) -> Int {
        // SplitMix64
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ mixed >> 31) % UInt64(bound))
    }

    private mutating func pick(_ items: [String]) -> String { items[below(items.count)] }

    mutating func text() -> String {
        (0..<below(12)).map { _ in pick(["a", "a", "b", "c", "K", "\u{212A}", "\n", " ", "_", "7", "é", "λ", "日", "😀"])
        }
        .joined()
    }

    mutating func noise() -> String {
        (0..<below(14)).map { _ in
            pick([
                "(", ")", "[", "]", "{", "}", "*", "+", "?", "|", "\\", "^", "$", ".", "-", ",", ":", "<", ">", "P",
                "p",
                "i", "Q", "E", "x", "1", "0", "9", "a", "é", "=", "!", "[:", ":]", "(?", "L",
            ])
        }.joined()
    }

    mutating func pattern(depth: Int) -> String {
        let branches = below(3) == 0 ? 2 + below(2) : 1
        return (0..<branches).map { _ in (0..<1 + below(4)).map { _ in item(depth) }.joined() }.joined(separator: "|")
    }

    private mutating func item(_ depth: Int) -> String {
        let atom = atom(depth)
        guard below(3) == 0 else { return atom }
        return atom + pick(["*", "+", "?", "{2}", "{1,3}", "{2,}", "{0,2}", "*?", "+?", "??", "{1,3}?", "{2,}?"])
    }

    private mutating func atom(_ depth: Int) -> String {
        switch below(depth > 0 ? 16 : 10) {
        case 0...4: pick(["a", "b", "c", "k", "7", "é", "λ", "日", "😀", " "])
        case 5: pick(["[a-c]", "[^a]", "[é-λ]", "[^日\\n]", "[\\dk]", "[[:alpha:]日]", "[^\\w]", "[а-я😀-😂]"])
        case 6: pick([".", "\\d", "\\w", "\\s", "\\W", "\\pL", "\\p{Greek}", "\\PN", "(?s:.)", "(?i:k)"])
        case 7: pick(["\\b", "\\B", "^", "$", "\\A", "\\z", "(?m:^)", "(?m:$)"])
        case 8...9: pick(["a", "ab", "(?i:aB)", "\\x{3bb}", "\\Q.a\\E"])
        case 10...12: "(" + pattern(depth: depth - 1) + ")"
        case 13: "(?:" + pattern(depth: depth - 1) + ")"
        case 14: "(?i:" + pattern(depth: depth - 1) + ")"
        default: "(?sU:" + pattern(depth: depth - 1) + ")"
        }
    }
}
