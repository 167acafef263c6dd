import NIOCore

/// How a request reaches a version, and what follows when it does not.
///
/// Only what is lost on the way is sent again: no connection, a connection that ended, no head in time, or a head that
/// is not HTTP. An answer is an answer, whatever its status; a 500 is passed on and counted as an error.
extension Exchange {
    /// Begins to try a version.
    func start(_ backend: BackendRuntime) {
        guard let first = backend.endpoints.first else {
            return fail(HTTPProblem(503, "the version has no server"))
        }
        let turn = backend.nextTurn()
        backend.traffic.begin(shard: worker.shard)
        attempt = Attempt(
            backend: backend, endpoint: turn == 0 ? first : backend.endpoints[turn], startedAt: .now(),
            replicasLeft: backend.endpoints.count - 1)
        connect()
    }

    func upstreamFailed(_ failure: UpstreamFailure) {
        upstream = nil
        guard phase != .answering else {
            endAttempt(isError: true)
            finish()
            return client.abort()
        }
        guard phase == .sending else { return }
        if failure == .closed(isStale: true), body.isReplayable, attempt?.needsFresh == false {
            attempt?.needsFresh = true
            connect()
        } else {
            recover(from: failure)
        }
        flushUpstream()
    }

    func sweep(now: NIODeadline) {
        let timeouts = worker.timeouts
        let waited = now - progressAt
        switch phase {
        case .ended, .connecting: break
        case .choosing where waited > timeouts.stall:
            fail(HTTPProblem(408, "the request's body did not arrive in time"))
        case .sending where isEndSent && waited > timeouts.responseHead:
            upstream?.cancel()
            upstreamFailed(.timedOut)
        case .sending where !isEndSent && waited > timeouts.stall:
            if upstream?.isWritable == true {
                fail(HTTPProblem(408, "the request's body did not arrive in time"))
            } else {
                upstream?.cancel()
                upstreamFailed(.timedOut)
            }
        case .answering where waited > timeouts.stall:
            let isServersFault = client.isWritable
            upstream?.cancel()
            endAttempt(isError: isServersFault)
            finish()
            client.abort()
        case .choosing, .sending, .answering: break
        }
    }

    /// Ends the count of the attempt under way, if there is one.
    func endAttempt(isError: Bool) {
        attempt?.backend.traffic.endWithoutAnswer(shard: worker.shard, isError: isError)
        attempt = nil
    }

    private func connect() {
        guard let attempt else { return }
        phase = .connecting
        connectionNumber += 1
        let number = connectionNumber
        let pool = worker.pool(attempt.endpoint)
        if !attempt.needsFresh, let connection = pool.take(now: .now()) { return attach(connection) }
        pool.connect { [self] connection in
            guard number == connectionNumber, phase == .connecting else {
                connection?.cancel()
                return
            }
            if let connection {
                attach(connection)
            } else {
                recover(from: .connect)
            }
            flushUpstream()
            client.flush()
        }
    }

    private func attach(_ connection: UpstreamConnection) {
        guard let attempt else { return connection.cancel() }
        phase = .sending
        upstream = connection
        isEndSent = false
        progressAt = .now()
        let bodyIsAwaited = body.pieces.isEmpty && !body.isComplete && !saidContinue
        let forwarded = ForwardedRequest(
            strippedPrefix: prefixLength, addedPrefix: attempt.backend.pathPrefix, clientAddress: client.address,
            keepsExpect: head.expectsContinue && bodyIsAwaited)
        connection.begin(self, answersHead: head.request.isHead)
        connection.compose { $0.writeRequest(head, forwarded) }
        if body.isReplayable { body.rewind() }
        pump()
    }

    /// What follows when a version did not answer.
    private func recover(from failure: UpstreamFailure) {
        guard let attempt else { return }
        if failure == .connect, attempt.replicasLeft > 0 { return tryNextReplica() }
        let stable = isPreview ? nil : worker.tables.table.deployments[deployment]?.stable
        if let stable, stable.version != attempt.backend.version {
            endAttempt(isError: true)
            guard mayReplay(after: failure) else { return giveUp(failure) }
            return start(stable)
        }
        let mayWait = failure == .connect || failure == .closed(isStale: false) && !replayedOnStable
        guard mayWait, mayReplay(after: failure), waitForServer(after: failure) else {
            endAttempt(isError: true)
            return giveUp(failure)
        }
    }

    private func mayReplay(after failure: UpstreamFailure) -> Bool {
        failure == .connect || body.isReplayable
    }

    private func giveUp(_ failure: UpstreamFailure) {
        fail(
            failure == .timedOut
                ? HTTPProblem(504, "the model server did not answer in time")
                : HTTPProblem(502, "the model server did not answer"))
    }

    private func tryNextReplica() {
        guard var attempt, let index = attempt.backend.endpoints.firstIndex(of: attempt.endpoint) else { return }
        attempt.replicasLeft -= 1
        attempt.endpoint = attempt.backend.endpoints[(index + 1) % attempt.backend.endpoints.count]
        self.attempt = attempt
        connect()
    }

    /// Asks the version again in a moment, so that a server that is being started again loses nothing.
    /// - Returns: False when it was waited for long enough.
    private func waitForServer(after failure: UpstreamFailure) -> Bool {
        let now = NIODeadline.now()
        let since = waitingSince ?? now
        waitingSince = since
        let waited = now - since
        guard waited < worker.timeouts.connectRetry else { return false }
        if failure != .connect { replayedOnStable = true }
        phase = .connecting
        connectionNumber += 1
        let number = connectionNumber
        // Begins at 10 ms and doubles with the time that was waited, up to 100 ms.
        let pause = TimeAmount.nanoseconds(min(max(waited.nanoseconds, 10_000_000), 100_000_000))
        worker.eventLoop.assumeIsolated().scheduleTask(in: pause) { [self] in
            guard number == connectionNumber, phase == .connecting else { return }
            tryAgain()
            flushUpstream()
            client.flush()
        }
        return true
    }

    /// Tries the version that is stable by now, at the place where it is by now.
    private func tryAgain() {
        guard let attempt, let runtime = worker.tables.table.deployments[deployment] else {
            endAttempt(isError: true)
            return giveUp(.connect)
        }
        let target = isPreview ? runtime.backends[attempt.backend.version] : runtime.stable ?? attempt.backend
        guard let target, let endpoint = target.endpoints.first else {
            endAttempt(isError: true)
            return giveUp(.connect)
        }
        if target.version != attempt.backend.version {
            endAttempt(isError: true)
            return start(target)
        }
        self.attempt?.backend = target
        self.attempt?.endpoint = endpoint
        self.attempt?.replicasLeft = target.endpoints.count - 1
        self.attempt?.needsFresh = true
        connect()
    }
}
