import Glibc
import HeadgateCore
import HeadgateTestSupport
import Testing

@testable import HeadgateProviders

/// Against a server of the Git LFS API that is not ours, where it is installed: `HEADGATE_LFS` names its Python.
@Suite(.enabled(if: getenv("HEADGATE_LFS") != nil))
struct LargeFileServerTests {
    private let scratch: Scratch
    private let store = MemoryStore()
    private let programs = getenv("HEADGATE_LFS").map { String(cString: $0) } ?? ""

    init() throws { scratch = try Scratch() }

    private func fetcher(sizeLimit: Int64 = 1000) -> PinFetcher {
        PinFetcher(policy: PinPolicy(sizeLimit: sizeLimit), store: store, folder: scratch.path + "/pins")
    }

    private func file(_ content: String, isExecutable: Bool = false) -> LargeFile {
        LargeFile(
            path: .root, sha256: Digest.of(Array(content.utf8)), size: Int64(content.utf8.count),
            isExecutable: isExecutable)
    }

    private func refusal(_ file: LargeFile, of store: LargeFileStore, _ fetcher: PinFetcher) async -> StepError? {
        await #expect(throws: StepError.self) {
            try await fetcher.materialize(file, of: store, input: "data.bin", at: scratch.path + "/x")
        }
    }

    @Test func `what git lfs pushed to a server is fetched from it and checked`() async throws {
        let port = try #require(LoopbackPort.free(except: []))
        Files.write("AUTH_PROVIDERS: ['giftless.auth.allow_anon:read_write']\n", to: scratch.path + "/giftless.yaml")
        let shim = ShimProcess(folder: scratch.path + "/server")
        let spec = ShimSpec(
            command: [programs + "/bin/flask", "run", "--port", "\(port)"], directory: scratch.path,
            environment: [
                "PATH": "/usr/bin:/bin", "FLASK_APP": "giftless.wsgi_entrypoint",
                "GIFTLESS_CONFIG_FILE": scratch.path + "/giftless.yaml",
            ], mode: .once(timeout: .seconds(600)), grace: .seconds(5))
        _ = try shim.start(spec, executable: HeadgateExecutable.path)
        #expect(await eventually { LoopbackPort.isListening(port) }, "\(LocalFiles.tail(shim.logPath))")
        let url = "http://127.0.0.1:\(port)/team/models.git"
        try await push(["data.bin": "the data"], to: url)

        let server = LargeFileStore.server(LargeFileServer(url: url + "/info/lfs", authorization: nil))
        let fetcher = fetcher()
        try await fetcher.materialize(
            file("the data", isExecutable: true), of: server, input: "data.bin", at: scratch.path + "/out")
        #expect(Files.read(scratch.path + "/out") == "the data")
        #expect(access(scratch.path + "/out", X_OK) == 0)
        let missing = await refusal(file("other"), of: server, fetcher)
        #expect(missing?.message.contains("\(url)/info/lfs answered 404: it has no such") == true)
        let large = await refusal(file("the data"), of: server, self.fetcher(sizeLimit: 5))
        #expect(large?.message.contains("it is larger than 5 bytes") == true)

        shim.terminate()
        _ = try await shim.ended()
        try await fetcher.materialize(
            file("the data", isExecutable: true), of: server, input: "data.bin", at: scratch.path + "/again")
        #expect(Files.read(scratch.path + "/again") == "the data")
    }

    private func push(_ files: [String: String], to url: String) async throws {
        let repository = try await TemporaryRepository()
        try await repository.git("lfs", "install", "--local")
        try await repository.git("lfs", "track", "*.bin")
        try await repository.commit("Data", files)
        try await repository.git("remote", "add", "origin", url)
        try await repository.git("lfs", "push", "--all", "origin", settings: ["lfs.locksverify=false"])
    }

    @Test func `an answer that leads elsewhere is not followed, and credentials stay with their server`() async throws {
        try await ScriptServer.run(Self.server, in: scratch) { host in
            func server(_ path: String, _ authorization: String? = "Basic x") -> LargeFileStore {
                .server(LargeFileServer(url: "http://\(host)/\(path)", authorization: authorization))
            }
            let fetcher = fetcher()
            for (path, reason) in [
                ("elsewhere", "elsewhere.example is not a host that the controller's configuration allows"),
                ("wrong", "not the pinned"), ("nonsense", "does not answer as the API of Git LFS does"),
                ("empty", "is not in the answer"), ("broken", "answered 503"),
            ] {
                let error = await refusal(file("data"), of: server(path), fetcher)
                #expect(error?.message.contains(reason) == true, "\(path): \(error?.message ?? "")")
            }
            let closed = await refusal(file("data"), of: server("good", nil), fetcher)
            #expect(closed?.message.contains("answered 401: the source's credentials") == true)
            let none = await refusal(file("data"), of: .none("no way"), fetcher)
            #expect(none?.message.hasSuffix("is not fetched: no way") == true)
            try await fetcher.materialize(
                file("data"), of: server("good"), input: "data.bin", at: scratch.path + "/out")
            #expect(Files.read(scratch.path + "/out") == "data")
        }
    }

    /// Answers as its path says; what it gives needs the same credentials as the question.
    private static let server = """
        import http.server, json
        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self, code, body=b""):
                self.send_response(code)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            def do_POST(self):
                asked = json.loads(self.rfile.read(int(self.headers["content-length"])))["objects"][0]
                kind = self.path.split("/")[1]
                if self.headers["authorization"] != "Basic x":
                    return self.answer(401)
                if kind == "broken":
                    return self.answer(503)
                if kind == "nonsense":
                    return self.answer(200, b"[]")
                origin = "http://elsewhere.example" if kind == "elsewhere" else "http://" + self.headers["host"]
                asked["actions"] = {"download": {"href": origin + "/content/" + kind}}
                self.answer(200, json.dumps({"objects": [] if kind == "empty" else [asked]}).encode())
            def do_GET(self):
                if self.headers["authorization"] != "Basic x":
                    return self.answer(403)
                self.answer(200, b"data" if self.path.endswith("good") else b"tampered")
            def log_message(self, *arguments):
                pass
        """
}
