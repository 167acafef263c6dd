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
    /// Raised when what is here has been looked at, so that it can be told.
    let looked = Signal()
    let entry: RouterEntry
    private var place: DeploymentFolder
    /// Nothing is left of a Deployment that was removed.
    private(set) var isFinished = false
    var versions: [VersionID: Running] = [:]
    private var isAdopted = false

    var desired: DeploymentFolder.Desired { place.desired }

    init(_ id: DeploymentID, in target: String, context: InferenceContext) {
        self.id = id
        self.context = context
        place = DeploymentFolder(id, in: target)
        folder = place.path
        // Clients see the protocol's own paths: `<prefix>/v2/models/<name>/infer` is answered by whatever version serves.
        entry = RouterEntry(
            id, prefix: "\(context.prefix(id))/v2/models/\(id.name)", router: context.router, logger: context.logger)
        if VersionFolder.all(in: folder).isEmpty { looked.raise() }
    }

    /// Takes a new desired state; false when this supervisor has come to its end and another must take it.
    func want(_ state: ServingState, isRemoved: Bool = false) throws(TargetError) -> Bool {
        guard !isFinished else { return false }
        if try place.want(state, isRemoved: isRemoved) { nudge.raise() }
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
        let isFirst = !entry.isKnown && !looked.isRaised
        await entry.look(isAwaited: versions.values.contains { $0.leavingSince != nil })
        if isFirst, entry.isKnown { trustRouted() }
        takeDesired()
        var jobs = bringUpMissing()
        await look()
        looked.raise()
        // Who does not know what takes traffic must not take anything away.
        guard entry.isKnown else { return jobs }
        await route()
        guard entry.isKnown else { return jobs }
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

    /// Takes servers that the router sends a version's requests to for ready, until they show that they are not.
    ///
    /// A controller that starts would otherwise tell for a moment that nothing is ready, and a rollout would go back.
    private func trustRouted() {
        for version in versions.keys {
            guard let backend = entry.table?.backends[version.description] else { continue }
            versions[version]?.wasComplete = true
            for (index, server) in context.servers.enumerated() where backend.endpoints.contains(server.endpoint) {
                versions[version]?.loaded[index].trust()
            }
        }
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
    var needed: Set<VersionID> { entry.needed(desired.state, among: versions.keys) }

    /// Moves the router's table on when more is ready than before.
    private func route() async {
        let candidates = versions.mapValues { running in
            RoutingPlan.Candidate(
                endpoints: zip(context.servers, running.loaded).filter(\.1.isReady).map(\.0.endpoint),
                mayTakeTraffic: running.wasComplete, preview: running.served.preview,
                pathPrefix: running.model.path)
        }
        await entry.route(desired, candidates)
    }

    /// Versions that nobody wants any more, once their requests have ended or their drain time is over.
    private func clearUnwanted() -> [Job] {
        let needed = needed
        return versions.compactMap { version, running in
            guard !needed.contains(version), !running.isBusy else { return nil }
            guard let since = running.leavingSince else {
                versions[version]?.leavingSince = .now
                entry.forget()
                return nil
            }
            let waited = since.duration(to: .now)
            let drain = running.served.bundle.serve?.drain ?? .zero
            // A request that was given to it just before the table changed may not be counted yet.
            let isDrained = waited > .milliseconds(300) && entry.inFlight[version.description, default: 0] == 0
            guard waited >= drain || isDrained, running.nextClear <= .now else { return nil }
            versions[version]?.isMoving = true
            return .clear(version)
        }
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
