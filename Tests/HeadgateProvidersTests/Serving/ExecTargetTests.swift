import HeadgateCore
import Logging
import Testing

@testable import HeadgateProviders

/// Targets behind a program, with real programs in Python.
@Suite struct ExecTargetTests {
    private let scratch: Scratch
    private let fixture: TargetFixture
    private let id: TargetID

    init() throws {
        scratch = try Scratch()
        fixture = try TargetFixture()
        let name = try #require(TargetName("fleet"))
        id = TargetID(source: RunnerFixture.source, name: name)
        Files.write(Self.program, to: scratch.path + "/program.py")
    }

    /// Keeps what it is told below its folder, and misbehaves as its first argument says.
    private static let program = """
        import json, os, sys, time
        manner, folder = sys.argv[1:3]
        with open(os.path.join(folder, "starts"), "a") as file:
            file.write(f"{os.getpid()}\\n")
        print("hello", file=sys.stderr, flush=True)
        held = []
        def say(answer):
            print(json.dumps(answer), flush=True)
        for line in sys.stdin:
            request = json.loads(line)
            answer = {"id": request["id"], "unknown": "is passed over"}
            call = request["call"]
            if call == "capabilities":
                answer["capabilities"] = {"weights": True, "sideBySide": True}
                say(answer)
                continue
            path = os.path.join(folder, request["deployment"]["name"])
            if manner == "mute":
                time.sleep(3600)
            if manner == "dies" and call == "apply" and not os.path.exists(path + ".died"):
                open(path + ".died", "w").close()
                sys.exit(3)
            if manner == "babbles":
                print("what?", flush=True)
                continue
            if manner == "refuses":
                say({"id": request["id"], "error": {"code": "rejected", "message": "not on a Friday"}})
                continue
            if call == "apply":
                with open(path, "w") as file:
                    json.dump(request, file)
            elif call == "remove":
                os.unlink(path)
            elif call == "observe":
                answer["observed"] = {}
                if os.path.exists(path):
                    state = json.load(open(path))["state"]
                    found = {version["version"]: {
                        "phase": "ready" if os.path.exists(os.path.join(version["model"], "kind")) else "failed",
                        "replicas": version["replicas"]} for version in state["versions"]}
                    answer["observed"] = {"versions": found, "weights": state["weights"], "address": "http://fleet"}
                if manner == "liar":
                    answer["observed"]["weights"] = {version: 70 for version in state["weights"]}
            if manner == "reversed":
                held.append(answer)
                if len(held) < 4:
                    continue
                for each in reversed(held):
                    say(each)
                held = []
                continue
            say(answer)
        """

