import HeadgateCore
import Testing

@testable import HeadgatePolicy

@Suite struct PolicyTesterTests {
    private static func policy(
        _ expressions: [String], params: [String: JSONValue] = [:], variables: [PolicyVariable] = []
    ) -> PolicySpec {
        PolicySpec(
            at: [.validate], params: params, variables: variables,
            rules: expressions.enumerated().map { PolicyRule(name: "r\($0)", expression: PolicyExpression($1)) })
    }

    private static func tester(_ spec: PolicySpec) throws -> PolicyTester {
        PolicyTester(try #require(PolicyName("p")), spec)
    }

    private static func prepared(
        _ evidence: JSONValue, _ expect: PolicyExpectation = PolicyExpectation(verdict: .pass),
        params: [String: JSONValue] = [:], at: GateMoment? = nil, cost: Int? = nil, metrics: [String: MetricType]? = nil
    ) -> PreparedCase {
        PreparedCase(
            test: "t", spec: PolicyTestCase(name: "c", params: params, at: at, expect: expect, cost: cost),
            location: nil,
            evidence: PlacedJSON(evidence), metrics: metrics)
    }

    private static func accuracy(_ value: JSONValue) -> JSONValue {
        .object(["candidate": .object(["metrics": .object(["accuracy": value])])])
    }

    @Test(arguments: [
        ("candidate.metrics.accuracy > 0.5", JSONValue.number(0.9), Verdict.Outcome.pass),
        ("candidate.metrics.accuracy > 0.5", .integer(0), .fail),
        ("candidate.metrics.accuracy > 0.5", .null, .inconclusive),
        ("candidate.metrics.accuracy > 0.5", .string("high"), .inconclusive),
        ("candidate.size > 0", .integer(1), .inconclusive),
        ("champion == null", .integer(1), .inconclusive),
        ("approvals.size() == 0 && !restoring && moment == 'validate'", .integer(1), .pass),
        ("candidate.metric.accuracy > 0.5", .integer(1), .error),
    ])
    func `a case is answered as a gate answers, and what is not given is unknown`(
        _ expression: String, _ accuracy: JSONValue, _ outcome: Verdict.Outcome
    ) throws {
        let tester = try Self.tester(Self.policy([expression]))
        let result = tester.run(Self.prepared(Self.accuracy(accuracy), PolicyExpectation(verdict: outcome)))
        #expect(result.status == .passed, "\(result)")
    }

    @Test func `an error in a rule comes with what was probably meant`() throws {
        let tester = try Self.tester(Self.policy(["candidate.params.tres > 5"]))
        let evidence = JSONValue.object(["candidate": .object(["params": .object(["trees": .integer(9)])])])
        let result = tester.run(Self.prepared(evidence, PolicyExpectation(verdict: .inconclusive)))
        #expect(result.message == "rule r0: no such key: 'tres'; did you mean 'trees'?", "\(result)")
    }

    @Test(arguments: [
        (PolicyExpectation(verdict: .pass), "expected pass, got fail"),
        (PolicyExpectation(verdict: .fail, message: "other"), "expected the message \"other\""),
        (PolicyExpectation(verdict: .fail, matches: "^x"), "that matches ^x"),
        (PolicyExpectation(verdict: .fail, matches: "("), "("),
        (PolicyExpectation(verdict: .fail, reason: "size"), "expected the reason \"size\""),
        (PolicyExpectation(verdict: .fail, rules: ["r0": .pass]), "expected pass of rule r0, got fail"),
        (PolicyExpectation(verdict: .fail, rules: ["nope": .pass]), "there is no rule \"nope\"; there are r0"),
    ])
    func `every difference from what was expected fails the case and is named`(
        _ expected: PolicyExpectation, _ problem: String
    ) throws {
        let tester = try Self.tester(Self.policy(["candidate.metrics.accuracy > 0.5"]))
        let result = tester.run(Self.prepared(Self.accuracy(.number(0.1)), expected))
        #expect(result.status == .failed)
        #expect(result.problems.contains { $0.contains(problem) }, "\(result.problems)")
    }

    @Test func `a case says what decided, and the cost that it may have`() throws {
        let spec = Self.policy(["params.off || candidate.metrics.accuracy > 0.5"], params: ["off": .bool(false)])
        let tester = try Self.tester(spec)
        let expected = PolicyExpectation(verdict: .fail, reason: "candidate.metrics.accuracy (0.1) > 0.5")
        let result = tester.run(Self.prepared(Self.accuracy(.number(0.1)), expected, cost: 100))
        #expect(result.status == .passed, "\(result)")
        #expect(result.cost > 0 && result.cost <= 100)
        let dear = tester.run(Self.prepared(Self.accuracy(.number(0.1)), expected, cost: 1))
        #expect(dear.problems == ["cost \(dear.cost), expected at most 1"])
    }

    @Test(arguments: [
        (JSONValue.object(["candidat": .object([:])]), "candidat", "did you mean"),
        (.object(["candidate": .object(["metric": .object([:])])]), "candidate.metric", "metrics"),
        (.object(["approvals": .array([.object(["bye": .string("x")])])]), "approvals[0].bye", "by"),
        (.object(["now": .string("yesterday")]), "now", "expected a time"),
        (.object(["candidate": .object(["size": .string("x")])]), "candidate.size", "expected int"),
    ])
    func `evidence that no record declares is an error with its place and the nearest name`(
        _ evidence: JSONValue, _ path: String, _ hint: String
    ) throws {
        let result = try Self.tester(Self.policy(["true"])).run(Self.prepared(evidence))
        #expect(result.status == .errored)
        #expect(result.problems.contains { $0.contains("[\(path)]") && $0.contains(hint) }, "\(result.problems)")
    }

    /// Evidence, what its undeclared metric is called, and what is told of it; nil for none.
    @Test(
        arguments: [
            (["acuracy": .number(1)], "candidate.metrics.acuracy", "did you mean \"accuracy\"?"),
            (["slices": .object(["soth": .number(1)])], "candidate.metrics.slices.soth", "\"slices.south\"?"),
            (["slices": .number(1)], "candidate.metrics.slices", "declared are accuracy, confusion, slices.south"),
            (["accuracy": .number(1), "slices": .object(["south": .null])], nil, ""),
            (["confusion": .object(["tp": .number(1)])], nil, ""),
        ] as [([String: JSONValue], String?, String)])
    func `a metric in the evidence that no step declares is an error, where the steps declare theirs`(
        _ metrics: [String: JSONValue], _ path: String?, _ told: String
    ) throws {
        let tester = try Self.tester(Self.policy(["true"]))
        for who in ["candidate", "champion"] {
            let evidence = JSONValue.object([who: .object(["metrics": .object(metrics)])])
            let declared: [String: MetricType] = ["accuracy": .double, "slices.south": .double, "confusion": .double]
            let result = tester.run(Self.prepared(evidence, metrics: declared))
            #expect((result.status == .errored) == (path != nil), "\(result)")
            #expect(result.faults.map(\.field) == (path.map { [$0.replacing("candidate", with: who)] } ?? []))
            #expect(result.problems.allSatisfy { $0.contains(told) }, "\(result)")
            #expect(tester.run(Self.prepared(evidence)).status == .passed, "without declared metrics any may be given")
        }
    }

    @Test func `a gate at which the policy is never asked is an error with its place and the policy's gates`() throws {
        var spec = Self.policy(["true"])
        spec.at = [.validate, .rollout]
        let file = try #require(RepositoryPath("t.yaml"))
        let place = SourceLocation(file: file, line: 9, column: 5)
        let item = PolicyTestCase(name: "c", at: .release, expect: PolicyExpectation(verdict: .pass))
        let result = try Self.tester(spec).run(
            PreparedCase(
                test: "t", spec: item, index: 2, location: nil, fields: ["at": place],
                evidence: PlacedJSON(.object([:])), metrics: nil))
        #expect(result.status == .errored)
        #expect(
            result.problems == [
                "t.yaml:9:5: error: policy p is never asked at release: its `at` is [validate, rollout] "
                    + "[spec.cases[2].at]"
            ])
    }

