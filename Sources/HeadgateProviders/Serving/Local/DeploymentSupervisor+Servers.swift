import HeadgateCore
import Logging

extension DeploymentSupervisor {
    /// Brings a version's files and environment here; may take minutes.
    func prepare(_ version: VersionID) async {
        guard let bundle = versions[version]?.served.bundle else { return }
        let folder = VersionFolder(deployment: folder, version: version)
        do {
            try await folder.materialize(bundle, context.filler)
            let environment: PythonEnvironments.Prepared? =
                if let wanted = bundle.environment { try await context.environments.ensure(wanted) } else { nil }
            versions[version]?.workspace = folder.workspace(bundle)
            versions[version]?.environment = environment
            versions[version]?.problem = nil
            versions[version]?.attempts = 0
        } catch is CancellationError {
            // The controller ends; the next one goes on.
        } catch {
            let attempts = (versions[version]?.attempts ?? 0) + 1
            let mayRetry = (error as? StepError)?.mayRetry ?? true
            let message = (error as? StepError)?.message ?? "\(error)"
            versions[version]?.attempts = attempts
            versions[version]?.problem = (
                message, mayRetry ? .now + .seconds(min(60, 1 << min(attempts, 6))) : nil
            )
            context.logger.warning(
                "version cannot be prepared", metadata: metadata(["version": "\(version)", "error": "\(message)"]))
        }
        versions[version]?.isPreparing = false
    }

    /// Starts replicas that are missing; gives the versions whose files are.
    func startMissing() async -> [Job] {
        var jobs: [Job] = []
        for version in needed.sorted() {
            guard let running = versions[version] else { continue }
            versions[version]?.leavingSince = nil
            if running.workspace == nil {
                let isDue = running.problem.map { $0.retryAt.map { $0 <= .now } ?? false } ?? true
                if isDue, !running.isPreparing {
                    versions[version]?.isPreparing = true
                    jobs.append(.prepare(version))
                }
                continue
            }
            if let retryAt = running.problem?.retryAt, retryAt > .now { continue }
            for index in 0..<running.served.replicas where !running.stopping.contains(index) {
                versions[version]?.replicas[index]?.leavingSince = nil
                do {
                    try await startReplica(index, of: version)
                } catch {
                    context.logger.error(
                        "replica cannot be started",
                        metadata: metadata(["version": "\(version)", "error": "\(error)"]))
                    versions[version]?.problem = ("a replica cannot be started: \(error)", .now + .seconds(5))
                    break
                }
            }
        }
        return jobs
    }

    private func startReplica(_ index: Int, of version: VersionID) async throws {
        let files = VersionFolder(deployment: folder, version: version)
        let path = files.replica(index)
        let shim = ShimProcess(folder: path)
        let known = versions[version]?.replicas[index]
        if shim.isAlive, let replica = known {
            guard replica.isPortTaken else { return }
            // Somebody else listens there now, so the server can never come up.
            context.logger.warning("port is taken by another", metadata: metadata(["port": "\(replica.port)"]))
            shim.terminate()
            _ = try await shim.ended()
        }
        // A shim that is killed again and again must not keep us busy.
        if let known, SystemTime.now - known.since < .seconds(1) { return }
        await Blocking.run { _ = shim.endLeftovers() }
        let port = try port(for: known)
        guard let running = versions[version], let workspace = running.workspace else { return }
        try Replica.write(Replica.Record(port: port), in: path)
        for name in ["/home", "/tmp"] { try LocalFiles.createFolders(path + name) }
        let spec = try files.spec(
            running.served, workspace, port: port, replica: path, environment: running.environment,
            configuration: context.configuration.runner)
        let isStarted = try shim.start(spec, executable: context.configuration.runner.executable)
        versions[version]?.replicas[index] = Replica(folder: path, port: port, after: known)
        versions[version]?.problem = nil
        guard isStarted else { return }
        context.logger.notice(
            "replica started", metadata: metadata(["version": "\(version)", "port": "\(port)"]))
    }

    /// The port that the replica had, unless somebody else has it now.
    private func port(for known: Replica?) throws(TargetError) -> Int {
        if let known {
            if LoopbackPort.isFree(known.port) { return known.port }
            context.ports.release(known.port)
        }
        guard let port = context.ports.take() else { throw TargetError(.noCapacity, "no port is free") }
        return port
    }

