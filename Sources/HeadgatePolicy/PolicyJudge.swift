import CEL
package import HeadgateCore
import Synchronization

/// Evaluates policies and checks in CEL.
///
/// Pure but for a cache of compiled expressions.
package final class PolicyJudge: Judge {
    struct Entry: Sendable {
        let policy: CompiledPolicy
        let problems: [HeadgateCore.Diagnostic]
    }

    private let cache = Mutex<[PolicyDigest: Entry]>([:])
    private let checks = CheckJudge()

    /// More compiled policies than this are dropped and made again.
    private static let cacheLimit = 10_000

    package init() {}

    package func check(_ policy: PolicyName, _ spec: PolicySpec) -> [HeadgateCore.Diagnostic] {
        CompiledPolicy.compile(policy, spec).1
    }

    package func check(_ strategy: StrategySpec) -> [HeadgateCore.Diagnostic] { checks.check(strategy) }

    package func answer(_ request: CheckRequest, queries: [String: QueryValue]) -> CheckAnswer {
        checks.answer(request, queries: queries)
    }

    package func readsStable(_ check: CheckSpec) -> Bool { checks.readsStable(check) }

    package func isSatisfied(_ expression: PolicyExpression, by status: JSONValue) -> Bool? {
        var environment = Environment()
        environment.declare("status", .dyn)
        guard let program = try? environment.compile(expression.source) else { return nil }
        let activation = Activation(environment)
        activation["status"] = EvidenceValues.plain(status)
        guard case .bool(let answer) = program.evaluate(activation).value else { return nil }
        return answer
    }

    package func judge(
        _ policy: PolicyName, _ spec: PolicySpec, digest: PolicyDigest, on evidence: Evidence
    ) -> Verdict {
        let entry = compiled(policy, spec, digest)
        if let problem = entry.problems.first {
            return verdict(policy, spec, digest, evidence, .error, [], message: problem.description, read: [])
        }
        if let problem = misspeltMetric(entry.policy, evidence) {
            return verdict(policy, spec, digest, evidence, .error, [], message: problem, read: [])
        }
        let activation = EvidenceValues.activation(evidence, params: spec.params, in: entry.policy.environment)
        entry.policy.bindVariables(activation)
        var results: [RuleResult] = []
        var read: [(path: String, value: String)] = []
        for rule in entry.policy.rules {
            let values = rule.attributes.map { ($0.path, value(of: $0, activation)) }
            read += values.map { ($0.0, $0.1.canonical) }
            results.append(result(of: rule, activation, values))
        }
        let outcome = Self.worst(results.map(\.outcome))
        let message = results.first { $0.outcome == outcome }?.message
        return verdict(
            policy, spec, digest, evidence, outcome, results, message: outcome == .pass ? nil : message, read: read)
    }

    func compiled(_ policy: PolicyName, _ spec: PolicySpec, _ digest: PolicyDigest) -> Entry {
        if let known = cache.withLock({ $0[digest] }) { return known }
        let (compiled, problems) = CompiledPolicy.compile(policy, spec)
        let entry = Entry(policy: compiled, problems: problems)
        cache.withLock { cache in
            if cache.count >= Self.cacheLimit { cache.removeAll() }
            cache[digest] = entry
        }
        return entry
    }

    private func value(of attribute: CompiledPolicy.Attribute, _ activation: Activation) -> Value {
        switch attribute.program.evaluate(activation).result {
        case .value(let value): value
        case .unknown(let set): .unknown(set)
        case .error: .unknown(UnknownSet(attribute.path))
        }
    }

    private func result(
        of rule: CompiledPolicy.Rule, _ activation: Activation, _ values: [(String, Value)]
    ) -> RuleResult {
        let outcome: Verdict.Outcome
        var message: String?
        switch rule.program.evaluate(activation).result {
        case .value(.bool(true)): outcome = .pass
        case .value(.bool(false)):
            outcome = .fail
            message = failureMessage(rule, activation)
        case .value(let other):
            outcome = .inconclusive
            message = "rule \(rule.rule.name) gave \(other.shown), not a bool"
        case .unknown(let set):
            outcome = .inconclusive
            message = "rule \(rule.rule.name) waits for \(set.paths.joined(separator: ", "))"
        case .error(let error):
            // A division by zero, a wrong type or a cost limit says nothing about the model.
            outcome = .inconclusive
            message = "rule \(rule.rule.name): \(error.message)"
        }
        return RuleResult(
            name: rule.rule.name, expression: rule.rule.expression.source, outcome: outcome, message: message,
            values: values.map { RuleResult.Value(expression: $0.0, value: $0.1.shown) },
            location: rule.rule.expression.location)
    }

    private func failureMessage(_ rule: CompiledPolicy.Rule, _ activation: Activation) -> String {
        if case .string(let text) = rule.message?.evaluate(activation).value,
            !text.isEmpty, text.utf8.count <= 5120, !text.utf8.contains(UInt8(ascii: "\n"))
        {
            return text
        }
        return rule.rule.message ?? "rule \(rule.rule.name) does not hold: \(rule.rule.expression.source)"
    }

    /// A metric that a policy names and no step declares, where the steps declare what they report.
    private func misspeltMetric(_ policy: CompiledPolicy, _ evidence: Evidence) -> String? {
        guard let declared = evidence.candidate?.declared else { return nil }
        let prefix = "candidate.metrics."
        for attribute in policy.rules.flatMap(\.attributes) where attribute.path.hasPrefix(prefix) {
            let name = String(attribute.path.dropFirst(prefix.count))
            let isDeclared = declared.keys.contains {
                $0 == name || $0.hasPrefix("\(name).") || name.hasPrefix("\($0).") || name.hasPrefix("\($0)[")
            }
            if !isDeclared {
                return
                    "no step declares the metric \(name); declared are \(declared.keys.sorted().joined(separator: ", "))"
            }
        }
        return nil
    }

    private static func worst(_ outcomes: [Verdict.Outcome]) -> Verdict.Outcome {
        for outcome in [Verdict.Outcome.fail, .inconclusive, .error] where outcomes.contains(outcome) { return outcome }
        return .pass
    }

    private func verdict(
        _ policy: PolicyName, _ spec: PolicySpec, _ digest: PolicyDigest, _ evidence: Evidence,
        _ outcome: Verdict.Outcome, _ rules: [RuleResult], message: String?, read: [(path: String, value: String)]
    ) -> Verdict {
        var builder = DigestBuilder(domain: "headgate.dev/evidence/1")
        var seen: Set<String> = []
        for (path, value) in read where seen.insert(path).inserted { builder.add(path, value) }
        let isVolatile = read.contains { item in
            EvidenceSchema.volatileVariables.contains(String(item.path.prefix { $0 != "." && $0 != "[" }))
        }
        return Verdict(
            policy: policy, policyDigest: digest, action: spec.action, moment: evidence.moment, outcome: outcome,
            evidenceDigest: EvidenceDigest(builder.finish()), isVolatile: isVolatile, rules: rules, message: message)
    }
}
