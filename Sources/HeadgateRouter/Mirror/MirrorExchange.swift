import HeadgateCore
import NIOCore

/// One mirrored request: sent, its answer read, compared and thrown away.
final class MirrorExchange: UpstreamConsumer {
    private let job: MirrorJob
    private let worker: Worker
    private let startedAt = NIODeadline.now()
    private var upstream: UpstreamConnection?
    private var unsent: ArraySlice<ByteBuffer>
    private var isEndSent = false
    private var usedStale = false
    private var isEnded = false
    private var status = 0
    private var body = ByteBuffer()
    private var isTooLarge = false

    init(_ job: MirrorJob, worker: Worker) {
        self.job = job
        self.worker = worker
        unsent = job.body[...]
    }

    func start() {
        job.mirror.backend.traffic.begin(shard: worker.shard)
        connect(fresh: false)
    }

    func sweep(now: NIODeadline) {
        guard now - startedAt > worker.timeouts.responseHead else { return }
        upstream?.cancel()
        fail()
    }

    func upstreamInterim(_ head: MessageHead) {}

    func upstreamHead(_ head: MessageHead, _ framing: BodyFramer.Framing) { status = head.status }

    func upstreamBody(_ data: ByteBuffer) {
        guard !isTooLarge else { return }
        if body.readableBytes + data.readableBytes <= worker.configuration.limits.mirrorBytes {
            body.writeImmutableBuffer(data)
        } else {
            isTooLarge = true
            body = ByteBuffer()
        }
    }

    func upstreamReadComplete() {}

    func upstreamWritabilityChanged() {
        guard upstream?.isWritable == true else { return }
        pump()
        upstream?.flush()
    }

    func upstreamEnded() {
        guard !isEnded else { return }
        isEnded = true
        let traffic = job.mirror.backend.traffic
        let shard = worker.shard
        traffic.end(shard: shard, status: status, after: .now() - startedAt)
        guard !isTooLarge else {
            traffic.mirrorDropped(shard: shard)
            return worker.mirrors.ended(self)
        }
        let (expected, given) = (job.answer, ComparedAnswer(status: status, body: body))
        let comparison = job.mirror.compare
        worker.compare({ comparison.agree(expected, given) }) { [self] agreed in
            traffic.compared(shard: shard, agreed: agreed)
            worker.mirrors.ended(self)
        }
    }

    func upstreamFailed(_ failure: UpstreamFailure) {
        upstream = nil
        if failure == .closed(isStale: true), !usedStale {
            usedStale = true
            unsent = job.body[...]
            isEndSent = false
            connect(fresh: true)
        } else {
            fail()
        }
    }

    private func connect(fresh: Bool) {
        let endpoints = job.mirror.backend.endpoints
        guard !endpoints.isEmpty else { return fail() }
        let pool = worker.pool(endpoints[job.mirror.backend.nextTurn()])
        if !fresh, let connection = pool.take(now: .now()) { return attach(connection) }
        pool.connect { [self] connection in
            guard !isEnded else {
                connection?.cancel()
                return
            }
            guard let connection else { return fail() }
            attach(connection)
        }
    }

    private func attach(_ connection: UpstreamConnection) {
        upstream = connection
        let forwarded = ForwardedRequest(
            strippedPrefix: job.prefixLength, addedPrefix: job.mirror.backend.pathPrefix,
            clientAddress: job.clientAddress, keepsExpect: false)
        connection.begin(self, answersHead: job.head.request.isHead)
        connection.compose { $0.writeRequest(job.head, forwarded) }
        pump()
        connection.flush()
    }

    private func pump() {
        guard let upstream else { return }
        while upstream.isWritable, let piece = unsent.popFirst() {
            upstream.sendBody(piece, chunked: job.head.isChunked)
        }
        guard unsent.isEmpty, !isEndSent else { return }
        isEndSent = true
        if job.head.isChunked { upstream.sendLastChunk() }
        upstream.requestEnded()
    }

    /// A mirrored request that got no answer is an error of its version, and agrees with nothing.
    private func fail() {
        guard !isEnded else { return }
        isEnded = true
        let traffic = job.mirror.backend.traffic
        traffic.endWithoutAnswer(shard: worker.shard, isError: true)
        traffic.compared(shard: worker.shard, agreed: false)
        worker.mirrors.ended(self)
    }
}
