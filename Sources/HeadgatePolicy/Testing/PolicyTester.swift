import CEL
package import HeadgateCore

/// A case with its evidence at hand.
package struct PreparedCase: Sendable {
    /// The PolicyTest's name.
    package let test: String
    /// What is asked, and the answer that is expected.
    package let spec: PolicyTestCase
    /// Which of its test's cases it is, from 0.
    package let index: Int
    /// Where the case begins.
    package let location: HeadgateCore.SourceLocation?
    /// Where its fields stand, by their names.
    package let fields: [String: HeadgateCore.SourceLocation]
    /// Fixtures, reports and what the case itself gives, laid over each other.
    package let evidence: PlacedJSON
    /// The metrics that the Model's steps declare, with their types; nil when they declare none.
    package let metrics: [String: MetricType]?

    package init(
        test: String, spec: PolicyTestCase, index: Int = 0, location: HeadgateCore.SourceLocation?,
        fields: [String: HeadgateCore.SourceLocation] = [:], evidence: PlacedJSON, metrics: [String: MetricType]?
    ) {
        self.test = test
        self.spec = spec
        self.index = index
        self.location = location
        self.fields = fields
        self.evidence = evidence
        self.metrics = metrics
    }

    /// Something wrong with one of its fields.
    func fault(_ code: String, _ message: String, in field: String, hint: String? = nil) -> HeadgateCore.Diagnostic {
        HeadgateCore.Diagnostic(
            .error, code: code, message, at: fields[field] ?? location, field: "spec.cases[\(index)].\(field)",
            hint: hint)
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

    /// Compiles the policy; what is wrong with it is in `problems`.
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
    ///
    /// - Returns: How it went; `errored` for a case whose text is wrong, with its place.
    package func run(_ prepared: PreparedCase) -> PolicyTestResult {
        let test = prepared.spec
        var params = spec.params
        var faults: [HeadgateCore.Diagnostic] = []
        for (param, value) in test.params.sorted(by: { $0.key < $1.key })
        where params.updateValue(value, forKey: param) == nil {
            let known = spec.params.keys.sorted()
            let hint = Spelling.hint(for: param, among: known, called: "params") ?? "it has none"
            faults.append(
                prepared.fault("unknown-param", "policy \(name) has no param \"\(param)\"", in: "params", hint: hint))
        }
        if let at = test.at, !spec.at.isEmpty, !spec.at.contains(at) {
            let known = spec.at.map(\.rawValue).joined(separator: ", ")
            faults.append(
                prepared.fault(
                    "never-asked", "policy \(name) is never asked at \(at.rawValue): its `at` is [\(known)]", in: "at"))
        }
        let (moment, leftOut) = gate(of: prepared)
        let (activation, strange) = EvidenceDocument.activation(
            prepared.evidence, declared: prepared.metrics, moment: moment, params: params, in: policy.environment)
        faults += strange
        guard faults.isEmpty else {
            return PolicyTestResult(
                test: prepared.test, name: test.name, policy: name.text, location: prepared.location, faults: faults)
        }
        recorder.cost = 0
        var answers = CompiledPolicy.Answers()
        let verdict: Verdict.Outcome
        let message: String?
        if let problem = problems.first?.summary ?? policy.misspeltMetric(among: prepared.metrics)?.message {
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
            let given = reasons.isEmpty ? "none" : reasons.joined(separator: "; ")
            problems.append("expected the reason \"\(wanted)\", got \(given)")
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
