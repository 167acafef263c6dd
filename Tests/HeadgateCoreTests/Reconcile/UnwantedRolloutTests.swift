import Testing

@testable import HeadgateCore

/// Rollouts whose reason has gone while they were under way.
@Suite struct UnwantedRolloutTests {
    private let id = Repository.deployment

    /// A world in which the candidate of a commit has been started and is not ready yet.
    private func starting(_ world: inout World, _ repository: inout Repository) throws -> VersionID {
        world.push(repository.commit())
        world.run(for: .milliseconds(20_500))
        let rollout = try #require(world.state.records[id]?.rollout)
        #expect(world.applied.last?.weight(of: rollout.candidate.version) == 0)
        return rollout.candidate.version
    }

    // Found by seed 2080 of the simulation: it waited for an admission that nobody could give, for ever.
    @Test func `a first version that HEAD no longer asks for is taken back, though nothing takes its place`() throws {
        var world = World()
        var repository = Repository()
        let first = try starting(&world, &repository)
        world.exitCodes = ["train": 3]
        repository.quality = "0.91"
        world.push(repository.commit())
        world.run(for: .seconds(120))
        #expect(world.state.records[id]?.rollout == nil)
        #expect(world.state.records[id]?.champion == nil)
        #expect(world.state.records[id]?.holds.isEmpty == true)
        #expect(world.state.records[id]?.conditions[.ready]?.reason == "StepFailed")
        #expect(world.applied.allSatisfy { $0.weight(of: first) == 0 })
        #expect(world.applied.last?.versions.isEmpty == true)
    }

    // Found by seed 2442 of the simulation.
    @Test func `a Deployment that left the repository moves no traffic on its way out`() throws {
        var world = World()
        var repository = Repository()
        world.push(repository.commit())
        world.run(for: .seconds(60))
        let champion = try #require(world.state.records[id]?.champion?.version)
        repository.quality = "0.95"
        let candidate = try starting(&world, &repository)
        repository.hasDeployment = false
        world.push(repository.commit())
        world.run(for: .seconds(8))
        #expect(world.weights(id) == [champion: 100])
        world.run(for: .seconds(60))
        #expect(world.applied.allSatisfy { $0.weight(of: candidate) == 0 })
        #expect(world.state.records[id] == nil)
    }

    // Found by seed 2110 of the simulation: a hundred times a second.
    @Test func `a rollout whose target cannot be reached after a restart is not looked at without end`() throws {
        var world = World()
        var repository = Repository()
        _ = try starting(&world, &repository)
        world.faults.unreachable = 1
        world.crash()
        let ticks = world.ticks
        world.run(for: .seconds(600))
        #expect(world.ticks - ticks < 200)
        world.faults.unreachable = 0
        world.run(for: .seconds(300))
        #expect(world.state.records[id]?.conditions[.ready]?.status == .isTrue)
    }

    // Found by seed 3278 of the simulation: it took all traffic, and lost it in the same moment.
    @Test func `what a restart finds under way goes no step further when HEAD asks for something else`() throws {
        var world = World()
        var repository = Repository()
        world.push(repository.commit())
        world.run(for: .seconds(60))
        repository.quality = "0.95"
        let old = try starting(&world, &repository)
        world.faults.unreachable = 1
        world.crash()
        repository.quality = "0.97"
        world.push(repository.commit())
        world.run(for: .seconds(120))
        let told = world.applied.count
        world.faults.unreachable = 0
        world.run(for: .seconds(120))
        let served = try #require(world.state.records[id]?.champion?.version)
        #expect(served != old && world.weights(id) == [served: 100])
        #expect(world.applied.allSatisfy { $0.weight(of: old) == 0 })
        #expect(
            world.applied[told].versions.map(\.version).contains(served), "the first write is the one that is wanted")
    }

    // Found by seed 3968 of the simulation: it said that it was rolling out.
    @Test func `a rollout that a policy in error holds says so, and goes on when the policy is mended`() throws {
        var world = World()
        var repository = Repository()
        let version = try starting(&world, &repository)
        repository.isPolicyQuarantined = true
        world.push(repository.commit())
        world.run(for: .seconds(60))
        let blocked = try #require(world.state.records[id]?.conditions[.stalled])
        #expect(blocked.reason == "NotAdmitted" && blocked.message.contains("policy floor is in error"))
        #expect(blocked.message.contains("goes back after \(Rollout.approvalDeadline.text)"))
        #expect(world.weights(id)[version] == nil)
        let writes = world.writes
        world.run(for: .seconds(3600))
        #expect(world.writes == writes, "an hour of waiting writes nothing")
        repository.isPolicyQuarantined = false
        world.push(repository.commit())
        world.run(for: .seconds(60))
        #expect(world.weights(id) == [version: 100])
    }

    // Found by seed 9588 of the simulation: a hundred times a second.
    @Test func `a way back whose write is not answered is not looked at without end`() throws {
        var world = World()
        var repository = Repository()
        world.push(repository.commit())
        world.run(for: .seconds(60))
        let champion = try #require(world.state.records[id]?.champion?.version)
        repository.quality = "0.95"
        _ = try starting(&world, &repository)
        world.isTargetMute = true
        world.exitCodes = ["train": 3]
        repository.quality = "0.97"
        world.push(repository.commit())
        let ticks = world.ticks
        world.run(for: .seconds(300))
        #expect(world.ticks - ticks < 400)
        world.isTargetMute = false
        world.run(for: .seconds(300))
        #expect(world.state.records[id]?.rollout == nil && world.weights(id) == [champion: 100])
    }

    // Found by seed 10786 of the simulation.
    @Test func `a rollout of a suspended Deployment goes no further, whatever is heard of its target`() throws {
        var world = World()
        var repository = Repository()
        let version = try starting(&world, &repository)
        world.command(.suspend(id, by: "ada"))
        world.run(for: .seconds(30))
        world.crash()
        world.run(for: .seconds(60))
        #expect(world.weights(id)[version] == nil)
        #expect(world.state.records[id]?.conditions[.ready]?.reason == "Suspended")
        world.command(.resume(id, by: "ada"))
        world.run(for: .seconds(60))
        #expect(world.weights(id) == [version: 100])
    }
}
