import NIOCore
import NIOPosix

/// A server that answers the first bytes of every connection with fixed bytes and closes.
final class RawBackend: Sendable {
    let endpoint: String
    private let listener: any Channel

    private init(_ listener: any Channel) {
        self.listener = listener
        endpoint = "127.0.0.1:\(listener.localAddress?.port ?? 0)"
    }

    static func start(_ answer: String) async throws -> RawBackend {
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(RawHandler(answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return RawBackend(listener)
    }

    func stop() async { try? await listener.close().get() }
}

private final class RawHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let answer: String
    private var isAnswered = false

    init(_ answer: String) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isAnswered else { return }
        isAnswered = true
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer))).whenComplete { _ in
            bound.value.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
