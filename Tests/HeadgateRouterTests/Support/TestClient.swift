import NIOCore
import NIOHTTP1
import NIOPosix

struct TestResponse: Sendable {
    var status: Int
    var headers: HTTPHeaders
    var body: ByteBuffer

    var text: String { String(buffer: body) }
}

enum TestFailure: Error {
    /// The connection ended before the answer did.
    case closed
    case timedOut
}

/// One connection of a client: sends requests and gets whole answers, by a parser that is not the router's.
final class TestClient: Sendable {
    private let channel: any Channel
    private let collector: NIOLoopBound<ResponseCollector>

    private init(_ channel: any Channel, _ collector: NIOLoopBound<ResponseCollector>) {
        self.channel = channel
        self.collector = collector
    }

    static func connect(to address: String) async throws -> TestClient {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let bound = try await loop.submit { NIOLoopBound(ResponseCollector(), eventLoop: loop) }.get()
        let bootstrap = ClientBootstrap(group: loop).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHTTPClientHandlers(leftOverBytesStrategy: .dropBytes)
                try channel.pipeline.syncOperations.addHandler(bound.value)
            }
        }
        if address.hasPrefix("/") {
            return TestClient(try await bootstrap.connect(unixDomainSocketPath: address).get(), bound)
        }
        let colon = address.lastIndex(of: ":") ?? address.endIndex
        let port = Int(address[address.index(after: colon)...]) ?? 0
        return TestClient(try await bootstrap.connect(host: String(address[..<colon]), port: port).get(), bound)
    }

    /// Sends a request and waits for its whole answer.
    func send(
        _ method: HTTPMethod = .GET, _ path: String, headers: [(String, String)] = [], body: ByteBuffer? = nil,
        chunkSize: Int? = nil
    ) async throws -> TestResponse {
        try await start(method, path, headers: headers, body: body, chunkSize: chunkSize).get()
    }

    /// Sends a request; the answer comes with the future.
    func start(
        _ method: HTTPMethod = .GET, _ path: String, headers: [(String, String)] = [], body: ByteBuffer? = nil,
        chunkSize: Int? = nil
    ) -> EventLoopFuture<TestResponse> {
        let promise = channel.eventLoop.makePromise(of: TestResponse.self)
        let deadline = channel.eventLoop.scheduleTask(in: .seconds(60)) { promise.fail(TestFailure.timedOut) }
        promise.futureResult.whenComplete { _ in deadline.cancel() }
        channel.eventLoop.execute { [collector, channel] in
            collector.value.expect(promise, toHead: method == .HEAD)
            var all = HTTPHeaders([("host", "test")] + headers)
            if let body, chunkSize == nil { all.add(name: "content-length", value: "\(body.readableBytes)") }
            if chunkSize != nil { all.add(name: "transfer-encoding", value: "chunked") }
            let head = HTTPRequestHead(version: .http1_1, method: method, uri: path, headers: all)
            channel.write(HTTPClientRequestPart.head(head), promise: nil)
            if var body {
                while let part = body.readSlice(length: min(chunkSize ?? .max, body.readableBytes)),
                    part.readableBytes > 0
                {
                    channel.write(HTTPClientRequestPart.body(.byteBuffer(part)), promise: nil)
                }
            }
            channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
        }
        return promise.futureResult
    }

    func close() async { try? await channel.close().get() }
}

