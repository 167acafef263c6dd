import HeadgateCore
import Synchronization

/// Keeps the writes of one Deployment to one serving system apart and in order, so that no older one ends after a newer (I2, I4).
///
/// A newer write ends the one that it replaces, and begins when that has ended, however it ended: a target is never
/// given two states of one Deployment at once.
final class WriteOrder: Sendable {
    /// What is written where.
    struct Write: Hashable, Sendable {
        struct Lane: Hashable, Sendable {
            let system: String
            let deployment: DeploymentID
        }

        let lane: Lane
        /// Nil for a removal.
        let state: ServingState?
    }

    /// The newest write of each lane.
    private let newest = Mutex<[Write.Lane: Turn]>([:])

    /// Takes the next turn of a lane; called in the order in which writes were decided.
    func enter(_ write: Write) -> Turn {
        newest.withLock { newest in
            let previous = newest[write.lane]
            // The same again is not newer: a write that takes long would otherwise be begun for ever.
            if let previous, previous.write.state != write.state { previous.overtake() }
            let turn = Turn(write, after: previous)
            newest[write.lane] = turn
            return turn
        }
    }

    private func leave(_ turn: Turn) {
        newest.withLock { newest in
            if newest[turn.write.lane] === turn { newest[turn.write.lane] = nil }
        }
        turn.end()
    }

    /// Runs a write when its turn has come; nil when it was overtaken before it began.
    func take<Answer: Sendable>(_ turn: Turn, _ body: @escaping @Sendable () async -> Answer) async -> Answer? {
        await turn.wait()
        defer { leave(turn) }
        guard !turn.isOvertaken, !Task.isCancelled else { return nil }
        return await withTaskGroup(of: Answer.self) { group in
            group.addTask {
                defer { turn.settle() }
                return await body()
            }
            await turn.settledOrOvertaken()
            group.cancelAll()
            // The write's own end is always waited for.
            return await group.next()
        }
    }
}

extension WriteOrder {
    /// A write's place in its lane.
    final class Turn: Sendable {
        fileprivate let write: Write
        private let previous: Mutex<Turn?>
        private let ending = Once()
        private let overtaking = Once()

        fileprivate init(_ write: Write, after previous: Turn?) {
            self.write = write
            self.previous = Mutex(previous)
        }

        fileprivate var isOvertaken: Bool { overtaking.hasHappened }
        fileprivate func overtake() { overtaking.happen() }
        fileprivate func end() { ending.happen() }
        fileprivate func settle() { overtaking.release() }
        fileprivate func settledOrOvertaken() async { await overtaking.wait() }

        /// Returns when the write before has ended, whether or not this one was overtaken meanwhile.
        fileprivate func wait() async {
            guard let before = previous.withLock({ $0 }) else { return }
            await before.ending.wait()
            // A chain of turns must not stay in memory.
            previous.withLock { $0 = nil }
        }
    }

    /// Something that happens once, and that one task waits for.
    private final class Once: Sendable {
        private let happened = Mutex(false)
        private let stream: AsyncStream<Void>
        private let continuation: AsyncStream<Void>.Continuation

        init() { (stream, continuation) = AsyncStream.makeStream() }

        var hasHappened: Bool { happened.withLock { $0 } }

        func happen() {
            happened.withLock { $0 = true }
            continuation.finish()
        }

        /// Ends the wait although it has not happened.
        func release() { continuation.finish() }

        /// Returns at once when it has happened, nobody needs to wait any more, or the task is cancelled.
        func wait() async { for await _ in stream {} }
    }
}
