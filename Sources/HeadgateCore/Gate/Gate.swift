/// Evaluates policies; pure.
package protocol Judge: Sendable {
    /// Asks one policy. Never throws: what cannot be evaluated is a verdict of `error`.
    func judge(_ policy: PolicyName, _ spec: PolicySpec, digest: PolicyDigest, on evidence: Evidence) -> Verdict

    /// What is wrong with a policy by itself: syntax, types, misspelt fields.
    func check(_ policy: PolicyName, _ spec: PolicySpec) -> [Diagnostic]

    /// What is wrong with a strategy's checks by themselves: syntax, types, misspelt fields and queries.
    func check(_ strategy: StrategySpec) -> [Diagnostic]

    /// Answers a rollout's check on the traffic of two versions and on its queries' values.
    func answer(_ request: CheckRequest, queries: [String: QueryValue]) -> CheckAnswer

    /// Whether a check compares with the stable version, so that a first deployment skips it.
    func readsStable(_ check: CheckSpec) -> Bool

    /// Whether another object's status satisfies a dependency; nil when it cannot be told.
    func isSatisfied(_ expression: PolicyExpression, by status: JSONValue) -> Bool?
}

/// What a gate answers when all its policies were asked.
package enum GateDecision: Hashable, Sendable, Codable {
    case allowed
    /// A policy with action `deny` said no.
    case denied(policy: PolicyName, message: String)
    /// A policy with action `deny` could not tell for want of evidence, or says no to the present moment only.
    case inconclusive(policy: PolicyName, message: String)
    /// A policy with action `deny` could not be evaluated, is quarantined or is missing.
    case error(policy: PolicyName, message: String)

    /// The worst of several: a clear no before a doubt, a doubt before an error, so that people see what they can act on.
    package static func deciding(_ verdicts: [(verdict: Verdict, overridden: Bool)]) -> GateDecision {
        let blocking = verdicts.filter { !$0.overridden && $0.verdict.action == .deny && $0.verdict.outcome != .pass }
            .map(\.verdict).sorted { $0.policy < $1.policy }
        if let no = blocking.first(where: { $0.outcome == .fail && !$0.isMomentary }) {
            return .denied(policy: no.policy, message: no.message ?? "said no")
        }
        if let doubt = blocking.first(where: { $0.outcome == .inconclusive || $0.isMomentary }) {
            return .inconclusive(policy: doubt.policy, message: doubt.message ?? "could not tell")
        }
        if let error = blocking.first {
            return .error(policy: error.policy, message: error.message ?? "could not be evaluated")
        }
        return .allowed
    }
}
