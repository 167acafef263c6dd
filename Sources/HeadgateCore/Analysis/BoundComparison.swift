/// Compares one rate with a limit, such as disagreements with the stable version's answers; may be asked after every
/// sample.
///
/// It fails when the rate is above the limit beyond doubt, and passes when it is below beyond doubt; until then it is
/// inconclusive. Both are e-processes: the likelihood mixed over Beta(1/2, 1/2), divided by the greatest that the other
/// side of the limit allows (L. Wasserman, A. Ramdas and S. Balakrishnan, "Universal inference", PNAS 2020). By Ville's
/// inequality either error has at most the declared probability over *all* looks together, for independent samples.
package struct BoundComparison: Hashable, Sendable, Codable {
    /// The greatest probability of a wrong answer, over all looks; between 0 and 1.
    package let alpha: Double
    /// The rate that must not be exceeded, between 0 and 1; a higher rate is worse.
    package let limit: Double

    package init(alpha: Double = 0.05, limit: Double) {
        self.alpha = alpha
        self.limit = limit
    }

    /// Answers on everything that was counted since the comparison began.
    package func judge(_ count: RateComparison.Count) -> CheckAnswer {
        guard alpha > 0, alpha < 1, limit > 0, limit < 1 else {
            return .inconclusive("alpha and the limit must be between 0 and 1")
        }
        guard count.trials > 0 else { return .inconclusive("no samples") }
        guard count.events <= count.trials else { return .inconclusive("more events than samples") }
        let harm = logEvidence(count, null: min(count.rate, limit))
        let safety = logEvidence(count, null: max(count.rate, limit))
        let needed = -SpecialFunctions.logarithm(alpha)
        let numbers = [
            "rate": count.rate, "limit": limit, "evidenceOfHarm": harm, "evidenceOfSafety": safety, "needed": needed,
        ]
        let text = "rate \(count.rate.brief) in \(count.trials) samples"
        if harm >= needed, count.rate > limit { return .fail("\(text): above \(limit.brief)", numbers: numbers) }
        if safety >= needed, count.rate < limit { return .pass("\(text): below \(limit.brief)", numbers: numbers) }
        return .inconclusive("\(text): not decided against \(limit.brief)", numbers: numbers)
    }

    /// Logarithm of the evidence against rates on the null's side, of which the given one is likeliest.
    private func logEvidence(_ count: RateComparison.Count, null rate: Double) -> Double {
        let (events, others) = (Double(count.events), Double(count.trials - count.events))
        return SpecialFunctions.logBeta(events + 0.5, others + 0.5) - SpecialFunctions.logBeta(0.5, 0.5)
            - SpecialFunctions.xlogy(events, rate) - SpecialFunctions.xlogy(others, 1 - rate)
    }
}
