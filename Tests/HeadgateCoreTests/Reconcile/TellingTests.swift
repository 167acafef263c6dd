import Testing

@testable import HeadgateCore

/// Which events a happening leaves.
@Suite struct TellingTests {
    private let id = Repository.deployment

    /// The Deployment's events since there were so many, as reason and message.
    private func told(_ world: World, since count: Int) -> [String] {
        world.events[count...].filter { $0.object == ObjectID(id) }.map { "\($0.reason): \($0.message)" }
    }

    @Test func `each step of a rollout is told once, from its beginning to what serves`() throws {
        var repository = Repository()
        var world = World()
        for quality in ["0.90", "0.95"] {
            repository.quality = quality
            let before = world.events.count
            world.push(repository.commit())
            world.run(for: .seconds(60))
            let version = try #require(world.state.records[id]?.champion?.version.short)
            let stages = quality == "0.90" ? ["start", "promote"] : ["start", "promote", "retire"]
            func stage(_ index: Int) -> String {
                "RolloutStage: stage \(index + 1) of \(stages.count): \(stages[index])"
            }
            let rollout = told(world, since: before).drop { !$0.hasPrefix("RolloutStarted") }
            #expect(
                Array(rollout) == ["RolloutStarted: rolls out version \(version)", stage(0), stage(1)]
                    + ["CandidatePromoted: version \(version) has all traffic"]
                    + (stages.count > 2 ? [stage(2)] : []) + ["Promoted: version \(version) serves"])
        }
    }

    @Test func `a step that failed is told in a line, which ends in its last word`() throws {
        var repository = Repository()
        var world = World()
        world.exitCodes["train"] = 1
        world.lastWords = "Traceback (most recent call last):\n  File \"train.py\"\nValueError: no rows\n"
        world.push(repository.commit())
        world.run(for: .seconds(60))
        let messages = world.events.filter { $0.reason == "StepFailed" }.map(\.message)
        #expect(
            messages == [
                "step train exited with 1: ValueError: no rows",
                "model wine: step train exited with 1: ValueError: no rows",
            ])
        let ready = world.state.modelStatuses[Repository.model]?.conditions[.ready]
        #expect(ready?.message == "step train exited with 1: ValueError: no rows")
    }

    @Test func `an override is told once, and its end is`() throws {
        var repository = Repository()
        repository.quality = "0.50"
        var world = World()
        world.push(repository.commit())
        world.run(for: .seconds(60))
        let version = try #require(world.state.modelStatuses[Repository.model]?.version)
        let before = world.events.count
        world.command(
            .override(
                Override(
                    policy: Repository.policy.name, deployment: id, version: version, author: "ada", reason: "test",
                    expires: world.now + .seconds(3600), recorded: world.now)))
        world.run(for: .seconds(60))
        let policies = told(world, since: before).filter { $0.contains("policy floor") }
        #expect(policies == ["Overridden: policy floor for version \(version.short) by ada: test"])
        #expect(
            world.state.records[id]?.conditions[.compliant]?.message
                == "passes every policy in force that is not overridden"
        )
        // What the policy says is new under the same override.
        repository.floor = 0.9
        let again = world.events.count
        world.push(repository.commit())
        world.run(for: .seconds(60))
        let answers = told(world, since: again).filter { $0.contains("policy floor") }
        let text =
            "PolicyOverridden: policy floor: fail for version \(version.short), overridden: accuracy is below the floor"
        #expect(answers.count == 1 && answers.allSatisfy { $0.hasPrefix(text) }, "\(answers)")
    }
}
