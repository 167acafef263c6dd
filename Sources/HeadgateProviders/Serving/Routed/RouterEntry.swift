import HeadgateCore
import Logging

/// One Deployment's entry in a router's table, as its supervisor knows it.
///
/// Belongs to one supervisor, which does one thing with it at a time.
final class RouterEntry {
    let prefix: String
    private let key: String
    private let router: RouterSupervisor
    private let logger: Logger
    /// As it was last read or written; nil when the router has none.
    private(set) var table: RouterDeployment?
    /// False until the router was asked, and again when it must be asked anew.
    private(set) var isKnown = false
    private(set) var inFlight: [String: Int] = [:]
    private var nextLook: ContinuousClock.Instant = .now

    init(_ id: DeploymentID, prefix: String, router: RouterSupervisor, logger: Logger) {
        key = id.routerKey
        self.prefix = prefix
        self.router = router
        var logger = logger
        logger[metadataKey: "deployment"] = "\(id)"
        self.logger = logger
    }

    /// Sees to it that the router runs, and asks it: at once when the entry is not known or `isAwaited`, else now and
    /// then.
    ///
    /// One that cannot be reached is logged, and stays as it was known.
    func look(isAwaited: Bool) async {
        do throws(TargetError) {
            try await router.ensure()
            let mustLook = !isKnown || isAwaited
            guard mustLook || nextLook <= .now else { return }
            let status = try await router.status(atMost: mustLook ? .milliseconds(100) : .seconds(4))
            nextLook = .now + .seconds(5)
            let known = status.deployments[key]
            table = known?.table
            inFlight = known?.inFlight ?? [:]
            isKnown = true
        } catch {
            logger.warning("router cannot be reached", metadata: ["error": "\(error)"])
        }
    }

    /// Has the router asked again before anything else: counts from before a change say nothing.
    func forget() { isKnown = false }

    /// Versions that shall run: those that are wanted, and those that still answer requests.
    func needed(_ state: ServingState, among versions: some Sequence<VersionID>) -> Set<VersionID> {
        let used = table.map(RoutingPlan.used) ?? []
        return Set(state.versions.map(\.version)).union(versions.filter { used.contains($0.description) })
    }

    /// Moves the table on when more is ready than before.
    func route(_ desired: DeploymentFolder.Desired, _ candidates: [VersionID: RoutingPlan.Candidate]) async {
        let plan = RoutingPlan(desired.state, prefix: prefix, candidates: candidates, previous: table)
        guard plan.table != table else { return }
        // A Deployment that never had a version needs no entry.
        if table == nil, plan.table.backends.isEmpty, desired.isRemoved { return }
        do throws(TargetError) {
            try await router.put(key, plan.table)
            let weights = plan.table.weights.sorted { $0.key < $1.key }.map { "\($0.key.prefix(19))=\($0.value)" }
            logger.notice("router table changed", metadata: ["weights": "\(weights.joined(separator: " "))"])
            table = plan.table
        } catch {
            isKnown = false
            logger.warning("router did not take its table", metadata: ["error": "\(error)"])
        }
    }

    /// Takes the entry out of the table; false when the router did not.
    func delete() async -> Bool {
        do throws(TargetError) {
            try await router.delete(key)
            return true
        } catch {
            return false
        }
    }
}
