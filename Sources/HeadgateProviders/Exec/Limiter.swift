import Synchronization

/// Lets a number of tasks on at a time, in the order in which they asked.
final class Limiter: Sendable {
    private struct State {
        var free: Int
        var next: UInt64 = 0
        var waiting: [(id: UInt64, continuation: CheckedContinuation<Bool, Never>)] = []
        /// Cancelled before they began to wait.
        var gone: Set<UInt64> = []
    }

    private let state: Mutex<State>

    init(_ count: Int) { state = Mutex(State(free: count)) }

    /// Waits for a place.
    ///
    /// - Throws: `CancellationError`; then no place is taken.
    func enter() async throws(CancellationError) {
        let id = state.withLock { state in
            state.next += 1
            return state.next
        }
        let isIn = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLock { state in
                    if state.gone.remove(id) != nil { return false }
                    if state.free > 0 {
                        state.free -= 1
                        return true
                    }
                    state.waiting.append((id, continuation))
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let continuation = state.withLock { state -> CheckedContinuation<Bool, Never>? in
                guard let index = state.waiting.firstIndex(where: { $0.id == id }) else {
                    state.gone.insert(id)
                    return nil
                }
                return state.waiting.remove(at: index).continuation
            }
            continuation?.resume(returning: false)
        }
        guard isIn else { throw CancellationError() }
        // Cancelled after the place was given: nobody removed the mark.
        state.withLock { _ = $0.gone.remove(id) }
    }

    /// Takes a place even when there is none, for what runs already.
    func force() { state.withLock { $0.free -= 1 } }

    func leave() {
        let continuation = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            state.free += 1
            guard state.free > 0, !state.waiting.isEmpty else { return nil }
            state.free -= 1
            return state.waiting.removeFirst().continuation
        }
        continuation?.resume(returning: true)
    }
}

/// One turn at a time for each key.
final class Turns<Key: Hashable & Sendable>: Sendable {
    private struct Turn {
        let limiter = Limiter(1)
        var users = 0
    }

    private let turns = Mutex<[Key: Turn]>([:])

    /// Runs the body alone among all that name the same key.
    func take<Value>(
        _ key: Key, _ body: () async throws(CancellationError) -> Value
    ) async throws(CancellationError) -> Value {
        let limiter = turns.withLock { turns in
            turns[key, default: Turn()].users += 1
            return turns[key, default: Turn()].limiter
        }
        defer {
            turns.withLock { turns in
                turns[key]?.users -= 1
                if turns[key]?.users == 0 { turns[key] = nil }
            }
        }
        try await limiter.enter()
        defer { limiter.leave() }
        return try await body()
    }
}

/// Something that can happen once, and that tasks wait for.
final class Signal: Sendable {
    private struct State {
        var isRaised = false
        var next = 0
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    var isRaised: Bool { state.withLock(\.isRaised) }

    func raise() {
        let waiting = state.withLock { state in
            state.isRaised = true
            defer { state.waiting = [:] }
            return Array(state.waiting.values)
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Makes it possible again.
    func lower() { state.withLock { $0.isRaised = false } }

    /// Returns when the signal is raised or the task is cancelled.
    func wait() async {
        let id = state.withLock { state in
            state.next += 1
            return state.next
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    // The handler ran before this when the task was cancelled already; then the flag says so.
                    if state.isRaised || Task.isCancelled { return true }
                    state.waiting[id] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: id) }?.resume()
        }
    }

    /// Waits for the signal, but not longer than a while.
    func wait(atMost limit: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.wait() }
            group.addTask { try? await Task.sleep(for: limit) }
            await group.next()
            group.cancelAll()
        }
    }
}
