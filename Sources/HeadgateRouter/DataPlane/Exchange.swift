import HeadgateCore
import NIOCore

/// One request and its answer, over as many attempts as it takes.
///
/// Owned by the client's connection, and used on its event loop only. An attempt is one version's; it may use several
/// connections, since nothing that was sent on a stale one was answered.
final class Exchange: UpstreamConsumer {
    enum Phase {
        /// The version is chosen by the body, which is not there yet.
        case choosing
        /// A connection is being made, or waited for.
        case connecting
        /// A connection has the request, or a part of it.
        case sending
        /// The answer's head was passed on.
        case answering
        case ended
    }

    /// One version's try.
    struct Attempt {
        var backend: BackendRuntime
        var endpoint: Endpoint
        let startedAt: NIODeadline
        /// Replicas that were not tried.
        var replicasLeft: Int
        /// A stale connection was met, so that only a fresh one is taken.
        var needsFresh = false
    }

    let client: ClientConnection
    let head: MessageHead
    var phase = Phase.choosing
    var body = HeldBody()
    var attempt: Attempt?
    /// Counts connections asked for, so that a late one is known.
    var connectionNumber = 0
    var upstream: UpstreamConnection?
    var isEndSent = false
    /// The client was told to send its body.
    var saidContinue = false
    var progressAt: NIODeadline
    /// Since when the stable version has been waited for.
    var waitingSince: NIODeadline?
    var replayedOnStable = false
    var answer = Answer()
    var mirror: MirrorCapture?
    /// The Deployment's name; empty when no prefix matched.
    private(set) var deployment = ""
    private(set) var prefixLength = 0
    private(set) var isPreview = false

    struct Answer {
        var status = 0
        var isChunked = false
        var keepsAlive = false
    }

    var worker: Worker { client.worker }

    init(client: ClientConnection, head: MessageHead, hasBody: Bool) {
        self.client = client
        self.head = head
        body.isComplete = !hasBody
        progressAt = .now()
    }

    /// Finds the Deployment and chooses a version.
    func begin() {
        let path = head.request.path
        let match = head.bytes.withUnsafeReadableBytes { raw in
            worker.tables.table.match(UnsafeRawBufferPointer(rebasing: raw[path]))
        }
        guard let match else { return fail(HTTPProblem(404, "no deployment serves this path")) }
        deployment = match.deployment.name
        prefixLength = match.length
        if let preview = match.preview {
            isPreview = true
            return start(preview)
        }
        choose(match.deployment, bodyMayCome: true)
    }

    func bodyArrived(_ data: ByteBuffer) {
        guard phase != .ended else { return }
        progressAt = .now()
        worker.heldBytes += body.append(data)
        if phase == .choosing {
            if body.heldBytes >= worker.configuration.limits.replayBytes { chooseAgain(bodyMayCome: false) }
        } else {
            pump()
        }
    }

    func bodyEnded() {
        guard phase != .ended else { return }
        progressAt = .now()
        body.isComplete = true
        if phase == .choosing {
            chooseAgain(bodyMayCome: false)
        } else {
            pump()
        }
    }

    /// Whether the client must wait before it sends more.
    var holdsClientBack: Bool {
        switch phase {
        case .choosing, .connecting: body.heldBytes >= worker.configuration.limits.replayBytes
        case .sending, .answering: upstream.map { !$0.isWritable } ?? false
        case .ended: false
        }
    }

    func flushUpstream() { upstream?.flush() }

    func clientWritabilityChanged() {
        progressAt = .now()
        upstream?.setPaused(!client.isWritable)
    }

    /// The client went away: nobody needs the answer.
    func clientLeft() {
        guard phase != .ended else { return }
        upstream?.cancel()
        endAttempt(isError: false)
        finish()
    }

    /// Answers with a problem of our own.
    func fail(_ problem: HTTPProblem) {
        guard phase != .ended else { return }
        upstream?.cancel()
        endAttempt(isError: false)
        let hadBegun = phase == .answering
        finish()
        guard !hadBegun else { return client.abort() }
        let keepsAlive = head.keepsAlive && head.minorVersion == 1 && client.isRequestRead && !worker.isDraining
        client.compose { $0.writeProblem(problem, closes: !keepsAlive, toHead: head.request.isHead) }
        client.exchangeEnded(keepsAlive: keepsAlive)
    }

    /// Sends as much of the body as the model server takes.
    func pump() {
        guard let upstream else {
            limitHolding()
            return client.updateReading()
        }
        while upstream.isWritable, let (piece, released) = body.takeNext() {
            worker.heldBytes -= released
            upstream.sendBody(piece, chunked: head.isChunked)
        }
        limitHolding()
        if body.isComplete, body.isSent, !isEndSent {
            isEndSent = true
            if head.isChunked { upstream.sendLastChunk() }
            upstream.requestEnded()
        }
        client.updateReading()
    }

    func finish() {
        phase = .ended
        upstream = nil
        worker.heldBytes -= body.clear()
        mirror = nil
    }

    /// Lets go of the body once it is too large to be sent again.
    ///
    /// While no connection has it, the client waits instead.
    private func limitHolding() {
        guard body.isReplayable, upstream != nil else { return }
        let limits = worker.configuration.limits
        guard body.heldBytes > limits.replayBytes || worker.heldBytes > limits.heldBytes else { return }
        worker.heldBytes -= body.stopHolding()
        mirror?.isDropped = true
    }

    private func choose(_ deployment: DeploymentRuntime, bodyMayCome: Bool) {
        switch deployment.choose(head, body: body.isComplete ? body.whole : nil, bodyMayCome: bodyMayCome) {
        case .nobody: fail(HTTPProblem(503, "no version of this deployment takes requests"))
        case .needsBody:
            guard head.expectsContinue, !saidContinue else { return }
            saidContinue = true
            client.compose { _ = $0.writeStaticString("HTTP/1.1 100 Continue\r\n\r\n") }
            client.flush()
        case .backend(let backend):
            if let mirror = deployment.takesMirrorTurn(), mirror.backend.version != backend.version {
                self.mirror = MirrorCapture(mirror)
            }
            start(backend)
        }
    }

    private func chooseAgain(bodyMayCome: Bool) {
        guard let deployment = worker.tables.table.deployments[deployment] else {
            return fail(HTTPProblem(404, "the deployment was removed"))
        }
        choose(deployment, bodyMayCome: bodyMayCome)
    }
}
