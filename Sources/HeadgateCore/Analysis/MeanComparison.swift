/// Compares two means, such as of latency, and may be asked after every sample.
///
/// It fails when the candidate's mean is higher beyond doubt and by at least the minimum effect as far as one can see;
/// it passes when a mean higher by the minimum effect is ruled out; until then it is inconclusive.
///
/// The evidence is the Bayes factor of the two-sample t-test with a fixed normal prior on the standardised difference:
/// (1+r)^(-1/2) · [(1 + t²/((1+r)ν)) / (1 + t²/ν)]^(-(ν+1)/2) with r = g·n·m/(n+m) (J. N. Rouder et al., "Bayesian t
/// tests for accepting and rejecting the null hypothesis", 2009). For normal values of equal spread it is a test
/// martingale whatever that spread is (M. F. Pérez-Ortiz et al., "E-statistics, group invariance and anytime-valid
/// testing", 2022), so that over all looks either error has at most the declared probability. With unequal spreads
/// B. L. Welch's degrees of freedom (1947) are used, and for other distributions the guarantee holds in the limit of
/// many samples: below `minimumSamples` it is inconclusive. The tests measure it for skewed values.
package struct MeanComparison: Hashable, Sendable, Codable {
    /// The greatest probability of a wrong answer, over all looks; between 0 and 1.
    package let alpha: Double
    /// The difference from which on it matters, in the unit of the values; a higher mean is worse.
    package let minimumEffect: Double
    /// Of each version; at least 2.
    package let minimumSamples: UInt64

    package init(alpha: Double = 0.05, minimumEffect: Double, minimumSamples: UInt64 = 20) {
        self.alpha = alpha
        self.minimumEffect = minimumEffect
        self.minimumSamples = max(2, minimumSamples)
    }

    /// Answers on everything that was measured since the comparison began.
    package func judge(candidate: Moments, stable: Moments) -> CheckAnswer {
        guard alpha > 0, alpha < 1, minimumEffect >= 0, minimumEffect.isFinite else {
            return .inconclusive("alpha must be between 0 and 1, and the minimum effect a number of at least 0")
        }
        guard candidate.mean.isFinite, stable.mean.isFinite, candidate.squares.isFinite, stable.squares.isFinite else {
            return .inconclusive("a value is not a finite number")
        }
        guard candidate.count >= minimumSamples, stable.count >= minimumSamples else {
            return .inconclusive("\(candidate.count) and \(stable.count) of at least \(minimumSamples) samples")
        }
        let difference = candidate.mean - stable.mean
        let harm = difference > 0 ? Self.logEvidence(candidate, stable, against: 0) : -.infinity
        let safety =
            difference < minimumEffect ? Self.logEvidence(candidate, stable, against: minimumEffect) : -.infinity
        let needed = -SpecialFunctions.logarithm(alpha)
        let numbers = [
            "candidate": candidate.mean, "stable": stable.mean, "difference": difference, "evidenceOfHarm": harm,
            "evidenceOfSafety": safety, "needed": needed,
        ]
        let means = "mean \(candidate.mean.brief) against \(stable.mean.brief)"
        if harm >= needed, difference >= minimumEffect {
            return .fail("\(means): higher, by \(minimumEffect.brief) or more", numbers: numbers)
        }
        if safety >= needed { return .pass("\(means): not higher by \(minimumEffect.brief)", numbers: numbers) }
        return .inconclusive(
            "\(means): not decided by \(candidate.count) and \(stable.count) samples", numbers: numbers)
    }

    /// Logarithm of the evidence against "the difference of the means is this".
    static func logEvidence(_ candidate: Moments, _ stable: Moments, against hypothesis: Double) -> Double {
        let (n, m) = (Double(candidate.count), Double(stable.count))
        guard let ours = candidate.variance, let theirs = stable.variance else { return 0 }
        let (a, b) = (ours / n, theirs / m)
        let error = a + b
        // Values without any spread are no evidence of a distribution: nothing is said about the next one.
        guard error > 0 else { return 0 }
        let freedom = error * error / (a * a / (n - 1) + b * b / (m - 1))
        let distance = candidate.mean - stable.mean - hypothesis
        let t2 = distance * distance / error
        let ratio = scale * n * m / (n + m)
        return -0.5 * SpecialFunctions.logarithm(1 + ratio)
            - (freedom + 1) / 2
            * (SpecialFunctions.logarithm(1 + t2 / ((1 + ratio) * freedom))
                - SpecialFunctions.logarithm(1 + t2 / freedom))
    }

    /// Variance of the prior on the difference in standard deviations: a tenth to a half of one is what it looks for.
    private static let scale = 0.1
}
