import Foundation
import HeadgateCore
import HeadgateTestSupport
import Testing

@testable import HeadgateProviders

/// Servers of the Git LFS API.
@Suite struct LargeFileServerTests {
    private let scratch: Scratch
    private let store = MemoryStore()
    /// The Python of a server that is not ours, where it is installed.
    private static let programs = getenv("HEADGATE_LFS").map { String(cString: $0) }

    init() throws { scratch = try Scratch() }

    private func fetcher(sizeLimit: Int64 = 1000, hosts: Set<String> = []) -> PinFetcher {
        PinFetcher(policy: PinPolicy(hosts: hosts, sizeLimit: sizeLimit), store: store, folder: scratch.path + "/pins")
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

    @Test(.enabled(if: programs != nil))
    func `what git lfs pushed to a server is fetched from it and checked`() async throws {
        let programs = try #require(Self.programs)
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

    @Test func `an answer that leads elsewhere is not followed, and nothing is given without credentials`() async throws
    {
        try await ScriptServer.run(Self.server, in: scratch) { host in
            func server(_ path: String, _ authorization: Secret? = Secret("Basic x")) -> LargeFileStore {
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

    /// What a server may ask to be sent to the place of the content.
    struct Ticket: Sendable, CustomTestStringConvertible {
        let host: String
        let fields: [String: String]
        var testDescription: String { "\(host), \(fields)" }
    }

    @Test(arguments: [
        Ticket(host: "127.0.0.1", fields: ["X-Ticket": "7"]), Ticket(host: "localhost", fields: ["X-Ticket": "7"]),
        Ticket(host: "localhost", fields: ["Authorization": "Ticket 7"]), Ticket(host: "localhost", fields: [:]),
    ])
    func `another server gets the fields of the answer, and never the credentials of the first`(
        _ ticket: Ticket
    ) async throws {
        try await ScriptServer.run(Self.storage, named: "storage", in: scratch) { address in
            let port = try #require(address.split(separator: ":").last)
            let storage = "\(ticket.host):\(port)"
            try await ScriptServer.run(Self.server, in: scratch) { host in
                let fields = Hex.encode(Array(try JSONEncoder().encode(ticket.fields)))
                let server = LargeFileServer(
                    url: "http://\(host)/over/\(storage)/\(fields)", authorization: Secret("Basic x"))
                try await fetcher(hosts: [storage]).materialize(
                    file("data"), of: .server(server), input: "data.bin", at: scratch.path + "/out")
            }
        }
        #expect(Files.read(scratch.path + "/out") == "data")
        let seen = try JSONDecoder().decode(
            [String: String].self, from: Data((Files.read(scratch.path + "/seen.json") ?? "").utf8))
        #expect(!seen.values.contains { $0.contains("Basic") }, "\(seen)")
        let wanted = Dictionary(uniqueKeysWithValues: ticket.fields.map { ($0.lowercased(), $1) })
        #expect(seen.filter { ["authorization", "x-ticket"].contains($0.key) } == wanted)
    }

    /// Gives content to anybody, and writes down what it was asked with.
    private static let storage = """
        import http.server, json
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                with open("seen.json", "w") as file:
                    json.dump({name.lower(): value for name, value in self.headers.items()}, file)
                self.send_response(200)
                self.send_header("content-length", "4")
                self.end_headers()
                self.wfile.write(b"data")
            def log_message(self, *arguments):
                pass
        """

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
                download = {"href": origin + "/content/" + kind}
                if kind == "over":
                    storage, fields = self.path.split("/")[2:4]
                    download = {"href": "http://" + storage + "/content", "header": json.loads(bytes.fromhex(fields))}
                asked["actions"] = {"download": download}
                self.answer(200, json.dumps({"objects": [] if kind == "empty" else [asked]}).encode())
            def do_GET(self):
                if self.headers["authorization"] != "Basic x":
                    return self.answer(403)
                self.answer(200, b"data" if self.path.endswith("good") else b"tampered")
            def log_message(self, *arguments):
                pass
        """
}
