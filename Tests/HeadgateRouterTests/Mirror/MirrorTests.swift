import HeadgateCore
import NIOCore
import NIOHTTP1
import Testing

@testable import HeadgateRouter

extension RouterTests {
    @Suite struct MirrorTests {
        private static func table(
            _ stable: TestBackend, _ shadow: TestBackend, percent: Int = 100, compare: AnswerComparison = .exact
        ) -> RouterDeployment {
            .of(
                ["stable": stable, "shadow": shadow], ["stable": 100], stable: "stable",
                mirror: RouterMirror(version: "shadow", percent: percent, compare: compare))
        }

        @Test func `a mirrored request reaches the shadow whole, and its answer is compared and never returned`()
            async throws
        {
            let stable = try await TestBackend.start { .text($0.head.uri) }
            let shadow = try await TestBackend.start { .text($0.head.uri == "/1" ? "different" : $0.head.uri) }
            try await RouterFixture.run { router async throws in
                try await router.put("m", Self.table(stable, shadow))
                let client = try await router.client()
                for index in 0..<10 {
                    let body = ByteBuffer(string: "body \(index)")
                    let response = try await client.send(.POST, "/m/\(index)", headers: [("x-a", "b")], body: body)
                    #expect(response.text == "/\(index)")
                    #expect(response.headers["x-headgate-version"] == ["stable"])
                }
                try await router.wait { $0.deployments["m"]?.traffic["shadow"]?.mirrored == 10 }
                let traffic = try await router.traffic("m", "shadow")
                #expect(traffic.agreed == 9)
                #expect(traffic.requests == 10)
                #expect(traffic.statuses == ["2xx": 10])
                #expect(Set(shadow.requests.map { String(buffer: $0.body) }) == Set((0..<10).map { "body \($0)" }))
                #expect(shadow.requests.allSatisfy { $0.head.headers["x-a"] == ["b"] })
                #expect(try await router.traffic("m", "stable").mirrored == 0)
                await client.close()
            }
            await stable.stop()
            await shadow.stop()
        }

        @Test func `the share of mirrored requests is exact`() async throws {
            let stable = try await TestBackend.answering("x")
            let shadow = try await TestBackend.answering("x")
            try await RouterFixture.run { router async throws in
                try await router.put("m", Self.table(stable, shadow, percent: 20))
                let client = try await router.client()
                for _ in 0..<200 { _ = try await client.send(.GET, "/m") }
                try await router.wait { $0.deployments["m"]?.traffic["shadow"]?.agreed == 40 }
                #expect(shadow.requestCount == 40)
                await client.close()
            }
            await stable.stop()
            await shadow.stop()
        }

        @Test func `a shadow that never answers delays nobody, and what does not fit is dropped and counted`()
            async throws
        {
            let stable = try await TestBackend.answering("x")
            let shadow = try await TestBackend.start { _ in BackendReply(hangs: true) }
            try await RouterFixture.run(
                threads: 1,
                {
                    $0.limits.mirrorQueue = 5
                    $0.limits.mirrorConcurrency = 2
                }
            ) { router async throws in
                try await router.put("m", Self.table(stable, shadow))
                let client = try await router.client()
                for _ in 0..<50 { #expect(try await client.send(.GET, "/m").text == "x") }
                let traffic = try await router.traffic("m", "shadow")
                #expect(traffic.mirrorDropped == 50 - 5 - 2)
                #expect(traffic.mirrored == 0)
                await client.close()
            }
            await stable.stop()
            await shadow.stop()
        }

        @Test func `a shadow that is gone is an error of its own and agrees with nothing`() async throws {
            let stable = try await TestBackend.answering("x")
            let shadow = try await TestBackend.answering("x")
            await shadow.stop()
            try await RouterFixture.run { router async throws in
                try await router.put("m", Self.table(stable, shadow))
                #expect(try await router.get("/m").text == "x")
                try await router.wait { $0.deployments["m"]?.traffic["shadow"]?.mirrored == 1 }
                let traffic = try await router.traffic("m", "shadow")
                #expect(traffic.errors == 1)
                #expect(traffic.agreed == 0)
                #expect(try await router.traffic("m", "stable").errors == 0)
            }
            await stable.stop()
        }

        @Test func `a body above the cap is not mirrored`() async throws {
            let stable = try await TestBackend.start { .text("\($0.body.readableBytes)") }
            let shadow = try await TestBackend.answering("x")
            try await RouterFixture.run { router async throws in
                try await router.put("m", Self.table(stable, shadow))
                let client = try await router.client()
                let body = ByteBuffer(repeating: 0x61, count: 2_000_000)
                #expect(try await client.send(.POST, "/m", body: body).text == "2000000")
                try await router.wait { $0.deployments["m"]?.traffic["shadow"]?.mirrorDropped == 1 }
                #expect(shadow.requestCount == 0)
                await client.close()
            }
            await stable.stop()
            await shadow.stop()
        }
    }
}
