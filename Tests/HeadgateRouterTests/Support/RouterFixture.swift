import FoundationEssentials
import HeadgateCore
import Logging
import NIOCore
import NIOHTTP1

@testable import HeadgateRouter

/// A router in this process, with a state folder of its own.
struct RouterFixture: Sendable {
    let router: Router
    let configuration: RouterConfiguration

    /// Runs a test with a router and stops it after.
    static func run<Value: Sendable>(
        threads: Int = 2, _ adjust: (inout RouterConfiguration) -> Void = { _ in },
        _ body: (RouterFixture) async throws -> Value
    ) async throws -> Value {
        let folder = temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var configuration = RouterConfiguration(stateFolder: folder, threads: threads)
        configuration.timeouts.tick = .milliseconds(10)
        configuration.timeouts.drain = .milliseconds(200)
        adjust(&configuration)
        let fixture = RouterFixture(
            router: try await Router.start(configuration, logger: quiet), configuration: configuration)
        do {
            let value = try await body(fixture)
            try await fixture.router.shutdown()
            return value
        } catch {
            try? await fixture.router.shutdown()
            throw error
        }
    }

    static var quiet: Logger { Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }) }

    /// Short, since a Unix socket's path may have 107 bytes.
    static func temporaryFolder() -> String { "/tmp/hgr-\(UInt32.random(in: 0 ... .max))" }

    var address: String { router.address }

    func client() async throws -> TestClient { try await TestClient.connect(to: address) }

    /// Sends one request on a connection of its own.
    func get(_ path: String, headers: [(String, String)] = []) async throws -> TestResponse {
        let client = try await client()
        let response = try await client.send(.GET, path, headers: headers)
        await client.close()
        return response
    }

    /// Puts a table in force by the control API.
    func put(_ name: String, _ deployment: RouterDeployment) async throws {
        let response = try await control(.PUT, "/deployments/\(name)", deployment)
        guard response.status == 200 else { throw FixtureError(message: "\(response.status): \(response.text)") }
    }

    func control(
        _ method: HTTPMethod, _ path: String, _ deployment: RouterDeployment? = nil
    ) async throws -> TestResponse {
        let client = try await TestClient.connect(to: configuration.controlSocket)
        let body = try deployment.map { ByteBuffer(bytes: try JSONEncoder().encode($0)) }
        let response = try await client.send(method, path, body: body)
        await client.close()
        return response
    }

    /// The status by the control API.
    func status() async throws -> RouterStatus {
        try JSONDecoder().decode(
            RouterStatus.self, from: Data(try await control(.GET, "/status").body.readableBytesView))
    }

    func traffic(_ name: String, _ version: String) async throws -> TrafficStatistics {
        try await status().deployments[name]?.traffic[version] ?? TrafficStatistics()
    }

    /// Waits until the status meets a condition; ends after 20 seconds.
    func wait(_ isMet: (RouterStatus) -> Bool) async throws {
        for _ in 0..<2000 {
            if isMet(router.status) { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw FixtureError(message: "waited in vain; the status is \(router.status)")
    }
}

struct FixtureError: Error, CustomStringConvertible {
    var message: String
    var description: String { message }
}

extension RouterDeployment {
    /// A table below `/m` by backends and weights.
    static func of(
        _ backends: [String: TestBackend], _ weights: [String: Int], stable: String? = nil,
        mirror: RouterMirror? = nil, routes: [RouterRoute] = [], preview: Bool = false
    ) -> RouterDeployment {
        RouterDeployment(
            prefix: "/m", backends: backends.mapValues { RouterBackend(endpoints: [$0.endpoint], preview: preview) },
            weights: weights, stable: stable, mirror: mirror, routes: routes)
    }
}
