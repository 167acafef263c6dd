import HeadgateCore
import Logging

/// Brings one Deployment's versions onto running servers, and its part of the router's table to what is wanted.
///
/// Level-triggered: each round looks at files, servers and the router, and does the next thing that is missing.
actor InferenceSupervisor {
    /// One version as it is served.
    struct Running: Sendable {
        var served: ServedVersion
        let model: ServedModel
        /// By the servers' order.
        var loaded: [LoadedModel]
        /// Its files are being put there or taken away.
        var isMoving = false
        /// Why its files cannot be there, and when that is tried again; nil for never.
        var problem: (message: String, retryAt: ContinuousClock.Instant?)?
        var attempts = 0
        /// Whether all servers were ready with it at one time.
        var wasComplete = false
        /// Since when it has not been ready.
        var since = ContinuousClock.now
        /// Since when nobody sends it requests.
        var leavingSince: ContinuousClock.Instant?
        var nextClear: ContinuousClock.Instant = .now

        var isBusy: Bool { isMoving || loaded.contains(where: \.isBusy) }
        var readyCount: Int { loaded.count(where: \.isReady) }
    }

    /// What takes longer than a round may.
    enum Job: Hashable, Sendable {
        case stage(VersionID)
        case bringUp(VersionID, server: Int)
        case withdraw(VersionID)
        case clear(VersionID)
    }

    let id: DeploymentID
    let folder: String
    let context: InferenceContext
    let nudge = Signal()
    private(set) var desired: DeploymentSupervisor.Desired
    /// Nothing is left of a Deployment that was removed.
    private(set) var isFinished = false
    var versions: [VersionID: Running] = [:]
    /// The router's table as it was last read or written; nil when the router has none.
    private var table: RouterDeployment?
    /// False until the router was asked, and again when it must be asked anew.
    private var isTableKnown = false
    private var inFlight: [String: Int] = [:]
    private var isAdopted = false
    private var nextLook: ContinuousClock.Instant = .now

    var key: String { DeploymentSupervisor.key(id) }

    /// Clients see the protocol's own paths: `<prefix>/v2/models/<name>/infer` is answered by whatever version serves.
    nonisolated var prefix: String { "\(context.prefix(id))/v2/models/\(id.name)" }

    init(_ id: DeploymentID, folder: String, context: InferenceContext) {
        self.id = id
        self.folder = folder
        self.context = context
        desired =
            JSONFile.read(DeploymentSupervisor.Desired.self, folder + "/desired.json")
            ?? DeploymentSupervisor.Desired(state: ServingState(deployment: id), isRemoved: false)
    }

    /// Takes a new desired state; false when this supervisor has come to its end and another must take it.
    func want(_ state: ServingState, isRemoved: Bool = false) throws(TargetError) -> Bool {
        guard !isFinished else { return false }
        let wanted = DeploymentSupervisor.Desired(state: state, isRemoved: isRemoved)
        guard wanted != desired || !LocalFiles.exists(folder + "/desired.json") else { return true }
        do {
            try LocalFiles.createFolders(folder)
            try JSONFile.write(wanted, to: folder + "/desired.json")
        } catch {
            throw TargetError(.unreachable, "cannot record the serving state: \(error)")
        }
        desired = wanted
        nudge.raise()
        return true
    }

    /// Works until the task is cancelled or nothing is left of a removed Deployment; servers go on either way.
    func run() async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                nudge.lower()
                for job in await round() { group.addTask { await self.run(job) } }
                if isFinished { break }
                await nudge.wait(atMost: isSteady ? .seconds(1) : .milliseconds(100))
            }
            group.cancelAll()
        }
    }

    private func run(_ job: Job) async {
        switch job {
        case .stage(let version): await stage(version)
        case .bringUp(let version, let server): await bringUp(version, on: server)
        case .withdraw(let version): await withdraw(version)
        case .clear(let version): await clear(version)
        }
        nudge.raise()
    }

    private var isSteady: Bool {
        versions.values.allSatisfy { $0.leavingSince == nil && $0.readyCount == $0.loaded.count }
    }

    /// One look at everything; gives what must be done besides.
    private func round() async -> [Job] {
        adopt()
        do throws(TargetError) {
            try await context.router.ensure()
            try await lookAtRouter()
        } catch {
            context.logger.warning("router cannot be reached", metadata: metadata(["error": "\(error)"]))
        }
        takeDesired()
        var jobs = bringUpMissing()
        await look()
        // Who does not know what takes traffic must not take anything away.
        guard isTableKnown else { return jobs }
        await route()
        guard isTableKnown else { return jobs }
        jobs += clearUnwanted()
        await finishRemoval()
        return jobs
    }

    /// Finds what an earlier controller left.
    private func adopt() {
        guard !isAdopted else { return }
        isAdopted = true
        for folder in VersionFolder.all(in: folder) {
            if let served = folder.served { versions[folder.version] = running(served) }
        }
    }

    private func running(_ served: ServedVersion) -> Running {
        Running(
            served: served, model: context.model(served.version, of: id),
            loaded: Array(repeating: LoadedModel(), count: context.servers.count))
    }

    private func lookAtRouter() async throws(TargetError) {
        let mustLook = !isTableKnown || versions.values.contains { $0.leavingSince != nil }
        guard mustLook || nextLook <= .now else { return }
        let status = try await context.router.status(atMost: mustLook ? .milliseconds(100) : .seconds(4))
        nextLook = .now + .seconds(5)
        isTableKnown = true
        let known = status.deployments[key]
        table = known?.table
        inFlight = known?.inFlight ?? [:]
    }

    private func takeDesired() {
        for served in desired.state.versions where versions[served.version]?.served != served {
            do {
                try VersionFolder(deployment: folder, version: served.version).write(served)
                versions[served.version, default: running(served)].served = served
            } catch {
                context.logger.error("version cannot be recorded", metadata: metadata(["error": "\(error)"]))
            }
        }
    }

    /// Versions that shall be loaded: those that are wanted, and those that still answer requests.
    var needed: Set<VersionID> {
        let used = table.map(RoutingPlan.used) ?? []
        let wanted = Set(desired.state.versions.map(\.version))
        return wanted.union(versions.keys.filter { used.contains($0.description) })
    }

    /// Moves the router's table on when more is ready than before.
    private func route() async {
        let candidates = versions.mapValues { running in
            RoutingPlan.Candidate(
                endpoints: zip(context.servers, running.loaded).filter(\.1.isReady).map(\.0.endpoint),
                mayTakeTraffic: running.wasComplete, preview: running.served.preview,
                pathPrefix: running.model.path)
        }
        let plan = RoutingPlan(desired.state, prefix: prefix, candidates: candidates, previous: table)
        guard plan.table != table else { return }
        // A Deployment that never had a version needs no entry.
        if table == nil, plan.table.backends.isEmpty, desired.isRemoved { return }
        do throws(TargetError) {
            try await context.router.put(key, plan.table)
            let weights = plan.table.weights.sorted { $0.key < $1.key }.map { "\($0.key.prefix(19))=\($0.value)" }
            context.logger.notice(
                "router table changed", metadata: metadata(["weights": "\(weights.joined(separator: " "))"]))
            table = plan.table
        } catch {
            isTableKnown = false
            context.logger.warning("router did not take its table", metadata: metadata(["error": "\(error)"]))
        }
    }

    /// Versions that nobody wants any more, once their requests have ended or their drain time is over.
    private func clearUnwanted() -> [Job] {
        let needed = needed
        return versions.compactMap { version, running in
            guard !needed.contains(version), !running.isBusy else { return nil }
            guard let since = running.leavingSince else {
                versions[version]?.leavingSince = .now
                // In flight counts that were read before the table changed say nothing.
                isTableKnown = false
                return nil
            }
            let waited = since.duration(to: .now)
            let drain = running.served.bundle.serve?.drain ?? .zero
            // A request that was given to it just before the table changed may not be counted yet.
            let isDrained = waited > .milliseconds(300) && inFlight[version.description, default: 0] == 0
            guard waited >= drain || isDrained, running.nextClear <= .now else { return nil }
            versions[version]?.isMoving = true
            return .clear(version)
        }
    }

    private func finishRemoval() async {
        guard desired.isRemoved, versions.isEmpty, VersionFolder.all(in: folder).isEmpty else { return }
        do throws(TargetError) {
            try await context.router.delete(key)
        } catch {
            return
        }
        // Wanted again while the router was asked.
        guard desired.isRemoved else { return }
        do throws(SystemError) {
            try LocalFiles.remove(folder)
        } catch {
            return
        }
        isFinished = true
    }

    func metadata(_ facts: Logger.Metadata) -> Logger.Metadata {
        facts.merging(["deployment": "\(id)"]) { first, _ in first }
    }
}
