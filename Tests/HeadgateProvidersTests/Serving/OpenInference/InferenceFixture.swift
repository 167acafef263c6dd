import AsyncHTTPClient
import Glibc
import HeadgateCore
import HeadgateTestSupport
import Logging
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@testable import HeadgateProviders

/// A server of the kind that tests start for real, from a virtual environment that `Tests/run` installs.
enum InferenceServerKind: String, Sendable, CaseIterable, CustomTestStringConvertible {
    case mlserver, triton

    static let installed = allCases.filter { $0.environment != nil }

    /// The virtual environment, as `HEADGATE_MLSERVER` or `HEADGATE_TRITON` says.
    var environment: String? { getenv("HEADGATE_" + rawValue.uppercased()).map { String(cString: $0) } }

    var testDescription: String { rawValue }

    var layout: OpenInferenceTargetSpec.Layout {
        switch self {
        case .mlserver: .mlserver
        case .triton: .triton
        }
    }

    func python(_ environment: String) -> String { environment + "/bin/python3" }

    /// Starts a server in the foreground.
    func command(_ environment: String, repository: String, ports: [Int]) -> [String] {
        switch self {
        case .mlserver: return [environment + "/bin/mlserver", "start", repository]
        case .triton:
            let packages = Files.names(environment + "/lib").map { "\(environment)/lib/\($0)/site-packages" }
            let home = (packages.first ?? "") + "/pytriton/tritonserver"
            return [
                home + "/bin/tritonserver", "--model-repository=" + repository,
                "--backend-directory=" + home + "/backends", "--model-control-mode=explicit",
                "--http-address=127.0.0.1", "--http-port=\(ports[0])", "--grpc-address=127.0.0.1",
                "--grpc-port=\(ports[1])", "--metrics-address=127.0.0.1", "--metrics-port=\(ports[2])",
                "--allow-gpu-metrics=false", "--exit-timeout-secs=1",
            ]
        }
    }

    func variables(_ environment: String, ports: [Int]) -> [String: String] {
        switch self {
        case .mlserver:
            return [
                "MLSERVER_HOST": "127.0.0.1", "MLSERVER_HTTP_PORT": "\(ports[0])",
                "MLSERVER_GRPC_PORT": "\(ports[1])", "MLSERVER_METRICS_PORT": "\(ports[2])",
                "MLSERVER_PARALLEL_WORKERS": "0",
            ]
        case .triton:
            let packages = Files.names(environment + "/lib").map { "\(environment)/lib/\($0)/site-packages" }
            // The stub of the Python backend links the interpreter that made the environment.
            let library = Files.read(environment + "/headgate-library-path") ?? ""
            return [
                "PYTHONPATH": packages.first ?? "",
                "LD_LIBRARY_PATH": library.split(whereSeparator: \.isNewline).first.map(String.init) ?? "",
            ]
        }
    }
}

/// Real servers over one model repository in a scratch folder, and versions that they can load.
final class InferenceFixture: Sendable {
    let scratch: Scratch
    let kind: InferenceServerKind
    let store = MemoryStore()
    let ports: [[Int]]
    private let environment: String

    init(_ kind: InferenceServerKind, servers: Int = 1) throws {
        scratch = try Scratch()
        self.kind = kind
        environment = kind.environment ?? ""
        Files.createFolders(scratch.path + "/models")
        let register = PortRegister()
        ports = (0..<servers).map { _ in (0..<3).compactMap { _ in register.take() } }
    }

    var repository: String { scratch.path + "/models" }

    var spec: OpenInferenceTargetSpec {
        OpenInferenceTargetSpec(
            endpoints: ports.map { OpenInferenceTargetSpec.Endpoint(url: "http://127.0.0.1:\($0[0])") },
            repository: repository, layout: kind.layout)
    }

    var servers: [InferenceServer] { spec.endpoints.compactMap(InferenceServer.init) }

    func process(_ index: Int) -> ShimProcess { ShimProcess(folder: "\(scratch.path)/server-\(index)") }

