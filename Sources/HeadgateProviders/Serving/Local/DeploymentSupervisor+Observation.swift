import HeadgateCore

extension DeploymentSupervisor {
    /// What is served now, by the router's own word and the servers' state.
    ///
    /// Waits for the first look at what an earlier controller left, since nothing is known before it.
    func observe() async throws(TargetError) -> ObservedServing {
        await looked.wait(atMost: .seconds(10))
        guard looked.isRaised else { throw TargetError(.unreachable, "its servers have not been looked at yet") }
        let status = try await context.router.status()
        let routed = status.deployments[id.routerKey]
        let now = SystemTime.now
        let address = "http://\(status.address)\(entry.prefix)"
        var observed = ObservedServing(
            address: routed == nil ? nil : address, router: routed == nil ? nil : await context.router.restarts)
        for (version, running) in versions {
            let name = version.description
            let restarted = running.replicas.values.filter { $0.restarts > 0 }
            let last = restarted.max { ($0.restarted ?? $0.since) < ($1.restarted ?? $1.since) }
            observed.versions[version] = ObservedVersion(
                phase: phase(of: version, running, now: now),
                readyReplicas: running.replicas.values.count(where: \.isReady), replicas: running.served.replicas,
                restarts: restarted.reduce(0) { $0 + $1.restarts }, lastExit: last?.exit,
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
