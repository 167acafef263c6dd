import Testing

@testable import CEL

/// Evaluation where some of the evidence is not there yet.
@Suite struct UnknownTests {
    static let environment: Environment = {
        var environment = Environment()
        environment.declare(RecordType(name: "Candidate", fields: ["metrics": .map(.string, .double)], isOpen: true))
        environment.declare("candidate", .record("Candidate"))
        environment.declare("champion", .dyn)
        environment.declare("values", .list(.double))
        environment.declare("known", .bool)
        environment.declare("labels", .map(.string, .string))
        return environment
    }()

    static func activation() -> Activation {
        let activation = Activation(environment)
        let nan = Value.unknown(UnknownSet("candidate.metrics.loss"))
        let metrics = MapValue(
            [("accuracy", .double(0.91)), ("loss", nan)],
            absence: .unknownUnlessTested(path: "candidate.metrics")
        )
        activation["candidate"] = .record(RecordValue("Candidate", [("metrics", .map(metrics))]))
        activation["champion"] = .unknown(UnknownSet("champion"))
        activation["values"] = .list([.double(1), .unknown(UnknownSet("values[1]"))])
        activation["known"] = .bool(true)
        activation["labels"] = .map(MapValue([("team", .string("risk"))], absence: .unknown(path: "labels")))
        return activation
    }

    static func outcome(_ source: String) throws -> String {
        try environment.compile(source).evaluate(activation()).result.description
    }

    @Test(arguments: [
        ("candidate.metrics.loss < 0.5", "unknown: waits for candidate.metrics.loss"),
        ("candidate.metrics.f1 > 0.5", "unknown: waits for candidate.metrics.f1"),
        ("champion.metrics.auc > 0.5", "unknown: waits for champion.metrics.auc"),
        ("champion == null", "unknown: waits for champion"),
        ("champion['a'].b", "unknown: waits for champion.a.b"),
        ("values[1] > 0.0 && champion.x", "unknown: waits for champion.x, values[1]"),
        ("values == [1.0, 2.0]", "unknown: waits for values[1]"),
        ("values == [2.0, 2.0]", "false"),
        ("values.sum()", "unknown: waits for values[1]"),
        ("2.0 in values", "unknown: waits for values[1]"),
        ("1.0 in values", "true"),
        ("values.exists(v, v == 1.0)", "true"),
        ("values.all(v, v == 1.0)", "unknown: waits for values[1]"),
        ("values.all(v, v == 2.0)", "false"),
        ("values.map(v, v + 1.0)", "unknown: waits for values[1]"),
        ("size(values)", "2"),
        ("champion.x ? 1 : 2", "unknown: waits for champion.x"),
        ("known ? 1 : champion.x", "1"),
        ("[champion]", "unknown: waits for champion"),
        ("has(champion.x)", "unknown: waits for champion.x"),
        ("has(candidate.metrics.f1)", "false"),
        ("has(candidate.metrics.accuracy)", "true"),
        ("labels.team", "'risk'"),
        ("labels.tier", "unknown: waits for labels.tier"),
        ("has(labels.tier)", "unknown: waits for labels.tier"),
        ("size(labels)", "unknown: waits for labels"),
        ("labels.all(l, l == 'team')", "unknown: waits for labels"),
        ("labels.transformMap(k, v, v)", "unknown: waits for labels"),
        ("labels.transformMapEntry(k, v, {v: k})", "unknown: waits for labels"),
        ("[1].transformMapEntry(i, v, labels)", "unknown: waits for labels"),
        ("labels == {'team': 'risk'}", "unknown: waits for labels"),
        ("{'team': 'risk', 'tier': 'low'} == labels", "unknown: waits for labels"),
        ("labels == {'team': 'fun'}", "false"),
        ("labels == {'tier': 'low'}", "false"),
        ("'%s'.format([labels])", "unknown: waits for labels"),
        ("optional.ofNonZeroValue(labels).hasValue()", "true"),
    ])
    func `an unknown passes through what needs it`(source: String, expected: String) throws {
        #expect(try Self.outcome(source) == expected)
    }

