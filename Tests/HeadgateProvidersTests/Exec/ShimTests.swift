import Glibc
import HeadgateCore
import HeadgateTestSupport
import Testing

@testable import HeadgateProviders

@Suite struct ShimTests {
    let scratch: Scratch
    let shim: ShimProcess

    init() throws {
        scratch = try Scratch()
        Files.createFolders(scratch.path + "/work")
        shim = ShimProcess(folder: scratch.path + "/run")
    }

    private func spec(
        _ script: String, timeout: Duration = .seconds(60), grace: Duration = .milliseconds(200),
        log: ShimSpec.LogLimits = ShimSpec.LogLimits(), environment: [String: String] = [:]
    ) -> ShimSpec {
        ShimSpec(
            command: ["sh", "-c", script], directory: scratch.path + "/work",
            environment: ["PATH": "/usr/bin:/bin"].merging(environment) { $1 }, mode: .once(timeout: timeout),
            grace: grace, log: log)
    }

    private func run(_ spec: ShimSpec, secrets: [String: String] = [:]) async throws -> ShimExit {
        #expect(try shim.start(spec, secrets: secrets, executable: HeadgateExecutable.path))
        return try #require(try await shim.ended())
    }

    private var log: String { Files.read(shim.logPath) ?? "" }

    private func pid(in name: String) async throws -> Int32 {
        let path = scratch.path + "/work/" + name
        #expect(await eventually { (Files.read(path) ?? "").hasSuffix("\n") })
        return try #require(Int32((Files.read(path) ?? "").dropLast()))
    }

    @Test(arguments: [
        ("exit 0", ShimExit.Outcome.exited(0)),
        ("exit 3", .exited(3)),
        ("kill -9 $$", .signalled(9)),
        ("kill -SEGV $$", .signalled(11)),
    ])
    func `an end is told as it was`(script: String, expected: ShimExit.Outcome) async throws {
        #expect(try await run(spec(script)).outcome == expected)
        #expect(shim.state == .ended(try #require(try await shim.ended())))
        #expect(!shim.isAlive)
    }

    @Test(arguments: [["no-such-program-anywhere"], ["/nowhere/program"], ["/etc/passwd"], [""]])
    func `a command that cannot start says why`(command: [String]) async throws {
        var spec = spec("")
        spec.command = command
        guard case .couldNotStart(let number, let message) = try await run(spec).outcome else {
            Issue.record("it started")
            return
        }
        #expect(number != 0)
        #expect(message.contains(command[0]))
        #expect(log.contains(message))
    }

    @Test func `a command that never ends is ended at its deadline, even when it ignores SIGTERM`() async throws {
        let exit = try await run(spec("trap '' TERM; echo $$ > pid; while :; do sleep 1; done", timeout: .seconds(1)))
        #expect(exit.outcome == .timedOut)
        #expect(!isRunning(try await pid(in: "pid")))
        #expect(log.contains("[headgate] timed out after 1.0 seconds"))
    }

    @Test(arguments: ["exit 0", "sleep 1000"])
    func `a descendant that left the session is ended with the command`(end: String) async throws {
        let script = """
            (setsid sh -c 'setsid sh -c "echo \\$\\$ > child; exec sleep 1000" & exit 0' &)
            until [ -s child ]; do sleep 0.01; done; \(end)
            """
        let exit = try await run(spec(script, timeout: .seconds(1)))
        #expect(exit.outcome == (end == "exit 0" ? .exited(0) : .timedOut))
        #expect(exit.leftBehind >= 1)
        #expect(!isRunning(try await pid(in: "child")))
    }

    @Test func `output without end fills no more than the log's limit, and its end is kept`() async throws {
        let limits = ShimSpec.LogLimits(bytes: 64 << 10, lineBytes: 1 << 10)
        let exit = try await run(spec("seq 1 300000; head -c 100000 /dev/zero; echo; echo the end", log: limits))
        #expect(exit.outcome == .exited(0))
        #expect(Files.size(shim.logPath) <= 66 << 10)
        #expect(exit.log.dropped > 1_000_000)
        #expect(log.hasPrefix("1\n2\n"))
        #expect(log.hasSuffix("line cut\nthe end\n"))
        #expect(log.contains("[headgate] the log is full"))
        #expect(log.contains("bytes of output left out"))
    }

    @Test func `secrets reach the command, and neither the disk nor the log`() async throws {
        let secrets = ["TOKEN": "s3cr3t-word", "KEY": "-----BEGIN-----\nabcdef123456\n-----END-----"]
        let exit = try await run(spec("echo \"<$TOKEN> and $TOKEN\"; echo \"$KEY\"; env > env"), secrets: secrets)
        #expect(exit.outcome == .exited(0))
        #expect(log == "<<secret>> and <secret>\n<secret>\n<secret>\n<secret>\n")
        #expect(Files.read(scratch.path + "/work/env")?.contains("TOKEN=s3cr3t-word") == true)
        for name in Files.names(shim.folder) {
            #expect(Files.read(shim.folder + "/" + name)?.contains("s3cr3t-word") == false, "\(name)")
        }
    }

    @Test func `a command sees only the variables that it was given`() async throws {
        setenv("HEADGATE_TEST_OUTSIDE", "leak", 1)
        let exit = try await run(spec("/usr/bin/env | sort", environment: ["GIVEN": "1"]))
        #expect(exit.outcome == .exited(0))
        let names = log.split(separator: "\n").compactMap { $0.split(separator: "=").first }
        // The shell itself sets PWD, and some set OLDPWD, SHLVL and _.
        #expect(Set(names).subtracting(["OLDPWD", "SHLVL", "_"]) == ["GIVEN", "HEADGATE_SHIM", "PATH", "PWD"])
    }

