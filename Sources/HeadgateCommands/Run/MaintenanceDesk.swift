import HeadgateAPI
import HeadgateCore
import Logging
import ServiceLifecycle
import Synchronization

/// Takes requests for work on the state folder, one at a time, and says how far it is; collects by itself where a
/// schedule says so.
final class MaintenanceDesk: Service {
    private let maintenance: StateMaintenance
    private let schedule: CollectionSchedule?
    private let logger: Logger
    private let state = Mutex(State())
    private let requests: AsyncStream<MaintenanceRequest>
    private let inbox: AsyncStream<MaintenanceRequest>.Continuation

    private struct State {
        var status: MaintenanceStatus?
        var count = 0
    }

    init(_ maintenance: StateMaintenance, _ schedule: CollectionSchedule?, logger: Logger) {
        self.maintenance = maintenance
        self.schedule = schedule
        self.logger = logger
        (requests, inbox) = AsyncStream.makeStream()
    }

    /// How the last work stands; nil before the first.
    var status: MaintenanceStatus? { state.withLock(\.status) }

    /// Begins work.
    ///
    /// - Throws: ``APIProblem`` with `.refused` while other work goes on.
    func begin(_ request: MaintenanceRequest) throws -> MaintenanceStatus {
        let status = try state.withLock { state throws(APIProblem) in
            if let running = state.status, !running.isOver {
                throw APIProblem(.refused, "the state folder is being worked on: \(running.phase)")
            }
            state.count += 1
            let status = MaintenanceStatus(number: state.count, phase: "begins")
            state.status = status
            return status
        }
        inbox.yield(request)
        return status
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            async let collecting: Void = self.collect()
            for await request in self.requests {
                var ended: MaintenanceStatus
                do {
                    ended = try await self.maintenance.perform(request) { phase, bytes in
                        self.state.withLock { state in
                            state.status?.phase = phase
                            state.status?.bytes = bytes
                        }
                    }
                } catch {
                    ended = MaintenanceStatus(number: 0, phase: "failed")
                    ended.problem = error as? APIProblem ?? APIProblem(.failed, "\(error)")
                }
                self.finish(ended)
            }
            await collecting
        }
    }

    /// Begins a collection whenever one is due; one that finds other work going on waits for its end.
    private func collect() async {
        guard let schedule else { return }
        while (try? await Task.sleep(for: schedule.wait())) != nil {
            guard (try? begin(.collect(olderThan: schedule.olderThan, isTrial: false))) != nil else {
                guard (try? await Task.sleep(for: .seconds(1))) != nil else { return }
                continue
            }
            // Without the mark the next one would be due at once.
            guard !schedule.begin() else { continue }
            logger.warning("the time of a collection cannot be written", metadata: ["path": "\(schedule.mark)"])
            guard (try? await Task.sleep(for: schedule.every)) != nil else { return }
        }
    }

    private func finish(_ ended: MaintenanceStatus) {
        if let report = ended.collection, !report.isTrial {
            logger.notice("collected", metadata: ["bytes": "\(report.bytes)", "versions": "\(report.versions)"])
        }
        if let problem = ended.problem, problem.code != .refused {
            logger.warning("work on the state folder failed", metadata: ["cause": "\(problem.message)"])
        }
        state.withLock { state in
            var ended = ended
            ended.number = state.count
            ended.isOver = true
            state.status = ended
        }
    }
}
