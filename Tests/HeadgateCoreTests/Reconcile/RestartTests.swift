import Testing

@testable import HeadgateCore

/// What is told of servers and routers that end by themselves.
@Suite struct RestartTests {
    private let id = Repository.deployment

    private func world() throws -> (World, VersionID) {
        var repository = Repository()
        var world = World()
        world.push(repository.commit())
        world.run(for: .seconds(60))
        return (world, try #require(world.state.records[id]?.champion?.version))
    }

    /// What is told of restarts since there were so many events.
    private func told(_ world: World, since count: Int) -> [LoggedEvent] {
        world.events[count...].filter { $0.reason.hasSuffix("Restarted") }
    }

    @Test func `a server that died and came back is told of, with how it ended and how often`() throws {
        var (world, version) = try world()
        let before = world.events.count
        for count in 1...40 {
            world.restarts[version] = count
            world.run(for: .seconds(20))
        }
        let events = told(world, since: before)
        // One by one at first, then at each doubling.
        #expect(
            events.map(\.message)
                == [1, 2, 3, 4, 8, 16, 32].map {
                    "a server of version \(version.short) was killed by signal 9; started again (\($0))"
                })
        #expect(events.allSatisfy { $0.object == ObjectID(id) && $0.severity == .warning })
        let writes = world.writes
        world.run(for: .seconds(3600))
        #expect(world.writes == writes, "what is known is not said again")
    }

    @Test func `several restarts between two looks are told of at once, and those of before a start are not`() throws {
        var (world, version) = try world()
        let before = world.events.count
        world.restarts[version] = 6
        world.crash()
        world.run(for: .seconds(60))
        #expect(told(world, since: before).isEmpty)
        world.restarts[version] = 9
        world.run(for: .seconds(60))
        #expect(told(world, since: before).map(\.message).map { $0.suffix(3) } == ["(9)"])
        // A shim that is new counts from zero.
        world.restarts[version] = 0
        world.run(for: .seconds(60))
        world.restarts[version] = 1
        world.run(for: .seconds(60))
        #expect(told(world, since: before).map(\.message).map { $0.suffix(3) } == ["(9)", "(1)"])
    }

    @Test func `a router that died is told of on its Target`() throws {
        var (world, _) = try world()
        let before = world.events.count
        world.routerRestarts = 1
        world.run(for: .seconds(60))
        let events = told(world, since: before)
        #expect(events.map(\.message) == ["the router ended with exit code 2; started again (1)"])
        #expect(events.map(\.object) == [ObjectID(World.target)])
    }
}
