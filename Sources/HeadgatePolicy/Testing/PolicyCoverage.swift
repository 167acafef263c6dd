import CEL
package import HeadgateCore

/// Which conditions of a policy its tests saw true, and which false.
package struct PolicyCoverage: Sendable, Encodable {
    /// A condition that was not seen both ways.
    package struct Gap: Sendable, Hashable, Encodable {
        /// The rule or variable that the condition stands in, such as `rule accuracy`.
        package let part: String
        /// The condition's source text.
        package let expression: String
        /// Where it begins; nil for an expression that stands in no file.
        package let location: HeadgateCore.SourceLocation?
        /// What is missing: `never true`, `never false` or `never evaluated`.
        package let missing: String
    }

    /// The policy that was watched.
    package let policy: PolicyName
    /// Rules that were seen both true and false.
    package let coveredRules: Int
    /// How many rules the policy has; two with the same text count once.
    package let rules: Int
    /// Ways in which conditions came out, two for each.
    package let seen: Int
    /// The ways in which they could come out.
    package let wanted: Int
    /// Conditions that were not seen both ways, in the order of the policy's text.
    package let gaps: [Gap]

    init(policy: PolicyName, coveredRules: Int, rules: Int, seen: Int, wanted: Int, gaps: [Gap]) {
        self.policy = policy
        self.coveredRules = coveredRules
        self.rules = rules
        self.seen = seen
        self.wanted = wanted
        self.gaps = gaps
    }

    /// Nothing is covered of a policy that cannot be asked.
    init(unknownOf policy: PolicyName, rules: Int) {
        self.init(policy: policy, coveredRules: 0, rules: rules, seen: 0, wanted: 2 * rules, gaps: [])
    }

    /// From 0 through 100; a policy without a condition is covered.
    package var percent: Double { wanted == 0 ? 100 : Double(seen) * 100 / Double(wanted) }
}

/// Watches a policy's expressions over any number of evaluations.
final class CoverageRecorder {
    private struct Part {
        let name: String
        let isRule: Bool
        let expression: PolicyExpression
        var coverage: ConditionCoverage
    }

    private let policy: PolicyName
    private var parts: [Part] = []
    private var places: [String: Int] = [:]
    /// The cost of everything evaluated since it was last set to zero.
    var cost: UInt64 = 0

    init(_ name: PolicyName, _ policy: CompiledPolicy) {
        self.policy = name
        for variable in policy.variables {
            add("variable \(variable.name)", isRule: false, variable.expression, variable.program)
        }
        for rule in policy.rules {
            add("rule \(rule.rule.name)", isRule: true, rule.rule.expression, rule.program)
            guard let message = rule.message, let expression = rule.rule.messageExpression else { continue }
            add("message of rule \(rule.rule.name)", isRule: false, expression, message)
        }
    }

    private func add(_ name: String, isRule: Bool, _ expression: PolicyExpression, _ program: Program) {
        // Two rules with the same text are one condition: what covers one covers the other.
        guard places[program.source] == nil else { return }
        places[program.source] = parts.count
        parts.append(
            Part(name: name, isRule: isRule, expression: expression, coverage: ConditionCoverage(program)))
    }

    /// Evaluates one of the policy's programs and notes what its conditions gave.
    func evaluate(_ program: Program, _ activation: Activation) -> Evaluation {
        guard let place = places[program.source] else { return program.evaluate(activation) }
        // A variable may be evaluated within a rule, so each part's notes are made on a copy.
        var noted = ConditionCoverage(program)
        let evaluation = program.evaluate(activation, noting: &noted)
        parts[place].coverage.merge(noted)
        cost += evaluation.cost
        return evaluation
    }

    var coverage: PolicyCoverage {
        var gaps: [PolicyCoverage.Gap] = []
        var seen = 0
        var wanted = 0
        for part in parts {
            for (condition, sighting) in zip(part.coverage.conditions, part.coverage.sightings) {
                wanted += 2
                seen += (sighting.wasTrue ? 1 : 0) + (sighting.wasFalse ? 1 : 0)
                guard let missing = sighting.missing else { continue }
                gaps.append(
                    PolicyCoverage.Gap(
                        part: part.name, expression: condition.text,
                        location: part.expression.location(atOffset: condition.location.offset), missing: missing))
            }
        }
        let rules = parts.filter(\.isRule)
        let covered = rules.filter { rule in
            rule.coverage.wholeExpression.map { $0.wasTrue && $0.wasFalse } ?? true
        }
        return PolicyCoverage(
            policy: policy, coveredRules: covered.count, rules: rules.count, seen: seen, wanted: wanted, gaps: gaps)
    }
}

extension ConditionCoverage.Sighting {
    fileprivate var missing: String? {
        switch (wasTrue, wasFalse) {
        case (true, true): nil
        case (true, false): "never false"
        case (false, true): "never true"
        case (false, false): wasEvaluated ? "never true, never false" : "never evaluated"
        }
    }
}
