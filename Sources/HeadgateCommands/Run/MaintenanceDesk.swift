import HeadgateAPI
import HeadgateCore
import ServiceLifecycle
import Synchronization

/// Takes requests for work on the state folder, one at a time, and says how far it is.
final class MaintenanceDesk: Service {
    private let maintenance: StateMaintenance
    private let state = Mutex(State())
    private let requests: AsyncStream<MaintenanceRequest>
    private let inbox: AsyncStream<MaintenanceRequest>.Continuation

    private struct State {
        var status: MaintenanceStatus?
        var count = 0
    }

    init(_ maintenance: StateMaintenance) {
        self.maintenance = maintenance
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
        }
    }

    private func finish(_ ended: MaintenanceStatus) {
        state.withLock { state in
            var ended = ended
            ended.number = state.count
            ended.isOver = true
            state.status = ended
        }
    }
}
