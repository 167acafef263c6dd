import CEL
package import HeadgateCore

/// What a rule still has to ask, with what is known filled in, but within loops.
package struct RuleForecast: Hashable, Sendable, Codable {
    package let name: String
    /// What must become known first, such as `candidate.metrics.accuracy`.
    package let waitsFor: [String]
    /// The expression that is left.
    package let residual: String

    package init(name: String, waitsFor: [String], residual: String) {
        self.name = name
        self.waitsFor = waitsFor
        self.residual = residual
    }
}

extension PolicyJudge {
    /// The rules of a policy whose answer waits for something, and for what.
    ///
    /// Gives nothing for a policy that does not compile; ``judge(_:_:digest:on:)`` says why.
    package func forecast(
        _ policy: PolicyName, _ spec: PolicySpec, digest: PolicyDigest, on evidence: Evidence
    ) -> [RuleForecast] {
        let entry = compiled(policy, spec, digest)
        guard entry.problems.isEmpty else { return [] }
        let activation = EvidenceValues.activation(evidence, params: spec.params, in: entry.policy.environment)
        entry.policy.bindVariables(activation)
        return entry.policy.rules.compactMap { rule in
            guard case .unknown(let set) = rule.program.evaluate(activation).result else { return nil }
            return RuleForecast(
                name: rule.rule.name, waitsFor: set.paths, residual: rule.program.residual(activation))
        }
    }
}
