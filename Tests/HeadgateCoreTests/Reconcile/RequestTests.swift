import Testing

@testable import HeadgateCore

/// What people ask, what becomes of it, and what is told of it.
@Suite struct RequestTests {
    private let id = Repository.deployment

    private func champion(_ world: World) -> VersionID? { world.state.records[id]?.champion?.version }

    /// The events of one request, as reason and message.
    private func ask(_ world: inout World, _ command: Command) -> [String] {
        let before = world.events.count
        world.command(command)
        return world.events[before...].map { "\($0.reason): \($0.message)" }
    }

    private func world(serving qualities: [String], _ repository: inout Repository) throws -> (World, [VersionID]) {
        var world = World()
        var versions: [VersionID] = []
        for quality in qualities {
            repository.quality = quality
            world.push(repository.commit())
            world.run(for: .seconds(60))
            versions.append(try #require(champion(world)))
        }
        #expect(Set(versions).count == qualities.count)
        return (world, versions)
    }

    /// A world whose latest commit's candidate has been started and is not ready yet.
    private func rolling(_ repository: inout Repository) throws -> World {
        var (world, _) = try world(serving: ["0.90"], &repository)
        repository.quality = "0.95"
        world.push(repository.commit())
        world.run(for: .milliseconds(20_500))
        try #require(world.state.records[id]?.rollout != nil)
        return world
    }

    @Test func `a rollback goes further back each time, and never to what somebody went back from`() throws {
        var repository = Repository()
        var (world, versions) = try world(serving: ["0.85", "0.90", "0.95"], &repository)
        for earlier in [versions[1], versions[0]] {
            #expect(
                ask(&world, .rollback(id, to: nil, by: "ada", reason: "bad")).contains { $0.contains("by ada: bad") })
            world.run(for: .seconds(30))
            #expect(champion(world) == earlier)
        }
        let refused = ask(&world, .rollback(id, to: nil, by: "ada", reason: "bad"))
        #expect(refused.first?.hasPrefix("RollbackRefused: there is no earlier champion that nobody") == true)
        world.run(for: .seconds(30))
        #expect(champion(world) == versions[0])
        // A named one is gone to all the same, and a newer champion goes back to the one before it.
        _ = ask(&world, .rollback(id, to: versions[1], by: "ada", reason: "not so bad"))
        world.run(for: .seconds(30))
        #expect(champion(world) == versions[1])
        repository.quality = "0.97"
        world.push(repository.commit())
        world.run(for: .seconds(60))
        #expect(world.state.records[id]?.earlierChampion == versions[1])
        // What is released is no longer bad.
        _ = ask(&world, .rollback(id, to: versions[2], by: "ada", reason: "try it"))
        world.run(for: .seconds(30))
        _ = ask(&world, .release(id, by: "ada"))
        world.run(for: .seconds(30))
        #expect(world.state.records[id]?.earlierChampion == versions[1])
    }

    @Test func `a hold tells who asked for it and why`() throws {
        var repository = Repository()
        var (world, versions) = try world(serving: ["0.90"], &repository)
        #expect(
            ask(&world, .hold(id, by: "ada", reason: "a fair")) == [
                "HoldRequested: version \(versions[0].short) by ada: a fair"
            ])
        repository.quality = "0.95"
        world.push(repository.commit())
        world.run(for: .milliseconds(1_000))
        let early = ask(&world, .hold(id, by: "ada", reason: "a fair"))
        #expect(early.first?.contains("not known yet; `headgate suspend wine` keeps what serves") == true, "\(early)")
    }

    @Test func `an abort leaves a hold by who asked for it, with the reason`() throws {
        var repository = Repository()
        var world = try rolling(&repository)
        _ = ask(&world, .abort(id, by: "ada", reason: "wrong data"))
        let late = ask(&world, .promote(id, full: true, by: "bob"))
        #expect(late.contains("RequestIgnored: bob cannot promote on the way back"), "\(late)")
        world.run(for: .seconds(30))
        let hold = try #require(world.state.records[id]?.holds.last)
        #expect(hold.by == "ada" && hold.reason == "wrong data")
        #expect(world.state.records[id]?.conditions[.held]?.message.contains("is held by ada: wrong data") == true)
    }

    @Test func `a second pause says that there is one already`() throws {
        var repository = Repository()
        var world = try rolling(&repository)
        #expect(ask(&world, .pause(id, by: "ada")).contains("RolloutPaused: by ada"))
        #expect(
            ask(&world, .pause(id, by: "bob")).contains("RequestIgnored: bob cannot pause it: it is paused already"))
    }

    @Test func `an approval that no stage waits for is recorded for policies, and what serves needs none`() throws {
        var repository = Repository()
        var world = try rolling(&repository)
        let candidate = try #require(world.state.records[id]?.rollout?.candidate.version)
        let said = ask(&world, .approve(id, candidate, by: "ada"))
        #expect(
            said == ["Approved: version \(candidate.short) by ada, recorded for policies; no stage waits for it"])
        #expect(world.state.records[id]?.approvals.map(\.by) == ["ada"])
        world.run(for: .seconds(60))
        #expect(champion(world) == candidate)
        #expect(
            ask(&world, .approve(id, candidate, by: "ada")) == [
                "ApprovalRefused: version \(candidate.short) serves already"
            ])
        #expect(world.state.records[id]?.approvals.isEmpty == true)
    }

    @Test(arguments: [
        (false, true, "suspended; a commit with `suspend: false` goes on"),
        (true, false, "suspended; `headgate resume wine` goes on"),
        (
            true, true,
            "suspended by hand and by its manifest; `headgate resume wine` and a commit with `suspend: false` go on together"
        ),
    ])
    func `a suspended Deployment names what ends it, and only that`(
        _ byHand: Bool, _ byManifest: Bool, _ text: String
    ) throws {
        var repository = Repository()
        var (world, _) = try world(serving: ["0.90"], &repository)
        if byHand { world.command(.suspend(id, by: "ada")) }
        let commit = repository.commit()
        var desired = commit.desired
        desired.deployments[id.name]?.spec.suspend = byManifest
        world.push(Snapshot(revision: commit.revision, commit: commit.commit, desired: desired, changed: nil))
        world.run(for: .seconds(10))
        #expect(world.state.records[id]?.conditions[.suspended]?.message == text)
        let said = ask(&world, .resume(id, by: "ada"))
        switch (byHand, byManifest) {
        case (false, _):
            #expect(said.contains("ResumeRefused: its manifest says `suspend: true`: a commit without it goes on"))
        case (true, false): #expect(said.contains("Resumed: by ada"))
        case (true, true): #expect(said.contains("Resumed: by ada; its manifest says `suspend: true` still"), "\(said)")
        }
    }
}
