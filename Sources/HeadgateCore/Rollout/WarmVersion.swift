/// An earlier version that stays started without traffic, so that a return to it needs no start.
package struct WarmVersion: Hashable, Sendable, Codable {
    package var version: ServedVersion
    /// When it is dropped.
    package var until: Instant

    package init(version: ServedVersion, until: Instant) {
        self.version = version
        self.until = until
    }
}

extension ServingState {
    /// The state of a Deployment without a rollout: the champion takes everything, warm versions stand by.
    ///
    /// - Parameters:
    ///   - deployment: Whose state it is.
    ///   - champion: What serves; nil gives a state in which nothing runs but warm versions.
    ///   - warm: Earlier versions; those whose time is over at `now` are left out, and so is the champion itself.
    ///   - now: Decides which warm versions are left.
    /// - Returns: The whole desired state.
    package static func steady(
        deployment: DeploymentID, champion: ServedVersion?, warm: [WarmVersion] = [], now: Instant
    ) -> ServingState {
        var versions = champion.map { [$0] } ?? []
        for entry in warm where entry.until > now && !versions.contains(where: { $0.version == entry.version.version })
        {
            versions.append(entry.version)
        }
        return ServingState(
            deployment: deployment, versions: versions, weights: champion.map { [$0.version: 100] } ?? [:],
            stable: champion?.version)
    }

    /// Why a target must not be given this state; nil when it is sound.
    package var flaw: String? {
        let known = Set(versions.map(\.version))
        if known.count != versions.count { return "a version is named twice" }
        if !weights.isEmpty, weights.values.reduce(0, +) != 100 { return "weights do not add up to 100" }
        if weights.values.contains(where: { $0 < 0 }) { return "a weight is negative" }
        let named = weights.keys.map { $0 } + [stable, mirror?.version].compactMap { $0 } + routes.map(\.version)
        return named.allSatisfy(known.contains) ? nil : "traffic goes to a version that does not run"
    }
}