    private func target(
        _ manner: String, within: Duration = .seconds(60),
        _ body: @Sendable (ExecTarget, ExecTargets) async throws -> Void
    ) async throws {
        let program = ExecTargets.Program(
            command: ["python3", scratch.path + "/program.py", manner, scratch.path],
            environment: ["PATH": "/usr/bin:/bin"], within: within)
        let targets = ExecTargets(
            programs: ["fleet": program], runner: fixture.configuration.runner, store: fixture.store,
            sources: [RunnerFixture.source: fixture.store],
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await targets.run() }
            defer { group.cancelAll() }
            try await body(try await targets.target(id, ExecTargetSpec(program: "fleet")), targets)
        }
    }

    private var starts: Int { (Files.read(scratch.path + "/starts") ?? "").split(separator: "\n").count }

    private var folder: String { folder(of: ExecTargetSpec(program: "fleet")) }

    private func folder(of spec: ExecTargetSpec) -> String {
        let system = Digest.of(Array(spec.identity.utf8)).short
        return fixture.configuration.runner.state + "/exec/source/fleet/\(system)/versions"
    }

    @Test func `what is known of files is shared by the settings of one system, and goes with the last`() async throws {
        try await target("well") { target, targets in
            weak let shared = target.bundles
            #expect(shared != nil)
            #expect(try await targets.target(id, ExecTargetSpec(program: "fleet")).bundles === shared)
            var other: ExecTarget? = try await targets.target(
                id, ExecTargetSpec(program: "fleet", settings: ["zone": "b"]))
            weak let own = other?.bundles
            #expect(own != nil && own !== shared)
            other = nil
            #expect(own == nil)
        }
    }

    @Test func `whose servers a program starts, their logs are where it starts them`() async throws {
        try await target("well") { target, _ in
            let query = ServerLogQuery(
                deployment: TargetFixture.deployment(), version: fixture.version("old").version, replica: 0)
            let error = await #expect(throws: TargetError.self) { try await target.log(query) }
            #expect(error?.code == .rejected && error?.message.contains("`kubectl logs`") == true)
        }
    }

    @Test func `what a program is told to serve is what it reports`() async throws {
        try await target("well") { target, _ in
            #expect(target.capabilities == TargetCapabilities(weights: true, sideBySide: true))
            let deployment = TargetFixture.deployment()
            #expect(try await target.observe(deployment) == ObservedServing())
            let (old, new) = (fixture.version("old"), fixture.version("new", replicas: 3))
            let state = fixture.state([old, new], weights: [old.version: 90, new.version: 10])
            for _ in 0..<2 {
                try await target.apply(state, operation: OperationID(1))
                let seen = try await target.observe(deployment)
                #expect(seen.weights == state.weights)
                #expect(seen.address == "http://fleet")
                #expect(seen.versions.mapValues(\.phase) == [old.version: .ready, new.version: .ready])
                #expect(seen.versions[new.version]?.readyReplicas == 3)
            }
            try await target.remove(deployment, operation: OperationID(2))
            #expect(try await target.observe(deployment) == ObservedServing())
        }
    }

    @Test func `the files of a version stay while a Deployment wants it`() async throws {
        try await target("well") { target, _ in
            let (old, new) = (fixture.version("old"), fixture.version("new"))
            try await target.apply(fixture.only(old, name: "a"), operation: OperationID(1))
            try await target.apply(fixture.only(old, name: "b"), operation: OperationID(1))
            try await target.apply(fixture.only(new, name: "a"), operation: OperationID(2))
            #expect(Files.names(folder).count == 2)
            try await target.apply(fixture.only(new, name: "b"), operation: OperationID(2))
            #expect(Files.names(folder) == [new.version.digest.hex])
            try await target.remove(TargetFixture.deployment("a"), operation: OperationID(3))
            #expect(Files.names(folder) == [new.version.digest.hex])
            try await target.remove(TargetFixture.deployment("b"), operation: OperationID(3))
            #expect(Files.names(folder) == [])
        }
    }

    @Test func `answers may come in any order`() async throws {
        try await target("reversed") { target, _ in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for name in ["a", "b", "c", "d"] {
                    let version = fixture.version("ok \(name)")
                    group.addTask {
                        try await target.apply(fixture.only(version, name: name), operation: OperationID(1))
                    }
                }
                try await group.waitForAll()
                for name in ["a", "b", "c", "d"] {
                    let version = fixture.version("ok \(name)")
                    group.addTask {
                        let seen = try await target.observe(TargetFixture.deployment(name))
                        #expect(seen.weights == [version.version: 100])
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `a program that ends is started again, and who waited is told to ask again`() async throws {
        try await target("dies") { target, _ in
            let state = fixture.only(fixture.version("ok"))
            let error = await #expect(throws: TargetError.self) {
                try await target.apply(state, operation: OperationID(1))
            }
            #expect(error?.code == .unreachable)
            try await target.apply(state, operation: OperationID(1))
            #expect(try await target.observe(state.deployment).weights == state.weights)
            #expect(starts == 2)
        }
    }

    @Test func `a program that says nothing is given up at its deadline, and started again`() async throws {
        try await target("mute", within: .seconds(15)) { target, _ in
            let error = await #expect(throws: TargetError.self) {
                _ = try await target.observe(TargetFixture.deployment())
            }
            #expect(error?.code == .timedOut)
            #expect(
                await eventually {
                    _ = try? await target.observe(TargetFixture.deployment())
                    return starts >= 2
                })
            let first = try #require(Files.read(scratch.path + "/starts")?.split(separator: "\n").first)
            let pid = try #require(Int32(first))
            #expect(await eventually { !isRunning(pid) })
        }
    }

    @Test(arguments: [("babbles", TargetError.Code.unreachable), ("refuses", .rejected)])
    func `a bad answer is an error that says whether to ask again`(
        _ manner: String, _ code: TargetError.Code
    ) async throws {
        try await target(manner) { target, _ in
            let error = await #expect(throws: TargetError.self) {
                _ = try await target.observe(TargetFixture.deployment())
            }
            #expect(error?.code == code)
        }
    }

    @Test func `weights that do not add up are not believed`() async throws {
        try await target("liar") { target, _ in
            let state = fixture.only(fixture.version("ok"))
            try await target.apply(state, operation: OperationID(1))
            let error = await #expect(throws: TargetError.self) { _ = try await target.observe(state.deployment) }
            #expect(error?.message.contains("100") == true)
        }
    }

    @Test func `a repository cannot name a program that the controller does not know`() async throws {
        try await target("well") { _, targets in
            let error = await #expect(throws: TargetError.self) {
                _ = try await targets.target(id, ExecTargetSpec(program: "/bin/sh"))
            }
            #expect(error?.code == .rejected)
            #expect(error?.message.contains("fleet") == true)
        }
    }
}
