import HeadgateCore

extension DeploymentSupervisor {
    /// What is served now, by the router's own word and the servers' state.
    ///
    /// Waits for the first look at what an earlier controller left, since nothing is known before it.
    func observe() async throws(TargetError) -> ObservedServing {
        let end = ContinuousClock.now + .seconds(10)
        while !hasLooked {
            guard .now < end else { throw TargetError(.unreachable, "its servers have not been looked at yet") }
            do { try await Task.sleep(for: .milliseconds(20)) } catch {
                throw TargetError(.unreachable, "the controller ends")
            }
        }
        let status = try await context.router.status()
        let routed = status.deployments[key]
        let now = SystemTime.now
        let address = "http://\(status.address)\(prefix)"
        var observed = ObservedServing(address: routed == nil ? nil : address)
        for (version, running) in versions {
            let name = version.description
            observed.versions[version] = ObservedVersion(
                phase: phase(of: version, running, now: now),
                readyReplicas: running.replicas.values.count(where: \.isReady), replicas: running.served.replicas,
                restarts: running.replicas.values.reduce(0) { $0 + $1.restarts },
                inFlight: routed?.inFlight[name] ?? 0,
                preview: routed?.table.backends[name]?.preview == true ? "\(address)@\(version.short)" : nil)
        }
        // Wanted, and not taken up yet.
        for served in desired.state.versions where observed.versions[served.version] == nil {
            observed.versions[served.version] = ObservedVersion(
                phase: .starting, readyReplicas: 0, replicas: served.replicas)
        }
        if let routed { observed.take(routed) }
        return observed
    }

    private func phase(of version: VersionID, _ running: Running, now: Instant) -> ObservedVersion.Phase {
        if !needed.contains(version) { return .draining }
        if running.wasComplete, !running.readyEndpoints.isEmpty { return .ready }
        if let problem = running.problem { return .failed(problem.message) }
        let limit = running.served.bundle.serve?.ready.within ?? .seconds(60)
        let problems = running.replicas.sorted { $0.key < $1.key }.compactMap {
            $0.value.problem(within: limit, now: now)
        }
        return problems.first.map { .failed($0) } ?? .starting
    }
}

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
