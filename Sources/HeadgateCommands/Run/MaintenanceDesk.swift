import HeadgateAPI
import HeadgateCore
import Logging
import ServiceLifecycle
import Synchronization

/// Takes requests for work on the state folder, one at a time, and says how far it is; collects by itself where a
/// schedule says so.
///
/// What is due by the schedule takes its turn among what is asked for, and nobody's request tells of it.
final class MaintenanceDesk: Service {
    private enum Job: Sendable {
        case asked(MaintenanceRequest, number: Int)
        case due(olderThan: Duration)
    }

    private struct State {
        /// Of what was asked for, newest last: who asked may look again after somebody else's work has begun.
        var statuses: [MaintenanceStatus] = []
        var count = 0
        /// Whether a collection that nobody asked for waits or goes on.
        var isCollectionDue = false
    }

    private let maintenance: StateMaintenance
    private let schedule: CollectionSchedule?
    private let logger: Logger
    private let state = Mutex(State())
    private let jobs: AsyncStream<Job>
    private let inbox: AsyncStream<Job>.Continuation

    init(_ maintenance: StateMaintenance, _ schedule: CollectionSchedule?, logger: Logger) {
        self.maintenance = maintenance
        self.schedule = schedule
        self.logger = logger
        (jobs, inbox) = AsyncStream.makeStream()
    }

    /// How work that was asked for stands: the last, or that of a number; nil where there is none.
    func status(of number: Int? = nil) -> MaintenanceStatus? {
        state.withLock { state in
            number.map { number in state.statuses.first { $0.number == number } } ?? state.statuses.last
        }
    }

    /// Begins work, or puts it behind a collection that is due by the schedule.
    ///
    /// - Throws: ``APIProblem`` with `.refused` while other work that was asked for goes on.
    func begin(_ request: MaintenanceRequest) throws -> MaintenanceStatus {
        let status = try state.withLock { state throws(APIProblem) in
            if let running = state.statuses.last, !running.isOver {
                throw APIProblem(.refused, "the state folder is being worked on: \(running.phase)")
            }
            state.count += 1
            let phase = state.isCollectionDue ? "waits for the scheduled collection" : "begins"
            let status = MaintenanceStatus(number: state.count, phase: phase)
            state.statuses.append(status)
            if state.statuses.count > Self.kept { state.statuses.removeFirst() }
            return status
        }
        inbox.yield(.asked(request, number: status.number))
        return status
    }

    private static let kept = 8

    func run() async throws {
        await cancelWhenGracefulShutdown {
            async let collecting: Void = self.collect()
            for await job in self.jobs {
                switch job {
                case .asked(let request, let number): await self.perform(request, number)
                case .due(let age):
                    let ended = await self.outcome(of: .collect(olderThan: age, isTrial: false)) { _, _ in }
                    self.state.withLock { $0.isCollectionDue = false }
                    self.report(ended)
                }
            }
            await collecting
        }
    }

    private func perform(_ request: MaintenanceRequest, _ number: Int) async {
        var ended = await outcome(of: request) { phase, bytes in
            self.change(number) { status in
                status.phase = phase
                status.bytes = bytes
            }
        }
        report(ended)
        ended.number = number
        ended.isOver = true
        change(number) { [ended] status in status = ended }
    }

    private func change(_ number: Int, _ change: (inout MaintenanceStatus) -> Void) {
        state.withLock { state in
            guard let index = state.statuses.firstIndex(where: { $0.number == number }) else { return }
            change(&state.statuses[index])
        }
    }

    private func outcome(
        of request: MaintenanceRequest, _ progress: @escaping StateMaintenance.Progress
    ) async -> MaintenanceStatus {
        do {
            return try await maintenance.perform(request, progress)
        } catch {
            var failed = MaintenanceStatus(number: 0, phase: "failed")
            failed.problem = error as? APIProblem ?? APIProblem(.failed, "\(error)")
            return failed
        }
    }

    /// Queues a collection whenever one is due.
    private func collect() async {
        guard let schedule else { return }
        while (try? await Task.sleep(for: schedule.wait())) != nil {
            // One that still waits stands for those that became due meanwhile.
            let isNew = state.withLock { state in
                defer { state.isCollectionDue = true }
                return !state.isCollectionDue
            }
            if isNew { inbox.yield(.due(olderThan: schedule.olderThan)) }
            // Without the mark the next one would be due at once.
            guard !schedule.begin() else { continue }
            logger.warning("the time of a collection cannot be written", metadata: ["path": "\(schedule.mark)"])
            guard (try? await Task.sleep(for: schedule.every)) != nil else { return }
        }
    }

    private func report(_ ended: MaintenanceStatus) {
        if let report = ended.collection, !report.isTrial {
            logger.notice("collected", metadata: ["bytes": "\(report.bytes)", "versions": "\(report.versions)"])
        }
        if let problem = ended.problem, problem.code != .refused {
            logger.warning("work on the state folder failed", metadata: ["cause": "\(problem.message)"])
        }
    }
}
