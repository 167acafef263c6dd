import CEL
package import HeadgateCore

/// A case with its evidence at hand.
package struct PreparedCase: Sendable {
    package let test: String
    package let spec: PolicyTestCase
    package let location: HeadgateCore.SourceLocation?
    package let evidence: PlacedJSON
    package let metrics: [String: MetricType]?

    package init(
        test: String, spec: PolicyTestCase, location: HeadgateCore.SourceLocation?, evidence: PlacedJSON,
        metrics: [String: MetricType]?
    ) {
        self.test = test
        self.spec = spec
        self.location = location
        self.evidence = evidence
        self.metrics = metrics
    }
}

/// Asks a policy its test cases and watches which conditions they reach.
///
/// It evaluates what gates evaluate, on evidence that a person wrote instead of the ledger's.
package final class PolicyTester {
    private let name: PolicyName
    private let spec: PolicySpec
    private let policy: CompiledPolicy
    private let recorder: CoverageRecorder
    /// What is wrong with the policy by itself; it is then in error whatever the case.
    package let problems: [HeadgateCore.Diagnostic]

    package init(_ name: PolicyName, _ spec: PolicySpec) {
        self.name = name
        self.spec = spec
        (policy, problems) = CompiledPolicy.compile(name, spec)
        recorder = CoverageRecorder(name, policy)
    }

    /// What the cases so far have covered.
    package var coverage: PolicyCoverage {
        // Of a policy that does not compile nobody knows the conditions.
        problems.isEmpty ? recorder.coverage : PolicyCoverage(unknownOf: name, rules: spec.rules.count)
    }

    /// Asks one case.
    package func run(_ prepared: PreparedCase) -> PolicyTestResult {
        let test = prepared.spec
        var params = spec.params
        for (name, value) in test.params {
            guard params.updateValue(value, forKey: name) != nil else {
                let known = spec.params.isEmpty ? "none" : spec.params.keys.sorted().joined(separator: ", ")
                return errored(prepared, ["the policy has no param \"\(name)\"; it has \(known)"])
            }
        }
        let (moment, leftOut) = gate(of: prepared)
        let (activation, faults) = EvidenceDocument.activation(
            prepared.evidence, declared: prepared.metrics, moment: moment, params: params, in: policy.environment)
        guard faults.isEmpty else { return errored(prepared, faults.map(\.description)) }
        recorder.cost = 0
        var answers = CompiledPolicy.Answers()
        let verdict: Verdict.Outcome
        let message: String?
        if let problem = problems.first?.description ?? policy.misspeltMetric(among: prepared.metrics)?.message {
            (verdict, message) = (.error, problem)
        } else {
            answers = policy.evaluate(activation) { [recorder] in recorder.evaluate($0, $1) }
            (verdict, message) = (answers.outcome, answers.message)
        }
        let reasons = reasons(answers, activation)
        let cost = recorder.cost
        var problems = Self.differences(test.expect, verdict, message, reasons)
        if !problems.isEmpty, !leftOut.isEmpty {
            let names = leftOut.joined(separator: ", ")
            problems.append("unknown at \(moment.rawValue), whatever the case gives: \(names)")
        }
        problems += Self.differences(test.expect, answers.rules)
        if let most = test.cost, cost > UInt64(most) { problems.append("cost \(cost), expected at most \(most)") }
        return PolicyTestResult(
            test: prepared.test, name: test.name, policy: name.text, location: prepared.location,
            status: problems.isEmpty ? .passed : .failed, problems: problems, verdict: verdict, message: message,
            reasons: reasons, cost: cost, costBound: costBound)
    }

    /// Which gate a case asks, and what it gives though that gate cannot have it.
    ///
    /// Where the case does not say, the first of the policy's gates that can have the most.
    private func gate(of prepared: PreparedCase) -> (GateMoment, leftOut: [String]) {
        var given: Set<String> = []
        if case .object(let members) = prepared.evidence.value { given = Set(members.keys) }
        let gates = (prepared.spec.at.map { [$0] } ?? (spec.at.isEmpty ? [.validate] : spec.at)).map { moment in
            (moment, leftOut: EvidenceSchema.unknown(at: moment).intersection(given).sorted())
        }
        // The first of several that leave out as little.
        return gates.min { $0.leftOut.count < $1.leftOut.count } ?? (.validate, [])
    }

    /// A case that could not be asked.
    private func errored(_ prepared: PreparedCase, _ problems: [String]) -> PolicyTestResult {
        PolicyTestResult(
            test: prepared.test, name: prepared.spec.name, policy: name.text, location: prepared.location,
            status: .errored, problems: problems)
    }

    private var costBound: UInt64? {
        var bound: UInt64 = 0
        let programs =
            policy.variables.map(\.program) + policy.rules.flatMap { [$0.program] + ($0.message.map { [$0] } ?? []) }
        for program in programs {
            let (sum, overflows) = bound.addingReportingOverflow(program.cost.maximum)
            guard !overflows, program.cost.maximum != .max else { return nil }
            bound = sum
        }
        return bound
    }

    /// The parts of the deciding rules that decided.
    private func reasons(_ answers: CompiledPolicy.Answers, _ activation: Activation) -> [String] {
        let outcome = answers.outcome
        let deciding = zip(policy.rules, answers.rules).filter { $0.1.outcome == outcome }
        return deciding.flatMap { rule, _ in rule.program.explain(activation).reasons }
    }

    private static func differences(
        _ expected: PolicyExpectation, _ verdict: Verdict.Outcome, _ message: String?, _ reasons: [String]
    ) -> [String] {
        var problems: [String] = []
        if verdict != expected.verdict {
            let why = message ?? reasons.first ?? "no message"
            problems.append("expected \(expected.verdict.rawValue), got \(verdict.rawValue): \(why)")
        }
        if let wanted = expected.message, wanted != message {
            problems.append("expected the message \"\(wanted)\", got \(message.map { "\"\($0)\"" } ?? "none")")
        }
        if let pattern = expected.matches {
            switch matches(message ?? "", pattern) {
            case .value(.bool(true)): break
            case .error(let error): problems.append("\(pattern): \(error.message)")
            default:
                problems.append(
                    "expected a message that matches \(pattern), got \(message.map { "\"\($0)\"" } ?? "none")")
            }
        }
        if let wanted = expected.reason, !(reasons + [message ?? ""]).contains(where: { $0.contains(wanted) }) {
            problems.append("expected the reason \"\(wanted)\", got \(reasons.joined(separator: "; "))")
        }
        return problems
    }

    private static func differences(_ expected: PolicyExpectation, _ rules: [RuleResult]) -> [String] {
        expected.rules.sorted { $0.key < $1.key }.compactMap { name, outcome in
            guard let rule = rules.first(where: { $0.name == name }) else {
                let known = rules.map(\.name).joined(separator: ", ")
                return "there is no rule \"\(name)\"" + (known.isEmpty ? "" : "; there are \(known)")
            }
            return rule.outcome == outcome
                ? nil : "expected \(outcome.rawValue) of rule \(name), got \(rule.outcome.rawValue)"
        }
    }

    /// Matches as policies do, so that a pattern costs linear time.
    private static func matches(_ text: String, _ pattern: String) -> Evaluation.Outcome {
        var environment = Environment()
        environment.declare("text", .string)
        environment.declare("pattern", .string)
        let activation = Activation(environment)
        activation["text"] = .string(text)
        activation["pattern"] = .string(pattern)
        do {
            return try environment.compile("text.matches(pattern)").evaluate(activation).result
        } catch {
            return .value(.bool(false))
        }
    }
}
