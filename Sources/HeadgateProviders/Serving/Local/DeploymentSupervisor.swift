import HeadgateCore
import Logging

/// Brings one Deployment's servers and its part of the router's table to what is wanted, and keeps them there.
///
/// Level-triggered: each round looks at locks, files, servers and the router, and does the next thing that is missing.
actor DeploymentSupervisor {
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
    let context: LocalContext
    let nudge = Signal()
    /// Raised when what is here has been looked at, so that it can be told.
    let looked = Signal()
    let entry: RouterEntry
    private var place: DeploymentFolder
    /// Nothing is left of a Deployment that was removed.
    private(set) var isFinished = false
    var versions: [VersionID: Running] = [:]
    private var isAdopted = false

    var desired: DeploymentFolder.Desired { place.desired }

    init(_ id: DeploymentID, in target: String, context: LocalContext) {
        self.id = id
        self.context = context
        place = DeploymentFolder(id, in: target)
        folder = place.path
        entry = RouterEntry(
            id, prefix: context.configuration.prefix(id), router: context.router, logger: context.logger)
        if VersionFolder.all(in: folder).isEmpty { looked.raise() }
    }

    /// Takes a new desired state; false when this supervisor has come to its end and another must take it.
    func want(_ state: ServingState, isRemoved: Bool = false) throws(TargetError) -> Bool {
        guard !isFinished else { return false }
        if try place.want(state, isRemoved: isRemoved) { nudge.raise() }
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
        let isFirst = !entry.isKnown && !looked.isRaised
        await entry.look(isAwaited: versions.values.contains { $0.isLeaving })
        if isFirst, entry.isKnown { trustRouted() }
        takeDesired()
        var jobs = await startMissing()
        await probe()
        looked.raise()
        // Who does not know what takes traffic must not stop anything.
        guard entry.isKnown else { return jobs }
        await route()
        guard entry.isKnown else { return jobs }
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

    /// Takes servers that the router sends requests to for ready, until they show that they are not.
    ///
    /// A controller that starts would otherwise tell for a moment that nothing is ready, and a rollout would go back.
    private func trustRouted() {
        for (version, running) in versions {
            guard let backend = entry.table?.backends[version.description] else { continue }
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
    var needed: Set<VersionID> { entry.needed(desired.state, among: versions.keys) }

    /// Moves the router's table on when more is ready than before.
    private func route() async {
        let candidates = versions.mapValues { running in
            RoutingPlan.Candidate(
                endpoints: running.readyEndpoints, mayTakeTraffic: running.wasComplete,
                preview: running.served.preview)
        }
        await entry.route(desired, candidates)
    }

    private func finishRemoval() async {
        guard desired.isRemoved, versions.isEmpty, VersionFolder.all(in: folder).isEmpty, await entry.delete(),
            // Wanted again while the router was asked.
            desired.isRemoved
        else { return }
        let isRemoved: Void? = try? LocalFiles.remove(folder)
        isFinished = isRemoved != nil
    }

    func metadata(_ facts: Logger.Metadata) -> Logger.Metadata {
        facts.merging(["deployment": "\(id)"]) { first, _ in first }
    }
}
