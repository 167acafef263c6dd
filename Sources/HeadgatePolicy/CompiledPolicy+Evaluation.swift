import CEL
import HeadgateCore

extension CompiledPolicy {
    /// What the rules gave, and what they read.
    struct Answers {
        var rules: [RuleResult] = []
        /// Attributes and their values, in the order in which rules read them; some stand several times.
        var read: [(path: String, value: String)] = []

        /// The worst of the rules' outcomes: a clear no before a doubt.
        var outcome: Verdict.Outcome {
            let outcomes = rules.map(\.outcome)
            for outcome in [Verdict.Outcome.fail, .inconclusive, .error] where outcomes.contains(outcome) {
                return outcome
            }
            return .pass
        }

        /// The message of the first rule that decided; nil for a pass.
        var message: String? {
            let outcome = outcome
            return outcome == .pass ? nil : rules.first { $0.outcome == outcome }?.message
        }
    }

    /// Parts of a rule beyond this many are not kept.
    private static let maxSteps = 64

    /// The parts of a rule with their values; what is only the beginning of a longer path is left out.
    private static func steps(_ program: Program, _ activation: Activation) -> [RuleResult.Step] {
        // Half is left for what stands beside loops, and for the turns that decided.
        let steps = program.explain(activation, loopSteps: maxSteps / 2).steps.filter { !$0.isPathPrefix }
        return steps.prefix(maxSteps).map { step in
            let hidden = step.hiddenTurns > 0 ? "  (\(step.hiddenTurns) more not shown)" : ""
            return RuleResult.Step(text: step.line, depth: step.depth, value: step.shownOutcome + hidden)
        }
    }

    /// Evaluates every rule on the values of an activation.
    ///
    /// - Parameters:
    ///   - activation: The evidence.
    ///   - isExplaining: Whether to keep the values of the rules' parts.
    ///   - evaluate: How expressions are evaluated.
    /// - Returns: The answers of all rules, in order.
    func evaluate(
        _ activation: Activation, isExplaining: Bool = false, with evaluate: @escaping Evaluate = { $0.evaluate($1) }
    ) -> Answers {
        bindVariables(activation, evaluate: evaluate)
        var answers = Answers()
        for rule in rules {
            // The rule first, so that who watches sees what it reads as it reads it.
            let (outcome, message) = answer(of: rule, activation, evaluate)
            let values = rule.attributes.map { ($0.path, value(of: $0, activation)) }
            answers.read += values.map { ($0.0, $0.1.canonical) }
            answers.rules.append(
                RuleResult(
                    name: rule.rule.name, expression: rule.rule.expression.source, outcome: outcome, message: message,
                    values: values.map { RuleResult.Value(expression: $0.0, value: $0.1.shown) },
                    location: rule.rule.expression.location,
                    steps: isExplaining ? Self.steps(rule.program, activation) : nil))
        }
        return answers
    }

    /// A metric that the policy names and no step declares, where the steps declare what they report.
    func misspeltMetric(among declared: [String: MetricType]?) -> MisspeltMetric? {
        guard let declared else { return nil }
        let prefix = "candidate.metrics."
        for rule in rules {
            for attribute in rule.attributes where attribute.path.hasPrefix(prefix) {
                let name = String(attribute.path.dropFirst(prefix.count))
                let isDeclared = declared.keys.contains {
                    $0 == name || $0.hasPrefix("\(name).") || name.hasPrefix("\($0).") || name.hasPrefix("\($0)[")
                }
                guard !isDeclared else { continue }
                return MisspeltMetric(
                    name: name, declared: declared.keys.sorted(), location: rule.rule.expression.location)
            }
        }
        return nil
    }

    private func value(of attribute: Attribute, _ activation: Activation) -> Value {
        switch attribute.program.evaluate(activation).result {
        case .value(let value): value
        case .unknown(let set): .unknown(set)
        case .error: .unknown(UnknownSet(attribute.path))
        }
    }

    private func answer(
        of rule: Rule, _ activation: Activation, _ evaluate: Evaluate
    ) -> (Verdict.Outcome, String?) {
        switch evaluate(rule.program, activation).result {
        case .value(.bool(true)): (.pass, nil)
        case .value(.bool(false)): (.fail, failureMessage(rule, activation, evaluate))
        case .value(let other): (.inconclusive, "rule \(rule.rule.name) gave \(other.shown), not a bool")
        case .unknown(let set):
            (.inconclusive, "rule \(rule.rule.name) waits for \(set.paths.joined(separator: ", "))")
        // A division by zero, a wrong type or a cost limit says nothing about the model.
        case .error(let error):
            (.inconclusive, "rule \(rule.rule.name): \(error.message)" + Self.hint(error, rule, activation))
        }
    }

    /// What was probably meant, behind a message.
    private static func hint(_ error: EvaluationError, _ rule: Rule, _ activation: Activation) -> String {
        switch error.kind {
        // To find the place is to evaluate again, which for a limit takes long and tells nothing.
        case .costLimit, .sizeLimit, .cancelled: ""
        default: rule.program.explain(activation).failure?.hint.map { "; \($0)" } ?? ""
        }
    }

    private func failureMessage(_ rule: Rule, _ activation: Activation, _ evaluate: Evaluate) -> String {
        if let message = rule.message, case .string(let text) = evaluate(message, activation).value,
            !text.isEmpty, text.utf8.count <= 5120, !text.utf8.contains(UInt8(ascii: "\n"))
        {
            return text
        }
        return rule.rule.message ?? "rule \(rule.rule.name) does not hold: \(rule.rule.expression.source.onOneLine)"
    }
}

/// A question to a policy, from which its verdicts are made.
struct Asked {
    let policy: PolicyName
    let digest: PolicyDigest
    let action: PolicyAction
    let moment: GateMoment

    /// A policy that could not be asked.
    func error(_ message: String) -> Verdict { verdict(.error, [], message: message, read: []) }

    func verdict(_ answers: CompiledPolicy.Answers) -> Verdict {
        verdict(answers.outcome, answers.rules, message: answers.message, read: answers.read)
    }

    private func verdict(
        _ outcome: Verdict.Outcome, _ rules: [RuleResult], message: String?, read: [(path: String, value: String)]
    ) -> Verdict {
        var builder = DigestBuilder(domain: "headgate.dev/evidence/1")
        var seen: Set<String> = []
        for (path, value) in read where seen.insert(path).inserted { builder.add(path, value) }
        return Verdict(
            policy: policy, policyDigest: digest, action: action, moment: moment, outcome: outcome,
            evidenceDigest: EvidenceDigest(builder.finish()),
            isVolatile: read.contains { Evidence.isVolatile($0.path) }, rules: rules, message: message)
    }
}