    @Test func `an expected reason without any that was given is said as that`() throws {
        let expected = PolicyExpectation(verdict: .error, reason: "traffic")
        let result = try Self.tester(Self.policy(["candidate.sise > 1"])).run(Self.prepared(.object([:]), expected))
        #expect(result.problems == ["expected the reason \"traffic\", got none"])
    }

    @Test(
        arguments: [
            ([GateMoment.plan], nil, Verdict.Outcome.inconclusive), ([.plan, .validate], nil, .pass),
            ([.plan, .validate], .plan, .inconclusive), ([.validate], nil, .pass), ([.rollout], nil, .pass),
        ] as [([GateMoment], GateMoment?, Verdict.Outcome)])
    func `what the gate cannot have is unknown, and a case that names no gate asks one that can`(
        _ gates: [GateMoment], _ at: GateMoment?, _ outcome: Verdict.Outcome
    ) throws {
        var spec = Self.policy(["candidate.metrics.accuracy > 0.5"])
        spec.at = gates
        let tester = try Self.tester(spec)
        let result = tester.run(Self.prepared(Self.accuracy(.number(0.9)), PolicyExpectation(verdict: outcome), at: at))
        #expect(result.status == .passed, "\(result)")
        let wrong = tester.run(Self.prepared(Self.accuracy(.number(0.9)), PolicyExpectation(verdict: .fail), at: at))
        #expect(
            wrong.problems.contains("unknown at plan, whatever the case gives: candidate")
                == (outcome == .inconclusive), "\(wrong)")
    }

    @Test func `a param that the policy does not have and a metric that no step declares are errors`() throws {
        let tester = try Self.tester(
            Self.policy(["candidate.metrics.acuracy > params.floor"], params: ["floor": .number(0.5)]))
        let wrong = tester.run(Self.prepared(Self.accuracy(.number(1)), params: ["flor": .number(1)]))
        #expect(wrong.status == .errored)
        let undeclared = tester.run(
            Self.prepared(
                Self.accuracy(.number(1)), PolicyExpectation(verdict: .error, matches: "no step declares"),
                metrics: ["accuracy": .double]))
        #expect(undeclared.status == .passed, "\(undeclared)")
    }

    @Test func `coverage names what was seen one way only, in rules, variables and messages`() throws {
        var spec = Self.policy(
            ["variables.good || restoring"],
            variables: [
                PolicyVariable(name: "good", expression: PolicyExpression("candidate.metrics.accuracy > 0.5"))
            ])
        spec.rules[0].messageExpression = PolicyExpression("restoring ? 'a' : 'b'")
        let tester = try Self.tester(spec)
        #expect(tester.coverage.gaps.allSatisfy { $0.missing == "never evaluated" })
        #expect(tester.coverage.percent == 0)
        _ = tester.run(Self.prepared(Self.accuracy(.number(0.9))))
        #expect(tester.coverage.coveredRules == 0)
        _ = tester.run(Self.prepared(Self.accuracy(.number(0.1))))
        let coverage = tester.coverage
        #expect(coverage.coveredRules == 1 && coverage.rules == 1)
        #expect(
            coverage.gaps.map { "\($0.part): \($0.missing): \($0.expression)" } == [
                "rule r0: never true: restoring", "message of rule r0: never true: restoring",
            ])
        #expect(coverage.seen == 8 && coverage.wanted == 10)
    }

    @Test func `a policy that does not compile is not covered`() throws {
        let tester = try Self.tester(Self.policy(["candidate.metric.x > 1"]))
        #expect(tester.problems.count == 1)
        #expect(tester.coverage.percent == 0)
    }
}
