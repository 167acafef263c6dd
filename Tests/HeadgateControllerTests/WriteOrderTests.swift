import HeadgateCore
import HeadgateTestSupport
import Testing

@testable import HeadgateController

/// Writes of one Deployment never overlap and never end out of order (I2, I4).
@Suite(.timeLimit(.minutes(2))) struct WriteOrderTests {
    private let source: SourceName
    private let reference: TargetReference

    init() throws {
        source = try #require(SourceName("models"))
        reference = TargetReference(
            id: TargetID(source: source, name: try #require(TargetName("local"))),
            spec: TargetSpec(provider: .local(LocalTargetSpec())))
    }

    private func deployment(_ name: String = "wine") throws -> DeploymentID {
        DeploymentID(source: source, name: try #require(DeploymentName(name)))
    }

    /// A state that differs from others by its stable version.
    private func state(_ text: String, of name: String = "wine") throws -> ServingState {
        ServingState(deployment: try deployment(name), stable: VersionID(Digest.of(Array(text.utf8))))
    }

    private func apply(_ state: ServingState, _ number: Int64) -> Effect {
        .apply(reference, state, OperationID(number))
    }

    private func failure(_ event: ReconcileEvent?) -> TargetFailure? {
        switch event {
        case .applied(_, _, let failure), .removed(_, _, let failure): failure
        default: nil
        }
    }

    @Test func `a newer write ends the one that hangs, and begins when that has ended`() async throws {
        var target = ScriptedTarget()
        target.write = { operation in
            guard operation.number == 1 else { return }
            await untilCancelled()
            // What a target does after it was told to stop takes time, too.
            await Task.detached { try? await Task.sleep(for: .milliseconds(50)) }.value
        }
        let effects = EffectRunner(target)
        let first = try #require(effects.prepare(apply(try state("old"), 1)))
        async let old = first()
        #expect(await eventually { target.journal.lines == ["begin 1"] })
        let second = try #require(effects.prepare(apply(try state("new"), 2)))
        #expect(failure(await second()) == nil)
        _ = await old
        #expect(target.journal.lines == ["begin 1", "end 1", "begin 2", "end 2"])
        #expect(target.journal.held == (try state("new")))
    }

    @Test func `an older write whose task comes late never begins`() async throws {
        let target = ScriptedTarget()
        let effects = EffectRunner(target)
        let first = try #require(effects.prepare(apply(try state("old"), 1)))
        let second = try #require(effects.prepare(apply(try state("new"), 2)))
        async let new = second()
        #expect(failure(await first())?.code == .unreachable)
        #expect(failure(await new) == nil)
        #expect(target.journal.lines == ["begin 2", "end 2"])
        #expect(target.journal.held == (try state("new")))
    }

    @Test func `a removal and what follows it keep their order`() async throws {
        let target = ScriptedTarget()
        let effects = EffectRunner(target)
        let decided: [Effect] = [
            apply(try state("one"), 1), .remove(reference, try deployment(), OperationID(2)),
            apply(try state("two"), 3), .remove(reference, try deployment(), OperationID(4)),
        ]
        let work = decided.compactMap { effects.prepare($0) }
        await withTaskGroup(of: Void.self) { group in
            for run in work.reversed() { group.addTask { _ = await run() } }
        }
        #expect(target.journal.lines == ["begin 4", "end 4"])
        #expect(target.journal.held == nil)
    }

    @Test func `the same state again waits, and does not end the write that brings it`() async throws {
        let (gate, opening) = AsyncStream<Void>.makeStream()
        var target = ScriptedTarget()
        let journal = target.journal
        target.write = { operation in
            guard operation.number == 1 else { return }
            for await _ in gate {}
            journal.add(Task.isCancelled ? "ended" : "done")
        }
        let effects = EffectRunner(target)
        let first = try #require(effects.prepare(apply(try state("same"), 1)))
        async let old = first()
        #expect(await eventually { target.journal.lines == ["begin 1"] })
        let second = try #require(effects.prepare(apply(try state("same"), 2)))
        async let new = second()
        opening.finish()
        #expect(failure(await old) == nil)
        #expect(failure(await new) == nil)
        #expect(target.journal.lines == ["begin 1", "done", "end 1", "begin 2", "end 2"])
    }

    @Test func `a write that hangs keeps no other Deployment waiting`() async throws {
        var target = ScriptedTarget()
        target.write = { operation in
            if operation.number == 1 { await untilCancelled() }
        }
        let effects = EffectRunner(target)
        let hanging = try #require(effects.prepare(apply(try state("old"), 1)))
        let task = Task { await hanging() }
        #expect(await eventually { target.journal.lines == ["begin 1"] })
        let other = try #require(effects.prepare(apply(try state("x", of: "beer"), 2)))
        #expect(failure(await other()) == nil)
        #expect(target.journal.lines == ["begin 1", "begin 2", "end 2"])
        task.cancel()
        _ = await task.value
    }

    @Test func `a run that had ended when it was cancelled comes back with its result`() async throws {
        let launch = StepLaunch(
            run: try #require(RunID("r1")), key: StepKey(Digest.of([1])),
            model: ModelID(source: source, name: try #require(ModelName("wine"))),
            step: try #require(StepName("train")), command: ["train"], inputs: [], depth: 0, outputs: [], metrics: nil,
            timeout: .seconds(60), variables: [:], secrets: [], environment: nil)
        let event = await EffectRunner(ScriptedTarget()).prepare(.cancelRun(launch))?()
        guard case .stepEnded(launch.run, .succeeded(FinishedRunner().result)) = event else {
            Issue.record("\(String(describing: event))")
            return
        }
    }
}
