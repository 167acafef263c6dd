import HeadgateCore
import NIOCore
import NIOHTTP1
import Testing

@testable import HeadgateRouter

extension RouterTests {
    /// What happens when a version does not answer.
    @Suite struct ReplayTests {
        enum Failure: String, CaseIterable, CustomTestStringConvertible {
            case refuses, drops, hangs, speaksNonsense
            var testDescription: String { rawValue }
        }

        private static func candidate(_ failure: Failure) async throws -> (
            endpoint: String, stop: @Sendable () async -> Void
        ) {
            switch failure {
            case .refuses:
                let backend = try await TestBackend.answering("never")
                await backend.stop()
                return (backend.endpoint, {})
            case .drops:
                let backend = try await TestBackend.start { _ in BackendReply(drops: true) }
                return (backend.endpoint, { await backend.stop() })
            case .hangs:
                let backend = try await TestBackend.start { _ in BackendReply(hangs: true) }
                return (backend.endpoint, { await backend.stop() })
            case .speaksNonsense:
                let backend = try await RawBackend.start("nonsense\r\n\r\n")
                return (backend.endpoint, { await backend.stop() })
            }
        }

        private static func table(_ candidate: String, _ stable: TestBackend, _ weight: Int) -> RouterDeployment {
            RouterDeployment(
                prefix: "/m",
                backends: [
                    "candidate": RouterBackend(endpoints: [candidate]),
                    "stable": RouterBackend(endpoints: [stable.endpoint]),
                ],
                weights: ["candidate": weight, "stable": 100 - weight], stable: "stable")
        }

        @Test(arguments: Failure.allCases)
        func `a request that a candidate loses is answered by the stable version`(_ failure: Failure) async throws {
            let stable = try await TestBackend.start { .text("stable got \($0.body.readableBytes)") }
            let (endpoint, stop) = try await Self.candidate(failure)
            try await RouterFixture.run({
                $0.timeouts.responseHead = .milliseconds(500)
            }) { router async throws in
                try await router.put("m", Self.table(endpoint, stable, 50))
                let client = try await router.client()
                for size in [0, 1, 100_000, 1_000_000] {
                    for _ in 0..<2 {
                        let body = size == 0 ? nil : ByteBuffer(repeating: 0x61, count: size)
                        let response = try await client.send(.POST, "/m", body: body)
                        #expect(response.text == "stable got \(size)")
                        #expect(response.headers["x-headgate-version"] == ["stable"])
                    }
                }
                let traffic = try #require(try await router.status().deployments["m"]).traffic
                #expect(traffic["candidate"]?.requests == 4)
                #expect(traffic["candidate"]?.errors == 4)
                #expect(traffic["stable"]?.requests == 8)
                #expect(traffic["stable"]?.errors == 0)
                await client.close()
            }
            await stop()
            await stable.stop()
        }

        @Test func `a larger body is not sent again: 502, counted against the candidate`() async throws {
            let stable = try await TestBackend.answering("stable")
            let (endpoint, stop) = try await Self.candidate(.drops)
            try await RouterFixture.run { router async throws in
                try await router.put("m", Self.table(endpoint, stable, 100))
                let client = try await router.client()
                let response = try await client.send(.POST, "/m", body: ByteBuffer(repeating: 0x61, count: 5_000_000))
                #expect(response.status == 502)
                #expect(try await router.traffic("m", "candidate").errors == 1)
                #expect(stable.requestCount == 0)
                await client.close()
            }
            await stop()
            await stable.stop()
        }

        @Test func `a larger body that no connection took is still whole`() async throws {
            let stable = try await TestBackend.start { .text("\($0.body.readableBytes)") }
            let (endpoint, _) = try await Self.candidate(.refuses)
            try await RouterFixture.run { router async throws in
                try await router.put("m", Self.table(endpoint, stable, 100))
                let client = try await router.client()
                let response = try await client.send(.POST, "/m", body: ByteBuffer(repeating: 0x61, count: 5_000_000))
                #expect(response.text == "5000000")
                await client.close()
            }
            await stable.stop()
        }

        @Test func `an answer is an answer: a candidate's 500 is passed on and counted`() async throws {
            let stable = try await TestBackend.answering("stable")
            let candidate = try await TestBackend.start { _ in BackendReply(status: .internalServerError) }
            try await RouterFixture.run { router async throws in
                try await router.put("m", Self.table(candidate.endpoint, stable, 100))
                #expect(try await router.get("/m").status == 500)
                #expect(try await router.traffic("m", "candidate").errors == 1)
                #expect(stable.requestCount == 0)
            }
            await candidate.stop()
            await stable.stop()
        }

