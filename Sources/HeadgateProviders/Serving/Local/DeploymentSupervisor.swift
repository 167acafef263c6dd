import HeadgateCore
import Logging

/// Brings one Deployment's servers and its part of the router's table to what is wanted, and keeps them there.
///
/// Level-triggered: each round looks at locks, files, servers and the router, and does the next thing that is missing.
actor DeploymentSupervisor {
    /// What was last asked for: `desired.json`.
    struct Desired: Hashable, Sendable, Codable {
        var state: ServingState
        var isRemoved: Bool
    }

    /// One version as it is run.
    struct Running: Sendable {
        var served: ServedVersion
        var workspace: Workspace?
        var environment: PythonEnvironments.Prepared?
        var isPreparing = false
        /// Why preparing failed, and when it is tried again; nil for never.
        var problem: (message: String, retryAt: ContinuousClock.Instant?)?
        var attempts = 0
        var replicas: [Int: Replica] = [:]
        /// Whether all its replicas were ready at one time.
        var wasComplete = false
        /// Since when nobody sends it requests.
        var leavingSince: ContinuousClock.Instant?
        /// Replicas that were told to end.
        var stopping: Set<Int> = []

        /// Whether requests in flight decide what happens next.
        var isLeaving: Bool { leavingSince != nil || replicas.values.contains { $0.leavingSince != nil } }

        /// Of the replicas that it shall have; one too many gets no new requests.
        var readyEndpoints: [String] {
            replicas.filter { $0.key < served.replicas && $0.value.isReady }.map(\.value.endpoint).sorted()
        }
    }

    /// What takes longer than a round may.
    enum Job: Hashable, Sendable {
        case prepare(VersionID)
        case stop(VersionID, replica: Int)
        case clear(VersionID)
    }

    let id: DeploymentID
    let folder: String
    let prefix: String
    let context: LocalContext
    let nudge = Signal()
    private(set) var desired: Desired
    /// Nothing is left of a Deployment that was removed.
    private(set) var isFinished = false
    var versions: [VersionID: Running] = [:]
    /// The router's table as it was last read or written; nil when the router has none.
    var table: RouterDeployment?
    /// False until the router was asked, and again when it must be asked anew.
    var isTableKnown = false
    var inFlight: [String: Int] = [:]
    private var isAdopted = false
    /// Whether what is here has been looked at, so that it can be told.
    private(set) var hasLooked: Bool
    private var nextLook: ContinuousClock.Instant = .now

    static func key(_ id: DeploymentID) -> String { "\(id.source).\(id.name)" }
    var key: String { Self.key(id) }

    init(_ id: DeploymentID, folder: String, context: LocalContext) {
        self.id = id
        self.folder = folder
        self.context = context
        prefix = context.configuration.prefix(id)
        desired =
            JSONFile.read(Desired.self, folder + "/desired.json")
            ?? Desired(state: ServingState(deployment: id), isRemoved: false)
        hasLooked = VersionFolder.all(in: folder).isEmpty
    }

    /// Takes a new desired state; false when this supervisor has come to its end and another must take it.
    func want(_ state: ServingState, isRemoved: Bool = false) throws(TargetError) -> Bool {
        guard !isFinished else { return false }
        let wanted = Desired(state: state, isRemoved: isRemoved)
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

    /// Processes that it has and will have, those of versions that are leaving included.
    func processes(with state: ServingState? = nil) -> Int {
        let wanted = (state ?? desired.state).versions
        let leaving = versions.values.filter { running in !wanted.contains { $0.version == running.served.version } }
        return wanted.reduce(0) { $0 + $1.replicas } + leaving.reduce(0) { $0 + $1.replicas.count }
    }

    /// Works until the task is cancelled or nothing is left of a removed Deployment; servers go on either way.
    func run() async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                nudge.lower()
                for job in await round() { group.addTask { await self.run(job) } }
                if isFinished { break }
                await nudge.wait(atMost: interval)
            }
            group.cancelAll()
        }
    }

    private func run(_ job: Job) async {
        switch job {
        case .prepare(let version): await prepare(version)
        case .stop(let version, let replica): await stop(replica, of: version)
        case .clear(let version): await clear(version)
        }
        nudge.raise()
    }

    private var interval: Duration {
        let isSteady = versions.values.allSatisfy { running in
            running.leavingSince == nil && running.replicas.values.allSatisfy(\.isReady)
                && running.replicas.count == running.served.replicas
        }
        return isSteady ? .seconds(1) : .milliseconds(100)
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
        var jobs = await startMissing()
        await probe()
        hasLooked = true
        // Who does not know what takes traffic must not stop anything.
        guard isTableKnown else { return jobs }
        await route()
        guard isTableKnown else { return jobs }
        jobs += stopUnwanted()
        await finishRemoval()
        return jobs
    }

    /// Finds what an earlier controller left running.
    private func adopt() {
        guard !isAdopted else { return }
        isAdopted = true
        for folder in VersionFolder.all(in: folder) {
            guard let served = folder.served else { continue }
            var running = Running(served: served)
            for index in folder.replicas {
                guard let record = Replica.record(in: folder.replica(index)) else { continue }
                context.ports.keep(record.port)
                running.replicas[index] = Replica(folder: folder.replica(index), port: record.port)
            }
            versions[folder.version] = running
        }
    }

    private func lookAtRouter() async throws(TargetError) {
        let isLeaving = versions.values.contains { $0.isLeaving }
        let mustLook = !isTableKnown || isLeaving
        guard mustLook || nextLook <= .now else { return }
        let status = try await context.router.status(atMost: mustLook ? .milliseconds(100) : .seconds(4))
        nextLook = .now + .seconds(5)
        let known = status.deployments[key]
        table = known?.table
        inFlight = known?.inFlight ?? [:]
        if !isTableKnown, !hasLooked { trustRouted() }
        isTableKnown = true
    }

    /// Takes servers that the router sends requests to for ready, until they show that they are not.
    ///
    /// A controller that starts would otherwise tell for a moment that nothing is ready, and a rollout would go back.
    private func trustRouted() {
        guard let table else { return }
        for (version, running) in versions {
            guard let backend = table.backends[version.description] else { continue }
            versions[version]?.wasComplete = true
            for (index, replica) in running.replicas where backend.endpoints.contains(replica.endpoint) {
                versions[version]?.replicas[index]?.trust()
            }
        }
    }

    private func takeDesired() {
        for served in desired.state.versions {
            let known = versions[served.version]?.served
            if known == served { continue }
            do {
                try VersionFolder(deployment: folder, version: served.version).write(served)
                versions[served.version, default: Running(served: served)].served = served
            } catch {
                context.logger.error("version cannot be recorded", metadata: metadata(["error": "\(error)"]))
            }
        }
    }

    /// Versions that shall run: those that are wanted, and those that still answer requests.
    var needed: Set<VersionID> {
        let used = table.map(RoutingPlan.used) ?? []
        let wanted = Set(desired.state.versions.map(\.version))
        return wanted.union(versions.keys.filter { used.contains($0.description) })
    }

    /// Moves the router's table on when more is ready than before.
    private func route() async {
        let candidates = versions.mapValues { running in
            RoutingPlan.Candidate(
                endpoints: running.readyEndpoints, mayTakeTraffic: running.wasComplete,
                preview: running.served.preview)
        }
        let plan = RoutingPlan(desired.state, prefix: prefix, candidates: candidates, previous: table)
        guard plan.table != table else { return }
        // A Deployment that never had a server needs no entry.
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
