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
        #expect(await controller.state.sources[source] == nil)
        await ledger.open()
        #expect(await eventually { await controller.state.sources[source]?.problem == "gone" })
        #expect(await told.next()?.reason == "SourceFailed")
        running.cancel()
        try await running.value
    }
}
