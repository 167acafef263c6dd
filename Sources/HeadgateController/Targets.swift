package import HeadgateCore

/// Makes serving targets from their specs, once each, and keeps those that are asked for.
package actor Targets {
    /// Makes the provider that a spec asks for.
    package typealias Factory = @Sendable (TargetReference) async throws(TargetError) -> any ServingTarget

    private struct Made {
        let spec: TargetSpec
        let target: any ServingTarget
        var used: Instant
    }

    private let clock: any WallClock
    private let factory: Factory
    private var made: [String: Made] = [:]

    package init(clock: any WallClock = SystemClock(), factory: @escaping Factory) {
        self.clock = clock
        self.factory = factory
    }

    /// The provider of a target; made anew when its spec differs.
    package func target(_ reference: TargetReference) async throws(TargetError) -> any ServingTarget {
        let system = reference.system
        made[system]?.used = clock.now
        if let known = made[system], known.spec == reference.spec { return known.target }
        let target = try await factory(reference)
        let now = clock.now
        // A system that every Deployment has left is asked for no more; one that is asked for again is made again.
        made = made.filter { now - $0.value.used < Self.idle }
        made[system] = Made(spec: reference.spec, target: target, used: now)
        return target
    }

    /// Far longer than a target in use goes unasked.
    static let idle = Duration.seconds(3600)
}
