import Testing

@testable import HeadgateCore

/// What waits for a person, and under which words.
@Suite struct AwaitedActionTests {
    private let id = Repository.deployment

    private func reasons(_ world: World, _ object: ObjectID? = nil) -> [String] {
        world.state.awaitedActions.filter { $0.subject == .object(object ?? ObjectID(id)) }.map(\.reason)
    }

    @Test func `nothing waits where all is well, and a denied version waits for a better one`() throws {
        var repository = Repository()
        var world = World()
        world.push(repository.commit())
        world.run(for: .seconds(60))
        #expect(world.state.awaitedActions.isEmpty)
        repository.quality = "0.5"
        world.push(repository.commit())
        world.run(for: .seconds(60))
        #expect(reasons(world) == ["GateDenied"])
        repository.quality = "0.95"
        world.push(repository.commit())
        world.run(for: .seconds(60))
        #expect(world.state.awaitedActions.isEmpty)
    }

    @Test func `a stage that waits for an approval, a pause and an abort say so`() throws {
        var repository = Repository()
        repository.strategy = Sample.canary([.weight(10), .pauseUntilApproved(deadline: .seconds(604_800))], [])
        var world = World()
        world.push(repository.commit())
        world.run(for: .seconds(60))
        repository.quality = "0.95"
        world.push(repository.commit())
        world.run(for: .seconds(60))
        #expect(reasons(world) == ["ApprovalWanted"])
        world.command(.pause(id, by: "ada"))
        #expect(reasons(world) == ["ApprovalWanted", "RolloutPaused"])
        world.command(.abort(id, by: "ada", reason: "wrong data"))
        world.run(for: .seconds(60))
        #expect(reasons(world) == ["Held"])
        world.command(.suspend(id, by: "ada"))
        world.run(for: .seconds(60))
        #expect(reasons(world).contains("Suspended"))
    }

    @Test func `a step that failed, a manifest in error and a large deletion wait, each where it is`() throws {
        var repository = Repository()
        var world = World()
        world.exitCodes["train"] = 1
        world.push(repository.commit())
        world.run(for: .seconds(60))
        #expect(reasons(world, ObjectID(Repository.model)) == ["StepFailed"])
        repository.isPolicyQuarantined = true
        world.push(repository.commit())
        world.run(for: .seconds(60))
        #expect(reasons(world, ObjectID(Repository.policy)) == ["Quarantined"])
        var state = ReconcilerState()
        state.unconfirmed = [World.source: [ObjectID(id)]]
        #expect(state.awaitedActions == [AwaitedAction(.source(World.source), "PruneUnconfirmed")])
    }
}
