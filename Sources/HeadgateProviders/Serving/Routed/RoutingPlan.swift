import HeadgateCore

/// What the router shall do for one Deployment: a pure function of what is wanted, what is ready and what was before.
///
/// Until every version that shall have traffic is ready, the weights of before stand, and so do the versions behind
/// them, even when nobody wants these any more (I7).
struct RoutingPlan: Hashable, Sendable {
    /// A version as far as routing is concerned.
    struct Candidate: Hashable, Sendable {
        /// Of its ready replicas.
        var endpoints: [String]
        /// Whether it was complete once since it was started.
        var mayTakeTraffic: Bool
        var preview: Bool
        /// Put before the rest of the path, for servers that name the version in it.
        var pathPrefix = ""
    }

    let table: RouterDeployment
    /// Whether the weights are the wanted ones.
    let isSettled: Bool

    init(
        _ desired: ServingState, prefix: String, candidates: [VersionID: Candidate], previous: RouterDeployment?
    ) {
        func isEligible(_ version: VersionID) -> Bool {
            candidates[version].map { $0.mayTakeTraffic && !$0.endpoints.isEmpty } ?? false
        }
        let wanted = desired.weights.filter { $0.value > 0 }
        isSettled = wanted.keys.allSatisfy(isEligible)
        var table = RouterDeployment(prefix: prefix, backends: [:], weights: [:])
        if isSettled {
            table.weights = Dictionary(uniqueKeysWithValues: wanted.map { ($0.key.description, $0.value) })
            table.stable = desired.stable.flatMap { isEligible($0) ? $0.description : nil }
        } else {
            table.weights = previous?.weights ?? [:]
            table.stable = previous?.stable
        }
        if let mirror = desired.mirror, isEligible(mirror.version) {
            table.mirror = RouterMirror(
                version: mirror.version.description, percent: mirror.percent, compare: mirror.compare)
        }
        // A route whose version is not ready falls back to the weights.
        table.routes = desired.routes.filter { isEligible($0.version) }.map {
            RouterRoute(match: $0.match, version: $0.version.description)
        }
        let used = Self.used(by: table)
        for (version, candidate) in candidates {
            let name = version.description
            let isUsed = used.contains(name)
            guard isUsed || desired.versions.contains(where: { $0.version == version }) else { continue }
            // A version in use whose servers are all down keeps its places: they come back on the same ports.
            let endpoints =
                candidate.endpoints.isEmpty && isUsed
                ? previous?.backends[name]?.endpoints ?? [] : candidate.endpoints
            guard !endpoints.isEmpty else { continue }
            table.backends[name] = RouterBackend(
                endpoints: endpoints.sorted(), pathPrefix: candidate.pathPrefix, preview: candidate.preview)
        }
        // What is in use and unknown here, as after a lost folder, stays as it was: the router answers for it.
        for name in used where table.backends[name] == nil { table.backends[name] = previous?.backends[name] }
        self.table = Self.consistent(table)
    }

    /// Versions that a table sends requests to.
    static func used(by table: RouterDeployment) -> Set<String> {
        var used = Set(table.weights.keys)
        if let stable = table.stable { used.insert(stable) }
        if let mirror = table.mirror { used.insert(mirror.version) }
        used.formUnion(table.routes.map(\.version))
        return used
    }

    /// A table that names only backends that it has, since the router refuses any other.
    private static func consistent(_ table: RouterDeployment) -> RouterDeployment {
        var table = table
        if table.weights.keys.contains(where: { table.backends[$0] == nil }) { table.weights = [:] }
        if let stable = table.stable, table.backends[stable] == nil { table.stable = nil }
        if let mirror = table.mirror, table.backends[mirror.version] == nil { table.mirror = nil }
        table.routes.removeAll { table.backends[$0.version] == nil }
        return table
    }
}
