import Testing

@testable import HeadgateCore

/// Queries that name the version that they are about.
struct CheckQueriesTests {
    private static func queries(_ query: MetricQuery, preview: String? = "http://router/wine@aaaa") -> [MetricQuery] {
        let check = CheckSpec(name: "check", expression: PolicyExpression("true"), queries: [query])
        let nothing = TrafficWindow(to: TrafficStatistics())
        let now = Instant(milliseconds: 0)
        return CheckRequest(
            number: 1, check: check, candidate: nothing, stable: nothing, since: now, until: now,
            candidateSubject: CheckSubject(version: Sample.candidate.version, preview: preview),
            stableSubject: CheckSubject(version: Sample.champion.version)
        ).queries
    }

    @Test func `a query that names no version is asked once`() {
        let query = MetricQuery(name: "lag", provider: .command(["lag", "$(other)"]))
        #expect(Self.queries(query) == [query])
    }

    @Test func `a query that names a version is asked once for each`() {
        let query = MetricQuery(
            name: "loss",
            provider: .prometheus(
                address: "http://p", query: "loss{version=\"$(digest)\",short=\"$(version)\"}", range: nil))
        let asked = Self.queries(query)
        #expect(asked.map(\.name) == ["candidate.loss", "stable.loss"])
        for (query, version) in zip(asked, [Sample.candidate.version, Sample.champion.version]) {
            #expect(
                query.provider
                    == .prometheus(
                        address: "http://p", query: "loss{version=\"\(version)\",short=\"\(version.short)\"}",
                        range: nil))
        }
    }

    @Test func `a version without an address of its own is not asked there`() {
        let query = MetricQuery(name: "smoke", provider: .json(url: "$(preview)/healthz", pointer: "/score"))
        #expect(
            Self.queries(query) == [
                MetricQuery(
                    name: "candidate.smoke", provider: .json(url: "http://router/wine@aaaa/healthz", pointer: "/score"))
            ])
        #expect(Self.queries(query, preview: nil).isEmpty)
    }
}
