import Glibc
import HeadgateCore
import HeadgateTestSupport
import Logging

@testable import HeadgateProviders

/// Local targets over a scratch folder, with a small router of the same protocol that only notes what it is told.
struct TargetFixture: Sendable {
    let scratch: Scratch
    let store = MemoryStore()
    let configuration: LocalTargetConfiguration

    // With the product's own router, requests are passed on too.
    init(withRealRouter isReal: Bool = false) throws {
        scratch = try Scratch()
        Files.write(Self.router, to: scratch.path + "/router.py")
        let script = scratch.path + "/router.py"
        let runner = RunnerConfiguration(
            state: scratch.path + "/state", executable: HeadgateExecutable.path, searchPath: "/usr/bin:/bin")
        configuration =
            isReal
            ? LocalTargetConfiguration(runner: runner)
            : LocalTargetConfiguration(
                runner: runner, routerCommand: { address, port, folder in ["python3", script, folder] })
    }

    /// Where the product's own router listens.
    func routerPort() throws -> Int {
        struct Record: Decodable {
            var address: String
        }
        let text = Files.read(folder + "/router/router.json") ?? ""
        let record = try JSONFile.decode(Record.self, Array(text.utf8))
        guard let port = record.address.split(separator: ":").last.flatMap({ Int($0) }) else {
            throw ScratchError.cannotCreate(EINVAL)
        }
        return port
    }

    /// Runs the targets while the body runs; every server that is left afterwards is ended.
    func run(_ body: @Sendable (LocalTarget) async throws -> Void) async throws {
        do {
            try await session(LocalTargetSpec(), body)
        } catch {
            try await endAll()
            throw error
        }
        try await endAll()
    }

    /// Ends every server and the router.
    func endAll() async throws {
        for folder in shims { folder.terminate() }
        for folder in shims { _ = try await folder.ended() }
    }

    /// One life of a controller: what it started goes on after it.
    func session(
        _ spec: LocalTargetSpec = LocalTargetSpec(), _ body: @Sendable (LocalTarget) async throws -> Void
    ) async throws {
        let targets = LocalTargets(
            configuration: configuration, store: store, sources: [RunnerFixture.source: store],
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        let target = try await targets.target(spec)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await targets.run() }
            do {
                try await body(target)
            } catch {
                group.cancelAll()
                throw error
            }
            group.cancelAll()
        }
    }

    var folder: String { scratch.path + "/state/targets/0" }
    var router: ShimProcess { ShimProcess(folder: folder + "/router-process") }

    func replica(_ version: VersionID, _ index: Int = 0) -> ShimProcess {
        ShimProcess(
            folder: "\(folder)/serving/source.wine/\(version.digest.hex)/replicas/\(index)")
    }

    private var shims: [ShimProcess] {
        var found = [router]
        let serving = folder + "/serving"
        for deployment in Files.names(serving) {
            for version in Files.names(serving + "/" + deployment) {
                let replicas = "\(serving)/\(deployment)/\(version)/replicas"
                found += Files.names(replicas).map { ShimProcess(folder: replicas + "/" + $0) }
            }
        }
        return found
    }

    // MARK: States

    static func deployment(_ name: String = "wine") -> DeploymentID {
        guard let name = DeploymentName(name) else { fatalError("not a name: \(name)") }
        return DeploymentID(source: RunnerFixture.source, name: name)
    }

    /// A version whose server behaves as `kind` says, see ``server``.
    func version(
        _ kind: String, replicas: Int = 1, within: Duration = .seconds(120), drain: Duration = .seconds(120)
    ) -> ServedVersion {
        let serve = ServeSpec(
            inputs: ["serve.py"],
            command: ["python3", "serve.py", "$(model)", "$(port)"],
            ready: ReadySpec(path: "/ready", within: within), drain: drain)
        let bundle = ServingBundle(
            artifact: store.keep(.folder(["kind": .file(kind)])), artifactPath: "model/",
            inputs: [BundleInput(path: "serve.py", entry: store.track(.file(Self.server)))], serve: serve,
            environment: nil, source: RunnerFixture.source)
        return ServedVersion(
            version: VersionID(Digest.of(Array(kind.utf8))), replicas: replicas, bundle: bundle)
    }

    func state(
        _ versions: [ServedVersion], weights: [VersionID: Int], name: String = "wine"
    ) -> ServingState {
        ServingState(
            deployment: Self.deployment(name), versions: versions, weights: weights,
            stable: weights.max { ($0.value, $0.key) < ($1.value, $1.key) }?.key)
    }

    func only(_ version: ServedVersion, name: String = "wine") -> ServingState {
        state([version], weights: [version.version: 100], name: name)
    }

    // MARK: The router's notes

    /// How often a table was written.
    var writes: Int { (Files.read(folder + "/router/writes") ?? "").count }

    /// Makes the router say that requests are in flight.
    func setInFlight(_ counts: [VersionID: Int]) {
        let members = counts.map { "\"\($0.key)\": \($0.value)" }.joined(separator: ", ")
        Files.write("{\(members)}", to: folder + "/router/inflight.json.new")
        rename(folder + "/router/inflight.json.new", folder + "/router/inflight.json")
    }

    /// Ready at once (`ok…`), after a second (`slow`), never (`never`), or dead at once (`crash`).
    static let server = """
        import http.server, os, sys, time
        model, port = sys.argv[1:3]
        kind = open(os.path.join(model, "kind")).read()
        print("serving", kind, flush=True)
        if kind == "crash":
            sys.exit("no such model")
        begun = time.monotonic()
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                slow = kind == "slow" and time.monotonic() - begun < 1
                self.send_response(503 if kind == "never" or slow else 200)
                self.end_headers()
                self.wfile.write(f"{kind} {os.getpid()}".encode())
            def log_message(self, *arguments):
                pass
        http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()
        """

    private static let router = """
        import http.server, json, os, socketserver, sys
        folder = sys.argv[1]
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, "control.sock")
        if os.path.exists(path):
            os.unlink(path)
        tables = {}
        zero = {"requests": 0, "errors": 0, "statuses": {}, "latency": {"counts": [], "sumMicroseconds": 0},
                "mirrored": 0, "agreed": 0, "mirrorDropped": 0}
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            def address_string(self):
                return "local"
            def log_message(self, *arguments):
                pass
            def answer(self, value):
                data = json.dumps(value).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
            def do_PUT(self):
                name = self.path.split("/")[2]
                tables[name] = json.loads(self.rfile.read(int(self.headers["content-length"])))
                with open(os.path.join(folder, "writes"), "a") as file:
                    file.write("x")
                self.answer({"changed": True})
            def do_DELETE(self):
                tables.pop(self.path.split("/")[2], None)
                self.answer({"changed": True})
            def do_GET(self):
                try:
                    in_flight = json.load(open(os.path.join(folder, "inflight.json")))
                except FileNotFoundError:
                    in_flight = {}
                self.answer({"address": "127.0.0.1:1", "pid": os.getpid(), "deployments": {
                    name: {"table": table, "traffic": {version: zero for version in table["backends"]},
                           "inFlight": in_flight} for name, table in tables.items()}})
        class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
            daemon_threads = True
        Server(path, Handler).serve_forever()
        """
}
