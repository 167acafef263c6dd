import CEL
import Foundation
import Testing

/// What `docs/cel.md` shows, through the public interface alone.
@Suite struct DocumentationTests {
    @Test func `every line of Swift that is shown is compiled here`() throws {
        func bare(_ line: Substring) -> String {
            String((line.firstRange(of: "    //").map { line[..<$0.lowerBound] } ?? line).filter { !$0.isWhitespace })
        }
        func lines(_ file: URL) throws -> [String] {
            try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map(bare)
        }
        let source = URL(filePath: #filePath)
        let compiled = try lines(source).joined()
        let page = source.deletingLastPathComponent().appending(path: "../../docs/cel.md")
        var shown = 0
        var isSwift = false
        for line in try lines(page) {
            if line.hasPrefix("```") {
                isSwift = line == "```swift"
            } else if isSwift, !line.hasPrefix("//"), !line.hasPrefix("dependencies:"), !line.hasPrefix("targets:") {
                shown += 1
                #expect(compiled.contains(line), "\(line)")
            }
        }
        #expect(shown > 40)
    }

    private func environment() -> Environment {
        var environment = Environment()
        environment.declare("metrics", .map(.string, .double))
        environment.declare(
            RecordType(name: "Candidate", fields: ["metrics": .map(.string, .double), "digest": .string]))
        environment.declare("candidate", .record("Candidate"))
        return environment
    }

    @Test func `the first example gives its value, cost and explanation`() throws {
        var environment = Environment()
        environment.declare("metrics", .map(.string, .double))
        let program = try environment.compile("metrics.auc >= 0.9 && metrics.auc < 1.0")

        let activation = Activation(environment)
        activation["metrics"] = .map([("auc", .double(0.913))])
        let evaluation = program.evaluate(activation)
        #expect(evaluation.value?.description == "true")
        #expect(evaluation.cost == 6)
        let explanation = program.explain(activation)
        #expect(explanation.summary == "metrics.auc (0.913) >= 0.9 && metrics.auc (0.913) < 1.0 → true")
        #expect(explanation.reasons.count == 2)
        #expect(explanation.steps.count == 7)
        #expect(explanation.failure == nil)
    }

    @Test func `what is not there yet is named, and the rest is left`() throws {
        let environment = environment()
        let activation = Activation(environment)
        activation["metrics"] = .map([("auc", .double(0.913))])
        activation.unsetIsUnknown = true
        let gate = try environment.compile("metrics.auc >= 0.9 && candidate.digest != ''")
        #expect(gate.evaluate(activation).result.description == "unknown: waits for candidate.digest")
        #expect(gate.residual(activation) == "candidate.digest != ''")
    }

    @Test func `values of every kind are made as shown`() throws {
        var environment = environment()
        let moment = Timestamp(rfc3339: "2026-03-01T12:00:00Z")
        let span = TimeSpan(text: "1h30m")
        let values: [Value] = [
            .null, .bool(true), .int(1), .uint(2), .double(0.5), .string("a"), .bytes([0, 255]),
            .list([.int(1), .int(2)]), .strings(["a", "b"]), .map([("a", .int(1))]), .none,
            .optional(OptionalValue(.int(1))),
        ]
        let byNumber = MapValue(entries: [(Value.int(1), Value.string("a"))])
        environment.declare("candidates", .list(.record("Candidate")))
        #expect(
            values.map { $0.literal() } == [
                "null", "true", "1", "2u", "0.5", "\"a\"", "b\"\\x00\\xff\"", "[1, 2]", "[\"a\", \"b\"]", "{\"a\": 1}",
                "optional.none()", "optional.of(1)",
            ])
        #expect(moment.map { Value.timestamp($0).literal() } == "timestamp(\"2026-03-01T12:00:00Z\")")
        #expect(span.map { Value.duration($0).literal() } == "duration(\"5400s\")")
        #expect(byNumber.map { Value.map($0).literal() } == "{1: \"a\"}")
        let later = Activation(environment)
        later["candidates"] = .list([.record(RecordValue("Candidate", [("digest", .string("sha256:1"))]))])
        let program = try environment.compile("candidates[0].digest")
        #expect(program.evaluate(later).value?.literal() == "\"sha256:1\"")
    }