        @Test(arguments: [1, 2, 3, 7])
        func `a server that closes after every Nth answer loses nothing`(_ every: Int) async throws {
            let backend = try await TestBackend.start { request in
                var reply = BackendReply.text("\(request.body.readableBytes)")
                reply.closes = request.number % every == 0
                return reply
            }
            try await RouterFixture.run { router async throws in
                try await router.put("m", .of(["v1": backend], ["v1": 100], stable: "v1"))
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<4 {
                        group.addTask {
                            let client = try await router.client()
                            for size in 0..<200 {
                                let body = ByteBuffer(repeating: 0x61, count: size)
                                let response = try await client.send(.POST, "/m", body: body)
                                #expect(response.text == "\(size)")
                            }
                            await client.close()
                        }
                    }
                    try await group.waitForAll()
                }
                let traffic = try await router.traffic("m", "v1")
                #expect(traffic.requests == 800)
                #expect(traffic.errors == 0)
            }
            await backend.stop()
        }

        @Test func `requests wait for a stable server that is being started again`() async throws {
            let first = try await TestBackend.answering("before")
            try await RouterFixture.run { router async throws in
                try await router.put("m", .of(["v1": first], ["v1": 100], stable: "v1"))
                let client = try await router.client()
                #expect(try await client.send(.GET, "/m").text == "before")
                await first.stop()
                let waiting = client.start(.POST, "/m", body: ByteBuffer(string: "x"))
                try await router.wait { $0.deployments["m"]?.inFlight["v1"] == 1 }
                let second = try await TestBackend.start(port: first.port) { _ in .text("after") }
                #expect(try await waiting.get().text == "after")
                #expect(try await router.traffic("m", "v1").errors == 0)
                await client.close()
                await second.stop()
            }
        }

        @Test func `requests that wait go to the version that is stable by then`() async throws {
            let gone = try await TestBackend.answering("never")
            await gone.stop()
            let other = try await TestBackend.answering("other")
            try await RouterFixture.run { router async throws in
                try await router.put("m", .of(["v1": gone], ["v1": 100], stable: "v1"))
                let client = try await router.client()
                let waiting = client.start(.GET, "/m")
                try await router.wait { $0.deployments["m"]?.inFlight["v1"] == 1 }
                try await router.put("m", .of(["v2": other], ["v2": 100], stable: "v2"))
                #expect(try await waiting.get().text == "other")
                await client.close()
            }
            await other.stop()
        }

        @Test func `a stable server that does not come back is a 502 after the set time`() async throws {
            let gone = try await TestBackend.answering("never")
            await gone.stop()
            try await RouterFixture.run({ $0.timeouts.connectRetry = .milliseconds(50) }) { router async throws in
                try await router.put("m", .of(["v1": gone], ["v1": 100], stable: "v1"))
                #expect(try await router.get("/m").status == 502)
                let traffic = try await router.traffic("m", "v1")
                #expect(traffic.requests == 1)
                #expect(traffic.errors == 1)
            }
        }

        @Test func `a request that crashes the stable server is sent again once, not for ever`() async throws {
            let backend = try await TestBackend.start { _ in BackendReply(drops: true) }
            try await RouterFixture.run { router async throws in
                try await router.put("m", .of(["v1": backend], ["v1": 100], stable: "v1"))
                #expect(try await router.get("/m").status == 502)
                #expect(backend.requestCount == 2)
            }
            await backend.stop()
        }

        @Test func `a stable server that gives no answer in time is a 504`() async throws {
            let backend = try await TestBackend.start { _ in BackendReply(hangs: true) }
            try await RouterFixture.run({ $0.timeouts.responseHead = .milliseconds(300) }) { router async throws in
                try await router.put("m", .of(["v1": backend], ["v1": 100], stable: "v1"))
                #expect(try await router.get("/m").status == 504)
                #expect(backend.requestCount == 1)
            }
            await backend.stop()
        }

        @Test func `a preview is answered by its version or not at all`() async throws {
            let stable = try await TestBackend.answering("stable")
            let (endpoint, _) = try await Self.candidate(.refuses)
            try await RouterFixture.run({ $0.timeouts.connectRetry = .milliseconds(20) }) { router async throws in
                var table = Self.table(endpoint, stable, 0)
                table.backends["candidate"]?.preview = true
                try await router.put("m", table)
                #expect(try await router.get("/m@candidate").status == 502)
                #expect(stable.requestCount == 0)
            }
            await stable.stop()
        }
    }
}
