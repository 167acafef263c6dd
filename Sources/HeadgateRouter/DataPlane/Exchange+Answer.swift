import NIOCore

/// How an answer goes back to the client.
extension Exchange {
    func upstreamInterim(_ interim: MessageHead) {
        guard phase == .sending, head.minorVersion == 1 else { return }
        if interim.status == 100 {
            guard head.expectsContinue, !saidContinue else { return }
            saidContinue = true
        }
        progressAt = .now()
        client.compose { $0.writeInterim(interim) }
    }

    func upstreamHead(_ answerHead: MessageHead, _ framing: BodyFramer.Framing) {
        guard let attempt else { return }
        phase = .answering
        progressAt = .now()
        let isUnbounded = framing == .chunked || framing == .untilClose
        answer.status = answerHead.status
        answer.isChunked = isUnbounded && head.minorVersion == 1
        answer.keepsAlive =
            head.keepsAlive && client.isRequestRead && !worker.isDraining && (!isUnbounded || answer.isChunked)
        let connection: StaticString? =
            if !answer.keepsAlive {
                "connection: close\r\n"
            } else if head.minorVersion == 0 {
                "connection: keep-alive\r\n"
            } else {
                nil
            }
        let forwarded = ForwardedResponse(
            isChunked: answer.isChunked, connection: connection, versionLine: attempt.backend.versionLine)
        client.compose { $0.writeResponse(answerHead, forwarded) }
        mirror?.begin(status: answerHead.status)
        if mirror == nil { worker.heldBytes -= body.stopHolding() }
        client.updateReading()
    }

    func upstreamBody(_ data: ByteBuffer) {
        guard phase == .answering else { return }
        progressAt = .now()
        mirror?.append(data, limit: worker.configuration.limits.mirrorBytes)
        client.sendBody(data, chunked: answer.isChunked)
        upstream?.setPaused(!client.isWritable)
    }

    func upstreamReadComplete() { client.flush() }

    func upstreamWritabilityChanged() {
        // It is told within a write that fills the connection, where nothing else may be written.
        guard upstream?.isWritable == true else { return }
        progressAt = .now()
        pump()
        flushUpstream()
    }

    func upstreamEnded() {
        guard phase == .answering, let attempt else { return }
        if answer.isChunked { client.sendLastChunk() }
        attempt.backend.traffic.end(shard: worker.shard, status: answer.status, after: .now() - attempt.startedAt)
        self.attempt = nil
        sendMirror(answeredBy: attempt.backend)
        let keepsAlive = answer.keepsAlive
        finish()
        client.exchangeEnded(keepsAlive: keepsAlive)
    }

    private func sendMirror(answeredBy backend: BackendRuntime) {
        guard let mirror, mirror.mirror.backend.version != backend.version else { return }
        guard let answer = mirror.answer, body.isComplete, body.isReplayable else {
            return mirror.mirror.backend.traffic.mirrorDropped(shard: worker.shard)
        }
        worker.mirrors.add(
            MirrorJob(
                mirror: mirror.mirror, head: head, prefixLength: prefixLength, clientAddress: client.address,
                body: body.pieces, answer: answer))
    }
}
