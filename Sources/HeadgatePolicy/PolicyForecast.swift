import CEL
package import HeadgateCore

extension PolicyJudge {
    /// The rules of a policy whose answer waits for something, and for what.
    ///
    /// Gives nothing for a policy that does not compile; ``judge(_:_:digest:on:)`` says why.
    package func forecast(
        _ policy: PolicyName, _ spec: PolicySpec, digest: PolicyDigest, on evidence: Evidence
    ) -> [OpenRule] {
        let entry = compiled(policy, spec, digest)
        guard entry.problems.isEmpty else { return [] }
        let activation = EvidenceValues.activation(evidence, params: spec.params, in: entry.policy.environment)
        entry.policy.bindVariables(activation)
        return entry.policy.rules.compactMap { rule in
            guard case .unknown(let set) = rule.program.evaluate(activation).result else { return nil }
            return OpenRule(
                name: rule.rule.name, waitsFor: set.paths, residual: rule.program.residual(activation))
        }
    }
}
