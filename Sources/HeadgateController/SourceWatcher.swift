package import HeadgateCore
package import Logging
import ServiceLifecycle
import Synchronization

/// Turns a commit into a snapshot; keeps what it needs to do the next one incrementally.
package protocol SnapshotMaker: Sendable {
    /// - Throws: ``SourceError`` when the commit cannot be read; a bad manifest is a diagnostic in the snapshot instead.
    func snapshot(of commit: CommitID) async throws(SourceError) -> Snapshot

    /// How many manifests were decoded so far.
    var decodedFiles: Int { get async }
}

/// Watches one source: one remote listing a tick, one fetch when the tip moved (I14).
///
/// Level-based: a nudge says only that a look is due, and several before the look are one.
package final class SourceWatcher: Service, Sendable {
    package let name: SourceName
    private let repository: any SourceRepository
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
        name: SourceName, repository: any SourceRepository, maker: any SnapshotMaker, controller: Controller,
        interval: Duration, deadline: Duration = .seconds(60), clock: any WallClock, logger: Logger
    ) {
        self.name = name
        self.repository = repository
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
            var failures = 0
            nudge()
            for await _ in nudges.cancelOnGracefulShutdown() {
                let start = ContinuousClock.now
                known = await look(known: known, failures: &failures)
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
    private func look(known: CommitID?, failures: inout Int) async -> CommitID? {
        do throws(SourceError) {
            guard let tip = try await repository.tip(deadline: deadline) else {
                failures += 1
                controller.send(.sourceFailed(name, message: "the watched reference does not exist on the remote"))
                return nil
            }
            if failures > 0 || known == nil { failures = 0 } else if tip == known { return known }
            try await repository.fetch(tip, deadline: max(deadline, .seconds(600)))
            let snapshot = try await maker.snapshot(of: tip)
            let decoded = await maker.decodedFiles
            statistics.withLock { $0.decodedFiles = decoded }
            controller.send(.snapshot(name, snapshot))
            logger.info(
                "snapshot read",
                metadata: ["revision": "\(snapshot.revision)", "objects": "\(snapshot.desired.objectCount)"])
            return tip
        } catch {
            failures += 1
            logger.warning("source not read", metadata: ["cause": "\(error.message)", "failures": "\(failures)"])
            controller.send(.sourceFailed(name, message: error.message))
            return nil
        }
    }
}
