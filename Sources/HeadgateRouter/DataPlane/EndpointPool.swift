import NIOCore
import NIOPosix

/// The idle connections of one event loop to one endpoint, the last used on top.
final class EndpointPool {
    private let endpoint: Endpoint
    private unowned let worker: Worker
    private var idle: [UpstreamConnection] = []

    init(endpoint: Endpoint, worker: Worker) {
        self.endpoint = endpoint
        self.worker = worker
    }

    var isEmpty: Bool { idle.isEmpty }

    /// A connection that was used before and is not older than the idle time.
    func take(now: NIODeadline) -> UpstreamConnection? {
        while let connection = idle.popLast() {
            if now - connection.idleSince < worker.timeouts.upstreamIdle { return connection }
            connection.cancel()
        }
        return nil
    }

    func put(_ connection: UpstreamConnection) {
        guard idle.count < worker.configuration.limits.idleConnections, !worker.isDraining else {
            return connection.cancel()
        }
        idle.append(connection)
    }

    func forget(_ connection: UpstreamConnection) {
        idle.removeAll { $0 === connection }
    }

    /// Ends connections that were idle for too long.
    func sweep(now: NIODeadline) {
        let limit = worker.isDraining ? TimeAmount.zero : worker.timeouts.upstreamIdle
        let fresh = idle.firstIndex { now - $0.idleSince < limit } ?? idle.endIndex
        guard fresh > 0 else { return }
        for connection in idle[..<fresh] { connection.cancel() }
        idle.removeFirst(fresh)
    }

    /// Makes a connection, or gives nil when the endpoint does not take one in time.
    func connect(_ completion: @escaping (UpstreamConnection?) -> Void) {
        let connection = UpstreamConnection(endpoint: endpoint, worker: worker)
        let bound = NIOLoopBound(connection, eventLoop: worker.eventLoop)
        let bootstrap = ClientBootstrap(group: worker.eventLoop)
            .connectTimeout(worker.timeouts.connect)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(bound.value)
                }
            }
        let channel =
            if let address = endpoint.socketAddress {
                bootstrap.connect(to: address)
            } else if case .address(let host, let port) = endpoint.place {
                bootstrap.connect(host: host, port: port)
            } else {
                worker.eventLoop.makeFailedFuture(ChannelError.operationUnsupported) as EventLoopFuture<any Channel>
            }
        channel.assumeIsolated().whenComplete { result in
            switch result {
            case .success: completion(connection)
            case .failure: completion(nil)
            }
        }
    }
}