    /// Asks the servers that may have become ready, all at once.
    func probe() async {
        let now = SystemTime.now
        // While two versions answer, one of them is on trial: that it hangs must show soon.
        let isTrial = desired.state.weights.values.count { $0 > 0 } > 1 || !desired.state.routes.isEmpty
        let interval: Duration = isTrial ? .seconds(1) : .seconds(10)
        var questions: [(version: VersionID, index: Int, replica: Replica, path: String)] = []
        for (version, running) in versions {
            let path = running.served.bundle.serve?.ready.path ?? "/"
            for index in running.replicas.keys {
                versions[version]?.replicas[index]?.refresh(now: now)
                guard let replica = versions[version]?.replicas[index], replica.isRunning,
                    replica.nextProbe <= .now || replica.nextProbe > .now + interval
                else { continue }
                questions.append((version, index, replica, path))
            }
        }
        await withTaskGroup(of: (VersionID, Int, Int, Bool, ProcessIdentity?).self) { group in
            for (version, index, replica, path) in questions {
                group.addTask {
                    let server = replica.shim.status?.command
                    // Far cheaper than a request that is refused, while many servers start.
                    let isListening = server != nil && LoopbackPort.isListening(replica.port)
                    let answer = isListening ? await LocalHTTP.isReady(port: replica.port, path: path) : false
                    return (version, index, replica.port, answer, server)
                }
            }
            for await (version, index, port, answer, server) in group
            where versions[version]?.replicas[index]?.port == port {
                versions[version]?.replicas[index]?.probed(
                    answer, server: server, now: SystemTime.now, interval: interval)
            }
        }
        for (version, running) in versions where !running.wasComplete {
            let ready = running.replicas.values.count(where: \.isReady)
            guard ready >= running.served.replicas, ready > 0 else { continue }
            versions[version]?.wasComplete = true
            context.logger.notice("version ready", metadata: metadata(["version": "\(version)"]))
        }
    }

    /// Servers that nobody wants any more, once their requests have ended or their drain time is over.
    func stopUnwanted() -> [Job] {
        let needed = needed
        return versions.flatMap { version, running in
            if !needed.contains(version) { return leave(version, running) }
            return running.replicas.filter { index, replica in
                index >= running.served.replicas && isDrained(index, replica, of: version, running)
            }.compactMap { index, _ in stopOnce(index, of: version) }
        }
    }

    private func leave(_ version: VersionID, _ running: Running) -> [Job] {
        guard !running.isPreparing else { return [] }
        if running.leavingSince == nil {
            versions[version]?.leavingSince = .now
            entry.forget()
            return []
        }
        guard isDrained(version, running, since: running.leavingSince) else { return [] }
        if running.replicas.isEmpty {
            versions[version]?.isPreparing = true
            return [.clear(version)]
        }
        return running.replicas.keys.compactMap { stopOnce($0, of: version) }
    }

    private func stopOnce(_ index: Int, of version: VersionID) -> Job? {
        guard versions[version]?.stopping.insert(index).inserted == true else { return nil }
        return .stop(version, replica: index)
    }

    private func isDrained(
        _ index: Int, _ replica: Replica, of version: VersionID, _ running: Running
    ) -> Bool {
        if entry.table?.backends[version.description]?.endpoints.contains(replica.endpoint) == true { return false }
        // Requests in flight are known by version only, so under load it waits its whole drain time.
        let since = replica.leavingSince ?? .now
        versions[version]?.replicas[index]?.leavingSince = since
        return isDrained(version, running, since: since)
    }

    private func isDrained(_ version: VersionID, _ running: Running, since: ContinuousClock.Instant?) -> Bool {
        guard let since else { return false }
        let waited = since.duration(to: .now)
        let drain = running.served.bundle.serve?.drain ?? .zero
        return waited >= drain || (waited > Self.settling && entry.inFlight[version.description, default: 0] == 0)
    }

    // A request that was given to a version just before the table changed may not be counted yet.
    private static let settling = Duration.milliseconds(300)

    func stop(_ index: Int, of version: VersionID) async {
        guard let replica = versions[version]?.replicas[index] else { return }
        let shim = replica.shim
        shim.terminate()
        _ = try? await shim.ended()
        defer { versions[version]?.stopping.remove(index) }
        guard !shim.isAlive else { return }
        let path = replica.folder
        let logs = KeptLogs(deployment: folder)
        await Blocking.run {
            shim.endLeftovers()
            // What stays of it is removed with the version.
            try? logs.keep(shim.logPath, of: version, replica: index)
            try? LocalFiles.remove(path)
        }
        context.ports.release(replica.port)
        versions[version]?.replicas[index] = nil
    }

    /// Removes the files of a version that has no server left.
    func clear(_ version: VersionID) async {
        let files = VersionFolder(deployment: folder, version: version)
        let isRemoved: Void? = try? await Blocking.run { () throws(SystemError) in try LocalFiles.remove(files.path) }
        // Wanted again meanwhile: prepared anew from nothing.
        versions[version] = nil
        guard isRemoved != nil else { return }
        context.logger.notice("version stopped", metadata: metadata(["version": "\(version)"]))
    }
}
