import Testing

@testable import HeadgateCore

/// Targets that lose what they were told while nothing moves.
@Suite struct DriftTests {
    @Test(arguments: [true, false]) func `drift is healed, or reported where the Deployment leaves it`(
        _ heals: Bool
    ) throws {
        var simulation = Simulation(seed: 1)
        var contents = Contents()
        contents.heals = heals
        simulation.perform(.commit(contents))
        simulation.run(for: .seconds(400))
        let before = try #require(simulation.ledger.deployments[Names.red])
        #expect(before.conditions[.ready]?.status == .isTrue)
        simulation.perform(.amnesia(Names.left))
        simulation.run(for: .seconds(300))
        let after = try #require(simulation.ledger.deployments[Names.red])
        #expect((after.operation != before.operation) == heals)
        #expect((simulation.targets[Names.left]?.held[Names.red] != nil) == heals)
        #expect(after.conditions[.ready]?.reason == (heals ? "Succeeded" : "Drifted"))
        #expect((after.conditions[.stalled] == nil) == heals)
        let commits = simulation.ledger.commits
        simulation.run(for: .seconds(3600))
        #expect(simulation.ledger.commits == commits, "what is known is not said again")
        #expect(simulation.watch.finding == nil)
    }
}
