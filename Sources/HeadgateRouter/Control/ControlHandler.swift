import FoundationEssentials
import HeadgateCore
import NIOCore
import NIOHTTP1

/// An answer of the control API.
struct ControlAnswer: Sendable {
    var status: HTTPResponseStatus
    var type = "application/json"
    var body: String

    static func json(_ value: some Encodable) -> ControlAnswer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(value) else { return .problem(.internalServerError, "cannot encode") }
        return ControlAnswer(status: .ok, body: String(decoding: data, as: UTF8.self) + "\n")
    }

    static func problem(_ status: HTTPResponseStatus, _ message: String) -> ControlAnswer {
        var answer = json(["error": message])
        answer.status = status
        return answer
    }
}

/// Reads whole requests of the control API and writes their answers.
final class ControlHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private static let largestBody = 16 * 1024 * 1024

    private let routes: ControlRoutes
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()

    init(routes: ControlRoutes) { self.routes = routes }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body.clear()
        case .body(var part):
            guard body.readableBytes + part.readableBytes <= Self.largestBody else {
                return context.close(promise: nil)
            }
            body.writeBuffer(&part)
        case .end:
            guard let head else { return }
            self.head = nil
            let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
            routes.answer(head.method, head.uri, body).whenSuccess { answer in
                let (handler, context) = bound.value
                handler.write(answer, to: head, context)
            }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func write(_ answer: ControlAnswer, to request: HTTPRequestHead, _ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        var headers = HTTPHeaders()
        headers.add(name: "content-type", value: answer.type)
        headers.add(name: "content-length", value: String(answer.body.utf8.count))
        if !request.isKeepAlive { headers.add(name: "connection", value: "close") }
        let head = HTTPResponseHead(version: .http1_1, status: answer.status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if request.method != .HEAD {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: answer.body)))), promise: nil)
        }
        let isLast = !request.isKeepAlive
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
            if isLast { bound.value.close(promise: nil) }
        }
    }
}
