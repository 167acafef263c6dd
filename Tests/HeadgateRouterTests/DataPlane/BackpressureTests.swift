import FoundationEssentials
import HeadgateCore
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import Testing

@testable import HeadgateRouter

extension RouterTests {
    /// What is held when one side is slow.
    @Suite struct BackpressureTests {
        /// What the kernel's buffers hold between client and router and between router and server, and 8 MiB of ours.
        private static let bound = 2 * (largestBuffer("rmem") + largestBuffer("wmem")) + 8 << 20
        /// Far more.
        private static let total = max(200 << 20, 2 * bound)

        @Test func `a client that does not read stops the server, and gets everything once it reads`() async throws {
            let sent = Counter()
            let backend = try await StreamingBackend.start(total: Self.total, sent: sent, reads: true)
            try await RouterFixture.run { router async throws in
                try await router.put("m", backend.table)
                let client = try await RawConnection.connect(to: router.address, reads: false)
                try await client.write("GET /m HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                try await sent.waitUntilStill()
                #expect(sent.value < Self.bound)
                try await client.setReading(true)
                _ = try await client.readToEnd()
                #expect(try await client.receivedBytes() > Self.total)
            }
            await backend.stop()
        }

        @Test func `a server that does not read stops the client`() async throws {
            let sent = Counter()
            let backend = try await StreamingBackend.start(total: 0, sent: Counter(), reads: false)
            try await RouterFixture.run { router async throws in
                try await router.put("m", backend.table)
                let client = try await RawConnection.connect(to: router.address)
                try await client.write("POST /m HTTP/1.1\r\nHost: x\r\nContent-Length: \(Self.total)\r\n\r\n")
                let piece = ByteBuffer(repeating: 0x61, count: 1 << 20)
                // Each piece is written once the one before has left for the socket.
                let writer = Task {
                    for _ in 0..<(Self.total >> 20) {
                        try await client.write(piece).get()
                        sent.add(1 << 20)
                    }
                }
                try await sent.waitUntilStill()
                #expect(sent.value < Self.bound)
                await client.close()
                _ = await writer.result
            }
            await backend.stop()
        }

        // A process of its own, so that no other test's memory is counted. The client, the router and the server are all in
        // it, and hold together far less than what passes.
        @Test func `memory stays flat while large bodies pass both ways`() async {
            await #expect(processExitsWith: .success) {
                let echo = try await TestBackend.start { _ in BackendReply(body: ByteBuffer(string: "got it")) }
                let sent = Counter()
                let streaming = try await StreamingBackend.start(total: 300 << 20, sent: sent, reads: true)
                try await RouterFixture.run { router async throws in
                    try await router.put("m", streaming.table)
                    let before = residentBytes()
                    for _ in 0..<3 {
                        let client = try await RawConnection.connect(to: router.address)
                        try await client.write("GET /m HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                        _ = try await client.readToEnd()
                    }
                    let after = residentBytes()
                    precondition(sent.value >= 900 << 20, "only \(sent.value) bytes passed")
                    precondition(after - before < 48 << 20, "memory grew by \(after - before) bytes")
                }
                await streaming.stop()
                await echo.stop()
            }
        }
    }
}

/// How many bytes the kernel lets a TCP buffer grow to: the last of three numbers.
private func largestBuffer(_ name: String) -> Int {
    let text = (try? String(contentsOfFile: "/proc/sys/net/ipv4/tcp_\(name)", encoding: .utf8)) ?? ""
    return text.split(whereSeparator: \.isWhitespace).last.flatMap { Int($0) } ?? 6 << 20
}

/// Resident memory of this process.
private func residentBytes() -> Int {
    let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 4096
}

/// Bytes so far.
final class Counter: Sendable {
    private let count = Atomic(0)

    var value: Int { count.load(ordering: .relaxed) }

    func add(_ bytes: Int) { count.wrappingAdd(bytes, ordering: .relaxed) }

    /// Waits until something was counted and then nothing for half a second.
    func waitUntilStill() async throws {
        var last = -1
        var still = 0
        for _ in 0..<1200 {
            still = value == last && value > 0 ? still + 1 : 0
            if still == 10 { return }
            last = value
            try await Task.sleep(for: .milliseconds(50))
        }
        throw FixtureError(message: "bytes go on being sent")
    }
}

/// A server that sends a long body as fast as it is taken, or never reads one.
final class StreamingBackend: Sendable {
    private let listener: any Channel

    private init(_ listener: any Channel) { self.listener = listener }

    var table: RouterDeployment {
        let endpoint = "127.0.0.1:\(listener.localAddress?.port ?? 0)"
        return RouterDeployment(
            prefix: "/m", backends: ["v1": RouterBackend(endpoints: [endpoint])], weights: ["v1": 100], stable: "v1")
    }

    static func start(total: Int, sent: Counter, reads: Bool) async throws -> StreamingBackend {
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelOption(.autoRead, value: reads)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(StreamingHandler(total: total, sent: sent))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return StreamingBackend(listener)
    }

    func stop() async { try? await listener.close().get() }
}

private final class StreamingHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let total: Int
    private let sent: Counter
    private let piece = ByteBuffer(repeating: 0x61, count: 1 << 16)
    private var left = 0

    init(total: Int, sent: Counter) {
        self.total = total
        self.sent = sent
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard total > 0, left == 0 else { return }
        left = total
        context.write(
            wrapOutboundOut(ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: \(total)\r\n\r\n")), promise: nil)
        send(context)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { send(context) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func send(_ context: ChannelHandlerContext) {
        while left > 0, context.channel.isWritable {
            left -= piece.readableBytes
            sent.add(piece.readableBytes)
            context.writeAndFlush(wrapOutboundOut(piece), promise: nil)
        }
    }
}
