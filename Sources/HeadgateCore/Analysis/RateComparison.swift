/// Compares two rates, such as errors per request, and may be asked after every request.
///
/// It fails when the candidate's rate is higher than the stable one's beyond doubt *and* by at least the minimum effect
/// as far as one can see; it passes when a rate higher by the minimum effect is ruled out; until then it is
/// inconclusive. Both are e-processes, so that by Ville's inequality (1939) either error has at most the declared
/// probability over *all* looks together, whenever one looks and stops:
/// - without a difference it ever fails with probability ≤ `alpha`;
/// - with a difference of at least `minimumEffect` it ever passes with probability ≤ `alpha`.
///
/// Requests of one version are taken to be independent. For `fail` the common rate may change with time, since only the
/// split of the events between the versions counts; for `pass` it must hold still during the window.
package struct RateComparison: Hashable, Sendable, Codable {
    /// Events among trials.
    package struct Count: Hashable, Sendable, Codable {
        package var events: UInt64
        package var trials: UInt64

        package init(events: UInt64, trials: UInt64) {
            self.events = events
            self.trials = trials
        }

        var rate: Double { Double(events) / Double(trials) }
    }

    /// The greatest probability of a wrong answer, over all looks; between 0 and 1.
    package let alpha: Double
    /// The difference of the rates from which on it matters, such as 0.01; a higher rate is worse.
    package let minimumEffect: Double

    package init(alpha: Double = 0.05, minimumEffect: Double = 0.01) {
        self.alpha = alpha
        self.minimumEffect = minimumEffect
    }

    /// Answers on everything that was counted since the comparison began.
    package func judge(candidate: Count, stable: Count) -> CheckAnswer {
        guard alpha > 0, alpha < 1, minimumEffect >= 0, minimumEffect < 1 else {
            return .inconclusive("alpha must be between 0 and 1, and the minimum effect at least 0 and below 1")
        }
        guard candidate.trials > 0, stable.trials > 0 else {
            return .inconclusive("\(candidate.trials) and \(stable.trials) requests")
        }
        guard candidate.events <= candidate.trials, stable.events <= stable.trials else {
            return .inconclusive("more events than requests")
        }
        let difference = candidate.rate - stable.rate
        let harm = Self.logEvidenceOfHarm(candidate, stable)
        let safety = Self.logEvidenceOfSafety(candidate, stable, margin: minimumEffect)
        let needed = -SpecialFunctions.logarithm(alpha)
        let numbers = [
            "candidate": candidate.rate, "stable": stable.rate, "difference": difference,
            "evidenceOfHarm": harm, "evidenceOfSafety": safety, "needed": needed,
        ]
        let rates = "rate \(candidate.rate.brief) against \(stable.rate.brief)"
        if harm >= needed, difference >= minimumEffect, difference > 0 {
            return .fail("\(rates): higher, by \(minimumEffect.brief) or more", numbers: numbers)
        }
        if safety >= needed {
            return .pass("\(rates): not higher by \(minimumEffect.brief)", numbers: numbers)
        }
        return .inconclusive(
            "\(rates): not decided by \(candidate.trials) and \(stable.trials) requests", numbers: numbers)
    }

    /// Logarithm of the evidence against "the candidate's rate is not higher".
    ///
    /// When both rates are equal, an event is the candidate's with the probability of its share w of the requests,
    /// whatever the common rate does. A mixture, with equal parts, of likelihood ratios for rates that are r times as
    /// high is a martingale then and a supermartingale when the candidate's rate is lower. After M. Lindon and A. Malek,
    /// "Anytime-Valid Inference for Multinomial Count Data" (NeurIPS 2022); the mixture is H. Robbins' (1970).
    static func logEvidenceOfHarm(_ candidate: Count, _ stable: Count) -> Double {
        let share = Double(candidate.trials) / (Double(candidate.trials) + Double(stable.trials))
        let ours = Double(candidate.events)
        let theirs = Double(stable.events)
        let terms = ratios.map { ratio in
            let total = share * ratio + 1 - share
            return ours * SpecialFunctions.logarithm(ratio / total) - theirs * SpecialFunctions.logarithm(total)
        }
        return SpecialFunctions.logSum(terms) - SpecialFunctions.logarithm(Double(ratios.count))
    }

    /// How many times as high: from an eighth more to a hundred times.
    private static let ratios: [Double] = [1.125, 1.25, 1.5, 2, 3, 5, 10, 30, 100]

    /// Logarithm of the evidence against "the candidate's rate is higher by the margin or more".
    ///
    /// Numerator: half a mixture over one common rate, half one over two separate rates, each by Beta(1/2, 1/2).
    /// Denominator: the greatest likelihood that the null hypothesis allows. After L. Wasserman, A. Ramdas and
    /// S. Balakrishnan, "Universal inference" (PNAS 2020), with a mixture in the place of the split.
    static func logEvidenceOfSafety(_ candidate: Count, _ stable: Count, margin: Double) -> Double {
        guard candidate.rate - stable.rate < margin else { return -.infinity }
        let (k, n) = (Double(candidate.events), Double(candidate.trials))
        let (l, m) = (Double(stable.events), Double(stable.trials))
        let prior = SpecialFunctions.logBeta(0.5, 0.5)
        let common = SpecialFunctions.logBeta(k + l + 0.5, n + m - k - l + 0.5) - prior
        let separate =
            SpecialFunctions.logBeta(k + 0.5, n - k + 0.5) + SpecialFunctions.logBeta(l + 0.5, m - l + 0.5) - 2 * prior
        let numerator = SpecialFunctions.logSum([common, separate]) - SpecialFunctions.logarithm(2)
        return numerator - greatestLogLikelihood(candidate, stable, margin: margin)
    }

    /// The greatest log likelihood with rates p + margin and p: concave in p, so where the derivative changes its sign.
    private static func greatestLogLikelihood(_ candidate: Count, _ stable: Count, margin: Double) -> Double {
        let (k, n) = (Double(candidate.events), Double(candidate.trials))
        let (l, m) = (Double(stable.events), Double(stable.trials))
        func value(_ p: Double) -> Double {
            SpecialFunctions.xlogy(k, p + margin) + SpecialFunctions.xlogy(n - k, 1 - p - margin)
                + SpecialFunctions.xlogy(l, p) + SpecialFunctions.xlogy(m - l, 1 - p)
        }
        func slope(_ p: Double) -> Double {
            ratio(k, p + margin) - ratio(n - k, 1 - p - margin) + ratio(l, p) - ratio(m - l, 1 - p)
        }
        var (low, high) = (0.0, 1 - margin)
        for _ in 0..<60 {
            let middle = (low + high) / 2
            if slope(middle) > 0 { low = middle } else { high = middle }
        }
        // The ends are allowed, and the greatest of all is never too small a denominator.
        return [value(0), value(low), value(high), value(1 - margin)].max() ?? 0
    }

    private static func ratio(_ x: Double, _ y: Double) -> Double { x == 0 ? 0 : x / y }
}

extension Double {
    /// Four significant digits or so, for people.
    package var brief: String {
        guard isFinite else { return "\(self)" }
        if self == 0 { return "0" }
        var scale = 1.0
        while magnitude * scale < 1000, scale < 1e9 { scale *= 10 }
        let rounded = (self * scale).rounded() / scale
        return rounded == rounded.rounded() && rounded.magnitude < 1e15 ? "\(Int64(rounded))" : "\(rounded)"
    }
}
