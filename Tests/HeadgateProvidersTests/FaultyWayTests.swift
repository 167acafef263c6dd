import Glibc
import HeadgateCore
import HeadgateTestSupport
import Logging
import Testing

@testable import HeadgateProviders

/// A way to model servers and metric sources that fails in every manner that a network has.
@Suite(.serialized, .timeLimit(.minutes(10))) struct FaultyWayTests {
    private let scratch: Scratch
    private let store = MemoryStore()
    private let wine = TargetFixture.deployment()

    init() throws { scratch = try Scratch() }

    /// How a way may fail.
    private static let faults = FaultyProxy.Manner.allCases.filter { $0 != .fair }

    @Test func `a target behind a faulty way is never taken for ready, and converges when the way is fair`()
        async throws
    {
        try await withServer { port in
            try await FaultyProxy.run(to: port) { proxy in
                try await session(to: proxy.port) { target in
                    var (old, operation) = (try version(0), Int64(0))
                    func apply(_ weights: [(ServedVersion, Int)]) async throws {
                        operation += 1
                        try await target.apply(state(weights), operation: OperationID(operation))
                    }
                    func shows(_ weights: [(ServedVersion, Int)]) async -> Bool {
                        guard let seen = try? await target.observe(wine) else { return false }
                        return seen.weights == state(weights).weights
                            && weights.allSatisfy { seen.versions[$0.0.version]?.phase == .ready }
                    }
                    try await apply([(old, 100)])
                    #expect(await eventually { await shows([(old, 100)]) })
                    for (index, manner) in Self.faults.enumerated() {
                        let new = try version(index + 1)
                        try await proxy.behave(manner)
                        try await apply([(old, 100), (new, 0)])
                        if manner != .slow {
                            // That nothing happens has no event: it is looked at for half a second.
                            for _ in 0..<10 {
                                let phase = try await target.observe(wine).versions[new.version]?.phase
                                #expect(phase != .ready, "over a \(manner) way")
                                try await Task.sleep(for: .milliseconds(50))
                            }
                            try await proxy.behave(.fair)
                        }
                        let isReady = await eventually { await shows([(old, 100), (new, 0)]) }
                        let seen = try? await target.observe(wine)
                        #expect(isReady, "after a \(manner) way: \(String(describing: seen))")
                        try await proxy.behave(.fair)
                        try await apply([(new, 100)])
                        #expect(await eventually { await shows([(new, 100)]) })
                        // What it no longer wants is unloaded, although an answer to that may have been lost.
                        let loaded = await eventually { Files.names(scratch.path + "/loaded").count == 1 }
                        #expect(loaded, "\(Files.names(scratch.path + "/loaded"))")
                        old = new
                    }
                }
            }
        }
    }

    @Test func `what a metric source says over a faulty way is its number or missing, never another number`()
        async throws
    {
        try await withServer { port in
            try await FaultyProxy.run(to: port) { proxy in
                let address = "http://127.0.0.1:\(proxy.port)"
                func ask(_ deadline: Duration) async -> QueryValue? {
                    let query = MetricQuery(name: "q", provider: .prometheus(address: address, query: "up", range: nil))
                    return await MetricQueries().values(of: [query], deadline: deadline)["q"]
                }
                #expect(await ask(.seconds(30)) == .number(0.25))
                for manner in Self.faults {
                    try await proxy.behave(manner)
                    let value = await ask(.seconds(30))
                    if manner == .slow {
                        #expect(value == .number(0.25))
                    } else if case .missing? = value {
                        #expect(Bool(true))
                    } else {
                        Issue.record("over a \(manner) way: \(String(describing: value))")
                    }
                    try await proxy.behave(.fair)
                    #expect(await ask(.seconds(30)) == .number(0.25))
                }
            }
        }
    }

    @Test func `an answer that never ends is missing at the deadline`() async throws {
        try await withServer { port in
            let url = "http://127.0.0.1:\(port)/drip"
            let query = MetricQuery(name: "q", provider: .json(url: url, pointer: "/x"))
            let value = await MetricQueries().values(of: [query], deadline: .seconds(1))["q"]
            guard case .missing(let reason)? = value else {
                Issue.record("\(String(describing: value))")
                return
            }
            #expect(reason.contains("took longer than 1s"), "\(reason)")
        }
    }

    // MARK: A stand-in for the servers

    private func version(_ number: Int) throws -> ServedVersion {
        let artifact = store.keep(.folder(["model.joblib": .file("weights \(number)")]))
        let serve = ServeSpec(ready: ReadySpec(within: .seconds(120)), drain: .seconds(1))
        let bundle = ServingBundle(
            artifact: artifact, artifactPath: "model/", inputs: [], serve: serve, environment: nil,
            source: RunnerFixture.source)
        return ServedVersion(
            version: VersionID(Digest.of(Array("version \(number)".utf8))), replicas: 1, bundle: bundle)
    }

    private func state(_ weights: [(ServedVersion, Int)]) -> ServingState {
        ServingState(
            deployment: wine, versions: weights.map(\.0),
            weights: Dictionary(uniqueKeysWithValues: weights.map { ($0.0.version, $0.1) }).filter { $0.value > 0 },
            stable: weights.max { $0.1 < $1.1 }?.0.version)
    }

    private func session(to port: Int, _ body: (OpenInferenceTarget) async throws -> Void) async throws {
        Files.createFolders(scratch.path + "/models")
        let runner = RunnerConfiguration(
            state: scratch.path + "/state", executable: HeadgateExecutable.path, searchPath: "/usr/bin:/bin")
        let targets = OpenInferenceTargets(
            configuration: LocalTargetConfiguration(runner: runner), store: store,
            sources: [RunnerFixture.source: store],
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        let spec = OpenInferenceTargetSpec(
            endpoints: [OpenInferenceTargetSpec.Endpoint(url: "http://127.0.0.1:\(port)")],
            repository: scratch.path + "/models", layout: .mlserver)
        let target = try await targets.target(spec)
        let outcome: Result<Void, any Error> = await withTaskGroup(of: Void.self) { group in
            group.addTask { await targets.run() }
            defer { group.cancelAll() }
            do { return .success(try await body(target)) } catch { return .failure(error) }
        }
        let place = scratch.path + "/state/servers"
        for name in Files.names(place) {
            let router = ShimProcess(folder: "\(place)/\(name)/router-process")
            router.terminate()
            _ = try await router.ended()
        }
        try outcome.get()
    }

    private func withServer(_ body: (_ port: Int) async throws -> Void) async throws {
        Files.write(Self.script, to: scratch.path + "/server.py")
        Files.createFolders(scratch.path + "/loaded")
        let shim = ShimProcess(folder: scratch.path + "/shim")
        let spec = ShimSpec(
            command: [
                "/usr/bin/python3", scratch.path + "/server.py", scratch.path + "/loaded", scratch.path + "/port",
            ],
            directory: scratch.path, environment: ["PATH": "/usr/bin:/bin"], mode: .once(timeout: .seconds(1200)),
            grace: .milliseconds(100))
        _ = try shim.start(spec, executable: HeadgateExecutable.path)
        #expect(await eventually { Files.exists(scratch.path + "/port") })
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body(try #require(Int(Files.read(scratch.path + "/port") ?? "")))) } catch {
            outcome = .failure(error)
        }
        shim.terminate()
        _ = try await shim.ended()
        try outcome.get()
    }

    /// Loads by name, says what is ready, and answers as Prometheus does.
    private static let script = #"""
        import http.server, json, os, sys, time
        loaded, file = sys.argv[1:3]
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            def log_message(self, *arguments):
                pass
            def say(self, status, value):
                body = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            def answer(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                parts = self.path.split("?")[0].strip("/").split("/")
                if parts == ["drip"]:
                    self.send_response(200)
                    self.send_header("Content-Length", "1000000")
                    self.end_headers()
                    while True:
                        self.wfile.write(b" ")
                        self.wfile.flush()
                        time.sleep(0.1)
                if parts[:2] == ["api", "v1"]:
                    value = {"resultType": "vector", "result": [{"metric": {}, "value": [1, "0.25"]}]}
                    return self.say(200, {"status": "success", "data": value})
                if parts[:3] == ["v2", "repository", "models"]:
                    place = os.path.join(loaded, parts[3])
                    if parts[4] == "load":
                        open(place, "w").close()
                    elif os.path.exists(place):
                        os.unlink(place)
                    return self.say(200, {})
                if parts[:2] == ["v2", "models"]:
                    if not os.path.exists(os.path.join(loaded, parts[2])):
                        return self.say(404, {"error": "not loaded"})
                    return self.say(200, {"name": parts[2], "outputs": []})
                self.say(200, {})
            do_GET = do_POST = answer
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        with open(file + ".new", "w") as out:
            out.write(str(server.server_address[1]))
        os.rename(file + ".new", file)
        server.serve_forever()
        """#
}
