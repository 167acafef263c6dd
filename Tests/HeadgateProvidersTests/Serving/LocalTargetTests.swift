import Glibc
import HeadgateCore
import HeadgateTestSupport
import Testing

@testable import HeadgateProviders

@Suite struct LocalTargetTests {
    let fixture: TargetFixture
    private let wine = TargetFixture.deployment()

    init() throws { fixture = try TargetFixture() }

    private func weights(_ target: LocalTarget) async -> [VersionID: Int]? {
        try? await target.observe(wine).weights
    }

    private func phase(_ target: LocalTarget, _ version: ServedVersion) async -> ObservedVersion.Phase? {
        try? await target.observe(wine).versions[version.version]?.phase
    }

    /// What the server of a version answers itself.
    private func answer(_ version: ServedVersion, _ index: Int = 0) async throws -> [Substring] {
        let replica = fixture.replica(version.version, index).folder
        let record = try #require(Replica.record(in: replica))
        let path = "/dev/tcp/127.0.0.1/\(record.port)"
        let shim = ShimProcess(folder: fixture.scratch.path + "/ask-\(Int.random(in: 0...1 << 40))")
        let spec = ShimSpec(
            command: ["bash", "-c", "exec 3<>\(path); printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; tail -1 <&3"],
            directory: "/", environment: ["PATH": "/usr/bin:/bin"], mode: .once(timeout: .seconds(10)))
        _ = try shim.start(spec, executable: HeadgateExecutable.path)
        _ = try await shim.ended()
        return (Files.read(shim.logPath) ?? "").split(whereSeparator: \.isWhitespace)
    }

    @Test func `a first version is started from its bundle and takes traffic when it is ready`() async throws {
        try await fixture.run { target in
            let version = fixture.version("slow")
            #expect(try await target.observe(wine) == ObservedServing())
            try await target.apply(fixture.only(version), operation: OperationID(1))
            #expect(await eventually { await phase(target, version) == .starting })
            #expect(await weights(target) == [:])
            #expect(await eventually { await weights(target) == [version.version: 100] })
            let observed = try await target.observe(wine)
            #expect(observed.versions[version.version]?.phase == .ready)
            #expect(observed.versions[version.version]?.readyReplicas == 1)
            #expect(observed.address == "http://127.0.0.1:1/wine")
            #expect(observed.traffic[version.version] == TrafficStatistics())
            #expect(try await answer(version).first == "slow")
            let log = try await target.log(ServerLogQuery(deployment: wine, version: version.version, replica: 0))
            #expect(String(decoding: log.bytes, as: UTF8.self) == "serving slow\n" && log.isLive)

            let writes = fixture.writes
            try await target.apply(fixture.only(version), operation: OperationID(2))
            try await target.apply(fixture.only(version), operation: OperationID(2))
            #expect(await !eventually(within: .milliseconds(500)) { fixture.writes != writes })
        }
    }

    @Test func `the old weights stand until the new version is ready, and the old version drains`() async throws {
        try await fixture.run { target in
            let (old, new) = (fixture.version("ok"), fixture.version("slow"))
            try await target.apply(fixture.only(old), operation: OperationID(1))
            #expect(await eventually { await weights(target) == [old.version: 100] })
            fixture.setInFlight([old.version: 1])
            try await target.apply(fixture.only(new), operation: OperationID(2))
            #expect(await eventually { await phase(target, new) == .starting })
            #expect(await weights(target) == [old.version: 100])
            #expect(await phase(target, old) == .ready)
            #expect(await eventually { await weights(target) == [new.version: 100] })
            #expect(await eventually { await phase(target, old) == .draining })
            #expect(await !eventually(within: .seconds(1)) { !fixture.replica(old.version).isAlive })
            #expect(try await answer(old).first == "ok")
            fixture.setInFlight([:])
            #expect(await eventually { await phase(target, old) == nil })
            #expect(!fixture.replica(old.version).isAlive)
        }
    }

