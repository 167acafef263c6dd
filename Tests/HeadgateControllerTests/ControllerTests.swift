import HeadgateCore
import HeadgateTestSupport
import Logging
import Testing

@testable import HeadgateController

@Suite(.timeLimit(.minutes(2))) struct ControllerTests {
    @Test func `nothing is shown before it is durable`() async throws {
        let source = try #require(SourceName("models"))
        let ledger = GatedLedger()
        let controller = Controller(
            reconciler: Reconciler(
                contents: LedgerContents(), host: HostFacts(operatingSystem: "linux", architecture: "x86_64"),
                judge: SilentJudge()),
            ledger: ledger, effects: EffectRunner(ScriptedTarget()), clock: SystemClock(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let running = Task { try await controller.run() }
        var told = await controller.subscribe().makeAsyncIterator()
        controller.send(.sourceFailed(source, message: "gone"))
        #expect(await eventually { await ledger.isAsked })
        let shown = Task {
            let problem = await controller.state.sources[source]?.problem
            return (problem, isDurable: await ledger.isOpen)
        }
        // Time in which it would be shown, were it shown too early.
        try await Task.sleep(for: .milliseconds(100))
        await ledger.open()
        let (problem, isDurable) = await shown.value
        #expect(problem == "gone" && isDurable)
        #expect(await told.next()?.reason == "SourceFailed")
        running.cancel()
        try await running.value
    }

    @Test func `nothing is decided while work on the ledger goes on, and what it forgot is forgotten`() async throws {
        let source = try #require(SourceName("models"))
        let ledger = GatedLedger()
        await ledger.open()
        var contents = LedgerContents()
        let keys = [StepKey(Digest.of([1])), StepKey(Digest.of([2]))]
        let run = try #require(RunID("r1"))
        for key in keys {
            let outcome = StepRecord.Outcome.failed(exitCode: 1, message: "no")
            contents.steps.append(StepRecord(key: key, run: run, outcome: outcome, recorded: Instant(milliseconds: 0)))
        }
        let controller = Controller(
            reconciler: Reconciler(
                contents: contents, host: HostFacts(operatingSystem: "linux", architecture: "x86_64"),
                judge: SilentJudge()),
            ledger: ledger, effects: EffectRunner(ScriptedTarget()), clock: SystemClock(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let running = Task { try await controller.run() }
        let isDone = await controller.pause { state in
            controller.send(.sourceFailed(source, message: "gone"))
            for _ in 0..<20 { await Task.yield() }
            #expect(await controller.state.sources[source] == nil)
            #expect(state.steps.count == 2)
            var pruned = PrunedRecords()
            pruned.steps = [keys[0]]
            return (pruned, before: Instant(milliseconds: 0))
        }
        #expect(isDone)
        #expect(Set(await controller.state.steps.keys) == [keys[1]])
        #expect(await eventually { await controller.state.sources[source]?.problem == "gone" })
        running.cancel()
        try await running.value
        #expect(await controller.pause { _ in nil } == false)
    }
}
