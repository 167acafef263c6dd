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
        let place: HeadgateCore.SourceLocation?
    }

    private let cache = Mutex<[PolicyDigest: Entry]>([:])
    private let checks = CheckJudge()

    /// More compiled policies than this are dropped and made again.
    private static let cacheLimit = 10_000

    /// With an empty cache.
    package init() {}

    package func check(_ policy: PolicyName, _ spec: PolicySpec) -> [HeadgateCore.Diagnostic] {
        CompiledPolicy.compile(policy, spec).1
    }

    /// Whether all expressions of a policy can be evaluated.
    package func compiles(_ policy: PolicyName, _ spec: PolicySpec, digest: PolicyDigest) -> Bool {
        compiled(policy, spec, digest).problems.isEmpty
    }

    /// What a policy reads though none of its gates can have it, in order; nothing for a policy in error.
    package func unknowable(_ policy: PolicyName, _ spec: PolicySpec, digest: PolicyDigest) -> [String] {
        let entry = compiled(policy, spec, digest)
        guard entry.problems.isEmpty, let first = spec.at.first else { return [] }
        let missing = spec.at.reduce(EvidenceSchema.unknown(at: first)) {
            $0.intersection(EvidenceSchema.unknown(at: $1))
        }
        let read = entry.policy.rules.flatMap(\.attributes).map { $0.path.prefix { $0 != "." && $0 != "[" } }
        return missing.intersection(read.map(String.init)).sorted()
    }

    /// What a policy asks of a Model that its steps do not declare; nil for a policy in error.
    package func misspeltMetric(
        _ policy: PolicyName, _ spec: PolicySpec, digest: PolicyDigest, among declared: [String: MetricType]?
    ) -> MisspeltMetric? {
        guard declared != nil else { return nil }
        let entry = compiled(policy, spec, digest)
        return entry.problems.isEmpty ? entry.policy.misspeltMetric(among: declared) : nil
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
        let asked = Asked(policy: policy, digest: digest, action: spec.action, moment: evidence.moment)
        if let problem = entry.problems.first { return asked.error(problem.summary) }
        if let problem = entry.policy.misspeltMetric(among: evidence.candidate?.declared) {
            return asked.error([problem.message, problem.hint].compactMap(\.self).joined(separator: "; "))
        }
        let activation = EvidenceValues.activation(evidence, params: spec.params, in: entry.policy.environment)
        return asked.verdict(entry.policy.evaluate(activation, isExplaining: true))
    }

    func compiled(_ policy: PolicyName, _ spec: PolicySpec, _ digest: PolicyDigest) -> Entry {
        // The digest leaves out places, and the same text at another line has to name that line.
        if let known = cache.withLock({ $0[digest] }), known.place == spec.place { return known }
        let (compiled, problems) = CompiledPolicy.compile(policy, spec)
        let entry = Entry(policy: compiled, problems: problems, place: spec.place)
        cache.withLock { cache in
            if cache.count >= Self.cacheLimit { cache.removeAll() }
            cache[digest] = entry
        }
        return entry
    }
}

extension PolicySpec {
    /// Where its first rule stands.
    fileprivate var place: HeadgateCore.SourceLocation? { rules.first?.expression.location }
}
