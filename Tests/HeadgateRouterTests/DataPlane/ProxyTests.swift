import HeadgateCore
import NIOCore
import NIOHTTP1
import Testing

@testable import HeadgateRouter

extension RouterTests {
    /// Requests through a router to one version.
    @Suite struct ProxyTests {
        private func serve(
            _ behaviour: @escaping TestBackend.Behaviour, _ adjust: (inout RouterConfiguration) -> Void = { _ in },
            _ body: (RouterFixture, TestBackend) async throws -> Void
        ) async throws {
            let backend = try await TestBackend.start(behaviour)
            try await RouterFixture.run(adjust) { router async throws in
                try await router.put("m", .of(["v1": backend], ["v1": 100], stable: "v1", preview: true))
                try await body(router, backend)
            }
            await backend.stop()
        }

        private func serveRaw(_ answer: String, _ body: (RouterFixture) async throws -> Void) async throws {
            let backend = try await RawBackend.start(answer)
            try await RouterFixture.run { router async throws in
                let table = RouterDeployment(
                    prefix: "/m", backends: ["v1": RouterBackend(endpoints: [backend.endpoint])], weights: ["v1": 100])
                try await router.put("m", table)
                try await body(router)
            }
            await backend.stop()
        }

        @Test func `the prefix is removed, hop-by-hop fields too, and the rest is passed on`() async throws {
            try await serve({ _ in
                BackendReply(headers: [
                    ("X-Own", "1"), ("Keep-Alive", "timeout=5"), ("Connection", "X-Hop"), ("X-Hop", "2"),
                ])
            }) {
                router, backend async throws in
                let response = try await router.get(
                    "/m/v2/models?x=%20y",
                    headers: [
                        ("X-Mine", "a"), ("Connection", "x-drop, upgrade"), ("X-Drop", "b"), ("Upgrade", "websocket"),
                        ("TE", "trailers"),
                        ("X-Forwarded-For", "10.0.0.1"), ("Cookie", "c=d"),
                    ])
                #expect(response.status == 200)
                #expect(response.headers["x-own"] == ["1"])
                #expect(response.headers["x-headgate-version"] == ["v1"])
                #expect(!response.headers.contains(name: "x-hop") && !response.headers.contains(name: "keep-alive"))
                let request = try #require(backend.requests.first)
                #expect(request.head.uri == "/v2/models?x=%20y")
                #expect(request.head.headers["host"] == ["test"])
                #expect(request.head.headers["x-mine"] == ["a"])
                #expect(request.head.headers["cookie"] == ["c=d"])
                #expect(
                    request.head.headers[canonicalForm: "x-forwarded-for"].map(String.init) == [
                        "10.0.0.1", "127.0.0.1",
                    ])
                #expect(request.head.headers["x-forwarded-proto"] == ["http"])
                #expect(request.head.headers["x-forwarded-prefix"] == ["/m"])
                for name in ["x-drop", "upgrade", "te", "connection"] {
                    #expect(!request.head.headers.contains(name: name), "\(name)")
                }
            }
        }

        @Test(arguments: [("/m", "/"), ("/m/", "/"), ("/m?a", "/?a"), ("/m//a", "//a"), ("/m@v1/a", "/a")])
        func `a path reaches the server without the prefix`(_ path: String, _ uri: String) async throws {
            try await serve({ .text($0.head.uri) }) { router, _ async throws in
                #expect(try await router.get(path).text == uri)
            }
        }

        @Test func `paths of no deployment get 404, and a deployment without weights 503`() async throws {
            try await serve({ _ in .text("x") }) { router, backend async throws in
                #expect(try await router.get("/other").status == 404)
                try await router.put("m", .of(["v1": backend], [:], preview: true))
                #expect(try await router.get("/m").status == 503)
                #expect(try await router.get("/m@v1").status == 200)
                #expect(try await router.control(.DELETE, "/deployments/m").status == 200)
                #expect(try await router.get("/m").status == 404)
            }
        }