    @Test func `a command inherits no descriptors but the usual three`() async throws {
        let file = open("/dev/null", O_RDONLY)
        defer { close(file) }
        _ = try await run(spec("ls /proc/$$/fd"))
        #expect(Set(log.split(separator: "\n")).isSubset(of: ["0", "1", "2", "10", "255"]))
        #expect(log.hasPrefix("0\n1\n") || log.contains("\n1\n"))
    }

    @Test func `a shim outlives its parent, and whoever comes next learns the outcome`() async throws {
        Files.createFolders(shim.folder)
        try JSONFile.write(
            spec("echo $$ > pid; until [ -e go ]; do sleep 0.01; done; exit 7"), to: shim.folder + "/spec.json")
        let parent = SpawnRequest(
            program: "/bin/sh",
            arguments: ["sh", "-c", "'\(HeadgateExecutable.path)' internal exec '\(shim.folder)' & wait"],
            environment: ["PATH": "/usr/bin:/bin"], directory: nil, input: 0, output: 1, error: 2, kept: -1
        ).spawnDetached()
        let command = try await pid(in: "pid")
        kill(parent, SIGKILL)
        #expect(await eventually { !isRunning(parent) })
        #expect(isRunning(command))
        #expect(shim.state == .running)
        #expect(try !shim.start(spec("exit 0"), executable: HeadgateExecutable.path))
        Files.write("", to: scratch.path + "/work/go")
        #expect(try await shim.ended()?.outcome == .exited(7))
    }

    @Test func `what a killed shim leaves behind is found and ended`() async throws {
        let script = """
            echo $$ > command
            (setsid sh -c 'setsid sh -c "echo \\$\\$ > child; exec sleep 1000" & exit 0' &)
            sleep 1000
            """
        #expect(try shim.start(spec(script), executable: HeadgateExecutable.path))
        let child = try await pid(in: "child")
        let command = try await pid(in: "command")
        kill(try #require(shim.started?.shim.pid), SIGKILL)
        #expect(try await shim.ended() == nil)
        #expect(shim.state == .lost)
        #expect(shim.endLeftovers() >= 1)
        #expect(await eventually { !isRunning(child) && !isRunning(command) })
        #expect(shim.endLeftovers() == 0)
    }

    @Test func `a cancelled command ends, and so does the wait of a cancelled waiter`() async throws {
        #expect(try shim.start(spec("echo $$ > pid; sleep 1000"), executable: HeadgateExecutable.path))
        let command = try await pid(in: "pid")
        let shim = shim
        let waiter = Task { try await shim.ended() }
        waiter.cancel()
        await #expect(throws: CancellationError.self) { try await waiter.value }
        #expect(isRunning(command))
        shim.terminate()
        #expect(try await shim.ended()?.outcome == .cancelled)
        #expect(!isRunning(command))
        shim.terminate()
    }

    @Test(arguments: 1...10)
    func `a command that is cancelled as soon as it is started ends too`(_: Int) async throws {
        var spec = spec("sleep 1000")
        for mode in [ShimSpec.Mode.once(timeout: .seconds(1000)), .server(ShimSpec.RestartPolicy())] {
            spec.mode = mode
            #expect(try shim.start(spec, executable: HeadgateExecutable.path))
            shim.terminate()
            let outcome = try await shim.ended()?.outcome
            #expect(outcome == .cancelled || outcome == .signalled(SIGTERM))
        }
    }

    @Test func `a server that dies is started again, at growing intervals, until it is stopped`() async throws {
        var spec = spec("date +%s%3N >> starts; echo up; exit 1")
        spec.mode = .server(ShimSpec.RestartPolicy(base: .milliseconds(40), cap: .seconds(1)))
        #expect(try shim.start(spec, executable: HeadgateExecutable.path))
        #expect(await eventually { (shim.status?.restarts ?? 0) >= 4 })
        shim.terminate()
        #expect(try await shim.ended() != nil)
        #expect(shim.status?.lastExit == .exited(1))
        let starts = try #require(Files.read(scratch.path + "/work/starts")).split(separator: "\n").compactMap {
            Int($0)
        }
        let waits = zip(starts.dropFirst(), starts).map { $0 - $1 }
        for (wait, least) in zip(waits, [40, 80, 160, 320]) { #expect(wait >= least) }
    }

    @Test func `a server that is stopped may finish what it does, within its drain time`() async throws {
        var spec = spec(
            "trap 'sleep 0.3; echo drained > done; exit 0' TERM; echo $$ > pid; while :; do sleep 0.05; done")
        spec.mode = .server(ShimSpec.RestartPolicy())
        spec.grace = .seconds(20)
        #expect(try shim.start(spec, executable: HeadgateExecutable.path))
        _ = try await pid(in: "pid")
        shim.terminate()
        #expect(try await shim.ended()?.outcome == .exited(0))
        #expect(Files.read(scratch.path + "/work/done") == "drained\n")
    }

    @Test func `a rotated log keeps the last of a server's output`() async throws {
        var spec = spec("seq 1 200000; exit 0", log: ShimSpec.LogLimits(bytes: 100 << 10, lineBytes: 100))
        spec.mode = .server(ShimSpec.RestartPolicy(base: .seconds(100), cap: .seconds(100)))
        #expect(try shim.start(spec, executable: HeadgateExecutable.path))
        #expect(await eventually { shim.status?.phase == .waiting })
        #expect(log.contains("200000\n"))
        #expect(Files.size(shim.logPath) <= 51 << 10)
        #expect(Files.size(shim.logPath + ".1") <= 51 << 10)
        shim.terminate()
        _ = try await shim.ended()
    }
}
