package import HeadgateCore
package import Logging
import ServiceLifecycle
import Synchronization

/// Turns a commit into a snapshot; keeps what it needs to do the next one incrementally.
package protocol SnapshotMaker: Sendable {
    /// - Throws: ``SourceError`` when the commit cannot be read; a bad manifest is a diagnostic in the snapshot instead.
    func snapshot(of revision: Revision) async throws(SourceError) -> Snapshot

    /// How many manifests were decoded so far.
    var decodedFiles: Int { get async }
}

/// Watches one source: one remote listing a tick, one fetch when the tip moved (I14).
///
/// Level-based: a nudge says only that a look is due, and several before the look are one.
package final class SourceWatcher: Service, Sendable {
    package let name: SourceName
    private let repository: any SourceRepository
    private let reference: String
    private let maker: any SnapshotMaker
    private let controller: Controller
    private let interval: Duration
    private let deadline: Duration
    private let clock: any WallClock
    private let logger: Logger
    private let nudges: AsyncStream<Void>
    private let nudged: AsyncStream<Void>.Continuation
    private let statistics = Mutex(LookStatistics())

    package init(
        name: SourceName, repository: any SourceRepository, reference: String, maker: any SnapshotMaker,
        controller: Controller,
        interval: Duration, deadline: Duration = .seconds(60), clock: any WallClock, logger: Logger
    ) {
        self.name = name
        self.repository = repository
        self.reference = reference
        self.maker = maker
        self.controller = controller
        self.interval = interval
        self.deadline = deadline
        self.clock = clock
        var logger = logger
        logger[metadataKey: "source"] = "\(name)"
        self.logger = logger
        (nudges, nudged) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// What the looks so far took.
    package var looks: LookStatistics { statistics.withLock { $0 } }

    /// Asks for a look at the remote now.
    package func nudge() { nudged.yield() }

    package func run() async throws {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.keepTime() }
            var known: CommitID?
            var problem: String?
            nudge()
            for await _ in nudges.cancelOnGracefulShutdown() {
                let start = ContinuousClock.now
                known = await look(known: known, problem: &problem)
                let took = ContinuousClock.now - start
                statistics.withLock {
                    $0.count += 1
                    $0.total += took
                }
            }
            group.cancelAll()
        }
    }

    // A little chance keeps many sources from asking one server at the same instant.
    private func keepTime() async {
        while !Task.isCancelled {
            let wait = Duration.milliseconds(
                Int64(Double(interval.milliseconds) * (0.95 + 0.1 * clock.jitter)))
            do { try await clock.sleep(until: clock.now + wait) } catch { return }
            nudge()
        }
    }

    /// One look; gives the commit whose snapshot is in force.
    private func look(known: CommitID?, problem: inout String?) async -> CommitID? {
        do throws(SourceError) {
            guard let revision = try await repository.revision(deadline: deadline) else {
                throw SourceError(.notFound, "\(reference) does not exist on the remote")
            }
            if revision.commit == known { return known }
            try await repository.fetch(revision.commit, deadline: max(deadline, .seconds(600)))
            let snapshot = try await maker.snapshot(of: revision)
            let decoded = await maker.decodedFiles
            statistics.withLock { $0.decodedFiles = decoded }
            controller.send(.snapshot(name, snapshot))
            logger.info(
                "snapshot read",
                metadata: ["revision": "\(snapshot.revision)", "objects": "\(snapshot.desired.objectCount)"])
            if problem != nil { logger.notice("source read again", metadata: ["revision": "\(snapshot.revision)"]) }
            problem = nil
            return revision.commit
        } catch {
            // The event that the controller makes of it is its warning; the same again is not news.
            if error.message != problem { logger.info("source not read", metadata: ["cause": "\(error.message)"]) }
            problem = error.message
            controller.send(.sourceFailed(name, message: error.message))
            return nil
        }
    }
}
