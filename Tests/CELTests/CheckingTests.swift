import Testing

@testable import CEL

@Suite struct CheckingTests {
    static let environment: Environment = {
        var environment = Environment()
        environment.declare(RecordType(name: "Metrics", fields: ["accuracy": .double, "latency": .double]))
        environment.declare(RecordType(name: "Candidate", fields: ["metrics": .record("Metrics"), "digest": .string]))
        environment.declare(RecordType(name: "Params", fields: ["tolerance": .double], isOpen: true))
        environment.declare("candidate", .record("Candidate"))
        environment.declare("params", .record("Params"))
        environment.declare("slices", .list(.map(.string, .double)))
        environment.declare("anything", .dyn)
        return environment
    }()

    static func diagnostics(_ source: String) -> [Diagnostic] {
        do throws(CompilationError) {
            _ = try environment.compile(source)
            return []
        } catch {
            return error.diagnostics
        }
    }

    @Test func `a misspelt field is refused with its place, a caret and the nearest name`() throws {
        let found = Self.diagnostics("true &&\n  candidate.metrics.acuracy >= 0.9")
        let diagnostic = try #require(found.first)
        #expect(found.count == 1)
        #expect(diagnostic.location.line == 2)
        #expect(diagnostic.location.column == 21)
        #expect(diagnostic.message == "Metrics has no field 'acuracy'")
        #expect(diagnostic.hint == "did you mean 'accuracy'?")
        #expect(
            diagnostic.excerpt == " |   candidate.metrics.acuracy >= 0.9\n |                     ^"
        )
        #expect(diagnostic.rendered.hasPrefix("2:21: Metrics has no field"))
    }

    @Test(arguments: [
        ("candidat.digest", "did you mean 'candidate'?"),
        ("slices.exist(s, true)", "did you mean 'exists'?"),
        ("'a'.startWith('b')", "did you mean 'startsWith'?"),
        ("sise(slices)", "did you mean 'size'?"),
        ("candidate.metrics.accuracy + 1", "numbers do not convert by themselves: write double(…), or 1.0 for 1"),
        ("candidate.metrics.precision", "its fields: accuracy, latency"),
        ("candidate.digest = 'a'", "write '==' to compare"),
        ("true & false", "write '&&'"), ("true and false", "write '&&'"), ("true OR false", "write '||'"),
        ("not true", "write '!'"),
        ("9223372036854775808", "write 9223372036854775808u for a uint"),
    ])
    func `a slip comes with a hint`(source: String, hint: String) {
        #expect(Self.diagnostics(source).first?.hint == hint)
    }

    @Test(arguments: [
        "1 + 'a'", "!1", "1 ? 2 : 3", "true ? 1 : 'a'", "slices.all(s, s)", "slices.map(s)", "1.all(x, true)",
        "candidate['digest']", "slices['a']", "{1.5: 1}", "has(candidate)", "[1].map(1, 2)", "size()", "size(1)",
        "candidate.digest.matches(1)", "nothing(1)", "a.b.c", "'unclosed", "'new\nline'", "(1", "[1", "{1}", "1 +",
        "", "  ", "1 2", "for", "in", "a.in", "0x", "1u2", "'\\q'", "'\\ud800'", "b'\\u0041'", "x.`a", "`a`", "\u{1}",
        "[1].map(x, x, x, x, x)", "[1].existsOne(a, a, true)", "optional.of(1) + 1", "cel.block(1, 2)", "cel.index(0)",
    ])
    func `what does not fit is refused with a place`(source: String) throws {
        let diagnostic = try #require(Self.diagnostics(source).first, "\(source)")
        #expect(diagnostic.location.line >= 1 && diagnostic.location.column >= 1)
        #expect(diagnostic.excerpt.contains("^"))
    }

    @Test(
        arguments: [
            ("slices.alll(s, s.auc > 0.5)", "there is no function 'alll'", "did you mean 'all'?"),
            ("slices.all(s)", "'all' does not take one argument", "it is called as list.all(x, condition)"),
            ("slices.map(s, 1, 2, 3)", "'map' does not take 4 arguments", nil),
            ("math.greatst(1, 2) == 2", "there is no function 'math.greatst'", "did you mean 'math.greatest'?"),
            ("math.max(1, 2) == 2", "there is no function 'math.max'", "did you mean 'math.greatest'?"),
            ("math.min([1, 2]) == 2", "there is no function 'math.min'", "did you mean 'math.least'?"),
            ("cel.bnd(x, 1, x == 1)", "there is no function 'cel.bnd'", "did you mean 'cel.bind'?"),
            (
                "cel.bind(x, 1)", "'cel.bind' does not take 2 arguments",
                "it is called as cel.bind(x, value, expression)"
            ),
            ("has(anything.a, anything.b)", "'has' does not take 2 arguments", "it is called as has(a.b)"),
        ] as [(String, String, String?)])
    func `a slip in a call is told once`(source: String, message: String, hint: String?) throws {
        let found = Self.diagnostics(source)
        #expect(found.map(\.message) == [message])
        if let hint { #expect(found.first?.hint == hint) }
    }

    @Test func `a mistake beside an unknown function is told with it`() {
        #expect(Self.diagnostics("candidate.digest.frobnicate(candidat)").count == 2)
    }

    @Test func `all mistakes of types are told at once`() {
        #expect(Self.diagnostics("candidate.digst == 'a' && params.x && missing && slices.all(s, t)").count == 3)
    }

    @Test(arguments: [
        ("candidate.metrics.accuracy", "double"),
        ("params.anything", "dyn"),
        ("params.tolerance", "double"),
        ("slices.map(s, s.auc)", "list(double)"),
        ("slices.filter(s, s.auc > 0.5)", "list(map(string, double))"),
        ("slices[0].?auc", "optional(double)"),
        ("{'a': 1}.transformMap(k, v, k)", "map(string, string)"),
        ("[1, 'a']", "list(dyn)"),
        ("candidate == candidate", "bool"),
        ("anything.x + 1", "int"),
        ("anything.x + [1]", "list(dyn)"),
        ("[1] + anything.x", "list(dyn)"),
        ("duration('1h') + timestamp(0)", "timestamp"),
        ("Params{tolerance: 0.5}", "Params"),
    ])
    func `types are deduced`(source: String, type: String) throws {
        #expect(try Self.environment.compile(source).resultType.description == type)
    }

    @Test func `columns count Unicode scalars`() throws {
        let diagnostic = try #require(Self.diagnostics("'ü😀' == candidate.digst").first)
        #expect(diagnostic.location.column == 19)
    }

    @Test func `the attributes that an expression reads are listed`() throws {
        let program = try Self.environment.compile(
            "candidate.metrics.accuracy > params.floor && has(anything.x.y) && anything['z'] == slices[0].auc"
        )
        let expected = [
            "candidate.metrics.accuracy", "params.floor", "anything.x.y", "anything.z", "slices[0].auc",
        ]
        #expect(program.attributes == expected)
    }
}
