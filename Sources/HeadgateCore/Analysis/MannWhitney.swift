/// The rank statistic of two samples with ties: how often a value of the one is higher than one of the other.
///
/// H. B. Mann and D. R. Whitney (1947). Ties count half, and the spread under "no difference" is corrected for them
/// (E. L. Lehmann, "Nonparametrics", 1975, section 1.4).
package struct MannWhitney: Hashable, Sendable {
    /// One value, or a bucket of equal ones, and how often each sample has it.
    package struct Group: Hashable, Sendable {
        package let candidate: UInt64
        package let stable: UInt64
        package init(candidate: UInt64, stable: UInt64) {
            self.candidate = candidate
            self.stable = stable
        }
    }

    /// Ascending in value.
    package let groups: [Group]
    package let candidates: Double
    package let stables: Double
    /// P(candidate's value is higher) + P(equal)/2, the "probability of superiority": 1/2 without a difference.
    ///
    /// The effect size A of A. Vargha and H. D. Delaney (2000), for whom 0.56 is small, 0.64 medium and 0.71 large.
    package let superiority: Double
    /// Variance of `superiority` when both samples have one distribution, given the ties.
    package let nullVariance: Double
    /// Estimated variance of `superiority`, whatever the distributions.
    ///
    /// E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson (1988).
    package let variance: Double

    /// - Parameter groups: Ascending in value; groups without values are harmless.
    package init(groups: [Group]) {
        self.groups = groups
        let n = groups.reduce(0) { $0 + Double($1.candidate) }
        let m = groups.reduce(0) { $0 + Double($1.stable) }
        candidates = n
        stables = m
        var (below, belowCandidates) = (0.0, 0.0)
        var (wins, ties) = (0.0, 0.0)
        var (ours, theirs) = (Moments(), Moments())
        for group in groups {
            let (c, s) = (Double(group.candidate), Double(group.stable))
            wins += c * (below + s / 2)
            ties += (c + s) * (c + s) * (c + s) - (c + s)
            // Each value's own chance to be higher (ours) or lower (theirs) than one of the other sample.
            if m > 0 { ours.add((below + s / 2) / m, times: group.candidate) }
            if n > 0 { theirs.add((n - belowCandidates - c / 2) / n, times: group.stable) }
            below += s
            belowCandidates += c
        }
        superiority = n * m > 0 ? wins / (n * m) : 0.5
        let total = n + m
        nullVariance =
            n * m > 0 && total > 1 ? max(0, total + 1 - ties / (total * (total - 1))) / (12 * n * m) : 0
        variance = n * m > 0 ? (ours.variance ?? 0) / n + (theirs.variance ?? 0) / m : 0
    }

    /// Of two lists of finite values.
    package init(candidate: [Double], stable: [Double]) {
        var groups: [Group] = []
        let ours = candidate.sorted()
        let theirs = stable.sorted()
        var (i, j) = (0, 0)
        while i < ours.count || j < theirs.count {
            let value = min(i < ours.count ? ours[i] : .infinity, j < theirs.count ? theirs[j] : .infinity)
            let (firstOurs, firstTheirs) = (i, j)
            while i < ours.count, ours[i] == value { i += 1 }
            while j < theirs.count, theirs[j] == value { j += 1 }
            if i == firstOurs, j == firstTheirs { break }
            groups.append(Group(candidate: UInt64(i - firstOurs), stable: UInt64(j - firstTheirs)))
        }
        self.init(groups: groups)
    }

    /// Of two latency histograms; latencies in one bucket count as equal.
    package init(candidate: LatencyHistogram, stable: LatencyHistogram) {
        self.init(
            groups: (0..<max(candidate.counts.count, stable.counts.count)).map {
                Group(candidate: candidate.count(in: $0), stable: stable.count(in: $0))
            })
    }

    /// The chance of a `superiority` at least as high as this one when both have one distribution, at a single look.
    ///
    /// Exact, by counting all ways to choose the candidate's values, up to 40 values; the normal approximation with
    /// corrections for ties and continuity above. 1 when all values are equal.
    package var pValue: Double {
        guard candidates > 0, stables > 0 else { return 1 }
        if candidates + stables <= 40 { return exactPValue }
        guard nullVariance > 0 else { return 1 }
        let step = 0.5 / (candidates * stables)
        return 1 - SpecialFunctions.normal((superiority - 0.5 - step) / nullVariance.squareRoot())
    }

    private var exactPValue: Double {
        let chosen = Int(candidates)
        // Twice the mid-rank is a whole number.
        var ranks: [(count: Int, doubledRank: Int)] = []
        var (below, observed) = (0, 0)
        for group in groups where group.candidate + group.stable > 0 {
            let count = Int(group.candidate + group.stable)
            let rank = 2 * below + count + 1
            ranks.append((count, rank))
            observed += rank * Int(group.candidate)
            below += count
        }
        let greatest = ranks.reduce(0) { $0 + $1.count * $1.doubledRank }
        // ways[k][s]: how many choices of k values have the doubled rank sum s.
        var ways = [[Double]](repeating: [Double](repeating: 0, count: greatest + 1), count: chosen + 1)
        ways[0][0] = 1
        for (count, rank) in ranks {
            for _ in 0..<count {
                for k in stride(from: chosen, to: 0, by: -1) where greatest >= rank {
                    for sum in stride(from: greatest, through: rank, by: -1) { ways[k][sum] += ways[k - 1][sum - rank] }
                }
            }
        }
        let all = ways[chosen].reduce(0, +)
        return ways[chosen][min(observed, greatest)...].reduce(0, +) / all
    }
}