private final class ResponseCollector: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    private var expected = CircularBuffer<EventLoopPromise<TestResponse>>()
    private var current: TestResponse?
    private var isClosed = false

    func expect(_ promise: EventLoopPromise<TestResponse>, toHead: Bool) {
        if isClosed {
            promise.fail(TestFailure.closed)
        } else {
            expected.append(promise)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            current = TestResponse(status: Int(head.status.code), headers: head.headers, body: ByteBuffer())
        case .body(var part): current?.body.writeBuffer(&part)
        case .end:
            if let current, current.status >= 200 {
                expected.popFirst()?.succeed(current)
                self.current = nil
            }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        isClosed = true
        while let promise = expected.popFirst() { promise.fail(TestFailure.closed) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        while let promise = expected.popFirst() { promise.fail(error) }
        context.close(promise: nil)
    }
}

/// A connection whose bytes a test writes and reads itself.
final class RawConnection: Sendable {
    private let channel: any Channel
    private let collector: NIOLoopBound<ByteCollector>

    private init(_ channel: any Channel, _ collector: NIOLoopBound<ByteCollector>) {
        self.channel = channel
        self.collector = collector
    }

    static func connect(to address: String, reads: Bool = true) async throws -> RawConnection {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let bound = try await loop.submit { NIOLoopBound(ByteCollector(), eventLoop: loop) }.get()
        let colon = address.lastIndex(of: ":") ?? address.endIndex
        let port = Int(address[address.index(after: colon)...]) ?? 0
        let channel = try await ClientBootstrap(group: loop)
            .channelOption(.autoRead, value: reads)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(bound.value)
                }
            }
            .connect(host: String(address[..<colon]), port: port).get()
        return RawConnection(channel, bound)
    }

    func write(_ text: String) async throws { try await channel.writeAndFlush(ByteBuffer(string: text)).get() }

    func write(_ bytes: ByteBuffer) -> EventLoopFuture<Void> { channel.writeAndFlush(bytes) }

    func setReading(_ reads: Bool) async throws { try await channel.setOption(.autoRead, value: reads).get() }

    /// All bytes once the other side has closed.
    func readToEnd() async throws -> String { try await wait { _, isClosed in isClosed } }

    /// The bytes so far once they hold a text.
    func read(until text: String) async throws -> String { try await wait { bytes, _ in bytes.contains(text) } }

    /// Bytes received so far.
    func receivedBytes() async throws -> Int {
        try await channel.eventLoop.submit { [collector] in collector.value.count }.get()
    }

    func close() async { try? await channel.close().get() }

    private func wait(_ isMet: @escaping @Sendable (String, Bool) -> Bool) async throws -> String {
        let promise = channel.eventLoop.makePromise(of: String.self)
        let deadline = channel.eventLoop.scheduleTask(in: .seconds(30)) { promise.fail(TestFailure.timedOut) }
        promise.futureResult.whenComplete { _ in deadline.cancel() }
        channel.eventLoop.execute { [collector] in collector.value.wait(promise, isMet) }
        return try await promise.futureResult.get()
    }
}

private final class ByteCollector: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private(set) var count = 0
    private var bytes = ByteBuffer()
    private var isClosed = false
    private var waiting: (promise: EventLoopPromise<String>, isMet: (String, Bool) -> Bool)?

    func wait(_ promise: EventLoopPromise<String>, _ isMet: @escaping (String, Bool) -> Bool) {
        waiting = (promise, isMet)
        check()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var data = unwrapInboundIn(data)
        count += data.readableBytes
        // Enough for every text that a test looks for.
        if bytes.readableBytes < 1 << 20 { bytes.writeBuffer(&data) }
        check()
    }

    func channelInactive(context: ChannelHandlerContext) {
        isClosed = true
        check()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func check() {
        guard let waiting else { return }
        let text = String(buffer: bytes)
        if waiting.isMet(text, isClosed) {
            self.waiting = nil
            waiting.promise.succeed(text)
        } else if isClosed {
            self.waiting = nil
            waiting.promise.fail(TestFailure.closed)
        }
    }
}

extension ByteBuffer {
    /// Bytes that tell their place, so that a piece that is lost or stands elsewhere is seen.
    static func pattern(_ size: Int) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(size + 8)
        for word in 0..<((size + 7) / 8) { buffer.writeInteger(UInt64(word) &* 0x9e37_79b9_7f4a_7c15) }
        return buffer.readSlice(length: size) ?? ByteBuffer()
    }
}