    @Test func `a server's log is read while it runs and kept for a while when it is gone`() async throws {
        try await fixture.run { target in
            let (old, new) = (fixture.version("ok"), fixture.version("ok too"))
            func log(_ version: ServedVersion, replica: Int = 0, after: LogPosition? = nil) async throws
                -> ServerLogPart
            {
                try await target.log(
                    ServerLogQuery(
                        deployment: wine, version: version.version, replica: replica, position: after))
            }
            try await target.apply(fixture.only(old), operation: OperationID(1))
            #expect(await eventually { await weights(target) == [old.version: 100] })
            let first = try await log(old)
            #expect(String(decoding: first.bytes, as: UTF8.self) == "serving ok\n")
            let other = await #expect(throws: TargetError.self) { try await log(old, replica: 1) }
            #expect(other?.message.hasSuffix("has no replica 1: there is 0") == true, "\(other?.message ?? "")")
            let unknown = await #expect(throws: TargetError.self) { try await log(new) }
            #expect(unknown?.code == .rejected && unknown?.message.contains("no log is kept of it") == true)

            try await target.apply(fixture.only(new), operation: OperationID(2))
            #expect(await eventually { await phase(target, old) == nil })
            let rest = try await log(old, after: first.next)
            #expect(rest.bytes.isEmpty && !rest.isLive)
            let whole = try await log(old)
            #expect(String(decoding: whole.bytes, as: UTF8.self).hasPrefix("serving ok\n"))
        }
    }

    @Test func `of the logs of servers that are gone the newest are kept`() throws {
        let logs = KeptLogs(deployment: fixture.scratch.path + "/kept")
        let versions = (0..<8).map { VersionID(Digest.of([UInt8($0)])) }
        for (index, version) in versions.enumerated() {
            let log = fixture.scratch.path + "/log"
            Files.write("\(index)", to: log)
            try logs.keep(log, of: version, replica: 0)
        }
        let kept = versions.map { Files.read(logs.path(of: $0, replica: 0)) }
        #expect(kept == [nil, nil, nil, "3", "4", "5", "6", "7"])
    }

    @Test func `requests that never end keep a version no longer than its drain time`() async throws {
        try await fixture.run { target in
            let (old, new) = (fixture.version("ok", drain: .seconds(1)), fixture.version("ok too"))
            try await target.apply(fixture.only(old), operation: OperationID(1))
            #expect(await eventually { await weights(target) == [old.version: 100] })
            fixture.setInFlight([old.version: 3])
            try await target.apply(fixture.only(new), operation: OperationID(2))
            #expect(await eventually { await phase(target, old) == nil })
        }
    }