        @Test(arguments: [0, 1, 4096, 70_000, 10_000_000], [nil, 30_000])
        func `bodies of any size and framing come back as they were sent`(_ size: Int, _ chunkSize: Int?) async throws {
            let echo: TestBackend.Behaviour = { BackendReply(body: $0.body, chunkSize: chunkSize) }
            try await serve(echo) { router, _ async throws in
                let body = ByteBuffer.pattern(size)
                let client = try await router.client()
                let response = try await client.send(.POST, "/m/echo", body: body, chunkSize: chunkSize)
                #expect(response.status == 200)
                #expect(response.body == body)
                await client.close()
            }
        }

        @Test func `a connection serves many requests, and the server sees few connections`() async throws {
            try await serve({ .text($0.head.uri) }) { router, backend async throws in
                let client = try await router.client()
                for index in 0..<50 { #expect(try await client.send(.GET, "/m/\(index)").text == "/\(index)") }
                #expect(backend.connectionCount == 1)
                await client.close()
            }
        }

        @Test func `pipelined requests are answered in order`() async throws {
            try await serve({ .text($0.head.uri) }) { router, _ async throws in
                let client = try await router.client()
                let answers = (0..<20).map { client.start(.GET, "/m/\($0)") }
                for (index, answer) in answers.enumerated() { #expect(try await answer.get().text == "/\(index)") }
                await client.close()
            }
        }

        @Test func `HEAD is answered without a body and keeps the length`() async throws {
            try await serve({ _ in .text("hello") }) { router, _ async throws in
                let client = try await router.client()
                let response = try await client.send(.HEAD, "/m")
                #expect(response.headers["content-length"] == ["5"])
                #expect(response.body.readableBytes == 0)
                #expect(try await client.send(.GET, "/m").text == "hello")
                await client.close()
            }
        }

        @Test(arguments: [204, 304])
        func `an answer that has no body ends at its head`(_ status: Int) async throws {
            try await serveRaw("HTTP/1.1 \(status) X\r\nContent-Length: 7\r\n\r\n") { router async throws in
                let client = try await router.client()
                #expect(try await client.send(.GET, "/m").status == status)
                #expect(try await client.send(.GET, "/m").status == status)
                await client.close()
            }
        }

        @Test func `an answer that ends with its connection is passed on in chunks`() async throws {
            try await serveRaw("HTTP/1.0 200 OK\r\nX-A: b\r\n\r\nuntil the end") { router async throws in
                let client = try await router.client()
                let response = try await client.send(.GET, "/m")
                #expect(response.text == "until the end")
                #expect(response.headers["transfer-encoding"] == ["chunked"])
                #expect(try await client.send(.GET, "/m").text == "until the end")
                await client.close()
                let old = try await RawConnection.connect(to: router.address)
                try await old.write("GET /m HTTP/1.0\r\n\r\n")
                let text = try await old.readToEnd()
                #expect(text.hasSuffix("\r\n\r\nuntil the end"))
                #expect(text.contains("connection: close"))
            }
        }

        @Test func `a client of HTTP/1.0 that asks for it keeps its connection`() async throws {
            try await serve({ _ in .text("hello") }) { router, _ async throws in
                let client = try await RawConnection.connect(to: router.address)
                try await client.write("GET /m HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                #expect(try await client.read(until: "hello").contains("connection: keep-alive"))
                try await client.write("GET /m HTTP/1.0\r\n\r\n")
                #expect(try await client.readToEnd().components(of: "hello") == 3)
            }
        }

        @Test func `a client that expects 100 gets it from the server before its body`() async throws {
            try await serve({ .text("got \($0.body.readableBytes)") }) { router, backend async throws in
                let client = try await RawConnection.connect(to: router.address)
                try await client.write(
                    "POST /m HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
                _ = try await client.read(until: "HTTP/1.1 100 Continue\r\n\r\n")
                try await client.write("hello")
                #expect(try await client.read(until: "got 5").components(of: "100 Continue") == 2)
                #expect(backend.requests.first?.head.headers["expect"] == ["100-continue"])
                await client.close()
            }
        }

        @Test(arguments: [
            ("GET /m HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400),
            ("POST /m HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
            ("POST /m HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n", 400), ("nonsense\r\n\r\n", 400),
            ("GET /m HTTP/1.1\r\nHost: x\r\nA: \(String(repeating: "a", count: 40_000))\r\n\r\n", 431),
            ("GET /m HTTP/1.1\r\nHost: x\r\n\(String(repeating: "A: b\r\n", count: 101))\r\n", 431),
        ])
        func `a malformed request is refused, and what follows it is not read`(_ text: String, _ status: Int)
            async throws
        {
            try await serve({ _ in .text("x") }) { router, backend async throws in
                let client = try await RawConnection.connect(to: router.address)
                try await client.write(text + "GET /m/smuggled HTTP/1.1\r\nHost: x\r\n\r\n")
                let answer = try await client.readToEnd()
                #expect(answer.hasPrefix("HTTP/1.1 \(status) "))
                #expect(answer.components(of: "HTTP/1.1") == 2)
                #expect(!backend.requests.contains { $0.head.uri.contains("smuggled") })
                #expect(try await router.get("/m").status == 200)
            }
        }

        @Test(arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "HTTP/1.1 200 OK\nContent-Length: 1\n\nx",
            "nonsense\r\n\r\n",
            "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        ])
        func `a server's malformed answer is a 502 and an error of its version`(_ answer: String) async throws {
            try await serveRaw(answer) { router async throws in
                #expect(try await router.get("/m").status == 502)
                #expect(try await router.traffic("m", "v1").errors == 1)
            }
        }

        @Test(arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        ])
        func `an answer that breaks off is no whole answer to the client either`(_ answer: String) async throws {
            try await serveRaw(answer) { router async throws in
                await #expect(throws: (any Error).self) { try await router.get("/m") }
                #expect(try await router.traffic("m", "v1").errors == 1)
                #expect(try await router.status().deployments["m"]?.inFlight["v1"] == 0)
            }
        }

        @Test func `a client that sends no whole head in time is told so`() async throws {
            try await serve({ _ in .text("x") }, { $0.timeouts.requestHead = .milliseconds(50) }) {
                router, _ async throws in
                let slow = try await RawConnection.connect(to: router.address)
                try await slow.write("GET /m HTTP/1.1\r\n")
                #expect(try await slow.readToEnd().hasPrefix("HTTP/1.1 408"))
            }
        }

        @Test func `a client's idle connection is closed in time`() async throws {
            try await serve({ _ in .text("x") }, { $0.timeouts.clientIdle = .milliseconds(50) }) {
                router, _ async throws in
                let idle = try await RawConnection.connect(to: router.address)
                #expect(try await idle.readToEnd() == "")
            }
        }

        @Test func `idle connections to a server are closed after their time`() async throws {
            try await serve({ _ in .text("x") }, { $0.timeouts.upstreamIdle = .milliseconds(30) }) {
                router, backend async throws in
                _ = try await router.get("/m")
                try await backend.waitForOpenConnections(0)
                _ = try await router.get("/m")
                #expect(backend.connectionCount == 2)
            }
        }

        @Test func `requests, statuses, errors and latencies are counted by version`() async throws {
            let behaviour: TestBackend.Behaviour = { request in
                BackendReply(
                    status: request.head.uri == "/bad"
                        ? .internalServerError : request.head.uri == "/none" ? .notFound : .ok)
            }
            try await serve(behaviour) { router, _ async throws in
                for path in ["/m/a", "/m/b", "/m/none", "/m/bad"] { _ = try await router.get(path) }
                let traffic = try await router.traffic("m", "v1")
                #expect(traffic.requests == 4)
                #expect(traffic.errors == 1)
                #expect(traffic.statuses == ["2xx": 2, "4xx": 1, "5xx": 1])
                #expect(traffic.latency.total == 4)
                #expect(try #require(traffic.latency.quantile(0.5)) > 0)
            }
        }

        @Test func `an early answer reaches a client that is still sending`() async throws {
            try await serveRaw("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno") { router async throws in
                let client = try await RawConnection.connect(to: router.address)
                try await client.write("POST /m HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nfirst")
                let answer = try await client.readToEnd()
                #expect(answer.hasPrefix("HTTP/1.1 413 Too Large\r\n"))
                #expect(answer.contains("connection: close"))
                #expect(answer.hasSuffix("no"))
            }
        }
    }
}

extension String {
    /// How many parts a text separates this one into.
    func components(of separator: String) -> Int { split(separator: separator, omittingEmptySubsequences: false).count }
}
