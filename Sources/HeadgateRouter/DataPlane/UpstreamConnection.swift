import NIOCore

/// Takes an answer from a model server.
protocol UpstreamConsumer: AnyObject {
    func upstreamInterim(_ head: MessageHead)
    func upstreamHead(_ head: MessageHead, _ framing: BodyFramer.Framing)
    func upstreamBody(_ data: ByteBuffer)
    /// What was read since the last call is complete for now.
    func upstreamReadComplete()
    func upstreamEnded()
    func upstreamFailed(_ failure: UpstreamFailure)
    func upstreamWritabilityChanged()
}

/// Why an answer did not come, or not to its end.
enum UpstreamFailure: Equatable {
    /// No connection was made, so nothing was sent.
    case connect
    /// - Parameter isStale: The connection had served before and ended before any byte of this answer.
    case closed(isStale: Bool)
    case malformed
    case timedOut
}

/// A connection to a model server, kept for the requests to come.
final class UpstreamConnection: Connection {
    private enum State {
        case idle, head, body, closed
    }

    let endpoint: Endpoint
    private(set) var idleSince: NIODeadline = .now()
    private let worker: Worker
    private var state = State.idle
    private var consumer: (any UpstreamConsumer)?
    private var unread = ByteBuffer()
    private var reader: HeadReader
    private var framer = BodyFramer(.none)
    private var answersHead = false
    private var isReused = false
    private var sawAnswer = false
    private var keepsAlive = true
    private var isRequestSent = false

    init(endpoint: Endpoint, worker: Worker) {
        self.endpoint = endpoint
        self.worker = worker
        reader = HeadReader(limits: worker.headLimits, readsRequests: false)
    }

    /// Makes the connection work for one request, whose head is written next.
    func begin(_ consumer: any UpstreamConsumer, answersHead: Bool) {
        self.consumer = consumer
        self.answersHead = answersHead
        state = .head
        sawAnswer = false
        isRequestSent = false
    }

    /// Says that the request was sent to its end; only then can the connection be used again.
    func requestEnded() { isRequestSent = true }

    /// Ends the connection; its consumer is told nothing.
    func cancel() {
        consumer = nil
        state = .closed
        close()
    }

    override func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let data = unwrapInboundIn(data)
        switch state {
        // A server that speaks unasked cannot be trusted with the next request.
        case .idle: cancel()
        case .closed: break
        case .head, .body:
            sawAnswer = true
            if unread.readableBytes == 0 {
                unread = data
            } else {
                unread.writeImmutableBuffer(data)
            }
            advance()
        }
    }

    override func channelReadComplete(context: ChannelHandlerContext) {
        consumer?.upstreamReadComplete()
    }

    override func channelWritabilityChanged(context: ChannelHandlerContext) {
        consumer?.upstreamWritabilityChanged()
    }

    override func channelInactive(context: ChannelHandlerContext) {
        let isComplete = if case .body = state { framer.framing == .untilClose } else { false }
        let wasIdle = if case .idle = state { true } else { false }
        let consumer = consumer
        self.consumer = nil
        state = .closed
        if wasIdle { worker.pool(endpoint).forget(self) }
        if isComplete {
            consumer?.upstreamEnded()
        } else {
            consumer?.upstreamFailed(.closed(isStale: isReused && !sawAnswer))
        }
    }

    private func advance() {
        while let consumer {
            switch state {
            case .idle, .closed: return
            case .head:
                switch reader.next(&unread) {
                case .incomplete: return
                case .problem: return fail(.malformed)
                case .head(let head): take(head, consumer)
                }
            case .body:
                switch framer.next(&unread) {
                case .needsMore:
                    if unread.readableBytes == 0 { unread = ByteBuffer() }
                    return
                case .problem: return fail(.malformed)
                case .data(let data): consumer.upstreamBody(data)
                case .end: return finish(consumer)
                }
            }
        }
    }

    private func take(_ head: MessageHead, _ consumer: any UpstreamConsumer) {
        if head.status == 101 { return fail(.malformed) }
        if head.status < 200 { return consumer.upstreamInterim(head) }
        let framing = BodyFramer.ofResponse(head, toHead: answersHead)
        framer = BodyFramer(framing)
        keepsAlive = head.keepsAlive && framing != .untilClose
        state = .body
        consumer.upstreamHead(head, framing)
    }

    private func finish(_ consumer: any UpstreamConsumer) {
        self.consumer = nil
        setPaused(false)
        if keepsAlive, isRequestSent, unread.readableBytes == 0 {
            unread = ByteBuffer()
            state = .idle
            isReused = true
            idleSince = .now()
            worker.pool(endpoint).put(self)
        } else {
            state = .closed
            close()
        }
        consumer.upstreamEnded()
    }

    private func fail(_ failure: UpstreamFailure) {
        let consumer = consumer
        cancel()
        consumer?.upstreamFailed(failure)
    }
}