    /// Starts the servers, and the targets while the body runs; ends all of it afterwards.
    func run(_ body: (OpenInferenceTarget) async throws -> Void) async throws {
        do {
            for index in ports.indices { try startServer(index) }
            for server in servers {
                guard await eventually({ await isLive(server) }) else { throw ScratchError.cannotCreate(ETIMEDOUT) }
            }
            try await session(body)
        } catch {
            try await endAll()
            throw error
        }
        try await endAll()
    }

    private func startServer(_ index: Int) throws {
        let work = "\(scratch.path)/work-\(index)"
        Files.createFolders(work)
        var variables = kind.variables(environment, ports: ports[index])
        variables["PATH"] = environment + "/bin:/usr/bin:/bin"
        variables["HOME"] = work
        let spec = ShimSpec(
            command: kind.command(environment, repository: repository, ports: ports[index]), directory: work,
            environment: variables,
            mode: .server(ShimSpec.RestartPolicy(base: .milliseconds(100), cap: .seconds(1))), grace: .seconds(2))
        _ = try process(index).start(spec, executable: HeadgateExecutable.path)
    }

    private func isLive(_ server: InferenceServer) async -> Bool {
        guard
            let response = try? await Self.client.execute(
                HTTPClientRequest(url: server.url + "/v2/health/live"), timeout: .seconds(5))
        else { return false }
        return response.status == .ok
    }

