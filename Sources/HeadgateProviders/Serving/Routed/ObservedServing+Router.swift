import HeadgateCore

extension ObservedServing {
    /// Takes over what the router says that it does for the Deployment.
    mutating func take(_ routed: RouterDeploymentStatus) {
        for (name, weight) in routed.table.weights {
            if let version = VersionID(name) { weights[version] = weight }
        }
        for (name, counted) in routed.traffic {
            if let version = VersionID(name) { traffic[version] = counted }
        }
        mirror = routed.table.mirror.flatMap { mirror in
            VersionID(mirror.version).map {
                ServingState.Mirror(version: $0, percent: mirror.percent, compare: mirror.compare)
            }
        }
        routes = routed.table.routes.compactMap { route in
            VersionID(route.version).map { ServingState.HeaderRoute(match: route.match, version: $0) }
        }
    }
}
