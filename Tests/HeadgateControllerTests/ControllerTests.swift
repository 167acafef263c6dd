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
}
