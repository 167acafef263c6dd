/// What the router does for all Deployments: the messages on its control socket.
///
/// Sent whole per Deployment, so that the last one wins and a lost one can be repeated.
package struct RouterTable: Hashable, Sendable, Codable {
    package var deployments: [String: RouterDeployment]
    package init(deployments: [String: RouterDeployment] = [:]) { self.deployments = deployments }
}

extension DeploymentID {
    /// What names it in the router's table and in folders: no name has a dot.
    package var routerKey: String { "\(source).\(name)" }

    /// The Deployment that a key of a router's table names; nil for a key of another form.
    package init?(routerKey: String) {
        let parts = routerKey.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let source = SourceName(parts[0]), let name = DeploymentName(parts[1]) else {
            return nil
        }
        self.init(source: source, name: name)
    }
}

/// How requests below one path prefix are distributed.
package struct RouterDeployment: Hashable, Sendable, Codable {
    /// Starts with `/` and does not end with it; removed from the path before a request is passed on.
    package var prefix: String
    /// By version id.
    ///
    /// A backend without weight, route or mirror takes preview requests only.
    package var backends: [String: RouterBackend]
    /// Adds up to 100, or is empty: then every request is answered 503.
    package var weights: [String: Int]
    /// Answers a request whose chosen backend failed before the first byte of its answer.
    package var stable: String?
    package var mirror: RouterMirror?
    package var routes: [RouterRoute]

    package init(
        prefix: String, backends: [String: RouterBackend], weights: [String: Int], stable: String? = nil,
        mirror: RouterMirror? = nil, routes: [RouterRoute] = []
    ) {
        self.prefix = prefix
        self.backends = backends
        self.weights = weights
        self.stable = stable
        self.mirror = mirror
        self.routes = routes
    }
}

/// The replicas of one version.
package struct RouterBackend: Hashable, Sendable, Codable {
    /// `host:port` or `unix:/path`.
    package var endpoints: [String]
    /// Put before the rest of the path, for servers that name the version in it; empty for most.
    package var pathPrefix: String
    /// Whether `<prefix>@<version's first 12 digits>` reaches this version alone.
    package var preview: Bool

    package init(endpoints: [String], pathPrefix: String = "", preview: Bool = false) {
        self.endpoints = endpoints
        self.pathPrefix = pathPrefix
        self.preview = preview
    }
}

/// A share of requests, 1 through 100, whose copies go to a version; its answers are compared and dropped.
package struct RouterMirror: Hashable, Sendable, Codable {
    package var version: String
    package var percent: Int
    package var compare: AnswerComparison
    package init(version: String, percent: Int, compare: AnswerComparison) {
        self.version = version
        self.percent = percent
        self.compare = compare
    }
}

/// Requests that match go to one version, whatever the weights; the first route that matches counts.
package struct RouterRoute: Hashable, Sendable, Codable {
    package var match: RouteMatch
    package var version: String
    package init(match: RouteMatch, version: String) {
        self.match = match
        self.version = version
    }
}

/// What the router counted, by Deployment and version.
package struct RouterStatus: Hashable, Sendable, Codable {
    package var address: String
    package var pid: Int32
    package var deployments: [String: RouterDeploymentStatus]
    package init(address: String, pid: Int32, deployments: [String: RouterDeploymentStatus]) {
        self.address = address
        self.pid = pid
        self.deployments = deployments
    }
}

/// What one Deployment's table is now, and what its versions answered.
package struct RouterDeploymentStatus: Hashable, Sendable, Codable {
    package var table: RouterDeployment
    /// By version id; a version that left the table stays until its last request has ended.
    package var traffic: [String: TrafficStatistics]
    package var inFlight: [String: Int]
    package init(table: RouterDeployment, traffic: [String: TrafficStatistics], inFlight: [String: Int]) {
        self.table = table
        self.traffic = traffic
        self.inFlight = inFlight
    }
}
