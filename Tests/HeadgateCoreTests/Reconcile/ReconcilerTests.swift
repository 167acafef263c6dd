import Testing

@testable import HeadgateCore

@Suite struct ReconcilerTests {
    private let id = Repository.deployment

    private func champion(_ world: World) -> VersionID? { world.state.records[id]?.champion?.version }

    private func ready(_ world: World) -> Condition? { world.state.records[id]?.conditions[.ready] }

    @Test func `a commit is trained, judged and served`() {
        var world = World()
        var repository = Repository()
        world.push(repository.commit())
        world.run(for: .seconds(60))
        #expect(ready(world)?.status == .isTrue)
        #expect(world.started.map(\.step.text) == ["train", "evaluate"])
        #expect(champion(world).map { world.weights(id)[$0] } == 100)
    }

    @Test func `a version that fails its gate leaves the champion serving and takes no traffic`() throws {
        var world = World()
        var repository = Repository()
        world.push(repository.commit())
        world.run(for: .seconds(60))
        let first = try #require(champion(world))
        repository.quality = "0.50"
        world.push(repository.commit())
        world.run(for: .seconds(60))
        #expect(champion(world) == first)
        #expect(ready(world)?.reason == "GateDenied")
        let refused = try #require(world.state.records[id]?.desired)
        #expect(refused != first)
        #expect(
            world.applied.allSatisfy { $0.weight(of: refused) == 0 && !$0.versions.contains { $0.version == refused } })
    }

    @Test func `a revert runs no step and serves the earlier version again`() throws {
        var world = World()
        var repository = Repository()
        world.push(repository.commit())
        world.run(for: .seconds(60))
        let first = try #require(champion(world))
        repository.quality = "0.95"
        world.push(repository.commit())
        world.run(for: .seconds(60))
        #expect(champion(world) != first)
        let runs = world.started.count
        repository.quality = "0.90"
        world.push(repository.commit())
        world.run(for: .seconds(10))
        #expect(champion(world) == first)
        #expect(world.started.count == runs)
        #expect(world.state.records[id]?.champion?.restored == true)
    }

    @Test func `retry runs a refused step again`() {
        var world = World()
        var repository = Repository()
        world.exitCodes = ["train": 3]
        world.push(repository.commit())
        world.run(for: .seconds(60))
        world.exitCodes = [:]
        world.command(.retry(ObjectID(Repository.model)))
        world.run(for: .seconds(60))
        #expect(ready(world)?.status == .isTrue)
        #expect(world.started.map(\.step.text) == ["train", "train", "evaluate"])
    }

    @Test func `a newer commit cancels a training that nobody wants any more`() {
        var world = World()
        var repository = Repository()
        world.stepDuration = .seconds(1000)
        world.push(repository.commit())
        world.run(for: .seconds(5))
        let old = world.started.map(\.run)
        world.stepDuration = .seconds(2)
        repository.quality = "0.92"
        world.push(repository.commit())
        world.run(for: .seconds(60))
        #expect(ready(world)?.status == .isTrue)
        #expect(world.contents.runs.filter { old.contains($0.id) }.map(\.state) == [.cancelled])
    }

    @Test func `a tightened policy reports the champion and never evicts it`() throws {
        var world = World()
        var repository = Repository()
        world.push(repository.commit())
        world.run(for: .seconds(60))
        let first = try #require(champion(world))
        repository.floor = 0.99
        world.push(repository.commit())
        world.run(for: .seconds(60))
        #expect(champion(world) == first)
        #expect(world.weights(id)[first] == 100)
        #expect(world.state.records[id]?.conditions[.compliant]?.status == .isFalse)
    }

    @Test func `a quarantined policy blocks what it guards`() throws {
        var world = World()
        var repository = Repository()
        world.push(repository.commit())
        world.run(for: .seconds(60))
        let first = try #require(champion(world))
        repository.isPolicyQuarantined = true
        repository.quality = "0.97"
        world.push(repository.commit())
        world.run(for: .seconds(60))
        #expect(champion(world) == first)
        #expect(ready(world)?.reason == "GateError")
    }

    @Test func `replicas change at once, even while HEAD's version fails its gate`() throws {
        var world = World()
        var repository = Repository()
        world.push(repository.commit())
        world.run(for: .seconds(60))
        let first = try #require(champion(world))
        repository.quality = "0.10"
        repository.replicas = 3
        world.push(repository.commit())
        world.run(for: .seconds(60))
        #expect(world.applied.last?.versions.map(\.replicas) == [3])
        #expect(champion(world) == first)
    }

    @Test func `an object that left the repository is drained after a grace time`() {
        var world = World()
        var repository = Repository()
        world.push(repository.commit())
        world.run(for: .seconds(60))
        repository.hasDeployment = false
        world.push(repository.commit())
        world.run(for: .seconds(5))
        #expect(!world.weights(id).isEmpty, "the grace time is not over")
        world.run(for: .seconds(30))
        #expect(world.weights(id).isEmpty)
        #expect(world.state.records[id] == nil)
    }

    @Test func `an override lets one version past one policy`() throws {
        var world = World()
        var repository = Repository()
        repository.quality = "0.50"
        world.push(repository.commit())
        world.run(for: .seconds(60))
        let version = try #require(world.state.records[id]?.desired)
        #expect(champion(world) == nil)
        let override = Override(
            policy: Repository.policy.name, deployment: id, version: version, author: "ada", reason: "test",
            expires: world.now + .seconds(3600), recorded: world.now)
        world.command(.override(override))
        world.run(for: .seconds(60))
        #expect(champion(world) == version)
    }

    @Test(arguments: [PolicyAction.deny, .warn, .audit])
    func `a policy that does not pass blocks, warns, or is recorded and no more`(_ action: PolicyAction) throws {
        var world = World()
        var repository = Repository()
        repository.quality = "0.50"
        repository.action = action
        world.push(repository.commit())
        world.run(for: .seconds(60))
        let verdicts = world.state.verdicts.values.filter { $0.verdict.policy == Repository.policy.name }
        #expect(verdicts.contains { $0.verdict.outcome == .fail && $0.verdict.action == action })
        #expect((champion(world) == nil) == (action == .deny))
        let warned = world.state.records[id]?.conditions[.warned]
        #expect((warned != nil) == (action == .warn))
        let reasons = Set(world.events.map(\.reason).filter { $0.hasPrefix("Policy") })
        #expect(reasons == (action == .deny ? ["PolicyFail"] : action == .warn ? ["PolicyWarning"] : []))
        guard action == .warn else { return }
        #expect(warned?.message.contains("policy floor") == true)
        let writes = world.writes
        world.crash()
        world.run(for: .seconds(60))
        #expect(world.state.records[id]?.conditions[.warned] == warned, "a restart forgets no warning")
        #expect(world.events.count { $0.reason == "PolicyWarning" } == 1, "and says nothing twice")
        #expect(world.writes >= writes)
        repository.floor = 0.4
        world.push(repository.commit())
        world.run(for: .seconds(60))
        #expect(world.state.records[id]?.conditions[.warned] == nil)
    }

    @Test func `a deployment moves to HEAD though steps die and the target is unreachable at times`() {
        var world = World(seed: 7)
        var repository = Repository()
        world.faults = Faults(unreachable: 0.4, signalled: 0.5, repeated: 0.5)
        world.push(repository.commit())
        world.run(for: .seconds(1200))
        world.faults = Faults()
        world.run(for: .seconds(1200))
        #expect(ready(world)?.status == .isTrue)
    }
}
