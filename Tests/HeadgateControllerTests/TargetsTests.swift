import HeadgateCore
import Synchronization
import Testing

@testable import HeadgateController

/// Providers of targets, kept as long as they are asked for.
@Suite struct TargetsTests {
    /// A clock that stands until it is moved.
    private final class StandingClock: WallClock {
        private let time = Mutex(Instant(milliseconds: 0))
        var now: Instant { time.withLock { $0 } }
        let jitter = 0.0
        func sleep(until: Instant) async throws {}
        func move(by span: Duration) { time.withLock { $0 = $0 + span } }
    }

    private final class CountedTarget: ServingTarget {
        let capabilities = TargetCapabilities.everything
        func apply(_ state: ServingState, operation: OperationID) async throws(TargetError) {}
        func remove(_ deployment: DeploymentID, operation: OperationID) async throws(TargetError) {}
        func observe(_ deployment: DeploymentID) async throws(TargetError) -> ObservedServing { ObservedServing() }
    }

    private func reference(port: Int, capacity: Int? = nil) throws -> TargetReference {
        TargetReference(
            id: TargetID(source: try #require(SourceName("models")), name: try #require(TargetName("local"))),
            spec: TargetSpec(provider: .local(LocalTargetSpec(port: port, capacity: capacity))))
    }

    @Test func `a system that was left is forgotten, and one that is asked for stays as it is`() async throws {
        let clock = StandingClock()
        let targets = Targets(clock: clock) { _ throws(TargetError) in CountedTarget() }
        let (old, new) = (try reference(port: 1), try reference(port: 2))
        weak let left = try await targets.target(old) as? CountedTarget
        weak let kept = try await targets.target(new) as? CountedTarget
        clock.move(by: Targets.idle / 2)
        _ = try await targets.target(new)
        #expect(left != nil && kept != nil)
        clock.move(by: Targets.idle / 2)
        let third = try await targets.target(try reference(port: 3))
        #expect(left == nil)
        #expect(try await targets.target(new) as? CountedTarget === kept)
        // Other settings of the same system take the place of the former.
        weak let changed = try await targets.target(try reference(port: 2, capacity: 4)) as? CountedTarget
        #expect(kept == nil && changed != nil)
        withExtendedLifetime(third) {}
    }
}
