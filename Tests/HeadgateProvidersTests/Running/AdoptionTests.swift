import Glibc
import HeadgateCore
import HeadgateTestSupport
import Testing

@testable import HeadgateProviders

@Suite struct AdoptionTests {
    let fixture: RunnerFixture
    let launch: StepLaunch

    init() throws {
        fixture = try RunnerFixture()
        let folder = fixture.scratch.path
        launch = try fixture.launch(
            """
            echo once >> \(folder)/count; echo $$ > \(folder)/pid
            until [ -e \(folder)/go ]; do sleep 0.01; done; touch out
            """, outputs: ["out"])
    }

    private var shim: ShimProcess { ShimProcess(folder: fixture.scratch.path + "/state/runs/r1") }
    private var count: String { Files.read(fixture.scratch.path + "/count") ?? "" }

    /// Starts the run, and stops waiting for it once its command runs, as a controller that ends does.
    private func abandon() async throws -> Int32 {
        let runner = fixture.runner()
        let waiting = Task { await runner.run(launch) }
        let path = fixture.scratch.path + "/pid"
        #expect(await eventually { (Files.read(path) ?? "").hasSuffix("\n") })
        waiting.cancel()
        #expect(await waiting.value == LocalStepRunner.interrupted)
        return try #require(Int32((Files.read(path) ?? "").dropLast()))
    }

    private func go() { Files.write("", to: fixture.scratch.path + "/go") }

    @Test func `a run that lives is adopted, not run beside itself`() async throws {
        let pid = try await abandon()
        #expect(isRunning(pid))
        let runner = fixture.runner()
        async let first = runner.run(launch)
        async let second = runner.run(launch)
        go()
        let outcomes = await [first, second]
        #expect(outcomes[0].result?.outputs["out"] != nil)
        #expect(outcomes[0] == outcomes[1])
        #expect(await fixture.runner().run(launch) == outcomes[0])
        #expect(count == "once\n")
    }

    @Test func `a run that ended while nobody waited gives its outcome`() async throws {
        _ = try await abandon()
        go()
        #expect(try await shim.ended()?.outcome == .exited(0))
        #expect(await fixture.runner().run(launch).result?.outputs["out"] != nil)
        #expect(count == "once\n")
    }

    @Test func `a run whose shim was killed is lost, and nothing of it is left`() async throws {
        let pid = try await abandon()
        kill(try #require(shim.started?.shim.pid), SIGKILL)
        let outcome = await fixture.runner().run(launch)
        #expect(outcome.error?.code == .lost)
        #expect(outcome.error?.mayRetry == true)
        #expect(await eventually { !isRunning(pid) })
        #expect(await fixture.runner().run(launch) == outcome)
        #expect(count == "once\n")
    }

    @Test func `a cancelled run ends with all its processes, and stays cancelled`() async throws {
        let pid = try await abandon()
        let runner = fixture.runner()
        async let outcome = runner.run(launch)
        #expect(await runner.cancel(launch) == .cancelled)
        #expect(await outcome == .cancelled)
        #expect(!isRunning(pid))
        #expect(await runner.cancel(launch) == .cancelled)
        #expect(await fixture.runner().run(launch) == .cancelled)
        #expect(count == "once\n")
    }

    @Test func `a run that had ended when it was cancelled keeps its result`() async throws {
        _ = try await abandon()
        go()
        #expect(try await shim.ended()?.outcome == .exited(0))
        let outcome = await fixture.runner().cancel(launch)
        #expect(outcome.result?.outputs["out"] != nil, "\(outcome)")
        #expect(await fixture.runner().run(launch) == outcome)
        #expect(count == "once\n")
    }

    @Test func `a run that waits for its place is cancelled at once, and never begins`() async throws {
        var fixture = fixture
        fixture.configuration.maxConcurrent = 1
        let runner = fixture.runner()
        async let first = runner.run(launch)
        #expect(await eventually { Files.exists(fixture.scratch.path + "/pid") })
        let next = try fixture.launch("touch \(fixture.scratch.path)/ran", run: "r2")
        async let waiting = runner.run(next)
        #expect(await eventually { Files.exists(fixture.scratch.path + "/state/runs/r2") })
        #expect(await runner.cancel(next) == .cancelled)
        go()
        #expect(await first.result != nil)
        #expect(await waiting == .cancelled)
        #expect(!Files.exists(fixture.scratch.path + "/ran"))
    }

    @Test func `nobody waits any more for a run that waits for its place`() async throws {
        var fixture = fixture
        fixture.configuration.maxConcurrent = 1
        let runner = fixture.runner()
        async let first = runner.run(launch)
        #expect(await eventually { Files.exists(fixture.scratch.path + "/pid") })
        let next = try fixture.launch("touch \(fixture.scratch.path)/ran", run: "r2")
        let waiting = Task { await runner.run(next) }
        waiting.cancel()
        #expect(await waiting.value == LocalStepRunner.interrupted)
        go()
        #expect(await first.result != nil)
        #expect(!Files.exists(fixture.scratch.path + "/ran"))
    }

    @Test func `what is unknown can be cancelled and discarded, what runs is not discarded`() async throws {
        let unknown = try fixture.launch("exit 0", run: "unknown")
        let runner = fixture.runner()
        #expect(await runner.cancel(unknown) == .cancelled)
        await runner.discard([unknown.run])
        #expect(!Files.exists(fixture.scratch.path + "/state/runs/unknown"))
        _ = try await abandon()
        await runner.discard([launch.run])
        #expect(shim.isAlive)
        go()
        #expect(await runner.run(launch).result != nil)
        await runner.discard([launch.run])
        #expect(!Files.exists(fixture.scratch.path + "/state/runs/r1"))
    }
}
