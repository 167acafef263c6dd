import Testing

@testable import HeadgateCore

/// What a gate says before training: it is recorded and told as at the other gates, and asked again when time decides.
@Suite struct PlanGateTests {
    /// Says no at one gate until the time of a policy's param `floor`, and passes else.
    private struct ClockJudge: Judge {
        var isVolatile = false
        var moment = GateMoment.plan

        func judge(_ policy: PolicyName, _ spec: PolicySpec, digest: PolicyDigest, on evidence: Evidence) -> Verdict {
            var outcome = Verdict.Outcome.pass
            if case .number(let until) = spec.params["floor"], Double(evidence.now.milliseconds) < until {
                outcome = evidence.moment == moment ? .fail : .pass
            }
            let read = isVolatile ? "\(evidence.now)" : "\(evidence.commit?.commit.hex ?? "")"
            return Verdict(
                policy: policy, policyDigest: digest, action: spec.action, moment: evidence.moment, outcome: outcome,
                evidenceDigest: EvidenceDigest(Digest.of(Array(read.utf8))), isVolatile: isVolatile, rules: [],
                message: outcome == .pass ? nil : "not now")
        }

        func check(_ policy: PolicyName, _ spec: PolicySpec) -> [Diagnostic] { [] }
        func check(_ strategy: StrategySpec) -> [Diagnostic] { [] }
        func answer(_ request: CheckRequest, queries: [String: QueryValue]) -> CheckAnswer { .pass("") }
        func readsStable(_ check: CheckSpec) -> Bool { false }
        func isSatisfied(_ expression: PolicyExpression, by status: JSONValue) -> Bool? { nil }
    }

    private static let always = 1e15

    private func world(
        volatile: Bool, until: Double, at moment: GateMoment = .plan, action: PolicyAction = .deny
    ) -> (World, Repository) {
        var world = World(judge: ClockJudge(isVolatile: volatile, moment: moment))
        var repository = Repository()
        repository.moments = [moment]
        repository.floor = until
        repository.action = action
        world.push(repository.commit())
        world.run(for: .seconds(60))
        return (world, repository)
    }

    @Test(arguments: [PolicyAction.deny, .warn, .audit])
    func `a verdict before training is in the ledger, and a no is told with its id`(_ action: PolicyAction) throws {
        let (world, _) = world(volatile: false, until: Self.always, action: action)
        let recorded = try #require(world.contents.verdicts.first { $0.verdict.moment == .plan })
        #expect(recorded.model == Repository.model && recorded.deployment == nil && recorded.version == nil)
        #expect(recorded.verdict.outcome == .fail && recorded.verdict.action == action)
        #expect(world.state.verdictsAtPlan(of: Repository.model) == [recorded])
        #expect(world.started.isEmpty == (action == .deny))
        let ready = world.state.modelStatuses[Repository.model]?.conditions[.ready]
        #expect((ready?.reason == "GateDenied") == (action == .deny))
        let told = world.events.filter { $0.object == ObjectID(Repository.model) && $0.reason.hasPrefix("Policy") }
        switch action {
        case .deny:
            #expect(told.map(\.reason) == ["PolicyFail"])
            #expect(told.first?.message.contains("`headgate policy explain \(recorded.id)`") == true)
        case .warn: #expect(told.map(\.reason) == ["PolicyWarning"])
        case .audit: #expect(told.isEmpty)
        }
    }

    @Test func `an answer that stays as it is is recorded once, and a new one replaces it`() {
        var (world, repository) = world(volatile: false, until: Self.always)
        let writes = world.writes
        world.run(for: .seconds(3600))
        #expect(world.writes == writes)
        repository.floor = 0
        world.push(repository.commit())
        world.run(for: .seconds(60))
        #expect(world.state.verdictsAtPlan(of: Repository.model).map(\.verdict.outcome) == [.pass])
        #expect(world.state.records[Repository.deployment]?.conditions[.ready]?.status == .isTrue)
    }

    @Test(arguments: [GateMoment.plan, .validate])
    func `a no of the present moment ends by itself, and writes nothing while it lasts`(_ moment: GateMoment) {
        var (world, _) = world(volatile: true, until: 1_000_000 + 7_200_000, at: moment)
        let ready = world.state.records[Repository.deployment]?.conditions[.ready]
        #expect(ready?.reason == "GateInconclusive" && ready?.message.hasSuffix("policy floor: not now") == true)
        #expect(world.started.isEmpty == (moment == .plan))
        let writes = world.writes
        world.run(for: .seconds(3600))
        #expect(world.writes == writes)
        world.crash()
        world.run(for: .seconds(3660))
        #expect(world.started.map(\.step.text) == ["train", "evaluate"])
        #expect(world.state.records[Repository.deployment]?.conditions[.ready]?.status == .isTrue)
    }

    @Test func `what the ledger forgets of plans is forgotten in memory`() {
        let (world, _) = world(volatile: false, until: Self.always)
        var reconciler = world.reconciler
        let (before, after) = (world.now - .seconds(3600), world.now + .seconds(1))
        _ = reconciler.handle(.pruned(PrunedRecords(), before: before), now: world.now, jitter: 0)
        #expect(reconciler.state.verdictsAtPlan(of: Repository.model).count == 1)
        _ = reconciler.handle(.pruned(PrunedRecords(), before: after), now: world.now, jitter: 0)
        #expect(reconciler.state.verdictsAtPlan(of: Repository.model).isEmpty)
    }
}
