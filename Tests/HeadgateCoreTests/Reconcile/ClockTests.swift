import Testing

@testable import HeadgateCore

/// Clocks that jump, and answers to questions from before (I9).
@Suite struct ClockTests {
    private let id = Repository.deployment

    /// The questions to a Deployment's target among what was decided.
    private func questions(_ decision: Decision) -> [(target: TargetReference, asked: Instant)] {
        decision.effects.compactMap { effect in
            guard case .observe(let target, id, let asked) = effect else { return nil }
            return (target, asked)
        }
    }

    // Found by seed 1855 of the simulation: a candidate that was ready was held as one that never became so.
    @Test func `an answer to a question from before the clock was set back hides no later one`() throws {
        var world = World()
        var repository = Repository()
        world.push(repository.commit())
        world.run(for: .seconds(60))
        var reconciler = world.reconciler
        let start = world.now
        let early = try #require(
            questions(reconciler.handle(.tick, now: start + .seconds(7200), jitter: 0)).first)
        let serving = try #require(world.state.observed[id])
        _ = reconciler.handle(.tick, now: start + .seconds(1), jitter: 0)
        let late = ReconcileEvent.observed(id, early.target, asked: early.asked, .serving(serving, .everything))
        _ = reconciler.handle(late, now: start + .seconds(2), jitter: 0)
        let next = try #require(questions(reconciler.handle(.tick, now: start + .seconds(60), jitter: 0)).first)
        let gone = ReconcileEvent.observed(id, next.target, asked: next.asked, .serving(ObservedServing(), .everything))
        _ = reconciler.handle(gone, now: start + .seconds(61), jitter: 0)
        #expect(reconciler.state.observed[id] == ObservedServing())
    }
}
