import Glibc
import HeadgateCore
import HeadgateTestSupport
import Testing

@testable import HeadgateProviders

@Suite struct PinFetcherTests {
    let scratch: Scratch
    let store = MemoryStore()
    let fetcher: PinFetcher

    init() throws {
        scratch = try Scratch()
        Files.write("data", to: scratch.path + "/allowed/data")
        Files.write("data", to: scratch.path + "/other/data")
        symlink(scratch.path + "/other/data", scratch.path + "/allowed/link")
        fetcher = PinFetcher(
            policy: PinPolicy(hosts: ["data.example"], folders: [scratch.path + "/allowed"]),
            store: store, folder: scratch.path + "/pins")
    }

    private func pin(_ uri: String, _ content: String = "data") -> Pin {
        Pin(uri: uri, sha256: Digest.of(Array(content.utf8)), path: "in")
    }

    @Test func `a pinned file is fetched once and checked`() async throws {
        let pin = pin("file://\(scratch.path)/allowed/data")
        try await fetcher.materialize(pin, at: scratch.path + "/first")
        Files.remove(scratch.path + "/allowed/data")
        try await fetcher.materialize(pin, at: scratch.path + "/second")
        #expect(["/first", "/second"].map { Files.read(scratch.path + $0) } == ["data", "data"])
        #expect(Files.names(scratch.path + "/pins").isEmpty)
    }

    @Test func `content that is not the pinned one is refused and not kept`() async throws {
        let error = await #expect(throws: StepError.self) {
            try await fetcher.materialize(
                pin("file://\(scratch.path)/allowed/data", "other"), at: scratch.path + "/x")
        }
        #expect(error?.mayRetry == false)
        #expect(error?.message.contains("not the pinned sha256:") == true)
        #expect(Files.names(scratch.path + "/pins").isEmpty)
    }

    @Test func `a file that is too large is not copied, whether it is pinned or kept by Git LFS`() async throws {
        let fetcher = PinFetcher(
            policy: PinPolicy(folders: [scratch.path + "/allowed"], sizeLimit: 3), store: store,
            folder: scratch.path + "/pins")
        let hex = Digest.of(Array("data".utf8)).hex
        Files.write("data", to: "\(scratch.path)/lfs/objects/\(hex.prefix(2))/\(hex.dropFirst(2).prefix(2))/\(hex)")
        // Its pointer says less than there is.
        let file = LargeFile(path: .root, sha256: Digest.of(Array("data".utf8)), size: 1, isExecutable: false)
        let errors = [
            await #expect(throws: StepError.self) {
                try await fetcher.materialize(pin("file://\(scratch.path)/allowed/data"), at: scratch.path + "/x")
            },
            await #expect(throws: StepError.self) {
                try await fetcher.materialize(
                    file, of: .folder(scratch.path + "/lfs"), input: "in", at: scratch.path + "/x")
            },
        ]
        for error in errors {
            #expect(error?.message.contains("larger than 3 bytes") == true, "\(error?.message ?? "")")
            #expect(error?.mayRetry == false)
        }
        #expect(Files.names(scratch.path + "/pins").isEmpty)
    }

    @Test(arguments: [
        ("file://SCRATCH/other/data", "its folder is not one that the controller's configuration allows"),
        ("file://SCRATCH/allowed/../other/data", "its folder is not one that the controller's configuration allows"),
        ("file://SCRATCH/allowed/link", "its folder is not one that the controller's configuration allows"),
        ("file:data", "a file's address needs an absolute path"),
        ("http://elsewhere.example/data", "elsewhere.example is not a host"),
        ("http://data.example@elsewhere.example/data", "the address names no host"),
        ("http://data.example:81/data", "data.example:81 is not a host"),
        ("ftp://data.example/data", "only file, http, https and s3 addresses are fetched"),
    ])
    func `an address that is not allowed is refused`(uri: String, reason: String) async throws {
        let uri = uri.split(separator: "SCRATCH", omittingEmptySubsequences: false).joined(separator: scratch.path)
        let error = await #expect(throws: StepError.self) {
            try await fetcher.materialize(pin(uri), at: scratch.path + "/x")
        }
        #expect(error?.mayRetry == false)
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    @Test func `data comes from an allowed host, and a redirect leads to no other`() async throws {
        try await ScriptServer.run(Self.server, in: scratch) { host in
            let fetcher = PinFetcher(
                policy: PinPolicy(hosts: [host], sizeLimit: 1000), store: store, folder: scratch.path + "/pins")
            try await fetcher.materialize(pin("http://\(host)/moved"), at: scratch.path + "/out")
            #expect(Files.read(scratch.path + "/out") == "data")
            for (path, reason, mayRetry) in [
                ("away", "elsewhere.example is not a host", false), ("missing", "answered 404", false),
                ("broken", "answered 503", true), ("large", "larger than 1000 bytes", false),
                ("loop", "too many", false),
            ] {
                let error = await #expect(throws: StepError.self) {
                    try await fetcher.materialize(pin("http://\(host)/\(path)", path), at: scratch.path + "/x")
                }
                #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
                #expect(error?.mayRetry == mayRetry)
            }
        }
    }

    private static let server = """
        import http.server
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                places = {
                    "/moved": "/data", "/away": "http://elsewhere.example/data", "/loop": "/loop",
                    "/socket": "unix://" + self.headers["host"] + "/run/x.sock",
                }
                bodies = {"/data": b"data", "/large": b"x" * 2000}
                if self.path in places:
                    self.send_response(302)
                    self.send_header("location", places[self.path])
                elif self.path in bodies:
                    self.send_response(200)
                else:
                    self.send_response(503 if self.path == "/broken" else 404)
                self.end_headers()
                self.wfile.write(bodies.get(self.path, b""))
            def log_message(self, *arguments):
                pass
        """
}
