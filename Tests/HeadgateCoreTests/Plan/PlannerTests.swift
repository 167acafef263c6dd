import Testing

@testable import HeadgateCore

/// Plans against a base, without a ledger.
@Suite struct PlannerTests {
    private func plan(
        _ base: Repository?, _ head: Repository, known: PlanKnowledge = PlanKnowledge()
    ) -> [String: PlannedChange] {
        var (base, head) = (base, head)
        let snapshot = head.commit()
        let changes = Planner(host: HostFacts(operatingSystem: "linux", architecture: "x86_64")).plan(
            World.source, snapshot.desired, base: base?.commit().desired, known: known, revision: snapshot.revision,
            commit: snapshot.commit, now: Instant(milliseconds: 0))
        let named = changes.map { ("\($0.object)" + ($0.step.map { " \($0)" } ?? ""), $0) }
        return Dictionary(named) { first, _ in first }
    }

    @Test func `what is as at base does nothing although nobody has its results`() {
        let changes = plan(Repository(), Repository())
        #expect(changes.count == 4)
        #expect(changes.values.allSatisfy { !$0.isChange }, "\(changes)")
    }

    @Test func `a step that changed runs and what follows from it waits`() {
        let changes = plan(Repository(), Repository(quality: "0.95"))
        #expect(changes["Model/wine train"]?.action == .run)
        #expect(changes["Model/wine train"]?.reason == "param quality changed from \"0.90\" to \"0.95\"")
        #expect(changes["Model/wine evaluate"]?.action == .wait)
        #expect(changes["Deployment/wine"]?.action == .rollOut)
        #expect(changes["Policy/floor"]?.action == PlannedChange.Action.none)
    }

    @Test func `a Deployment moves as its own fields changed`() {
        #expect(plan(Repository(), Repository(replicas: 3))["Deployment/wine"]?.action == .resize)
        #expect(plan(Repository(hasDeployment: false), Repository())["Deployment/wine"]?.action == .rollOut)
        #expect(plan(Repository(), Repository(hasDeployment: false))["Deployment/wine"]?.action == .prune)
    }

    @Test func `a policy that changed is asked again and no step runs`() {
        let changes = plan(Repository(), Repository(floor: 0.9))
        #expect(changes["Policy/floor"]?.action == .judge)
        #expect(changes.values.filter(\.isChange).count == 1)
    }

    @Test func `a ledger knows what has run and nothing is taken for granted beside it`() {
        let changes = plan(Repository(), Repository(), known: PlanKnowledge(LedgerContents()))
        #expect(changes["Model/wine train"]?.action == .run)
        #expect(changes["Model/wine evaluate"]?.action == .wait)
    }

    @Test func `without a base everything is new`() {
        let changes = plan(nil, Repository())
        #expect(changes["Model/wine train"]?.action == .run)
        #expect(changes["Model/wine train"]?.reason == "new step")
    }
}
