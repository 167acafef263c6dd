import FoundationEssentials
import Glibc
import HeadgateCore
import Logging
import NIOCore
import NIOHTTP1
import Testing

@testable import HeadgateRouter

extension RouterTests {
    @Suite struct ControlTests {
        @Test func `a table is put in force whole, and sending it again changes nothing`() async throws {
            let backend = try await TestBackend.answering("x")
            try await RouterFixture.run { router async throws in
                let table = RouterDeployment.of(["v1": backend], ["v1": 100], stable: "v1")
                #expect(try await router.control(.PUT, "/deployments/main%2Fm", table).text == "{\"changed\":true}\n")
                #expect(try await router.control(.PUT, "/deployments/main/m", table).text == "{\"changed\":false}\n")
                let status = try await router.status()
                #expect(status.address == router.address)
                #expect(status.deployments["main/m"]?.table == table)
                #expect(try await router.control(.DELETE, "/deployments/main%2Fm").text == "{\"changed\":true}\n")
                #expect(try await router.control(.DELETE, "/deployments/main%2Fm").text == "{\"changed\":false}\n")
                #expect(try await router.status().deployments.isEmpty)
            }
            await backend.stop()
        }

        @Test func `an invalid table is refused with what is wrong, and the one in force stands`() async throws {
            let backend = try await TestBackend.answering("x")
            try await RouterFixture.run { router async throws in
                try await router.put("m", .of(["v1": backend], ["v1": 100], stable: "v1"))
                let bad = RouterDeployment.of(["v1": backend], ["v1": 60, "v2": 50], stable: "v3")
                let response = try await router.control(.PUT, "/deployments/m", bad)
                #expect(response.status == 422)
                for part in ["add up to 110", "weight for 'v2'", "stable 'v3'"] {
                    #expect(response.text.contains(part))
                }
                let taken = try await router.control(.PUT, "/deployments/n", .of(["v1": backend], ["v1": 100]))
                #expect(taken.status == 422)
                #expect(taken.text.contains("belongs to deployment 'm'"))
                #expect(try await router.get("/m").text == "x")
            }
            await backend.stop()
        }

        @Test(arguments: [
            (HTTPMethod.GET, "/healthz", 200), (.GET, "/metrics", 200), (.POST, "/status", 405),
            (.GET, "/deployments/m", 405),
            (.GET, "/", 404), (.PUT, "/deployments/", 404), (.PUT, "/deployments/m", 400),
            (.PUT, "/deployments/%f", 404),
        ])
        func `the control API answers with the status that fits`(_ method: HTTPMethod, _ path: String, _ status: UInt)
            async throws
        {
            try await RouterFixture.run { router async throws in
                #expect(try await router.control(method, path).status == Int(status))
            }
        }

        @Test func `a router that starts again has its table and its address, and asks nobody`() async throws {
            let backend = try await TestBackend.answering("x")
            let folder = RouterFixture.temporaryFolder()
            defer { try? FileManager.default.removeItem(atPath: folder) }
            var configuration = RouterConfiguration(stateFolder: folder, threads: 1)
            configuration.timeouts.drain = .milliseconds(100)
            let first = try await Router.start(configuration, logger: RouterFixture.quiet)
            try await RouterFixture(router: first, configuration: configuration)
                .put("m", .of(["v1": backend], ["v1": 100], stable: "v1"))
            try await first.shutdown()
            let second = try await Router.start(configuration, logger: RouterFixture.quiet)
            #expect(second.address == first.address)
            #expect(try await RouterFixture(router: second, configuration: configuration).get("/m").text == "x")
            try await second.shutdown()
            await backend.stop()
        }

        @Test func `a folder that is given back is free, even while a half-made child has the lock's descriptor`()
            throws
        {
            let folder = RouterFixture.temporaryFolder()
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let first = try StateFolder(folder)
            let held = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { Int32($0) }
                .first {
                    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)"))
                        == folder + "/router.lock"
                }
            // What a child has between its fork and its exec: the same open file under another number.
            let copy = dup(try #require(held))
            defer { close(copy) }
            first.release()
            _ = try StateFolder(folder)
        }

        @Test func `one state folder has one router, and it is private`() async throws {
            try await RouterFixture.run { router async throws in
                let error = await #expect(throws: RouterError.self) {
                    _ = try await Router.start(router.configuration, logger: RouterFixture.quiet)
                }
                #expect(error?.code == .alreadyRunning)
                let attributes = try FileManager.default.attributesOfItem(atPath: router.configuration.stateFolder)
                #expect(attributes[.posixPermissions] as? Int == 0o700)
                #expect(try await router.control(.GET, "/healthz").text == "ok\n")
            }
        }

