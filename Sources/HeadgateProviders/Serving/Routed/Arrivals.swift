import Synchronization

/// Workers that are taken up as they come.
final class Arrivals<Worker: Sendable>: Sendable {
    private let waiting = Mutex<[Worker]>([])
    private let arrival = Signal()

    func add(_ worker: Worker) {
        waiting.withLock { $0.append(worker) }
        arrival.raise()
    }

    /// Runs every worker, side by side, until the task is cancelled.
    func run(_ work: @escaping @Sendable (Worker) async -> Void) async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                arrival.lower()
                for worker in take() { group.addTask { await work(worker) } }
                await arrival.wait()
            }
            group.cancelAll()
        }
    }

    private func take() -> [Worker] {
        waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
    }
}
