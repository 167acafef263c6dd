package import HeadgateCore

/// Makes serving targets from their specs, once each.
package actor Targets {
    /// Makes the provider that a spec asks for.
    package typealias Factory = @Sendable (TargetReference) async throws(TargetError) -> any ServingTarget

    private let factory: Factory
    private var made: [String: (spec: TargetSpec, target: any ServingTarget)] = [:]

    package init(factory: @escaping Factory) { self.factory = factory }

    /// The provider of a target; made anew when its spec differs.
    package func target(_ reference: TargetReference) async throws(TargetError) -> any ServingTarget {
        let system = reference.system
        if let known = made[system], known.spec == reference.spec { return known.target }
        let target = try await factory(reference)
        made[system] = (reference.spec, target)
        return target
    }
}
