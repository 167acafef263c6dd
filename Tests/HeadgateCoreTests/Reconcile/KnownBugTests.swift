import Testing

@testable import HeadgateCore

/// Bugs that other controllers had, by their numbers; those that need a real repository are in `HeadgateCommandsTests`.
@Suite struct KnownBugTests {
    private let id = Repository.deployment

    private func champion(_ world: World) -> VersionID? { world.state.records[id]?.champion?.version }

    private func ready(_ world: World) -> Condition? { world.state.records[id]?.conditions[.ready] }

    @Test func `a failing commit never blocks the fix (argo-cd #11494)`() throws {
        var world = World()
        var repository = Repository()
        world.exitCodes = ["train": 3]
        world.push(repository.commit())
        world.run(for: .seconds(60))
        #expect(ready(world)?.reason == "StepFailed")
        #expect(world.started.count == 1, "a refusal is not run again unasked")
        world.exitCodes = [:]
        repository.quality = "0.91"
        world.push(repository.commit())
        world.run(for: .seconds(60))
        #expect(ready(world)?.status == .isTrue)
    }

    @Test func `a rollback stays through restart, poll and unrelated commits, and a release ends it (argo-cd #9570)`()
        throws
    {
        var world = World()
        var repository = Repository()
        world.push(repository.commit())
        world.run(for: .seconds(60))
        let first = try #require(champion(world))
        repository.quality = "0.95"
        world.push(repository.commit())
        world.run(for: .seconds(60))
        let second = try #require(champion(world))
        world.command(.rollback(id, to: nil, by: "ada", reason: "test"))
        world.run(for: .seconds(30))
        #expect(champion(world) == first)
        world.crash()
        let unrelated = repository.commit()
        for _ in 0..<3 {
            world.push(unrelated)
            world.run(for: .seconds(60))
        }
        #expect(champion(world) == first)
        #expect(world.state.records[id]?.conditions[.held] != nil)
        #expect(ready(world)?.status == .isFalse && ready(world)?.reason == "Held")
        world.command(.release(id, by: "ada"))
        world.run(for: .seconds(60))
        #expect(champion(world) == second)
    }

    @Test func `a step that never returns ends at its deadline, and the next revision goes on (argo-cd #4979)`() {
        var world = World()
        var repository = Repository()
        world.stepDuration = .seconds(1_000_000)
        world.push(repository.commit())
        world.run(for: .seconds(2 * 3600))
        let runs = world.contents.runs.filter { !$0.isLive }
        #expect(!runs.isEmpty)
        #expect(
            runs.allSatisfy { run in
                guard case .errored(let error) = run.state else { return false }
                return error.code == .timedOut
            })
        world.stepDuration = .seconds(5)
        repository.quality = "0.92"
        world.push(repository.commit())
        world.run(for: .seconds(60))
        #expect(ready(world)?.status == .isTrue)
    }

    @Test func `a step of which nothing is ever heard is ended for the next revision (argo-cd #4979)`() {
        var world = World()
        var repository = Repository()
        world.isSilent = true
        world.push(repository.commit())
        world.run(for: .seconds(60))
        let hanging = world.started.map(\.run)
        world.isSilent = false
        repository.quality = "0.92"
        world.push(repository.commit())
        world.run(for: .seconds(60))
        #expect(ready(world)?.status == .isTrue)
        #expect(world.contents.runs.filter { hanging.contains($0.id) }.map(\.state) == [.cancelled])
    }

    @Test func `a missing path, or a file that cannot be read, deletes nothing (argo-cd #9227)`() {
        var simulation = Simulation(seed: 1)
        var contents = Contents()
        func change(_ change: (inout Contents) -> Void) {
            change(&contents)
            simulation.perform(.commit(contents))
            simulation.run(for: .seconds(600))
        }
        change { _ in }
        let (objects, held) = (simulation.ledger.objects, simulation.targets.mapValues { $0.held.mapValues(\.weights) })
        #expect(simulation.ledger.deployments.count == 3)
        for wrong in [\Contents.pathMissing, \.unreadable] {
            change { $0[keyPath: wrong] = true }
            #expect(simulation.ledger.objects == objects)
            #expect(simulation.targets.mapValues { $0.held.mapValues(\.weights) } == held)
            change { $0[keyPath: wrong] = false }
        }
        change { $0.broken = [.deployment, .model, .policy] }
        #expect(simulation.ledger.objects == objects)
        #expect(simulation.targets.mapValues { $0.held.mapValues(\.weights) } == held)
    }

    @Test func `an unreachable target blocks no other, and its Deployment can still be deleted (argo-cd #5817)`() throws
    {
        var simulation = Simulation(seed: 1)
        var contents = Contents()
        simulation.perform(.commit(contents))
        simulation.run(for: .seconds(120))
        let before = try #require(simulation.ledger.deployments[Names.ale]?.champion?.version)
        simulation.perform(.target(Names.left, .unreachable, .seconds(1_000_000)))
        contents.beer.quality = 95
        contents.wine.quality = 95
        simulation.perform(.commit(contents))
        simulation.run(for: .seconds(120))
        let after = try #require(simulation.ledger.deployments[Names.ale]?.champion?.version)
        #expect(after != before)
        #expect(simulation.targets[Names.right]?.held[Names.ale]?.weights == [after: 100])
        contents.missing = [Names.red.name]
        simulation.perform(.commit(contents))
        simulation.run(for: Simulation.settings.removalDeadline + .seconds(300))
        #expect(simulation.ledger.deployments[Names.red] == nil)
        #expect(simulation.ledger.deployments[Names.ale]?.conditions[.ready]?.status == .isTrue)
        #expect(simulation.watch.finding == nil)
    }

    @Test func `an idle hour writes nothing to the ledger and sends nothing to a target`() {
        var world = World()
        var repository = Repository()
        world.push(repository.commit())
        world.run(for: .seconds(120))
        let writes = world.writes
        let applied = world.applied.count
        world.run(for: .seconds(3600))
        #expect(world.writes == writes)
        #expect(world.applied.count == applied)
    }
}
