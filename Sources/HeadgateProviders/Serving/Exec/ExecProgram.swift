import Foundation
import HeadgateCore
import Logging
import Subprocess

#if canImport(System)
    import System
#else
    import SystemPackage
#endif

/// One process of a program that speaks JSON, started when it is first asked and again when it ended.
///
/// Requests go out as they come and are answered in any order.
actor ExecProgram {
    let name: String
    private let program: ExecTargets.Program
    private let logger: Logger
    private var nextID = 1
    private var outbox: [String] = []
    private var waiting: [Int: Question] = [:]
    private var lastHeard = ContinuousClock.now
    private var isOver = false
    private let asked = Signal()
    private let busy = Signal()
    private let silent = Signal()

    private struct Question {
        let due: ContinuousClock.Instant
        let continuation: CheckedContinuation<Result<ExecAnswer, TargetError>, Never>
    }

    /// An answer's longest line, in bytes.
    private static let lineLimit = 1 << 20
    private static let backoff = RetryPolicy(base: .milliseconds(200), cap: .seconds(30))

    init(name: String, program: ExecTargets.Program, logger: Logger) {
        self.name = name
        self.program = program
        var logger = logger
        logger[metadataKey: "program"] = "\(name)"
        self.logger = logger
    }

    /// Asks the program; an answer that does not come in time is an error.
    func ask(_ request: ExecRequest) async throws(TargetError) -> ExecAnswer {
        var request = request
        request.id = nextID
        nextID += 1
        guard let bytes = try? JSONFile.bytes(request) else {
            throw TargetError(.rejected, "a state that cannot be written as JSON")
        }
        guard !isOver else { throw TargetError(.unreachable, Self.stopping) }
        if waiting.isEmpty { lastHeard = .now }
        let answer = await withCheckedContinuation { continuation in
            waiting[request.id] = Question(due: .now + program.within, continuation: continuation)
            outbox.append(String(decoding: bytes, as: UTF8.self))
            asked.raise()
            busy.raise()
        }
        let answered = try answer.get()
        if let problem = answered.error { throw TargetError(problem.code, String(problem.message.prefix(1000))) }
        return answered
    }

    /// Ends what is not answered in time, until the task is cancelled.
    ///
    /// One timer for all: a timer of each question would stay in memory for its whole time, though the answer came.
    private func keepTime() async {
        while !Task.isCancelled {
            guard let first = waiting.values.map(\.due).min() else {
                busy.lower()
                await busy.wait()
                continue
            }
            try? await Task.sleep(until: first, clock: .continuous)
            for id in waiting.filter({ $0.value.due <= .now }).keys.sorted() { overrun(id) }
        }
    }

    private func overrun(_ id: Int) {
        guard let question = waiting.removeValue(forKey: id) else { return }
        let limit = program.within
        question.continuation.resume(
            returning: .failure(TargetError(.timedOut, "program \(name) did not answer within \(limit.text)")))
        // One that answers others is slow at one thing; one that says nothing at all hangs.
        if lastHeard + limit <= .now { silent.raise() }
    }

    /// Keeps the process running until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.keepTime() }
            await keepRunning()
            group.cancelAll()
        }
    }

    private func keepRunning() async {
        var failures = 0
        while !Task.isCancelled {
            await asked.wait()
            guard !Task.isCancelled else { break }
            let started = ContinuousClock.now
            let problem = await live()
            fail("program \(name) \(problem)")
            guard !Task.isCancelled else { break }
            failures = started.duration(to: .now) > .seconds(60) ? 1 : failures + 1
            logger.warning("program ended", metadata: ["cause": "\(problem)", "failures": "\(failures)"])
            try? await Task.sleep(for: Self.backoff.delay(after: failures, jitter: 0.5))
        }
        isOver = true
        fail(Self.stopping)
    }

    private static let stopping = "the controller stops"

    private func fail(_ problem: String) {
        for question in waiting.values {
            question.continuation.resume(returning: .failure(TargetError(.unreachable, problem)))
        }
        waiting = [:]
        // Who asked has been told; asking again is theirs.
        outbox = []
        asked.lower()
    }

    /// One life of the process; gives how it ended, for people.
    private func live() async -> String {
        silent.lower()
        lastHeard = .now
        var options = PlatformOptions()
        options.createSession = true
        do {
            let result = try await Subprocess.run(
                program.command[0].contains("/") ? .path(FilePath(program.command[0])) : .name(program.command[0]),
                arguments: Arguments(Array(program.command.dropFirst())), environment: .custom(environment),
                platformOptions: options, input: .inputWriter, output: .sequence, error: .sequence
            ) { execution in
                await withTaskGroup(of: String?.self) { group in
                    group.addTask { await self.write { _ = try await execution.standardInputWriter.write($0) } }
                    group.addTask { await self.hear(execution.standardOutput.strings(bufferingPolicy: Self.lines)) }
                    group.addTask { await self.report(execution.standardError.strings(bufferingPolicy: Self.lines)) }
                    group.addTask {
                        await self.silent.wait()
                        return Task.isCancelled ? nil : "answers nothing any more"
                    }
                    let first = await group.next() ?? nil
                    try? execution.send(signal: .kill, toProcessGroup: true)
                    group.cancelAll()
                    return first
                }
            }
            return result.closureResult ?? "ended: \(result.terminationStatus)"
        } catch {
            return "cannot be run: \(error)"
        }
    }

    private static let lines = SubprocessOutputSequence.StringSequence<UTF8>.BufferingPolicy.maxLineLength(lineLimit)

    private var environment: [Environment.Key: String] {
        var environment: [Environment.Key: String] = [:]
        for (name, value) in program.environment { environment[Environment.Key(stringLiteral: name)] = value }
        return environment
    }

    private func write(_ send: (String) async throws -> Void) async -> String? {
        while !Task.isCancelled {
            asked.lower()
            let lines = outbox
            outbox = []
            do {
                for line in lines { try await send(line + "\n") }
            } catch {
                return "no longer reads: \(error)"
            }
            if outbox.isEmpty { await asked.wait() }
        }
        return nil
    }

    private func hear(_ lines: SubprocessOutputSequence.StringSequence<UTF8>) async -> String? {
        do {
            for try await line in lines where !line.isEmpty {
                lastHeard = .now
                guard let answer = try? JSONFile.decode(ExecAnswer.self, Array(line.utf8)) else {
                    return "answered what is not an answer: \(line.prefix(200))"
                }
                waiting.removeValue(forKey: answer.id)?.continuation.resume(returning: .success(answer))
            }
            return nil
        } catch {
            return "answered what cannot be read: \(error)"
        }
    }

    /// What the program says to people goes to the controller's log.
    private func report(_ lines: SubprocessOutputSequence.StringSequence<UTF8>) async -> String? {
        do {
            for try await line in lines where !line.isEmpty {
                logger.notice("program says", metadata: ["detail": "\(name): \(line.prefix(1000))"])
            }
            // Its end is told by its answers.
            await silent.wait()
            return nil
        } catch {
            return "said what cannot be read: \(error)"
        }
    }
}