    /// One life of a controller: what it started goes on after it.
    func session(_ body: (OpenInferenceTarget) async throws -> Void) async throws {
        let runner = RunnerConfiguration(
            state: scratch.path + "/state", executable: HeadgateExecutable.path, searchPath: "/usr/bin:/bin")
        let targets = OpenInferenceTargets(
            configuration: LocalTargetConfiguration(runner: runner), store: store,
            sources: [RunnerFixture.source: store],
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

    private func endAll() async throws {
        let place = scratch.path + "/state/servers"
        let routers = Files.names(place).map { ShimProcess(folder: "\(place)/\($0)/router-process") }
        let all = ports.indices.map(process) + routers
        for shim in all { shim.terminate() }
        for shim in all { _ = try await shim.ended() }
    }

    /// The end of a server's log, for the message of a failed expectation.
    func log(_ index: Int = 0) -> String { LocalFiles.tail(process(index).logPath, lines: 15) }

    // MARK: Versions

    /// A version whose every answer is a number; one that is corrupt cannot be loaded.
    func version(_ value: Int, isCorrupt: Bool = false, warmup: String? = nil) async throws -> ServedVersion {
        var inputs: [BundleInput] = []
        let artifact: TreeDigest
        switch kind {
        case .mlserver:
            let bytes = isCorrupt ? Array("junk\n".utf8) : try await Self.joblib(value, kind.python(environment))
            artifact = store.keep(.folder(["model.joblib": .data(bytes)]))
        case .triton:
            artifact = store.keep(.folder(["value.txt": .file("\(value)")]))
            let failure = isCorrupt ? "raise RuntimeError('corrupt weights')" : "pass"
            inputs = [
                BundleInput(path: "config.pbtxt", entry: store.track(.file(Self.configuration))),
                BundleInput(path: "model.py", entry: store.track(.file(Self.model(failure)))),
            ]
        }
        if let warmup { inputs.append(BundleInput(path: "warmup.json", entry: store.track(.file(warmup)))) }
        let serve = ServeSpec(
            ready: ReadySpec(within: .seconds(120)), drain: .seconds(60), warmup: warmup == nil ? nil : "warmup.json")
        let bundle = ServingBundle(
            artifact: artifact, artifactPath: "model/", inputs: inputs, serve: serve, environment: nil,
            source: RunnerFixture.source)
        return ServedVersion(
            version: VersionID(Digest.of(Array("\(value) \(isCorrupt) \(warmup ?? "")".utf8))), replicas: 1,
            bundle: bundle)
    }

    private static let configuration = """
        name: "not-this-one"
        backend: "python"
        input [ { name: "x" data_type: TYPE_FP32 dims: [ -1, 4 ] } ]
        output [ { name: "predict" data_type: TYPE_INT64 dims: [ -1, 1 ] } ]
        """

    private static func model(_ statement: String) -> String {
        """
        import os
        import numpy
        import triton_python_backend_utils as backend
        class TritonPythonModel:
            def initialize(self, arguments):
                \(statement)
                folder = os.path.dirname(os.path.abspath(__file__))
                self.value = int(open(os.path.join(folder, "value.txt")).read())
            def execute(self, requests):
                answer = numpy.array([[self.value]], dtype=numpy.int64)
                return [backend.InferenceResponse([backend.Tensor("predict", answer)]) for _ in requests]
        """
    }

    private static let made = Mutex<[Int: [UInt8]]>([:])

    /// A scikit-learn model that always says the same, as its own library writes it.
    private static func joblib(_ value: Int, _ python: String) async throws -> [UInt8] {
        if let known = made.withLock({ $0[value] }) { return known }
        let scratch = try Scratch()
        let path = scratch.path + "/model.joblib"
        let script = """
            import joblib, sklearn.dummy
            model = sklearn.dummy.DummyClassifier(strategy="constant", constant=\(value))
            joblib.dump(model.fit([[0.0] * 4] * 3, [\(value)] * 3), "\(path)")
            """
        Files.write(script, to: scratch.path + "/make.py")
        let shim = ShimProcess(folder: scratch.path + "/shim")
        let spec = ShimSpec(
            command: [python, scratch.path + "/make.py"], directory: scratch.path,
            environment: ["PATH": "/usr/bin:/bin"], mode: .once(timeout: .seconds(300)))
        _ = try shim.start(spec, executable: HeadgateExecutable.path)
        _ = try await shim.ended()
        guard let bytes = try LocalFiles.read(path) else { throw ScratchError.cannotCreate(ENOENT) }
        made.withLock { $0[value] = bytes }
        return bytes
    }

    // MARK: Requests

    static let client = HTTPClient(
        eventLoopGroupProvider: .singleton,
        configuration: HTTPClient.Configuration(redirectConfiguration: .disallow))

    static let request = """
        {"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP32", "data": [5.1, 3.5, 1.4, 0.2]}]}
        """

    /// What one request through the router gave: its status and the number that the version answers; nil when lost.
    func ask(_ address: String) async -> (status: UInt, value: Int?)? {
        var request = HTTPClientRequest(url: "\(address)/v2/models/wine/infer")
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.body = .bytes(ByteBuffer(string: Self.request))
        guard let response = try? await Self.client.execute(request, timeout: .seconds(120)),
            var body = try? await response.body.collect(upTo: 1 << 20),
            let bytes = body.readBytes(length: body.readableBytes)
        else { return nil }
        guard case .object(let members)? = try? JSONFile.decode(JSONValue.self, bytes),
            case .array(let outputs)? = members["outputs"], case .object(let output)? = outputs.first,
            case .array(let data)? = output["data"], case .integer(let value)? = data.first
        else { return (response.status.code, nil) }
        return (response.status.code, Int(value))
    }
}

/// What a constant load got for its requests.
final class ConstantLoad: Sendable {
    private struct Counts {
        var answers: [Int: Int] = [:]
        var refused = 0
        var lost = 0
        var isOver = false
    }

    private let counts = Mutex(Counts())

    var answered: Int { counts.withLock { $0.answers.values.reduce(0, +) } }
    var refused: Int { counts.withLock { $0.refused } }
    var lost: Int { counts.withLock { $0.lost } }
    func answers(of value: Int) -> Int { counts.withLock { $0.answers[value] ?? 0 } }

    /// Asks by several clients while the body runs.
    func during(
        clients: Int = 3, _ fixture: InferenceFixture, _ address: String, _ body: () async throws -> Void
    ) async throws {
        counts.withLock { $0.isOver = false }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<clients {
                group.addTask { [self] in
                    while !isOver { await one(fixture, address) }
                }
            }
            defer { counts.withLock { $0.isOver = true } }
            try await body()
        }
    }

    private var isOver: Bool { counts.withLock { $0.isOver } }

    private func one(_ fixture: InferenceFixture, _ address: String) async {
        let answer = await fixture.ask(address)
        counts.withLock { counts in
            guard let answer else { return counts.lost += 1 }
            if let value = answer.value, answer.status == 200 {
                counts.answers[value, default: 0] += 1
            } else {
                counts.refused += 1
            }
        }
    }
}
