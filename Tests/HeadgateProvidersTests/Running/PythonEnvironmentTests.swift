import Glibc
import HeadgateCore
import HeadgateTestSupport
import Testing

@testable import HeadgateProviders

@Suite struct PythonEnvironmentTests {
    let fixture: RunnerFixture

    init() throws { fixture = try RunnerFixture() }

    private func environment(_ requirements: String, interpreter: String = "python3") -> ResolvedEnvironment {
        let entry = fixture.store.track(.file(requirements))
        return ResolvedEnvironment(
            digest: EnvironmentDigest(Digest.of(Array((requirements + interpreter).utf8))),
            python: ResolvedEnvironment.Python(
                interpreter: interpreter, requirements: entry, source: RunnerFixture.source))
    }

    /// A package of one module, as a wheel, which is a zip archive.
    private func makeWheel() async throws -> String {
        let folder = fixture.scratch.path + "/wheel"
        let info = folder + "/tiny-1.0.dist-info"
        Files.write("VALUE = 42\n", to: folder + "/tiny.py")
        Files.write("Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n", to: info + "/METADATA")
        Files.write(
            "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n", to: info + "/WHEEL")
        Files.write(
            "tiny.py,,\ntiny-1.0.dist-info/METADATA,,\ntiny-1.0.dist-info/WHEEL,,\ntiny-1.0.dist-info/RECORD,,\n",
            to: info + "/RECORD")
        let wheel = fixture.scratch.path + "/tiny-1.0-py3-none-any.whl"
        let shim = ShimProcess(folder: fixture.scratch.path + "/zip")
        let spec = ShimSpec(
            command: ["python3", "-m", "zipfile", "-c", wheel, "tiny.py", "tiny-1.0.dist-info"], directory: folder,
            environment: ["PATH": "/usr/bin:/bin"], mode: .once(timeout: .seconds(60)))
        _ = try shim.start(spec, executable: HeadgateExecutable.path)
        #expect(try await shim.ended()?.outcome == .exited(0))
        return wheel
    }

    @Test func `an environment is made once, locked, and made again from its lock`() async throws {
        let wheel = try await makeWheel()
        let environment = environment("tiny @ file://\(wheel)\n")
        let script = "python3 -c 'import sys, tiny; print(sys.prefix, tiny.VALUE)' > out"
        let runner = fixture.runner()
        let launches = try ["r1", "r2"].map {
            try fixture.launch(script, run: $0, outputs: ["out"], environment: environment)
        }
        async let first = runner.run(launches[0])
        async let second = runner.run(launches[1])
        let outcomes = await [first, second]
        let results = outcomes.compactMap(\.result)
        try #require(results.count == 2, "\(outcomes)")
        let folder = fixture.scratch.path + "/state/environments/" + environment.digest.digest.hex
        for result in results {
            let out = try #require(result.outputs["out"])
            #expect(fixture.store.node(out.tree) == .file("\(folder)/venv 42\n"))
        }
        let lock = try #require(Files.read(runner.environments.lockPath(environment.digest)))
        #expect(lock.hasPrefix("tiny @ file://"))
        #expect(results[0].environmentLock == Digest.of(Array(lock.utf8)))
        #expect(results[0].environmentLock == results[1].environmentLock)
        // One of the two made it, and its log tells.
        let logs = ["r1", "r2"].compactMap(RunID.init).map { Files.read(runner.logPath($0)) ?? "" }
        #expect(logs.filter { $0.contains("making the Python environment") }.count == 1)
        #expect(logs.joined().contains("Successfully installed tiny-1.0"))

        let made = try #require(ShimProcess(folder: folder).started)
        #expect(try await runner.environments.ensure(environment)?.lock == results[0].environmentLock)
        #expect(ShimProcess(folder: folder).started == made)

        Files.remove(folder)
        Files.write("tiny @ file://\(wheel)\n# from the lock\n", to: runner.environments.lockPath(environment.digest))
        let again = try await fixture.runner().environments.ensure(environment)
        #expect(again?.lock != results[0].environmentLock)
        #expect(Files.read(folder + "/log")?.contains("Successfully installed tiny-1.0") == true)
    }

    @Test func `an environment that cannot be made says why, and is tried again`() async throws {
        let environment = environment("tiny @ file:///nowhere/tiny-1.0-py3-none-any.whl\n")
        let launch = try fixture.launch("exit 0", environment: environment)
        let error = try #require(await fixture.runner().run(launch).error)
        #expect(error.code == .environment)
        #expect(error.mayRetry)
        #expect(error.message.contains("/nowhere/tiny-1.0-py3-none-any.whl"), "\(error.message)")
        #expect(Files.read(fixture.runner().logPath(launch.run))?.contains("/nowhere/tiny") == true)
    }

    @Test func `an interpreter that is not there is named`() async throws {
        let launch = try fixture.launch("exit 0", environment: environment("", interpreter: "python9.9"))
        let error = try #require(await fixture.runner().run(launch).error)
        #expect(
            error.message
                == "cannot make the Python environment with python9.9: python9.9: no such program in PATH")
    }
}
