import CLinux
package import HeadgateCore
package import Logging
import ServiceLifecycle

/// Runs the reconciler: feeds it events, commits what it decides, then starts the effects.
///
/// The order is the crash rule: rows first, in one transaction, then effects; each effect's outcome is an event.
package actor Controller: Service {
    private var reconciler: Reconciler
    private var isCommitting = false
    private var readers: [CheckedContinuation<ReconcilerState, Never>] = []
    private let ledger: any Ledger
    private let effects: EffectRunner
    private let clock: any WallClock
    private let logger: Logger
    private let inbox = Mailbox()
    private var asking: [Int: CheckedContinuation<[LoggedEvent], Never>] = [:]
    private var nextQuestion = 0
    private var isOver = false
    private var problem: String?
    private var subscribers: [Int: AsyncStream<LoggedEvent>.Continuation] = [:]
    private var nextSubscriber = 0
    private var chores: [Chore] = []

    /// Work on the ledger during which nothing is decided.
    private struct Chore {
        let work: Work
        let end: CheckedContinuation<Bool, Never>
    }

    /// Gives what the ledger forgot, and the end of retention; nil when it forgot nothing.
    package typealias Work = @Sendable (ReconcilerState) async -> (PrunedRecords, before: Instant)?

    package init(
        reconciler: Reconciler, ledger: any Ledger, effects: EffectRunner, clock: any WallClock, logger: Logger
    ) {
        self.reconciler = reconciler
        self.ledger = ledger
        self.effects = effects
        self.clock = clock
        self.logger = logger
    }

    /// What the reconciler knows, once it is durable: nothing is shown that a crash could still undo.
    ///
    /// Only while the ledger cannot be written, which ``stoppedBy`` then says, is more shown than it holds.
    package var state: ReconcilerState {
        get async {
            guard isCommitting, problem == nil else { return reconciler.state }
            return await withCheckedContinuation { readers.append($0) }
        }
    }

    private func answerReaders() {
        for reader in readers { reader.resume(returning: reconciler.state) }
        readers = []
    }

    /// Why work is stopped, such as a full disk; nil when it is not.
    package var stoppedBy: String? { problem }

    /// Hands an event to the reconciler; returns at once.
    package nonisolated func send(_ event: ReconcileEvent) { inbox.add(event) }

    /// Carries out a command; gives what was logged when it is decided and recorded, empty when the controller stops.
    package func perform(_ command: Command) async -> [LoggedEvent] {
        guard !isOver else { return [] }
        let question = nextQuestion
        nextQuestion += 1
        return await withCheckedContinuation { continuation in
            asking[question] = continuation
            inbox.add(.command(command), question: question)
        }
    }

    /// Runs work on the ledger while nothing is decided, and has what it forgot forgotten; false when there is no time left.
    package func pause(for work: @escaping Work) async -> Bool {
        guard !isOver else { return false }
        return await withCheckedContinuation { continuation in
            chores.append(Chore(work: work, end: continuation))
            inbox.wake()
        }
    }

    /// Events as they are recorded, from now on.
    package func subscribe() -> AsyncStream<LoggedEvent> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: LoggedEvent.self, bufferingPolicy: .bufferingNewest(256))
        let id = nextSubscriber
        nextSubscriber += 1
        subscribers[id] = continuation
        continuation.onTermination = { _ in Task { await self.unsubscribe(id) } }
        return stream
    }

    private func unsubscribe(_ id: Int) { subscribers[id] = nil }

    /// Runs until cancelled or asked to stop.
    ///
    /// Steps, servers and the router go on without it.
    package func run() async throws {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.tick() }
            await handle([Mailbox.Letter(event: .started)], in: &group)
            for await _ in inbox.signals.cancelOnGracefulShutdown() {
                await handle(inbox.take(), in: &group)
                await doChores(in: &group)
            }
            group.cancelAll()
        }
        isOver = true
        for continuation in asking.values { continuation.resume(returning: []) }
        asking = [:]
        for chore in chores { chore.end.resume(returning: false) }
        chores = []
        for subscriber in subscribers.values { subscriber.finish() }
    }

    private func doChores(in group: inout DiscardingTaskGroup) async {
        while !chores.isEmpty {
            let chore = chores.removeFirst()
            if let (pruned, before) = await chore.work(reconciler.state) {
                await handle([Mailbox.Letter(event: .pruned(pruned, before: before))], in: &group)
            }
            chore.end.resume(returning: true)
        }
    }

    private func handle(_ batch: [Mailbox.Letter], in group: inout DiscardingTaskGroup) async {
        var records: [LedgerRecord] = []
        var started: [Effect] = []
        var answers: [(question: Int, events: [LoggedEvent])] = []
        let now = clock.now
        for letter in batch {
            let decision = reconciler.handle(letter.event, now: now, jitter: clock.jitter)
            records += decision.records
            started += decision.effects
            if let question = letter.question { answers.append((question, decision.logged)) }
        }
        guard await commit(records) else { return }
        if records.count >= Self.manyRecords {
            records = []
            headgate_return_freed_memory()
        }
        for answer in answers { asking.removeValue(forKey: answer.question)?.resume(returning: answer.events) }
        for effect in started {
            if case .notify(let event) = effect { for subscriber in subscribers.values { subscriber.yield(event) } }
            guard let work = effects.prepare(effect) else { continue }
            group.addTask { [inbox] in inbox.add(await work()) }
        }
    }

    /// As many come when a large repository is seen for the first time.
    private static let manyRecords = 1_000

    /// Does not return before the rows are durable, since no effect may run ahead of them; false when it is to end first.
    private func commit(_ records: [LedgerRecord]) async -> Bool {
        isCommitting = true
        defer {
            isCommitting = false
            answerReaders()
        }
        var attempt = 0
        while !records.isEmpty {
            do {
                try await ledger.commit(records)
                if problem != nil { logger.notice("ledger writable again") }
                problem = nil
                return true
            } catch {
                attempt += 1
                problem = "the ledger cannot be written: \(error.message)"
                answerReaders()
                logger.error("ledger not written, work is stopped", metadata: ["cause": "\(error.message)"])
                try? await clock.sleep(until: clock.now + RetryPolicy().delay(after: attempt, jitter: clock.jitter))
                if Task.isCancelled { return false }
            }
        }
        return true
    }

    private func tick() async {
        while !Task.isCancelled {
            let now = clock.now
            let deadline = reconciler.nextDeadline ?? now + .seconds(1)
            let wake = min(max(deadline, now + .milliseconds(5)), now + .milliseconds(250))
            do { try await clock.sleep(until: wake) } catch { return }
            if let due = reconciler.nextDeadline, due <= clock.now { inbox.add(.tick) }
        }
    }
}

extension Decision {
    /// The events that it recorded.
    fileprivate var logged: [LoggedEvent] {
        records.compactMap { record in
            guard case .event(let event) = record else { return nil }
            return event
        }
    }
}
