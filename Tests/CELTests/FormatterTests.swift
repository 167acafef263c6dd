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

    @Test(arguments: [
        (
            "'worse: ' + names.filter(m, m in candidate.metrics && m in champion.metrics).map(m, m + '!').join(', ')",
            """
            'worse: '
            + names.filter(m, m in candidate.metrics && m in champion.metrics)
                .map(m, m + '!')
                .join(', ')
            """
        ),
        (
            "'rates from ' + string(rates.min()) + ' to ' + string(rates.max()) + ' differ by ' + string(params.gap)",
            """
            'rates from ' + string(rates.min()) + ' to ' + string(rates.max())
            + ' differ by ' + string(params.gap)
            """
        ),
        (
            "params.windows.exists(w, variables.local >= int(w.from) && variables.local < int(w.until))",
            """
            params.windows.exists(w,
                variables.local >= int(w.from) && variables.local < int(w.until))
            """
        ),
        (
            "double(size(variables.drifted)) <= double(params.share) * double(size(variables.compared))",
            """
            double(size(variables.drifted))
            <= double(params.share) * double(size(variables.compared))
            """
        ),
        (
            "'not compared: ' + (size(variables.compared) > 0 ? params.columns.join(', ') : 'any column')",
            """
            'not compared: '
            + (size(variables.compared) > 0
                ? params.columns.join(', ')
                : 'any column')
            """
        ),
        (
            "restoring || !params.weekly.exists(w, w.day == now.getDayOfWeek(zone) && hour >= w.from && hour < w.until)",
            """
            restoring
            || !params.weekly.exists(w,
                w.day == now.getDayOfWeek(zone)
                && hour >= w.from
                && hour < w.until)
            """
        ),
        (
            "candidate.metrics.recall in [0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0, 1.125, 1.25, 1.375]",
            """
            candidate.metrics.recall
            in [0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0, 1.125, 1.25,
                1.375]
            """
        ),
    ])
    func `long sums, relations, chains, macros and lists break`(_ source: String, _ expected: String) throws {
        #expect(try ExpressionFormatter.format(source, width: 70) == expected)
    }

    @Test(arguments: [1, 24, 60])
    func `any expression that is broken means what it meant, and stays as it is`(_ width: Int) throws {
        var broken = 0
        for seed in UInt64(0)..<2000 {
            var generator = ExpressionGenerator(seed: seed)
            let source = generator.expression()
            guard let line = try? ExpressionFormatter.format(source, width: .max) else { continue }
            #expect(!line.contains("\n"), "\(source)")
            let lines = try ExpressionFormatter.format(source, width: width)
            #expect(try ExpressionFormatter.format(lines, width: .max) == line, "\(source)")
            #expect(try ExpressionFormatter.format(lines, width: width) == lines, "\(source)")
            #expect(lines.split(separator: "\n").allSatisfy { $0.last != " " }, "\(source)")
            if lines != line { broken += 1 }
        }
        #expect(broken > 100)
    }
}
