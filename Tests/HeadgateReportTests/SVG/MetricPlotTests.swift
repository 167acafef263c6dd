import HeadgateCore
import HeadgateReport
import Testing

@Suite struct MetricPlotTests {
    /// The plot of one metric without a champion.
    private func plot(_ name: String, _ value: Double, _ bounds: [MetricBound]) throws -> String {
        var subject = try SampleReport.make().subjects[0]
        subject.metrics = [MetricComparison(name: name, champion: nil, candidate: value)]
        subject.bounds = bounds
        return try #require(MetricPlot(subject)).document
    }

    @Test(arguments: [
        (MetricBound.Sign.atMost, 0.3, true), (.atMost, 0.5, false), (.below, 0.3, true), (.below, 0.4, false),
        (.atLeast, 0.3, false), (.atLeast, 0.4, true), (.above, 0.5, true), (.above, 0.4, false),
    ])
    func `a bar is coloured by whether what is asked holds, not by its side`(
        _ sign: MetricBound.Sign, _ value: Double, _ holds: Bool
    ) throws {
        let policy = try #require(PolicyName("loss"))
        let bound = MetricBound(metric: "log_loss", sign: sign, bound: 0.4, policy: policy)
        let document = try plot("log_loss", value, [bound])
        #expect(document.contains("<rect class=\"\(holds ? "holds" : "fails")\""), "\(document)")
        #expect(document.contains(">\(holds ? "✓" : "✗") loss</text>"), "\(document)")
        for kind in ["more", "less", holds ? "fails" : "holds"] { #expect(!document.contains("class=\"\(kind)\"")) }
    }

    @Test func `each bar names the policies that ask for it, and base's text as base's`() throws {
        let names = try ["floor", "slices", "strict"].map { try #require(PolicyName($0)) }
        let document = try plot(
            "accuracy", 0.9,
            [
                MetricBound(metric: "accuracy", sign: .atLeast, bound: 0.8, policy: names[0]),
                MetricBound(metric: "accuracy", sign: .atLeast, bound: 0.95, policy: names[0], isAtBase: true),
                MetricBound(metric: "accuracy", sign: .atLeast, bound: 0.8, policy: names[1]),
                MetricBound(metric: "accuracy", sign: .above, bound: 0.5, policy: names[2]),
            ])
        #expect(document.matches(of: /<rect class="(holds|fails)"/).count == 3, "\(document)")
        for words in ["✓ floor, slices", "✗ floor at base", "✓ strict", "asked ≥ 0.95", "asked &gt; 0.5"] {
            #expect(document.contains(words), "\(words): \(document)")
        }
    }
}
