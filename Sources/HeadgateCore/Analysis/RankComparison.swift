/// Compares two samples by rank, such as of latency: no distribution is assumed, and no outlier can decide.
///
/// It fails when the candidate's values are higher beyond doubt and by at least the minimum effect as far as one can
/// see; it passes when that effect is ruled out; until then it is inconclusive. The effect is the probability that a
/// value of the candidate is higher than one of the stable version, ties half, above 1/2.
///
/// By default it may be asked after every sample: the evidence is a mixture of likelihood ratios of the normal
/// approximation of ``MannWhitney/superiority``, over effects of the side that it looks for (H. Robbins, 1970;
/// R. Johari et al., "Always Valid Inference", 2022, with the estimated variance). The guarantee holds in the limit of
/// many samples; the tests measure it from the first sample on. A test that is asked `once`, at a moment that was
/// settled before, uses the exact or corrected p-value instead and needs fewer samples.
package struct RankComparison: Hashable, Sendable, Codable {
    package enum Looks: String, Hashable, Sendable, Codable, CaseIterable {
        case always, once
    }

    /// The greatest probability of a wrong answer; over all looks unless asked once.
    package let alpha: Double
    /// From which on it matters, at least 0 and below 0.5: 0.1 means that 60 of 100 pairs are higher.
    package let minimumEffect: Double
    package let looks: Looks

    package init(alpha: Double = 0.05, minimumEffect: Double = 0.1, looks: Looks = .always) {
        self.alpha = alpha
        self.minimumEffect = minimumEffect
        self.looks = looks
    }

    /// Answers on two lists of values.
    package func judge(candidate: [Double], stable: [Double]) -> CheckAnswer {
        guard candidate.allSatisfy(\.isFinite), stable.allSatisfy(\.isFinite) else {
            return .inconclusive("a value is not a finite number")
        }
        return judge(MannWhitney(candidate: candidate, stable: stable))
    }

    /// Answers on two latency histograms.
    package func judge(candidate: LatencyHistogram, stable: LatencyHistogram) -> CheckAnswer {
        judge(MannWhitney(candidate: candidate, stable: stable))
    }

    private func judge(_ ranks: MannWhitney) -> CheckAnswer {
        guard alpha > 0, alpha < 1, minimumEffect >= 0, minimumEffect < 0.5 else {
            return .inconclusive("alpha must be between 0 and 1, and the minimum effect at least 0 and below 0.5")
        }
        guard ranks.candidates > 0, ranks.stables > 0 else {
            return .inconclusive("\(Int64(ranks.candidates)) and \(Int64(ranks.stables)) samples")
        }
        let effect = ranks.superiority - 0.5
        let needed = -SpecialFunctions.logarithm(alpha)
        let harm = harm(ranks)
        let safety = safety(ranks)
        let numbers = [
            "superiority": ranks.superiority, "effect": effect, "evidenceOfHarm": harm, "evidenceOfSafety": safety,
            "needed": needed,
        ]
        let text = "higher than stable in \((ranks.superiority * 100).brief) of 100 pairs"
        if harm >= needed, effect >= minimumEffect, effect > 0 { return .fail(text, numbers: numbers) }
        if safety >= needed { return .pass(text, numbers: numbers) }
        let counts = "\(Int64(ranks.candidates)) and \(Int64(ranks.stables)) samples"
        return .inconclusive("\(text): not decided by \(counts)", numbers: numbers)
    }

    /// Evidence against "not higher", as a logarithm.
    private func harm(_ ranks: MannWhitney) -> Double {
        switch looks {
        case .once: -SpecialFunctions.logarithm(max(ranks.pValue, .leastNormalMagnitude))
        case .always: Self.logEvidence(ranks.superiority - 0.5, variance: ranks.nullVariance)
        }
    }

    /// Evidence against "higher by the minimum effect or more", as a logarithm.
    private func safety(_ ranks: MannWhitney) -> Double {
        // Ties make the estimated spread too small, and few values can make it zero: never below that of no ties.
        let untied = (ranks.candidates + ranks.stables + 1) / (12 * ranks.candidates * ranks.stables)
        let variance = max(ranks.variance, untied)
        let distance = minimumEffect - (ranks.superiority - 0.5)
        switch looks {
        case .once:
            let p = 1 - SpecialFunctions.normal(distance / variance.squareRoot())
            return -SpecialFunctions.logarithm(max(p, .leastNormalMagnitude))
        case .always: return Self.logEvidence(distance, variance: variance)
        }
    }

    /// Logarithm of the likelihood ratio of a normal estimate, mixed over a half-normal prior on effects above zero.
    ///
    /// 2·sqrt(v/(v+s²))·exp(x²s²/(2v(v+s²)))·Φ(x·s/sqrt(v(v+s²))) for the estimate x with variance v and scale s.
    static func logEvidence(_ estimate: Double, variance: Double) -> Double {
        guard variance > 0 else { return 0 }
        let prior = scale * scale
        let sum = variance + prior
        let z = estimate * scale / (variance * sum).squareRoot()
        // Far on the wrong side the product underflows: no evidence.
        guard z > -30 else { return -.infinity }
        return SpecialFunctions.logarithm(2) + 0.5 * SpecialFunctions.logarithm(variance / sum) + z * z / 2
            + SpecialFunctions.logarithm(SpecialFunctions.normal(z))
    }

    /// The effects that it looks for are around a fifth.
    private static let scale = 0.2
}