        @Test func `an address that is taken is an error that names it`() async throws {
            let other = try await TestBackend.answering("x")
            let folder = RouterFixture.temporaryFolder()
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let configuration = RouterConfiguration(port: other.port, stateFolder: folder, threads: 1)
            let error = await #expect(throws: RouterError.self) {
                _ = try await Router.start(configuration, logger: RouterFixture.quiet)
            }
            #expect(error?.code == .cannotListen)
            #expect(error?.message.contains("127.0.0.1:\(other.port)") == true)
            await other.stop()
        }

        @Test func `a state file that cannot be read keeps the router from starting with nothing`() async throws {
            let folder = RouterFixture.temporaryFolder()
            defer { try? FileManager.default.removeItem(atPath: folder) }
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try Data("{".utf8).write(to: URL(filePath: folder + "/table.json"))
            let error = await #expect(throws: RouterError.self) {
                _ = try await Router.start(
                    RouterConfiguration(stateFolder: folder, threads: 1), logger: RouterFixture.quiet)
            }
            #expect(error?.code == .stateFolder)
        }

        @Test func `a router that is told to end finishes the requests under way`() async throws {
            let gate = Gate()
            let slow = try await TestBackend.start { _ in BackendReply(body: ByteBuffer(string: "slow"), gate: gate) }
            try await RouterFixture.run({ $0.timeouts.drain = .seconds(10) }) { router async throws in
                try await router.put("m", .of(["v1": slow], ["v1": 100], stable: "v1"))
                let client = try await router.client()
                let answer = client.start(.GET, "/m")
                let idle = try await router.client()
                try await router.wait { $0.deployments["m"]?.inFlight["v1"] == 1 }
                async let ended: Void = router.router.shutdown()
                gate.open()
                #expect(try await answer.get().text == "slow")
                try await ended
                await #expect(throws: (any Error).self) { try await idle.send(.GET, "/m") }
                await client.close()
            }
            await slow.stop()
        }

        @Test func `metrics follow the conventions of Prometheus`() throws {
            let traffic = TrafficStatistics(
                requests: 3, errors: 1, statuses: ["2xx": 2, "5xx": 1],
                latency: LatencyHistogram(counts: [0, 0, 0, 0, 0, 0, 0, 0, 2], sumMicroseconds: 16), mirrored: 2,
                agreed: 1)
            let table = RouterDeployment(prefix: "/m", backends: [:], weights: ["v\"1": 100])
            let deployment = RouterDeploymentStatus(table: table, traffic: ["v\"1": traffic], inFlight: [:])
            let text = RouterMetricsText.of([
                RouterStatus(address: "127.0.0.1:1", pid: 1, deployments: ["a\\b": deployment]),
                RouterStatus(
                    address: "127.0.0.1:2", pid: 2,
                    deployments: [
                        "models.wine": RouterDeploymentStatus(
                            table: table, traffic: ["sha256:" + String(repeating: "a", count: 64): traffic],
                            inFlight: [:])
                    ]),
            ])
            let labels = #"router="127.0.0.1:1",deployment="a\\b",version="v\"1""#
            for line in [
                "headgate_router_requests_total{\(labels)} 3", "headgate_router_request_errors_total{\(labels)} 1",
                "headgate_router_responses_total{\(labels),code=\"5xx\"} 1",
                "headgate_router_weight_ratio{\(labels)} 1.0",
                "headgate_router_request_duration_seconds_bucket{\(labels),le=\"0.000128\"} 2",
                "headgate_router_request_duration_seconds_bucket{\(labels),le=\"+Inf\"} 2",
                "headgate_router_request_duration_seconds_count{\(labels)} 2",
                // By the labels of the controller's families.
                #"headgate_router_requests_total{router="127.0.0.1:2",source="models",deployment="wine",version="aaaaaaaaaaaa"} 3"#,
            ] {
                #expect(text.split(separator: "\n").contains { $0 == line }, "\(line)")
            }
            let names = text.split(separator: "\n").filter { $0.hasPrefix("# TYPE") }
            #expect(names.allSatisfy { !$0.hasSuffix("counter") || $0.contains("_total ") })
            #expect(Set(names).count == names.count)
        }
    }
}
