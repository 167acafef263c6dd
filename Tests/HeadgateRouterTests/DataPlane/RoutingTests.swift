import HeadgateCore
import NIOCore
import NIOHTTP1
import Testing

@testable import HeadgateRouter

extension RouterTests {
    /// Which version a request goes to.
    @Suite struct RoutingTests {
        private func serve(_ versions: [String], _ body: (RouterFixture, [String: TestBackend]) async throws -> Void)
            async throws
        {
            var backends: [String: TestBackend] = [:]
            for version in versions { backends[version] = try await TestBackend.answering(version) }
            let started = backends
            try await RouterFixture.run { try await body($0, started) }
            for backend in backends.values { await backend.stop() }
        }

        @Test(arguments: [["v1": 90, "v2": 10], ["v1": 34, "v2": 33, "v3": 33], ["v1": 0, "v2": 100]])
        func `any 100 requests in a row are distributed exactly`(_ weights: [String: Int]) async throws {
            try await serve(weights.keys.sorted()) { router, backends async throws in
                try await router.put("m", .of(backends, weights, stable: "v1"))
                let client = try await router.client()
                var versions: [String] = []
                for _ in 0..<300 { versions.append(try await client.send(.GET, "/m").text) }
                for start in 0...200 {
                    for (version, weight) in weights {
                        #expect(versions[start..<(start + 100)].count { $0 == version } == weight)
                    }
                }
                await client.close()
            }
        }

