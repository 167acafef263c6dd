package import HeadgateCore
package import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A router that listens: the data plane on a TCP address, the control API on a Unix socket of its state folder.
package final class Router: Sendable {
    /// `host:port` as clients reach it.
    package let address: String
    private let configuration: RouterConfiguration
    private let folder: StateFolder
    private let core: RouterCore
    private let listener: any Channel
    private let control: any Channel
    private let group: MultiThreadedEventLoopGroup
    private let controlGroup: MultiThreadedEventLoopGroup
    private let comparing: NIOThreadPool
    private let isEnding = Atomic(false)

    /// Takes the lock of the state folder, puts the last table back in force, and listens.
    /// - Throws: ``RouterError`` with `.alreadyRunning` when another process holds the folder.
    package static func start(_ configuration: RouterConfiguration, logger: Logger) async throws -> Router {
        let folder = try StateFolder(configuration.stateFolder)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: max(1, configuration.threads ?? System.coreCount))
        let controlGroup = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let comparing = NIOThreadPool(numberOfThreads: 1)
        comparing.start()
        do {
            return try await Router(configuration, folder, group, controlGroup, comparing, logger)
        } catch {
            try? await comparing.shutdownGracefully()
            try? await group.shutdownGracefully()
            try? await controlGroup.shutdownGracefully()
            throw error
        }
    }

    private init(
        _ configuration: RouterConfiguration, _ folder: StateFolder, _ group: MultiThreadedEventLoopGroup,
        _ controlGroup: MultiThreadedEventLoopGroup, _ comparing: NIOThreadPool, _ logger: Logger
    ) async throws {
        let loops = Array(group.makeIterator())
        let tables = TableStore(shards: loops.count)
        var workers: [NIOLoopBound<Worker>] = []
        for (shard, loop) in loops.enumerated() {
            workers.append(
                try await loop.submit {
                    let worker = Worker(
                        eventLoop: loop, shard: shard, configuration: configuration, tables: tables,
                        comparing: comparing, logger: logger)
                    worker.start()
                    return NIOLoopBound(worker, eventLoop: loop)
                }.get())
        }
        core = RouterCore(
            tables: tables, folder: folder, workers: workers, loops: loops, pid: getpid(), logger: logger)
        try core.restore()
        listener = try await Self.listen(configuration, lastAddress: folder.record?.address, group, loops, workers)
        let port = listener.localAddress?.port ?? configuration.port
        address = configuration.host.contains(":") ? "[\(configuration.host)]:\(port)" : "\(configuration.host):\(port)"
        core.listens(at: address)
        control = try await Self.serveControl(configuration, core, controlGroup)
        try folder.write(StateFolder.Record(pid: getpid(), address: address))
        self.configuration = configuration
        self.folder = folder
        self.group = group
        self.controlGroup = controlGroup
        self.comparing = comparing
        logger.notice("router listens", metadata: ["address": "\(address)"])
    }

    /// What the router does and counted.
    package var status: RouterStatus { core.status }

    /// Takes no new connections, lets requests under way end within the drain time, and stops.
    ///
    /// A second call does nothing.
    package func shutdown() async throws {
        guard isEnding.exchange(true, ordering: .relaxed) == false else { return }
        try? await listener.close().get()
        await core.drain(within: TimeAmount(configuration.timeouts.drain))
        try? await control.close().get()
        folder.release()
        try await comparing.shutdownGracefully()
        try await group.shutdownGracefully()
        try await controlGroup.shutdownGracefully()
    }

    private static func listen(
        _ configuration: RouterConfiguration, lastAddress: String?, _ group: MultiThreadedEventLoopGroup,
        _ loops: [any EventLoop], _ workers: [NIOLoopBound<Worker>]
    ) async throws -> any Channel {
        let byLoop = Dictionary(
            zip(loops.map { ObjectIdentifier($0) }, workers), uniquingKeysWith: { first, _ in first })
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let worker = byLoop[ObjectIdentifier(channel.eventLoop)] else { return }
                    try channel.pipeline.syncOperations.addHandler(
                        ClientConnection(worker: worker.value, address: channel.remoteAddress))
                }
            }
        // The address that clients know stays, where nobody else took it.
        if configuration.port == 0, let last = lastAddress.flatMap({ Endpoint($0) }),
            case .address(configuration.host, let port) = last.place,
            let channel = try? await bootstrap.bind(host: configuration.host, port: port).get()
        {
            return channel
        }
        do {
            return try await bootstrap.bind(host: configuration.host, port: configuration.port).get()
        } catch {
            throw RouterError(
                .cannotListen, "cannot listen at \(configuration.host):\(configuration.port): \(error)")
        }
    }

    private static func serveControl(
        _ configuration: RouterConfiguration, _ core: RouterCore, _ group: MultiThreadedEventLoopGroup
    ) async throws -> any Channel {
        let routes = ControlRoutes(router: core, eventLoop: group.any())
        let bootstrap = ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
                    try channel.pipeline.syncOperations.addHandler(ControlHandler(routes: routes))
                }
            }
        do {
            return try await bootstrap.bind(
                unixDomainSocketPath: configuration.controlSocket, cleanupExistingSocketFile: true
            ).get()
        } catch {
            throw RouterError(
                .cannotListen,
                "cannot listen at \(configuration.controlSocket), whose path may have 107 bytes: \(error)")
        }
    }
}
