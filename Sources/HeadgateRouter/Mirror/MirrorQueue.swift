import HeadgateCore
import NIOCore

/// What a user was answered, kept to be compared with a mirrored answer.
struct MirrorCapture {
    let mirror: DeploymentRuntime.Mirror
    /// A body was too large.
    var isDropped = false
    private var status = 0
    private var body = ByteBuffer()

    init(_ mirror: DeploymentRuntime.Mirror) { self.mirror = mirror }

    /// The answer when it was kept whole.
    var answer: ComparedAnswer? { isDropped ? nil : ComparedAnswer(status: status, body: body) }

    mutating func begin(status: Int) { self.status = status }

    mutating func append(_ data: ByteBuffer, limit: Int) {
        guard !isDropped else { return }
        guard body.readableBytes + data.readableBytes <= limit else {
            isDropped = true
            body = ByteBuffer()
            return
        }
        body.writeImmutableBuffer(data)
    }
}

/// A request that was answered and is sent once more, to a version whose answer nobody gets.
struct MirrorJob {
    let mirror: DeploymentRuntime.Mirror
    let head: MessageHead
    let prefixLength: Int
    let clientAddress: [UInt8]
    let body: [ByteBuffer]
    let answer: ComparedAnswer
}

/// The mirrored requests of one event loop: some under way, some waiting, the rest dropped and counted.
final class MirrorQueue {
    private unowned let worker: Worker
    private var waiting = CircularBuffer<MirrorJob>()
    private var running: [ObjectIdentifier: MirrorExchange] = [:]
    private var isStarting = false

    init(worker: Worker) { self.worker = worker }

    /// Mirrored requests under way.
    var runningCount: Int { running.count }

    func add(_ job: MirrorJob) {
        guard waiting.count < worker.configuration.limits.mirrorQueue, !worker.isDraining else {
            return job.mirror.backend.traffic.mirrorDropped(shard: worker.shard)
        }
        waiting.append(job)
        startNext()
    }

    func ended(_ exchange: MirrorExchange) {
        running[ObjectIdentifier(exchange)] = nil
        startNext()
    }

    func sweep(now: NIODeadline) {
        for exchange in running.values { exchange.sweep(now: now) }
    }

    private func startNext() {
        guard !isStarting else { return }
        isStarting = true
        defer { isStarting = false }
        while running.count < worker.configuration.limits.mirrorConcurrency, let job = waiting.popFirst() {
            let exchange = MirrorExchange(job, worker: worker)
            running[ObjectIdentifier(exchange)] = exchange
            exchange.start()
        }
    }
}