        @Test func `many clients at once get exact shares, over both event loops`() async throws {
            try await serve(["v1", "v2"]) { router, backends async throws in
                try await router.put("m", .of(backends, ["v1": 77, "v2": 23]))
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<8 {
                        group.addTask {
                            let client = try await router.client()
                            for _ in 0..<100 { #expect(try await client.send(.GET, "/m").status == 200) }
                            await client.close()
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(backends["v1"]?.requestCount == 8 * 77)
                #expect(backends["v2"]?.requestCount == 8 * 23)
            }
        }

        @Test func `a table sent again does not disturb the sequence, and sticky requests take no turn`() async throws {
            try await serve(["v1", "v2"]) { router, backends async throws in
                let route = RouterRoute(match: .header(name: "X-Beta", value: "yes"), version: "v2")
                let table = RouterDeployment.of(backends, ["v1": 95, "v2": 5], routes: [route])
                try await router.put("m", table)
                let client = try await router.client()
                var candidate = 0
                for index in 0..<100 {
                    if index % 10 == 0 {
                        var other = table
                        other.stable = index % 20 == 0 ? "v1" : "v2"
                        try await router.put("m", other)
                        #expect(try await client.send(.GET, "/m", headers: [("x-beta", "yes")]).text == "v2")
                    }
                    if try await client.send(.GET, "/m").text == "v2" { candidate += 1 }
                }
                #expect(candidate == 5)
                await client.close()
            }
        }

        @Test func `headers and cookies choose a version`() async throws {
            try await serve(["v1", "v2", "v3"]) { router, backends async throws in
                try await router.put(
                    "m",
                    .of(
                        backends, ["v1": 100],
                        routes: [
                            RouterRoute(match: .header(name: "X-Model", value: "two"), version: "v2"),
                            RouterRoute(match: .cookie(name: "model", value: "three"), version: "v3"),
                        ]))
                let cases: [([(String, String)], String)] = [
                    ([], "v1"), ([("x-model", "two")], "v2"), ([("X-MODEL", "TWO")], "v1"),
                    ([("cookie", "a=b; model=three")], "v3"), ([("cookie", "model=thre")], "v1"),
                    ([("x-model", "two"), ("cookie", "model=three")], "v2"),
                ]
                for (headers, version) in cases {
                    #expect(try await router.get("/m", headers: headers).text == version, "\(headers)")
                }
            }
        }

        @Test func `one caller always gets one version, and a growing share only takes callers in`() async throws {
            try await serve(["v1", "v2"]) { router, backends async throws in
                let client = try await router.client()
                var before: Set<Int> = []
                for percent in [10, 30, 60] {
                    let byHeader = RouterRoute(match: .hashOfHeader(name: "x-user", percent: percent), version: "v2")
                    let byField = RouterRoute(match: .hashOfField(name: "user", percent: percent), version: "v2")
                    try await router.put("m", .of(backends, ["v1": 100], routes: [byHeader, byField]))
                    var now: Set<Int> = []
                    for user in 0..<100 {
                        let header = [("x-user", "user-\(user)")]
                        let first = try await client.send(.GET, "/m", headers: header).text
                        let second = try await client.send(.GET, "/m", headers: header).text
                        let body = ByteBuffer(string: #"{"inputs": [1, 2], "user": "user-\#(user)"}"#)
                        let chunk = user % 2 == 0 ? nil : 7
                        let third = try await client.send(.POST, "/m", body: body, chunkSize: chunk).text
                        #expect(first == second && second == third)
                        if first == "v2" { now.insert(user) }
                    }
                    #expect(before.isSubset(of: now))
                    #expect(abs(now.count - percent) <= 15)
                    before = now
                }
                await client.close()
            }
        }

        @Test func `a body that a route reads is asked for, and passed on whole`() async throws {
            let echo = try await TestBackend.start { BackendReply(body: $0.body) }
            try await RouterFixture.run { router async throws in
                let route = RouterRoute(match: .hashOfField(name: "user", percent: 100), version: "v1")
                try await router.put("m", .of(["v1": echo], ["v1": 100], routes: [route]))
                let client = try await RawConnection.connect(to: router.address)
                try await client.write(
                    "POST /m HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\nExpect: 100-continue\r\n\r\n")
                _ = try await client.read(until: "HTTP/1.1 100 Continue\r\n\r\n")
                try await client.write(#"{"user":"a"}"#)
                _ = try await client.read(until: #"{"user":"a"}"#)
                await client.close()
                let large = ByteBuffer(repeating: 0x20, count: 3_000_000)
                let other = try await router.client()
                #expect(try await other.send(.POST, "/m", body: large).body == large)
                await other.close()
            }
            await echo.stop()
        }

        @Test func `replicas of a version take turns, and one that is gone is passed over`() async throws {
            try await serve(["a", "b", "c"]) { router, backends async throws in
                let gone = try await TestBackend.answering("gone")
                await gone.stop()
                let endpoints = backends.values.map(\.endpoint) + [gone.endpoint]
                let table = RouterDeployment(
                    prefix: "/m", backends: ["v1": RouterBackend(endpoints: endpoints)], weights: ["v1": 100],
                    stable: "v1")
                try await router.put("m", table)
                let client = try await router.client()
                var counts: [String: Int] = [:]
                for _ in 0..<80 { counts[try await client.send(.GET, "/m").text, default: 0] += 1 }
                #expect(counts.keys.sorted() == ["a", "b", "c"])
                #expect(counts.values.allSatisfy { $0 >= 20 })
                #expect(try await router.traffic("m", "v1").errors == 0)
                await client.close()
            }
        }

        @Test func `a backend's path prefix stands before the rest of the path, over a Unix socket too`() async throws {
            let backend = try await TestBackend.start { .text($0.head.uri) }
            try await RouterFixture.run { router async throws in
                let versioned = RouterBackend(endpoints: [backend.endpoint], pathPrefix: "/v1/models/m/versions/3")
                try await router.put(
                    "m", RouterDeployment(prefix: "/m", backends: ["3": versioned], weights: ["3": 100]))
                #expect(try await router.get("/m:predict").status == 404)
                #expect(try await router.get("/m/x?y").text == "/v1/models/m/versions/3/x?y")
                let control = RouterBackend(endpoints: ["unix:" + router.configuration.controlSocket])
                try await router.put("c", RouterDeployment(prefix: "/c", backends: ["c": control], weights: ["c": 100]))
                #expect(try await router.get("/c/healthz").text == "ok\n")
            }
            await backend.stop()
        }
    }
}
