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

    @Test func `what was not evaluated says so`() throws {
        let steps = try Self.explain("!known && champion.x").steps
        #expect(steps.last?.text == "champion.x")
        let last = try #require(steps.last)
        #expect(last.outcome.map(\.description) == nil)
    }
}