    @Test(arguments: [
        ("never", "not ready within 2.0 seconds: serving never"),
        ("crash", "its server ended"),
    ])
    func `a version that does not become ready fails with its last words and moves nothing`(
        kind: String, message: String
    ) async throws {
        try await fixture.run { target in
            let (old, new) = (
                fixture.version("ok"), fixture.version(kind, within: kind == "crash" ? .seconds(600) : .seconds(2))
            )
            try await target.apply(fixture.only(old), operation: OperationID(1))
            #expect(await eventually { await weights(target) == [old.version: 100] })
            let state = fixture.state([old, new], weights: [old.version: 90, new.version: 10])
            try await target.apply(state, operation: OperationID(2))
            #expect(
                await eventually {
                    if case .failed(let text) = await phase(target, new) { text.contains(message) } else { false }
                })
            if kind == "crash", case .failed(let text) = await phase(target, new) {
                #expect(text.contains("exit code 1"))
                #expect(text.contains("no such model"))
            }
            #expect(await weights(target) == [old.version: 100])
            #expect(await phase(target, old) == .ready)
            try await target.apply(fixture.only(old), operation: OperationID(3))
            #expect(await eventually { await phase(target, new) == nil })
        }
    }

    @Test func `what a controller left running is adopted by the next one`() async throws {
        let version = fixture.version("ok")
        try await fixture.session { target in
            try await target.apply(fixture.only(version), operation: OperationID(1))
            #expect(await eventually { await weights(target) == [version.version: 100] })
        }
        let router = try #require(fixture.router.status?.command)
        let server = try #require(fixture.replica(version.version).status?.command)
        #expect(router.isAlive && server.isAlive)
        let writes = fixture.writes
        try await fixture.run { target in
            // The first that it tells: a rollout would take anything less for a failure.
            #expect(try await target.observe(TargetFixture.deployment()).versions[version.version]?.phase == .ready)
            #expect(await eventually { await phase(target, version) == .ready })
            #expect(await weights(target) == [version.version: 100])
            #expect(fixture.router.status?.command == router)
            #expect(fixture.replica(version.version).status?.command == server)
            try await target.apply(fixture.only(version), operation: OperationID(1))
            #expect(fixture.writes == writes)
        }
    }

    @Test func `a server that dies is started again on its port, whoever is killed`() async throws {
        try await fixture.run { target in
            let version = fixture.version("ok")
            try await target.apply(fixture.only(version), operation: OperationID(1))
            #expect(await eventually { await weights(target) == [version.version: 100] })
            let shim = fixture.replica(version.version)
            let port = try #require(Replica.record(in: shim.folder)).port
            let first = try #require(shim.status?.command)
            kill(first.pid, SIGKILL)
            #expect(
                await eventually {
                    let seen = try? await target.observe(wine).versions[version.version]
                    return seen?.restarts == 1 && seen?.phase == .ready && seen?.lastExit == "was killed by signal 9"
                })
            let second = try #require(shim.status?.command)
            kill(try #require(shim.started?.shim.pid), SIGKILL)
            #expect(
                await eventually {
                    let now = shim.status?.command
                    let isReady = await phase(target, version) == .ready
                    return isReady && now != nil && now != second && now?.isAlive == true
                })
            #expect(!second.isAlive)
            let seen = try await target.observe(wine).versions[version.version]
            #expect(seen?.restarts == 2 && seen?.lastExit == "was lost with its shim")
            #expect(try #require(Replica.record(in: shim.folder)).port == port)
            #expect(await weights(target) == [version.version: 100])
            #expect(try await answer(version).first == "ok")
        }
    }

    @Test func `a router that dies comes back with its table`() async throws {
        try await fixture.run { target in
            let version = fixture.version("ok")
            try await target.apply(fixture.only(version), operation: OperationID(1))
            #expect(await eventually { await weights(target) == [version.version: 100] })
            let router = try #require(fixture.router.status?.command)
            kill(router.pid, SIGKILL)
            #expect(await eventually { !router.isAlive })
            #expect(await eventually { await weights(target) == [version.version: 100] })
            func restarts() async -> ServerRestarts? { try? await target.observe(wine).router }
            let killed = ServerRestarts(count: 1, lastExit: "was killed by signal 9")
            #expect(await eventually { await restarts() == killed })
            kill(try #require(fixture.router.started?.shim.pid), SIGKILL)
            #expect(await eventually { await weights(target) != [version.version: 100] })
            #expect(await eventually { await weights(target) == [version.version: 100] })
            #expect(await phase(target, version) == .ready)
            #expect(await restarts() == ServerRestarts(count: 2, lastExit: "was lost with its shim"))
        }
    }

    @Test func `replicas come and go while the version serves`() async throws {
        try await fixture.run { target in
            try await target.apply(fixture.only(fixture.version("ok")), operation: OperationID(1))
            let version = fixture.version("ok", replicas: 2)
            #expect(await eventually { await weights(target) == [version.version: 100] })
            try await target.apply(fixture.only(version), operation: OperationID(2))
            #expect(
                await eventually {
                    (try? await target.observe(wine).versions[version.version]?.readyReplicas) == 2
                })
            #expect(try await answer(version, 1).first == "ok")
            try await target.apply(fixture.only(fixture.version("ok")), operation: OperationID(3))
            #expect(await eventually { !Files.exists(fixture.replica(version.version, 1).folder) })
            #expect(await phase(target, version) == .ready)
            #expect(await weights(target) == [version.version: 100])
        }
    }

    @Test func `a removed Deployment leaves nothing, and can come back`() async throws {
        try await fixture.run { target in
            let version = fixture.version("ok")
            try await target.remove(wine, operation: OperationID(1))
            try await target.apply(fixture.only(version), operation: OperationID(2))
            #expect(await eventually { await weights(target) == [version.version: 100] })
            let server = try #require(fixture.replica(version.version).status?.command)
            try await target.remove(wine, operation: OperationID(3))
            try await target.remove(wine, operation: OperationID(3))
            #expect(await eventually { !Files.exists(fixture.folder + "/serving/source.wine") })
            #expect(!server.isAlive)
            #expect(try await target.observe(wine) == ObservedServing())
            try await target.apply(fixture.only(version), operation: OperationID(4))
            #expect(await eventually { await weights(target) == [version.version: 100] })
        }
    }

    @Test func `states that it cannot hold are refused, those without room may be tried again`() async throws {
        let version = fixture.version("ok")
        var portless = version
        portless.bundle.serve?.command = ["python3", "serve.py"]
        var unserved = version
        unserved.bundle.serve = nil
        let cases: [(ServingState, TargetError.Code)] = [
            (fixture.only(portless), .rejected),
            (fixture.only(unserved), .rejected),
            (fixture.state([version], weights: [version.version: 90]), .rejected),
            (fixture.state([], weights: [version.version: 100]), .rejected),
            (fixture.only(fixture.version("ok", replicas: 2)), .noCapacity),
        ]
        try await fixture.session(LocalTargetSpec(capacity: 1)) { target in
            for (state, code) in cases {
                let error = await #expect(throws: TargetError.self) {
                    try await target.apply(state, operation: OperationID(1))
                }
                #expect(error?.code == code)
            }
        }
        try await fixture.run { target in
            try await target.apply(fixture.only(version), operation: OperationID(1))
            guard let other = SourceName("other") else { return }
            var state = fixture.only(version)
            state.deployment = DeploymentID(source: other, name: wine.name)
            let error = await #expect(throws: TargetError.self) {
                try await target.apply(state, operation: OperationID(2))
            }
            #expect(error?.message == "the path /wine belongs to the Deployment source/wine")
            #expect(await eventually { await weights(target) == [version.version: 100] })
        }
    }

    @Test func `an artifact that is not there fails the version and names it`() async throws {
        try await fixture.run { target in
            var version = fixture.version("ok")
            version.bundle.artifact = TreeDigest(Digest.of(Array("missing".utf8)))
            try await target.apply(fixture.only(version), operation: OperationID(1))
            #expect(
                await eventually {
                    guard case .failed(let text) = await phase(target, version) else { return false }
                    return text.hasSuffix("is not stored")
                })
        }
    }

    @Test func `a server whose port somebody else took is started on another`() async throws {
        try await fixture.run { target in
            // It dies at once, so that its port is free for others.
            let version = fixture.version("crash")
            try await target.apply(fixture.only(version), operation: OperationID(1))
            let folder = fixture.replica(version.version).folder
            #expect(await eventually { Replica.record(in: folder) != nil })
            let port = try #require(Replica.record(in: folder)).port
            let other = try Listener(port: port)
            #expect(await eventually { Replica.record(in: folder).map { $0.port != port } ?? false })
            withExtendedLifetime(other) {}
        }
    }

    @Test func `a port is another's only while its own server waits to start again`() throws {
        let folder = fixture.scratch.path + "/replica"
        try LocalFiles.createFolders(folder)
        let port = try #require(LoopbackPort.free(except: []))
        func isTaken(_ phase: ShimStatus.Phase) throws -> Bool {
            let status = ShimStatus(
                phase: phase, command: nil, restarts: 1, lastExit: .signalled(SIGKILL), since: SystemTime.now)
            try JSONFile.write(status, to: folder + "/" + ShimFile.status, durable: false)
            return Replica(folder: folder, port: port).isPortTaken
        }
        #expect(try !isTaken(.waiting))
        let other = try Listener(port: port)
        #expect(try isTaken(.waiting))
        #expect(try !isTaken(.running))
        #expect(try !isTaken(.stopping))
        withExtendedLifetime(other) {}
    }
}

/// Somebody who listens on a port.
private final class Listener {
    private let descriptor: Int32

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0, listen(descriptor, 1) == 0 else { throw ScratchError.cannotCreate(errno) }
    }

    deinit { close(descriptor) }
}
