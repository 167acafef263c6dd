import Testing

@testable import CEL

@Suite struct ExplanationTests {
    static func explain(_ source: String) throws -> Explanation {
        try UnknownTests.environment.compile(source).explain(UnknownTests.activation())
    }

    @Test(arguments: [
        ("candidate.metrics.accuracy >= 0.95", "candidate.metrics.accuracy (0.91) >= 0.95 → false"),
        ("size(values) == 2", "size(values ([1.0, unknown(values[1])])) (2) == 2 → true"),
        ("known", "known (true) → true"),
        ("1 / 0 == candidate.metrics.accuracy", ""),
    ])
    func `a summary shows the values of what was read`(source: String, summary: String) throws {
        guard !summary.isEmpty else {
            #expect(throws: CompilationError.self) { try Self.explain(source) }
            return
        }
        #expect(try Self.explain(source).summary == summary)
    }

    @Test func `the reasons of a false answer are the parts that are false`() throws {
        let explanation = try Self.explain("known && (candidate.metrics.accuracy >= 0.95 || !known || 2 > 1 + 2)")
        #expect(
            explanation.reasons == [
                "candidate.metrics.accuracy (0.91) >= 0.95 → false", "!known (true) → false", "2 > 1 + 2 → false",
            ]
        )
    }

    @Test func `the reasons of an unknown are what waits`() throws {
        let explanation = try Self.explain("known && champion.x > 1")
        #expect(explanation.reasons == ["champion.x (unknown) > 1 → unknown"])
    }

    @Test func `every sub-expression is there in source order, the outer first`() throws {
        let steps = try Self.explain("known && candidate.metrics.accuracy < 1.0").steps
        #expect(
            steps.map(\.text) == [
                "known && candidate.metrics.accuracy < 1.0", "known", "candidate.metrics.accuracy < 1.0",
                "candidate.metrics.accuracy", "candidate.metrics", "candidate",
            ]
        )
        #expect(steps.map(\.depth) == [0, 1, 1, 2, 3, 4])
        #expect(steps.map(\.isPathPrefix) == [false, false, false, false, true, true])
        #expect(steps[3].outcome?.description == "0.91")
        #expect(steps[3].location.column == 10)
    }

    @Test func `each turn of a loop has steps of its own with its variables`() throws {
        let steps = try Self.explain("[1, 2].all(n, n < 2)").steps
        let turns = steps.filter { $0.text == "n < 2" }
        #expect(turns.map { $0.variables.map { "\($0.name) = \($0.value)" } } == [["n = 1"], ["n = 2"]])
        #expect(turns.map { $0.outcome?.description } == ["true", "false"])
    }

    @Test(arguments: [
        ("lists.range(3000).all(x, x < 2500)", "x < 2500", 500, "x = 2500", "false"),
        ("lists.range(2002).all(x, x >= 0)", "x >= 0", 1, "x = 2001", "true"),
        ("lists.range(2000).all(x, x >= 0)", "x >= 0", 0, "x = 1999", "true"),
        ("lists.range(3000).exists(x, x + 1 == 2500)", "x + 1 == 2500", 1499, "x = 2499", "true"),
        ("lists.range(3000).filter(x, x > 2990).size() == 9", "x > 2990", 999, "x = 2999", "true"),
        ("lists.range(3000).map(x, x > 2990, x * 2).size() == 9", "x * 2", 0, "x = 2999", "5998"),
        ("lists.range(3000).map(x, x == 2500, x * 2).size() == 1", "x == 2500", 999, "x = 2500", "true"),
        ("lists.range(3000).map(x, x == 2500, x * 2).size() == 1", "x * 2", 0, "x = 2500", "5000"),
        ("lists.range(3000).all(x, x < 2500 || 1 / 0 == x)", "x < 2500 || 1 / 0 == x", 1999, "x = 2500", "error: "),
        ("lists.range(3000).all(x, 1 / (2500 - x) < 5)", "1 / (2500 - x) < 5", 2333, "x = 2500", "error: "),
        ("lists.range(3000).all(x, x < 2500 || champion.x)", "x < 2500 || champion.x", 1999, "x = 2500", "unknown: "),
        ("lists.range(3000).all(x, x < 2500 ? dyn(true) : x)", "x < 2500 ? dyn(true) : x", 2333, "x = 2500", "2500"),
        ("lists.range(3000).exists(x, 1 / (2500 - x) > 5)", "1 / (2500 - x) > 5", 2333, "x = 2500", "error: "),
        ("lists.range(3000).exists(x, x == 2600 || 1 / (2500 - x) > 5)", "x == 2600", 0, "x = 2600", "true"),
        ("lists.range(3000).exists_one(x, x == 2500)", "x == 2500", 999, "x = 2500", "true"),
        ("lists.range(3000).exists_one(x, 1 / (2500 - x) > 5)", "1 / (2500 - x) > 5", 1834, "x = 2500", "error: "),
        (
            "lists.range(3000).exists_one(x, x > 2499 && champion.x)", "x > 2499 && champion.x", 1999, "x = 2500",
            "unknown: "
        ),
        ("lists.range(3000).filter(x, x == 2500) == [2500]", "x == 2500", 999, "x = 2500", "true"),
        ("lists.range(3000).filter(x, 1 / (2500 - x) < 5) == []", "1 / (2500 - x) < 5", 1834, "x = 2500", "error: "),
        ("lists.range(3000).map(x, 1 / (2500 - x)) == []", "1 / (2500 - x)", 1500, "x = 2500", "error: "),
        ("lists.range(3000).sortBy(x, 1 / (2500 - x)) == []", "1 / (2500 - x)", 1500, "x = 2500", "error: "),
    ])
    func `of very many turns the one that decided is there too, and how many are not`(
        source: String, text: String, hidden: Int, variable: String, outcome: String
    ) throws {
        let steps = try Self.explain(source).steps
        let last = try #require(steps.last { $0.text == text })
        #expect(last.variables.map { "\($0.name) = \($0.value)" } == [variable])
        let given = try #require(last.outcome?.description)
        #expect(outcome.hasSuffix(" ") ? given.hasPrefix(outcome) : given == outcome)
        #expect(last.hiddenTurns == hidden)
        #expect(steps.count < 2_100)
    }

    @Test func `a loop in a loop shows its last turn of the last turn`() throws {
        let explanation = try Self.explain("lists.range(90).all(x, lists.range(90).all(y, x + y < 177))")
        let turns = explanation.steps.filter { $0.text == "x + y < 177" }
        let last = try #require(turns.last)
        #expect(last.variables.map { "\($0.value)" } == ["88", "89"] && last.outcome?.description == "false")
        #expect(last.hiddenTurns == 89)
        let inner = try #require(explanation.steps.last { $0.text == "lists.range(90).all(y, x + y < 177)" })
        #expect(inner.variables.map { "\($0.value)" } == ["88"] && inner.outcome?.description == "false")
        #expect(explanation.steps.count < 2_100)
    }

    @Test func `a loop in a loop shows the turn with its error of the turn with its error`() throws {
        let explanation = try Self.explain("lists.range(90).all(x, lists.range(90).all(y, x < 70 || 1 / (40 - y) < 5))")
        let last = try #require(explanation.steps.last { $0.text == "x < 70 || 1 / (40 - y) < 5" })
        #expect(last.variables.map { "\($0.value)" } == ["70", "40"] && last.hiddenTurns == 89)
        #expect(explanation.steps.count < 2_100)
    }

    @Test func `what was not evaluated says so`() throws {
        let steps = try Self.explain("!known && champion.x").steps
        #expect(steps.last?.text == "champion.x")
        let last = try #require(steps.last)
        #expect(last.outcome.map(\.description) == nil)
    }

    private static func lines(_ source: String) throws -> [String] {
        try explain(source).steps.map { step in
            let bound = step.variables.map { " \($0.name)=\($0.value)" }.joined()
            let outcome = step.outcome.map { "\($0)" } ?? "not evaluated"
            return "\(String(repeating: " ", count: step.depth))\(step.text) → \(outcome)\(bound)"
        }
    }

    @Test func `steps follow the expression, turn by turn`() throws {
        #expect(
            try Self.lines("[1, 2].map(n, n * 10).exists(m, m > 10) && math.greatest(size(labels), 3) > 1") == [
                "[1, 2].map(n, n * 10).exists(m, m > 10) && math.greatest(size(labels), 3) > 1 → unknown: waits for labels",
                " [1, 2].map(n, n * 10).exists(m, m > 10) → true",
                "  [1, 2].map(n, n * 10) → [10, 20]",
                "   n * 10 → 10 n=1", "   n * 10 → 20 n=2", "  m > 10 → false m=10", "  m > 10 → true m=20",
                " math.greatest(size(labels), 3) > 1 → unknown: waits for labels",
                "  math.greatest(size(labels), 3) → unknown: waits for labels",
                "   size(labels) → unknown: waits for labels", "    labels → {'team': 'risk'}",
            ])
    }

    @Test(arguments: [
        "[1, 2].all(n, n > 0)", "cel.bind(x, 1, x + x == 2)", "optional.of(1).optMap(o, o + 1).orValue(0) == 2",
        "math.greatest(1, size(values)) == 2", "{'a': 1}.transformList(k, v, v) == [1]", "[3, 1].sortBy(e, -e)[0] == 3",
        "type(known) == bool", "strings.quote('a') == '\"a\"'",
    ])
    func `nothing but what was skipped is not evaluated`(source: String) throws {
        #expect(try !Self.lines(source).contains { $0.contains("not evaluated") })
    }

    @Test func `of what was not evaluated only the outermost part is shown`() throws {
        let lines = try Self.lines("!known && candidate.metrics.accuracy + 1.0 > 2.0")
        #expect(lines.suffix(2) == ["  known → true", " candidate.metrics.accuracy + 1.0 > 2.0 → not evaluated"])
        #expect(try Self.lines("[].all(n, n > 0)").last == " n > 0 → not evaluated")
    }

    @Test func `what a literal or a loop's variable says is not said again`() throws {
        #expect(
            try Self.lines("['a', 'b'].map(s, [s, 'x']) == [] && known in [true]") == [
                "['a', 'b'].map(s, [s, 'x']) == [] && known in [true] → false",
                " ['a', 'b'].map(s, [s, 'x']) == [] → false",
                "  ['a', 'b'].map(s, [s, 'x']) → [['a', 'x'], ['b', 'x']]",
                "   [s, 'x'] → ['a', 'x'] s='a'", "   [s, 'x'] → ['b', 'x'] s='b'",
                " known in [true] → not evaluated",
            ])
    }

    @Test func `very many turns are cut, and what lies around them is kept`() throws {
        let steps = try Self.explain("lists.range(9000).all(n, n >= 0) && known").steps
        #expect(steps.first?.depth == 0 && steps.last?.text == "known")
        #expect(steps.count > 1_000 && steps.count < 3_000)
        #expect(steps[1].text == "lists.range(9000).all(n, n >= 0)")
    }

    @Test(
        arguments: [
            (
                "labels.team == 'risk' && {'accuracy': 1.0}.acuracy > 0.5", "1:44", "no such key: 'acuracy'",
                "did you mean 'accuracy'?"
            ),
            ("{'a': 1, 'b': 2}['zzzzzz'] == 1", "1:17", "no such key: 'zzzzzz'", "there are a, b"),
            ("[1, 2, 0].all(n,\n 1 / n >= 0)", "2:4", "division by zero", nil),
            ("values[2] > 1.0", "1:7", "index 2 is outside the list of 2", nil),
            ("cel.bind(x, {'auc': 1}, x.auk == 1)", "1:27", "no such key: 'auk'", "did you mean 'auc'?"),
            ("[{'a': 1}, {'b': 1}].map(m, m.a) == []", "1:31", "no such key: 'a'", "did you mean 'b'?"),
            (
                "dyn({'a': null}).a.b == 1", "1:20", "null_type has no fields: cannot read 'b'",
                "dyn({'a': null}).a is null here: say first what holds then, as in 'dyn({'a': null}).a == null || …'"
            ),
            (
                "dyn('2026-01-01T00:00:00Z') > timestamp(0)", "1:29",
                "no such overload: _>_(string, google.protobuf.Timestamp)", "write timestamp(…) around the text"
            ),
            ("int('x') == 1 || false", "1:1", "'x' is no int", nil),
        ] as [(String, String, String, String?)])
    func `an error is told where it arose, with the nearest key`(
        source: String, place: String, message: String, hint: String?
    ) throws {
        let failure = try #require(try Self.explain(source).failure)
        #expect("\(failure.location.line):\(failure.location.column)" == place)
        #expect(failure.message == message)
        #expect(failure.hint == hint)
        #expect(failure.excerpt.contains("^"))
    }

    @Test(arguments: ["known || 1 / 0 > 0", "candidate.metrics.loss > 0.1", "true"])
    func `what gave no error has no failure`(source: String) throws {
        #expect(try Self.explain(source).failure == nil)
    }
}