    func answer(_ program: Program, _ activation: Activation) -> String {
        switch program.evaluate(activation).result {
        case .value(.bool(let holds)): return holds ? "yes" : "no"
        case .value(let other): return "gave \(other.typeName), not a bool"
        case .unknown(let set): return "waits for \(set.paths.joined(separator: ", "))"
        case .error(let error) where error.kind == .costLimit: return "too dear"
        case .error(let error): return program.explain(activation).failure?.rendered ?? error.message
        }
    }

    @Test(arguments: [
        ("metrics.auc >= 0.9", "yes"), ("metrics.auc < 0.9", "no"), ("metrics.auc", "gave double, not a bool"),
        ("candidate.digest == ''", "waits for candidate"),
        ("lists.range(1000).all(a, lists.range(1000).all(b, lists.range(10).all(c, true)))", "too dear"),
        (
            "metrics.auk >= 0.9",
            "1:9: no such key: 'auk'\n | metrics.auk >= 0.9\n |         ^\n = did you mean 'auc'?"
        ),
    ])
    func `an answer is read as shown`(source: String, expected: String) throws {
        let environment = environment()
        let activation = Activation(environment)
        activation["metrics"] = .map([("auc", .double(0.913))])
        activation["candidate"] = .unknown(UnknownSet("candidate"))
        #expect(answer(try environment.compile(source), activation).hasPrefix(expected))
    }

    @Test func `a misspelt field is refused as shown`() {
        do throws(CompilationError) {
            let environment = environment()
            _ = try environment.compile("candidate.digst == ''")
            Issue.record("it was accepted")
        } catch {
            let shown = """
                1:11: Candidate has no field 'digst'
                 | candidate.digst == ''
                 |           ^
                 = did you mean 'digest'?
                """
            #expect(error.description == shown)
        }
    }

    @Test func `a function of one's own and a bound work as shown`() throws {
        var environment = environment()
        environment.declare(function: "grade", Overload([.double], .string)) { (arguments) throws(EvaluationError) in
            guard case .double(let score) = arguments[0] else { return .null }
            guard score.isFinite else { throw EvaluationError(.invalidArgument, "a grade needs a number") }
            return .string(score >= 0.9 ? "A" : "B")
        }
        let refused = try environment.compile("grade(1.0 / 0.0)").evaluate(Activation(environment))
        #expect(refused.result.description == "error: a grade needs a number")
        #expect(
            try environment.compile("grade(0.95)").evaluate(Activation(environment)).result.description == "'A'")
        environment.declare("slices", .list(.map(.string, .string)))
        environment.sizeBounds = ["slices": 1_000, "slices[].name": 64]
        #expect(try environment.compile("slices.all(s, s.name != '')").cost.maximum < 10_000)
    }

    @Test(arguments: [
        "'a'.charAt(0) + 'ab'.substring(1) + 'a'.upperAscii() + strings.quote('a') == ''", "'%d'.format([1]) == '1'",
        "math.greatest(1, 2) > math.least(1, 2) && math.bitAnd(1, 1) == 1 && math.isNaN(0.0)",
        "[1].distinct().flatten().reverse().sort().slice(0, 1).first().hasValue()",
        "lists.range(3).isSorted() && [1].sum() == [1].min() && [1].indexOf(1) == [1].lastIndexOf(1)",
        "sets.contains([1], [1]) && sets.equivalent([1], [1]) && sets.intersects([1], [1])",
        "base64.encode(b'a') == 'YQ==' && base64.decode('YQ==') == b'a'",
        "regex.extract('a', 'a').hasValue() && regex.replace('a', 'a', 'b') == 'b' && 'a'.find('a') == 'a'",
        "regex.extractAll('a', 'a') == 'a'.findAll('a')",
        "optional.ofNonZeroValue(1).or(optional.none()).orValue(2) > 0",
        "isIP('10.0.0.1') && isCIDR('10.0.0.0/8') && cidr('10.0.0.0/8').containsIP(ip('10.0.0.1'))",
        "quantity('1Gi').isGreaterThan(quantity('1Mi')) && semver('1.2.3').major() == 1",
        "url('https://example.com/a').getHost() == 'example.com'", "[3, 1].sortBy(x, x) == [1, 3]",
    ])
    func `the functions that are listed are there`(source: String) throws {
        let environment = Environment()
        let result = try environment.compile(source).evaluate(Activation(environment))
        #expect(result.value != nil, "\(result.result)")
    }
}