    @Test(arguments: [
        ("champion.x && false", "false"), ("false && champion.x", "false"), ("champion.x || true", "true"),
        ("champion.x || false", "unknown: waits for champion.x"),
        ("champion.x && true", "unknown: waits for champion.x"),
        ("1 / 0 == 1 && false", "false"), ("1 / 0 == 1 || true", "true"),
        ("1 / 0 == 1 && champion.x", "unknown: waits for champion.x"),
        ("champion.x || 1 / 0 == 1", "unknown: waits for champion.x"),
        ("1 / 0 + champion.x == 1", "unknown: waits for champion.x"),
        ("champion.x && champion.y && false", "false"),
        ("1 / 0 == 1 && known", "error: division by zero"),
    ])
    func `one deciding side settles logic, an unknown outweighs an error`(source: String, expected: String) throws {
        #expect(try Self.outcome(source) == expected)
    }

    @Test(arguments: [
        ("candidate.metrics.accuracy >= 0.9 && champion.x > 1", "champion.x > 1"),
        ("candidate.metrics.accuracy - champion.m <= 0.01", "0.91 - champion.m <= 0.01"),
        ("known ? champion.x : 2", "champion.x"),
        ("champion.x ? known : false", "champion.x ? known : false"),
        ("!known || (champion.x || champion.y) && known", "champion.x || champion.y"),
        ("(champion.a + 2) * 3 + size('abc')", "(champion.a + 2) * 3 + 3"),
        ("values.all(v, v > 0.5 && known)", "values.all(v, v > 0.5 && known)"),
        ("known && candidate.metrics.accuracy < 0.95", "true"),
        ("(known ? values.map(v, v * 2.0) : champion.y).sum()", "dyn(values.map(v, v * 2.0)).sum()"),
        ("(known ? champion.x : champion.y) > 1", "champion.x > 1"),
        ("known ? values[1] : champion.x", "values[1]"),
        ("champion.x in ['a', 'b'] && known", "champion.x in ['a', 'b']"),
        ("known && champion.x", "true && champion.x"),
        ("labels == {'team': 'risk'} && known", "labels == {'team': 'risk'}"),
        ("labels[champion.x] == 'a'", "labels[champion.x] == 'a'"),
    ])
    func `the residual is what remains to be known`(source: String, expected: String) throws {
        #expect(try Self.environment.compile(source).residual(Self.activation()) == expected)
    }

    @Test func `variables that are not set are unknown on request`() throws {
        let activation = Activation(Self.environment)
        let program = try Self.environment.compile("known && champion.x")
        guard case .error = program.evaluate(activation).result else {
            Issue.record("an unset variable gave no error")
            return
        }
        activation.unsetIsUnknown = true
        #expect(program.evaluate(activation).result.description == "unknown: waits for champion.x, known")
    }

    @Test func `lazy variables run once and keep their errors`() throws {
        let activation = Activation(Self.environment)
        var runs = 0
        activation.set("known") { (_) throws(EvaluationError) in
            runs += 1
            return .bool(true)
        }
        activation.set("champion") { (_) throws(EvaluationError) in
            runs += 1
            throw EvaluationError(.invalidArgument, "no champion")
        }
        #expect(try Self.environment.compile("known && known").evaluate(activation).result.description == "true")
        #expect(runs == 1)
        let program = try Self.environment.compile("champion == 1 && known")
        #expect(program.evaluate(activation).result.description == "error: no champion")
        #expect(program.evaluate(activation).result.description == "error: no champion")
        #expect(runs == 2)
        #expect(activation.readVariables == ["champion", "known"])
    }

    @Test func `a lazy variable that reads itself is an error`() throws {
        let activation = Activation(Self.environment)
        activation.set("champion") { (activation) throws(EvaluationError) in try activation.value(of: "champion") }
        let result = try Self.environment.compile("champion").evaluate(activation).result
        #expect(result.description == "error: variable 'champion' depends on itself")
    }

    @Test func `an activation serves programs of another environment by name`() throws {
        var wider = Self.environment
        wider.declare("extra", .int)
        #expect(try wider.compile("known").evaluate(Self.activation()).result.description == "true")
    }
}
