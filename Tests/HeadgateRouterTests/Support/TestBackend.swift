import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A request as a backend of a test got it.
struct BackendRequest: Sendable {
    var head: HTTPRequestHead
    var body: ByteBuffer
    /// Counts requests of this connection, from 1.
    var number: Int
}

/// What a backend of a test does with a request.
struct BackendReply: Sendable {
    var status = HTTPResponseStatus.ok
    var headers: [(String, String)] = []
    var body = ByteBuffer()
    /// Sends chunks of this size instead of a length.
    var chunkSize: Int?
    var delay: TimeAmount = .zero
    /// Answers once this is open.
    var gate: Gate?
    /// Closes after the answer without having said so.
    var closes = false
    /// Closes instead of answering.
    var drops = false
    /// Never answers.
    var hangs = false

    static func text(_ text: String) -> BackendReply { BackendReply(body: ByteBuffer(string: text)) }
}

/// Holds answers back until a test lets them go.
final class Gate: Sendable {
    private let promise = MultiThreadedEventLoopGroup.singleton.next().makePromise(of: Void.self)

    func open() { promise.succeed() }

    func whenOpen(on eventLoop: any EventLoop, _ body: @escaping @Sendable () -> Void) {
        promise.futureResult.hop(to: eventLoop).whenComplete { _ in body() }
    }
}

/// A tiny HTTP server that does what a test says.
final class TestBackend: Sendable {
    typealias Behaviour = @Sendable (BackendRequest) -> BackendReply

    let port: Int
    private let listener: any Channel
    private let state: State

    final class State: Sendable {
        let requests = Mutex<[BackendRequest]>([])
        let children = Mutex<[any Channel]>([])
        let connections = Mutex(0)
        let open = Mutex(0)
    }

    var endpoint: String { "127.0.0.1:\(port)" }
    var requests: [BackendRequest] { state.requests.withLock { $0 } }
    var requestCount: Int { state.requests.withLock(\.count) }
    var connectionCount: Int { state.connections.withLock { $0 } }

    /// Waits until as many connections are open; ends after 20 seconds.
    func waitForOpenConnections(_ count: Int) async throws {
        for _ in 0..<2000 {
            if state.open.withLock({ $0 }) == count { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw FixtureError(message: "\(state.open.withLock { $0 }) connections are open, not \(count)")
    }

    private init(_ listener: any Channel, _ state: State) {
        self.listener = listener
        self.state = state
        port = listener.localAddress?.port ?? 0
    }

    static func start(port: Int = 0, _ behaviour: @escaping Behaviour) async throws -> TestBackend {
        let state = State()
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                state.children.withLock { $0.append(channel) }
                state.connections.withLock { $0 += 1 }
                state.open.withLock { $0 += 1 }
                channel.closeFuture.whenComplete { _ in state.open.withLock { $0 -= 1 } }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withPipeliningAssistance: false)
                    try channel.pipeline.syncOperations.addHandler(BackendHandler(state, behaviour))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        return TestBackend(listener, state)
    }

    /// Answers every request with a text.
    static func answering(_ text: String) async throws -> TestBackend { try await start { _ in .text(text) } }

    /// Closes the listener and every connection, as a process that ends.
    func stop() async {
        try? await listener.close().get()
        let children = state.children.withLock { $0 }
        for child in children { try? await child.close().get() }
    }
}

private final class BackendHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let state: TestBackend.State
    private let behaviour: TestBackend.Behaviour
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()
    private var number = 0

    init(_ state: TestBackend.State, _ behaviour: @escaping TestBackend.Behaviour) {
        self.state = state
        self.behaviour = behaviour
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = ByteBuffer()
            if head.headers["expect"].contains("100-continue") {
                context.writeAndFlush(wrapOutboundOut(.head(.init(version: .http1_1, status: .continue))), promise: nil)
            }
        case .body(var part): body.writeBuffer(&part)
        case .end:
            guard let head else { return }
            number += 1
            let request = BackendRequest(head: head, body: body, number: number)
            state.requests.withLock { $0.append(request) }
            let reply = behaviour(request)
            if reply.hangs { return }
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            if let gate = reply.gate {
                gate.whenOpen(on: context.eventLoop) {
                    let (handler, context) = bound.value
                    handler.answer(reply, head, context)
                }
                return
            }
            guard reply.delay > .zero else { return answer(reply, head, context) }
            context.eventLoop.scheduleTask(in: reply.delay) {
                let (handler, context) = bound.value
                handler.answer(reply, head, context)
            }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func answer(_ reply: BackendReply, _ request: HTTPRequestHead, _ context: ChannelHandlerContext) {
        if reply.drops { return context.close(promise: nil) }
        var headers = HTTPHeaders(reply.headers)
        if reply.chunkSize == nil { headers.replaceOrAdd(name: "content-length", value: "\(reply.body.readableBytes)") }
        let head = HTTPResponseHead(version: .http1_1, status: reply.status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if request.method != .HEAD {
            var body = reply.body
            while let part = body.readSlice(length: min(reply.chunkSize ?? .max, body.readableBytes)),
                part.readableBytes > 0
            {
                context.write(wrapOutboundOut(.body(.byteBuffer(part))), promise: nil)
            }
        }
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
            if reply.closes { bound.value.close(promise: nil) }
        }
    }
}
