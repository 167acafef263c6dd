import Logging
import NIOCore
import NIOPosix

/// What the connections of one event loop share; used on that loop only.
final class Worker {
    let eventLoop: any EventLoop
    /// The loop's number: its shard of every count.
    let shard: Int
    let configuration: RouterConfiguration
    let tables: TableStore
    let logger: Logger
    let timeouts: Waits
    let headLimits: HeadReader.Limits
    private(set) var isDraining = false
    /// Bytes of bodies that requests of this loop hold for a replay.
    var heldBytes = 0
    private(set) lazy var mirrors = MirrorQueue(worker: self)
    private let comparing: NIOThreadPool
    private var pools: [Endpoint: EndpointPool] = [:]
    private var clients: [ObjectIdentifier: ClientConnection] = [:]
    private var sweeping: RepeatedTask?

    init(
        eventLoop: any EventLoop, shard: Int, configuration: RouterConfiguration, tables: TableStore,
        comparing: NIOThreadPool, logger: Logger
    ) {
        self.eventLoop = eventLoop
        self.shard = shard
        self.configuration = configuration
        self.tables = tables
        self.comparing = comparing
        self.logger = logger
        timeouts = Waits(configuration.timeouts)
        let limits = configuration.limits
        headLimits = HeadReader.Limits(
            bytes: limits.headBytes, fields: limits.headerCount, target: limits.targetBytes)
    }

    /// Begins to look at deadlines.
    func start() {
        let tick = TimeAmount(configuration.timeouts.tick)
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        sweeping = eventLoop.scheduleRepeatedTask(initialDelay: tick, delay: tick) { _ in bound.value.sweep() }
    }

    /// Ends idle connections now, and every other one after its request.
    func drain() {
        isDraining = true
        sweep()
    }

    func stop() {
        sweeping?.cancel()
        for client in clients.values { client.close() }
    }

    var clientCount: Int { clients.count }

    func pool(_ endpoint: Endpoint) -> EndpointPool {
        if let pool = pools[endpoint] { return pool }
        let pool = EndpointPool(endpoint: endpoint, worker: self)
        pools[endpoint] = pool
        return pool
    }

    func add(_ client: ClientConnection) { clients[ObjectIdentifier(client)] = client }

    func remove(_ client: ClientConnection) { clients[ObjectIdentifier(client)] = nil }

    /// Runs work that would keep other requests waiting, on a thread of its own.
    func compare(_ work: @escaping @Sendable () -> Bool, then: @escaping (Bool) -> Void) {
        comparing.runIfActive(eventLoop: eventLoop, work).assumeIsolated().whenComplete { result in
            then((try? result.get()) ?? false)
        }
    }

    private func sweep() {
        let now = NIODeadline.now()
        for client in clients.values { client.sweep(now: now) }
        for pool in pools.values { pool.sweep(now: now) }
        // An endpoint of a version that left is not asked for again.
        for (endpoint, pool) in pools where pool.isEmpty { pools[endpoint] = nil }
        mirrors.sweep(now: now)
    }
}
