import HeadgateCore
import NIOCore
import NIOHTTP1
import Testing

@testable import HeadgateRouter

extension RouterTests {
    /// What a change of the table does to requests.
    @Suite struct TableChangeTests {
        /// Sends requests from several clients until told to stop; every answer must be whole and 200.
        private static func load(_ router: RouterFixture, clients: Int, while body: () async throws -> Void)
            async throws
            -> Int
        {
            let isOver = Counter()
            return try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<clients {
                    group.addTask {
                        var count = 0
                        var client = try await router.client()
                        while isOver.value == 0 {
                            let size = (count &* 7919) % 3000
                            let response = try await client.send(
                                .POST, "/m/\(number)", body: ByteBuffer(repeating: 0x61, count: size),
                                chunkSize: count % 3 == 0 ? 100 : nil)
                            #expect(response.status == 200)
                            #expect(response.body.readableBytes == size)
                            count += 1
                            if count % 50 == 0 {
                                await client.close()
                                client = try await router.client()
                            }
                        }
                        await client.close()
                        return count
                    }
                }
                try await body()
                isOver.add(1)
                return try await group.reduce(0, +)
            }
        }

        @Test func `no request is lost while versions come, shift, go back and are stopped once drained`() async throws
        {
            let echo: TestBackend.Behaviour = {
                BackendReply(body: $0.body, delay: .milliseconds(Int64($0.number % 3)))
            }
            let stable = try await TestBackend.start(echo)
            try await RouterFixture.run { router async throws in
                try await router.put("m", .of(["stable": stable], ["stable": 100], stable: "stable"))
                let count = try await Self.load(router, clients: 6) {
                    for round in 0..<4 {
                        let candidate = try await TestBackend.start(echo)
                        let version = "candidate-\(round)"
                        let both = ["stable": stable, version: candidate]
                        for weight in [10, 50, 100, 30] {
                            let weights = ["stable": 100 - weight, version: weight]
                            try await router.put("m", .of(both, weights, stable: "stable"))
                            try await router.wait { $0.deployments["m"]?.traffic[version]?.requests ?? 0 > 20 }
                        }
                        try await router.put("m", .of(["stable": stable], ["stable": 100], stable: "stable"))
                        try await router.wait { $0.deployments["m"]?.traffic[version] == nil }
                        let errors = try await router.traffic("m", version).errors
                        #expect(errors == 0)
                        await candidate.stop()
                    }
                }
                #expect(count > 100)
                let traffic = try await router.traffic("m", "stable")
                #expect(traffic.errors == 0)
            }
            await stable.stop()
        }

        @Test func `no request is lost while the stable server is stopped and started again`() async throws {
            let echo: TestBackend.Behaviour = { BackendReply(body: $0.body) }
            var stable = try await TestBackend.start(echo)
            let port = stable.port
            try await RouterFixture.run { router async throws in
                try await router.put("m", .of(["v1": stable], ["v1": 100], stable: "v1"))
                let count = try await Self.load(router, clients: 4) {
                    for _ in 0..<3 {
                        let before = router.router.status.deployments["m"]?.traffic["v1"]?.latency.total ?? 0
                        try await router.wait { $0.deployments["m"]?.traffic["v1"]?.latency.total ?? 0 > before + 100 }
                        await stable.stop()
                        try await router.wait { $0.deployments["m"]?.inFlight["v1"] ?? 0 > 0 }
                        stable = try await TestBackend.start(port: port, echo)
                    }
                }
                #expect(count > 300)
            }
            await stable.stop()
        }

        @Test func `a version that left finishes its requests and is told of until then`() async throws {
            let gate = Gate()
            let slow = try await TestBackend.start { _ in BackendReply(body: ByteBuffer(string: "slow"), gate: gate) }
            let other = try await TestBackend.answering("other")
            try await RouterFixture.run { router async throws in
                try await router.put("m", .of(["v1": slow], ["v1": 100], stable: "v1"))
                let client = try await router.client()
                let answer = client.start(.GET, "/m")
                try await router.wait { $0.deployments["m"]?.inFlight["v1"] == 1 }
                try await router.put("m", .of(["v2": other], ["v2": 100], stable: "v2"))
                let status = try await router.status().deployments["m"]
                #expect(status?.inFlight == ["v1": 1, "v2": 0])
                #expect(status?.traffic["v1"]?.requests == 1)
                #expect(status?.table.backends.keys.sorted() == ["v2"])
                #expect(try await router.get("/m").text == "other")
                gate.open()
                #expect(try await answer.get().text == "slow")
                try await router.wait { $0.deployments["m"]?.inFlight == ["v2": 0] }
                await client.close()
            }
            await slow.stop()
            await other.stop()
        }

        @Test func `a deployment that was removed is told of until its last request has ended`() async throws {
            let gate = Gate()
            let slow = try await TestBackend.start { _ in BackendReply(body: ByteBuffer(string: "slow"), gate: gate) }
            try await RouterFixture.run { router async throws in
                try await router.put("m", .of(["v1": slow], ["v1": 100], stable: "v1"))
                let client = try await router.client()
                let answer = client.start(.GET, "/m")
                try await router.wait { $0.deployments["m"]?.inFlight["v1"] == 1 }
                #expect(try await router.control(.DELETE, "/deployments/m").status == 200)
                #expect(try await router.status().deployments["m"]?.inFlight == ["v1": 1])
                gate.open()
                #expect(try await answer.get().text == "slow")
                try await router.wait { $0.deployments["m"] == nil }
                await client.close()
            }
            await slow.stop()
        }

        @Test func `a version that comes back before it was drained goes on with its counts`() async throws {
            let gate = Gate()
            let slow = try await TestBackend.start { _ in BackendReply(body: ByteBuffer(string: "slow"), gate: gate) }
            let other = try await TestBackend.answering("other")
            try await RouterFixture.run { router async throws in
                let table = RouterDeployment.of(["v1": slow], ["v1": 100], stable: "v1")
                try await router.put("m", table)
                let client = try await router.client()
                let answer = client.start(.GET, "/m")
                try await router.wait { $0.deployments["m"]?.inFlight["v1"] == 1 }
                try await router.put("m", .of(["v2": other], ["v2": 100], stable: "v2"))
                try await router.put("m", table)
                #expect(try await router.traffic("m", "v1").requests == 1)
                gate.open()
                _ = try await answer.get()
                #expect(try await router.status().deployments["m"]?.inFlight == ["v1": 0])
                await client.close()
            }
            await slow.stop()
            await other.stop()
        }

        @Test func `a client that leaves frees its request and is no error`() async throws {
            let hanging = try await TestBackend.start { _ in BackendReply(hangs: true) }
            try await RouterFixture.run { router async throws in
                try await router.put("m", .of(["v1": hanging], ["v1": 100], stable: "v1"))
                let client = try await router.client()
                let answer = client.start(.GET, "/m")
                answer.whenComplete { _ in }
                try await router.wait { $0.deployments["m"]?.inFlight["v1"] == 1 }
                await client.close()
                try await router.wait { $0.deployments["m"]?.inFlight["v1"] == 0 }
                #expect(try await router.traffic("m", "v1").errors == 0)
                try await hanging.waitForOpenConnections(0)
            }
            await hanging.stop()
        }
    }
}
