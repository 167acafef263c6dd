import NIOCore

/// A client's connection: reads its requests one after the other and hands each to an exchange.
final class ClientConnection: Connection {
    private enum State {
        /// Between two requests, or within a head.
        case head
        case body
        /// The request was read to its end; its answer is awaited or under way.
        case answering
        /// Our side has ended; what the client still sends is thrown away, so that it can read our answer.
        case lingering
        case closed
    }

    let worker: Worker
    let address: [UInt8]
    private var state = State.head
    private var exchange: Exchange?
    private var unread = ByteBuffer()
    private var reader: HeadReader
    private var framer = BodyFramer(.none)
    private var deadline: NIODeadline
    private var isAdvancing = false

    init(worker: Worker, address: SocketAddress?) {
        self.worker = worker
        self.address = Array((address?.ipAddress ?? "unknown").utf8)
        reader = HeadReader(limits: worker.headLimits, readsRequests: true)
        deadline = .now() + worker.timeouts.clientIdle
    }

    override func channelActive(context: ChannelHandlerContext) { worker.add(self) }

    override func channelInactive(context: ChannelHandlerContext) {
        worker.remove(self)
        state = .closed
        let exchange = exchange
        self.exchange = nil
        exchange?.clientLeft()
    }

    override func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch state {
        case .lingering, .closed: return
        case .head, .body, .answering: break
        }
        let data = unwrapInboundIn(data)
        if unread.readableBytes == 0 {
            unread = data
        } else {
            unread.writeImmutableBuffer(data)
        }
        advance()
    }

    override func channelReadComplete(context: ChannelHandlerContext) {
        exchange?.flushUpstream()
        flush()
    }

    override func channelWritabilityChanged(context: ChannelHandlerContext) {
        exchange?.clientWritabilityChanged()
    }

    /// Whether the request was read to its end.
    var isRequestRead: Bool {
        if case .answering = state { true } else { false }
    }

    /// Reads on, or lets the client wait.
    func updateReading() {
        let isAhead = isRequestRead && unread.readableBytes >= 32 * 1024
        setPaused(isAhead || exchange?.holdsClientBack == true)
    }

    /// The exchange is over; its answer was sent whole.
    func exchangeEnded(keepsAlive: Bool) {
        exchange = nil
        guard case .answering = state, keepsAlive else { return linger() }
        flush()
        state = .head
        deadline = .now() + worker.timeouts.clientIdle
        updateReading()
        guard !isAdvancing else { return }
        advance()
        exchange?.flushUpstream()
        flush()
    }

    /// The answer was begun and cannot be finished, which the client must be able to see.
    func abort() {
        exchange = nil
        state = .closed
        close()
    }

    func sweep(now: NIODeadline) {
        switch state {
        case .closed: break
        case .lingering where now >= deadline: close()
        case .head where now >= deadline:
            if reader.isUnderWay {
                refuse(HTTPProblem(408, "the request's head did not arrive in time"))
            } else {
                close()
            }
        case .head where worker.isDraining && !reader.isUnderWay: close()
        case .lingering, .head: break
        case .body, .answering: exchange?.sweep(now: now)
        }
    }

    private func advance() {
        isAdvancing = true
        defer {
            isAdvancing = false
            if unread.readableBytes == 0 { unread = ByteBuffer() }
            updateReading()
        }
        while unread.readableBytes > 0 || isBodyRead {
            switch state {
            case .answering, .lingering, .closed: return
            case .head:
                let wasUnderWay = reader.isUnderWay
                switch reader.next(&unread) {
                case .incomplete:
                    if !wasUnderWay { deadline = .now() + worker.timeouts.requestHead }
                    return
                case .problem(let problem): return refuse(problem)
                case .head(let head): begin(head)
                }
            case .body:
                switch framer.next(&unread) {
                case .needsMore: return
                case .problem(let problem):
                    exchange?.fail(problem)
                    return
                case .data(let data): exchange?.bodyArrived(data)
                case .end:
                    state = .answering
                    exchange?.bodyEnded()
                }
            }
        }
    }

    /// Whether the body's last byte was read, and its end is still to be told.
    private var isBodyRead: Bool {
        if case .body = state { framer.isRead } else { false }
    }

    private func begin(_ head: MessageHead) {
        framer = BodyFramer(BodyFramer.ofRequest(head))
        let hasBody = framer.framing != .none
        state = hasBody ? .body : .answering
        let exchange = Exchange(client: self, head: head, hasBody: hasBody)
        self.exchange = exchange
        exchange.begin()
    }

    private func refuse(_ problem: HTTPProblem) {
        compose { $0.writeProblem(problem, closes: true, toHead: false) }
        linger()
    }

    /// Ends our side and reads on for a while: to close with bytes unread would reset the connection, and the client
    /// could lose the answer.
    private func linger() {
        if case .closed = state { return }
        state = .lingering
        deadline = .now() + .seconds(2)
        setPaused(false)
        finishSending()
    }
}
