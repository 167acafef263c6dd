import HeadgateCore
import Synchronization

/// Events on their way to the reconciler, in order of arrival.
///
/// All that waits is taken at once, so that one transaction holds what many events decide.
final class Mailbox: Sendable {
    /// One element when something waits, however much it is.
    let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation
    private let waiting = Mutex(Waiting())

    /// An event, and the number of who waits for what it decides.
    struct Letter: Sendable {
        let event: ReconcileEvent
        var question: Int?
    }

    private struct Waiting {
        var letters: [Letter] = []
        /// A tick says only that a deadline may have passed: one is as good as many.
        var hasTick = false
    }

    init() {
        (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func add(_ event: ReconcileEvent, question: Int? = nil) {
        waiting.withLock { waiting in
            if case .tick = event {
                guard !waiting.hasTick else { return }
                waiting.hasTick = true
            }
            waiting.letters.append(Letter(event: event, question: question))
        }
        signal.yield()
    }

    /// Has whoever takes look up, although nothing waits here.
    func wake() { signal.yield() }

    /// Takes out what waits.
    func take() -> [Letter] {
        waiting.withLock { waiting in
            defer { waiting = Waiting() }
            return waiting.letters
        }
    }
}
