import HeadgateCore
import Synchronization

/// The table in force, and the versions that left it while requests of theirs were under way.
final class TableStore: Sendable {
    private let current: Mutex<RoutingTable>
    private let departed: Mutex<[Departed]>
    private let shards: Int

    private struct Departed: Sendable {
        let deployment: String
        let prefix: String
        let traffic: VersionTraffic
        /// The change that it left by.
        let change: Int
    }

    /// Counts changes; those up to `settled` are seen by every event loop.
    private let changes = Mutex((last: 0, settled: 0))

    /// - Parameter shards: The number of event loops.
    init(shards: Int) {
        self.shards = shards
        current = Mutex(RoutingTable([:]))
        departed = Mutex([])
    }

    /// The table in force.
    var table: RoutingTable { current.withLock { $0 } }

    /// Every Deployment's table as it was sent.
    var specification: RouterTable {
        RouterTable(deployments: table.deployments.mapValues(\.table))
    }

    /// Puts one Deployment's table in force, or takes it out with nil.
    ///
    /// Called from one place at a time.
    /// - Returns: The number of the change, for ``settle(_:)``.
    @discardableResult
    func replace(_ name: String, with spec: RouterDeployment?) -> Int {
        let change = changes.withLock { changes in
            changes.last += 1
            return changes.last
        }
        let previous = table
        var deployments = previous.deployments
        let old = deployments[name]
        deployments[name] = spec.map { spec in
            DeploymentRuntime(name: name, table: spec, traffic: traffic(name, spec, old), previous: old)
        }
        let next = RoutingTable(deployments)
        current.withLock { $0 = next }
        let left = (old?.backends ?? [:]).filter { spec?.backends[$0.key] == nil }
        departed.withLock { departed in
            for backend in left.values {
                departed.append(
                    Departed(
                        deployment: name, prefix: old?.table.prefix ?? "", traffic: backend.traffic, change: change))
            }
        }
        return change
    }

    /// Says that no event loop chooses by a table from before this change any more, so that a count of nothing under
    /// way is final.
    func settle(_ change: Int) {
        changes.withLock { $0.settled = max($0.settled, change) }
    }

    /// What the router counted; versions that left and have no request under way any more are forgotten.
    func status() -> [String: RouterDeploymentStatus] {
        var status = table.deployments.mapValues { deployment in
            RouterDeploymentStatus(
                table: deployment.table,
                traffic: deployment.backends.mapValues(\.traffic.statistics),
                inFlight: deployment.backends.mapValues { $0.traffic.inFlight.load(ordering: .acquiring) })
        }
        let settled = changes.withLock(\.settled)
        let draining = departed.withLock { departed in
            departed.removeAll { $0.change <= settled && $0.traffic.inFlight.load(ordering: .acquiring) <= 0 }
            return departed
        }
        for item in draining {
            let empty = RouterDeployment(prefix: item.prefix, backends: [:], weights: [:])
            status[item.deployment, default: RouterDeploymentStatus(table: empty, traffic: [:], inFlight: [:])]
                .add(item.traffic)
        }
        return status
    }

    /// A version that stays, or comes back before it was drained, goes on with its counts.
    private func traffic(
        _ name: String, _ spec: RouterDeployment, _ old: DeploymentRuntime?
    ) -> [String: VersionTraffic] {
        var traffic: [String: VersionTraffic] = [:]
        for version in spec.backends.keys {
            traffic[version] =
                old?.backends[version]?.traffic ?? revive(name, version)
                ?? VersionTraffic(version: version, shards: shards)
        }
        return traffic
    }

    private func revive(_ name: String, _ version: String) -> VersionTraffic? {
        departed.withLock { departed in
            guard
                let index = departed.firstIndex(where: {
                    $0.deployment == name && $0.traffic.version == version
                        && $0.traffic.inFlight.load(ordering: .acquiring) > 0
                })
            else { return nil }
            return departed.remove(at: index).traffic
        }
    }
}

extension RouterDeploymentStatus {
    fileprivate mutating func add(_ left: VersionTraffic) {
        traffic[left.version] = left.statistics
        inFlight[left.version] = left.inFlight.load(ordering: .acquiring)
    }
}
