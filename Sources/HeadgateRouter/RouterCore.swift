import HeadgateCore
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// What the data plane and the control API share.
final class RouterCore: Sendable {
    let tables: TableStore
    private let folder: StateFolder
    private let workers: [NIOLoopBound<Worker>]
    private let loops: [any EventLoop]
    private let address: Mutex<String>
    private let pid: Int32
    private let logger: Logger

    init(
        tables: TableStore, folder: StateFolder, workers: [NIOLoopBound<Worker>], loops: [any EventLoop], pid: Int32,
        logger: Logger
    ) {
        self.tables = tables
        self.folder = folder
        self.workers = workers
        self.loops = loops
        self.pid = pid
        self.logger = logger
        address = Mutex("")
    }

    var status: RouterStatus {
        RouterStatus(address: address.withLock { $0 }, pid: pid, deployments: tables.status())
    }

    func listens(at address: String) { self.address.withLock { $0 = address } }

    /// Puts back in force what the last router had; a Deployment that is no longer valid is left out.
    func restore() throws(RouterError) {
        var prefixes: [String: String] = [:]
        for (name, table) in try folder.readTable().deployments.sorted(by: { $0.key < $1.key }) {
            let problems = table.problems(beside: prefixes)
            guard problems.isEmpty else {
                logger.error(
                    "a deployment of the state file is not valid",
                    metadata: ["deployment": "\(name)", "problems": "\(problems.joined(separator: "; "))"])
                continue
            }
            prefixes[name] = table.prefix
            tables.settle(tables.replace(name, with: table))
        }
    }

    /// Writes a change to the state file and puts it in force.
    ///
    /// The answer comes when no event loop chooses by the table from before any more: from then on a count of nothing
    /// under way of a version that left is final.
    /// - Returns: Whether anything changed; writing what is in force already does nothing.
    func change(
        _ name: String, _ deployment: RouterDeployment?, on eventLoop: any EventLoop
    ) throws(RouterError) -> EventLoopFuture<Bool> {
        var table = tables.specification
        guard table.deployments[name] != deployment else { return eventLoop.makeSucceededFuture(false) }
        table.deployments[name] = deployment
        try folder.write(table)
        let change = tables.replace(name, with: deployment)
        logger.notice(
            "table changed",
            metadata: ["deployment": "\(name)", "weights": "\(deployment?.weights.description ?? "removed")"])
        let passed = loops.map { $0.submit {} }
        return EventLoopFuture.andAllComplete(passed, on: eventLoop).map { [tables] in
            tables.settle(change)
            return true
        }
    }

    /// Ends idle connections and lets requests under way end, until none is left or the time is over.
    func drain(within limit: TimeAmount) async {
        await onWorkers { $0.drain() }
        let end = NIODeadline.now() + limit
        while NIODeadline.now() < end {
            let busy = await onWorkers { $0.clientCount + $0.mirrors.runningCount }.reduce(0, +)
            if busy == 0 { break }
            try? await Task.sleep(for: .milliseconds(20))
        }
        await onWorkers { $0.stop() }
    }

    @discardableResult
    private func onWorkers<Value: Sendable>(_ body: @escaping @Sendable (Worker) -> Value) async -> [Value] {
        var values: [Value] = []
        for (loop, worker) in zip(loops, workers) {
            if let value = try? await loop.submit({ body(worker.value) }).get() { values.append(value) }
        }
        return values
    }
}
