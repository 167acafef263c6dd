import HeadgateCore

extension InferenceSupervisor {
    /// What is served now, by the router's own word and the servers'.
    ///
    /// Waits for the first look at what an earlier controller left, since nothing is known before it.
    func observe() async throws(TargetError) -> ObservedServing {
        await looked.wait(atMost: .seconds(10))
        guard looked.isRaised else { throw TargetError(.unreachable, "its servers have not been looked at yet") }
        let status = try await context.router.status()
        let routed = status.deployments[id.routerKey]
        let address = "http://\(status.address)"
        var observed = ObservedServing(
            address: routed == nil ? nil : address + context.prefix(id),
            router: routed == nil ? nil : await context.router.restarts)
        for (version, running) in versions {
            let name = version.description
            observed.versions[version] = ObservedVersion(
                phase: phase(of: version, running), readyReplicas: running.readyCount,
                replicas: running.loaded.count, inFlight: routed?.inFlight[name] ?? 0,
                preview: routed?.table.backends[name]?.preview == true
                    ? "\(address)\(entry.prefix)@\(version.short)" : nil)
        }
        // Wanted, and not taken up yet.
        for served in desired.state.versions where observed.versions[served.version] == nil {
            observed.versions[served.version] = ObservedVersion(
                phase: .starting, readyReplicas: 0, replicas: context.servers.count)
        }
        if let routed { observed.take(routed) }
        return observed
    }

    private func phase(of version: VersionID, _ running: Running) -> ObservedVersion.Phase {
        if !needed.contains(version) { return .draining }
        if running.wasComplete, running.readyCount > 0 { return .ready }
        if let problem = running.problem { return .failed(problem.message) }
        let problems = running.loaded.compactMap(\.problem)
        if let problem = problems.first(where: \.isDefinite) { return .failed(problem.message) }
        let limit = running.served.bundle.serve?.ready.within ?? ReadySpec().within
        guard running.since.duration(to: .now) >= limit else { return .starting }
        return .failed("not ready within \(limit.text)" + (problems.first.map { "; " + $0.message } ?? ""))
    }
}
