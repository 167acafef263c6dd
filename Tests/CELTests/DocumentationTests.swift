import CEL
import Testing

/// What `docs/cel.md` shows, through the public interface alone.
@Suite struct DocumentationTests {
    private func environment() -> Environment {
        var environment = Environment()
        environment.declare("metrics", .map(.string, .double))
        environment.declare(
            RecordType(name: "Candidate", fields: ["metrics": .map(.string, .double), "digest": .string]))
        environment.declare("candidate", .record("Candidate"))
        return environment
    }

    @Test func `the first example gives its value, cost and explanation`() throws {
        let environment = environment()
        let program = try environment.compile("metrics.auc >= 0.9 && metrics.auc < 1.0")
        let activation = Activation(environment)
        activation["metrics"] = .map([("auc", .double(0.913))])
        let evaluation = program.evaluate(activation)
        #expect(evaluation.value?.description == "true")
        #expect(evaluation.cost == 6)
        let explanation = program.explain(activation)
        #expect(explanation.summary == "metrics.auc (0.913) >= 0.9 && metrics.auc (0.913) < 1.0 → true")
        activation.unsetIsUnknown = true
        let gate = try environment.compile("metrics.auc >= 0.9 && candidate.digest != ''")
        #expect(gate.evaluate(activation).result.description == "unknown: waits for candidate.digest")
        #expect(gate.residual(activation) == "candidate.digest != ''")
    }

    @Test func `a misspelt field is refused as shown`() {
        do throws(CompilationError) {
            _ = try environment().compile("candidate.digst == ''")
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
            return .string(score >= 0.9 ? "A" : "B")
        }
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
