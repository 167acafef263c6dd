import Testing

@testable import CEL

@Suite struct FormatterTests {
    @Test(arguments: [
        ("a+b*c", "a + b * c"), ("(a+b)*c", "(a + b) * c"), ("a-(b-c)", "a - (b - c)"), ("(a-b)-c", "a - b - c"),
        ("((a))", "a"), ("a&&(b||c)", "a && (b || c)"), ("(a&&b)||c", "a && b || c"), ("!(a&&b)", "!(a && b)"),
        ("-(-1)", "--1"), ("-(1.5).size()", "-(1.5.size())"), ("-(1)", "-(1)"), ("(-1).abs()", "(-1).abs()"),
        ("a?b:c?d:e", "a ? b : c ? d : e"),
        ("(a?b:c)?d:e", "(a ? b : c) ? d : e"), ("\"it's\"", "'it\\'s'"), ("b\"\\xff\"", "b'\\xff'"),
        ("x.`a-b`", "x.`a-b`"), ("x.?y[?0]", "x.?y[?0]"), ("[1,?x]", "[1, ?x]"),
        ("{'a':1,?'b':x}", "{'a': 1, ?'b': x}"),
        ("T{a:1}", "T{a: 1}"), (".a.b", ".a.b"), ("xs.map(x,x>0,x*2)", "xs.map(x, x > 0, x * 2)"),
        ("xs.existsOne(i,v,v>i)", "xs.existsOne(i, v, v > i)"), ("has(a.b)", "has(a.b)"), ("1e3", "1000.0"),
        ("7u", "7u"),
        ("cel.bind(x,1,x)", "cel.bind(x, 1, x)"), ("o.optMap(v,v+1)", "o.optMap(v, v + 1)"),
        ("a in[1]", "a in [1]"), ("(a == b) == c", "a == b == c"), ("a == (b == c)", "a == (b == c)"),
        ("a // why", "a // why"),
    ])
    func `expressions take one form`(source: String, expected: String) throws {
        #expect(try ExpressionFormatter.format(source) == expected)
        #expect(try ExpressionFormatter.format(expected) == expected)
    }

    @Test func `long lines break at logic`() throws {
        let source = "candidate.metrics.accuracy >= 0.9 && (champion == null || candidate.metrics.accuracy > 0.5)"
        let expected = """
            candidate.metrics.accuracy >= 0.9
            && (champion == null || candidate.metrics.accuracy > 0.5)
            """
        #expect(try ExpressionFormatter.format(source, width: 60) == expected)
        #expect(try ExpressionFormatter.format(expected, width: 60) == expected)
    }
}
