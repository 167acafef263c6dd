import CEL
package import HeadgateCore

extension PolicyJudge {
    /// The numbers that the rules of a policy compare the candidate's metrics with, in order, each once.
    ///
    /// Gives nothing for a policy that does not compile, and nothing of a comparison that is not evaluated or whose
    /// other side is not known.
    package func bounds(
        _ policy: PolicyName, _ spec: PolicySpec, digest: PolicyDigest, on evidence: Evidence
    ) -> [MetricBound] {
        let entry = compiled(policy, spec, digest)
        guard entry.problems.isEmpty else { return [] }
        let activation = EvidenceValues.activation(evidence, params: spec.params, in: entry.policy.environment)
        entry.policy.bindVariables(activation)
        let prefix = "candidate.metrics."
        var bounds: [MetricBound] = []
        for comparison in entry.policy.rules.flatMap({ $0.program.comparisons(activation) })
        where comparison.path.hasPrefix(prefix) {
            let bound = MetricBound(
                metric: String(comparison.path.dropFirst(prefix.count)), sign: MetricBound.Sign(comparison.sign),
                bound: comparison.bound, policy: policy)
            if !bounds.contains(bound) { bounds.append(bound) }
        }
        return bounds
    }
}

extension MetricBound.Sign {
    fileprivate init(_ sign: Comparison.Sign) {
        switch sign {
        case .below: self = .below
        case .atMost: self = .atMost
        case .above: self = .above
        case .atLeast: self = .atLeast
        }
    }
}
