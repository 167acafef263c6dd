import HeadgateCore
import Testing

@testable import HeadgateProviders

@Suite struct RoutingPlanTests {
    private let a = VersionID(Digest.of([1]))
    private let b = VersionID(Digest.of([2]))

    private func served(_ version: VersionID) -> ServedVersion {
        let bundle = ServingBundle(
            artifact: TreeDigest(version.digest), artifactPath: "m", inputs: [], serve: nil, environment: nil,
            source: RunnerFixture.source)
        return ServedVersion(version: version, replicas: 1, bundle: bundle)
    }

    private func state(_ weights: [VersionID: Int], stable: VersionID? = nil) -> ServingState {
        ServingState(
            deployment: TargetFixture.deployment(), versions: weights.keys.map(served), weights: weights,
            stable: stable)
    }

    private func candidate(_ endpoints: [String], complete: Bool = true) -> RoutingPlan.Candidate {
        RoutingPlan.Candidate(endpoints: endpoints, mayTakeTraffic: complete, preview: false)
    }

    private func table(_ weights: [VersionID: Int], _ endpoints: [VersionID: [String]]) -> RouterDeployment {
        RouterDeployment(
            prefix: "/p",
            backends: Dictionary(
                uniqueKeysWithValues: endpoints.map { ($0.key.description, RouterBackend(endpoints: $0.value)) }),
            weights: Dictionary(uniqueKeysWithValues: weights.map { ($0.key.description, $0.value) }))
    }

    @Test func `weights move when every version that shall have traffic is ready, and not before`() {
        let previous = table([a: 100], [a: ["1"]])
        let wanted = state([a: 50, b: 50])
        let waiting = RoutingPlan(
            wanted, prefix: "/p", candidates: [a: candidate(["1"]), b: candidate(["2"], complete: false)],
            previous: previous)
        #expect(!waiting.isSettled)
        #expect(waiting.table.weights == previous.weights)
        #expect(waiting.table.backends.keys.sorted() == [a, b].map(\.description).sorted())
        let moved = RoutingPlan(
            wanted, prefix: "/p", candidates: [a: candidate(["1"]), b: candidate(["2"])], previous: previous)
        #expect(moved.isSettled)
        #expect(moved.table.weights == [a.description: 50, b.description: 50])
    }

    @Test func `a version that nobody wants keeps its place as long as it answers`() {
        let previous = table([a: 100], [a: ["1"]])
        let waiting = RoutingPlan(
            state([b: 100], stable: b), prefix: "/p", candidates: [a: candidate(["1"]), b: candidate([])],
            previous: previous)
        #expect(waiting.table == previous)
        let moved = RoutingPlan(
            state([b: 100], stable: b), prefix: "/p", candidates: [a: candidate(["1"]), b: candidate(["2"])],
            previous: previous)
        #expect(moved.table.backends.keys.map { $0 } == [b.description])
        #expect(moved.table.stable == b.description)
    }

    @Test func `a version whose servers are all down keeps its places in the table`() {
        let previous = table([a: 100], [a: ["1", "2"]])
        for candidates in [[a: candidate([])], [:]] {
            let plan = RoutingPlan(state([a: 100]), prefix: "/p", candidates: candidates, previous: previous)
            #expect(plan.table == previous)
        }
        let half = RoutingPlan(state([a: 100]), prefix: "/p", candidates: [a: candidate(["2"])], previous: previous)
        #expect(half.table.backends[a.description]?.endpoints == ["2"])
    }

    @Test func `routes and mirrors wait for their version alone, and an empty state takes all away`() {
        var wanted = state([a: 100, b: 0], stable: a)
        wanted.mirror = ServingState.Mirror(version: b, percent: 10, compare: .exact)
        wanted.routes = [ServingState.HeaderRoute(match: .header(name: "x", value: "y"), version: b)]
        let waiting = RoutingPlan(
            wanted, prefix: "/p", candidates: [a: candidate(["1"]), b: candidate([])], previous: nil)
        #expect(waiting.table.mirror == nil)
        #expect(waiting.table.routes.isEmpty)
        #expect(waiting.table.weights == [a.description: 100])
        let ready = RoutingPlan(
            wanted, prefix: "/p", candidates: [a: candidate(["1"]), b: candidate(["2"])], previous: nil)
        #expect(ready.table.mirror?.version == b.description)
        #expect(ready.table.routes.map(\.version) == [b.description])
        let empty = RoutingPlan(
            ServingState(deployment: TargetFixture.deployment()), prefix: "/p",
            candidates: [a: candidate(["1"])], previous: ready.table)
        #expect(empty.table == RouterDeployment(prefix: "/p", backends: [:], weights: [:]))
    }
}
