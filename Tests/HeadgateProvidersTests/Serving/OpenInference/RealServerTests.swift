import Glibc
import HeadgateCore
import HeadgateTestSupport
import Testing

@testable import HeadgateProviders

/// Against MLServer and Triton themselves, where they are installed.
@Suite(.enabled(if: !InferenceServerKind.installed.isEmpty), .serialized)
struct RealServerTests {
    private let wine = TargetFixture.deployment()

    private func state(_ weights: [(ServedVersion, Int)]) -> ServingState {
        ServingState(
            deployment: wine, versions: weights.map(\.0),
            weights: Dictionary(uniqueKeysWithValues: weights.map { ($0.0.version, $0.1) }).filter { $0.value > 0 },
            stable: weights.max { $0.1 < $1.1 }?.0.version)
    }

    private func shows(_ target: OpenInferenceTarget, _ weights: [(ServedVersion, Int)]) async -> Bool {
        guard let seen = try? await target.observe(wine) else { return false }
        return seen.weights == state(weights).weights && seen.versions.count == weights.count
            && weights.allSatisfy { seen.versions[$0.0.version]?.phase == .ready }
    }

    /// Applies and waits until the target shows it.
    private func move(
        _ target: OpenInferenceTarget, to weights: [(ServedVersion, Int)], _ operation: Int64,
        _ fixture: InferenceFixture
    ) async throws {
        try await target.apply(state(weights), operation: OperationID(operation))
        let isShown = await eventually { await shows(target, weights) }
        let seen = try? await target.observe(wine)
        #expect(isShown, "\(String(describing: seen))\n\(fixture.log())")
    }

    @Test(arguments: InferenceServerKind.installed)
    func `versions replace each other by exact weights, forward and back, and no request is lost`(
        _ kind: InferenceServerKind
    ) async throws {
        let fixture = try InferenceFixture(kind)
        let (old, new) = (try await fixture.version(1), try await fixture.version(2))
        try await fixture.run { target in
            try await move(target, to: [(old, 100)], 1, fixture)
            let address = try #require(try await target.observe(wine).address)
            let load = ConstantLoad()
            try await load.during(fixture, address) {
                try await move(target, to: [(old, 100), (new, 0)], 2, fixture)
                #expect(load.answers(of: 2) == 0)
                try await move(target, to: [(old, 90), (new, 10)], 3, fixture)
            }
            // Nobody else asks now.
            var counted: [Int: Int] = [:]
            for _ in 0..<200 { counted[await fixture.ask(address)?.value ?? 0, default: 0] += 1 }
            #expect(counted == [1: 180, 2: 20])
            try await load.during(fixture, address) {
                try await move(target, to: [(old, 0), (new, 100)], 4, fixture)
                try await move(target, to: [(new, 100)], 5, fixture)
                let model = ServedModel(deployment: "wine", version: old.version, layout: kind.layout)
                #expect(await fixture.servers[0].readiness(of: model) == .notReady)
                #expect(!Files.exists(fixture.repository + "/" + model.name))
                // What was taken away comes back as it was.
                try await move(target, to: [(old, 100)], 6, fixture)
            }
            let last = await fixture.ask(address)
            #expect(last?.value == 1)
            #expect(load.lost == 0)
            #expect(load.refused == 0)
            #expect(load.answered > 100)
            #expect(Files.names(fixture.repository).count == 1)
            let traffic = try await target.observe(wine).traffic[old.version]
            #expect((traffic?.requests ?? 0) > 0)
        }
    }

    @Test(arguments: InferenceServerKind.installed)
    func `a version that cannot be loaded fails with the server's message and takes no request`(
        _ kind: InferenceServerKind
    ) async throws {
        let fixture = try InferenceFixture(kind)
        let (good, bad) = (try await fixture.version(1), try await fixture.version(2, isCorrupt: true))
        try await fixture.run { target in
            try await move(target, to: [(good, 100)], 1, fixture)
            let address = try #require(try await target.observe(wine).address)
            let load = ConstantLoad()
            try await load.during(fixture, address) {
                try await target.apply(state([(good, 90), (bad, 10)]), operation: OperationID(2))
                let isFailed = await eventually {
                    guard case .failed(let message)? = try? await target.observe(wine).versions[bad.version]?.phase
                    else { return false }
                    return message.contains(kind == .triton ? "corrupt weights" : "UnpicklingError")
                }
                #expect(isFailed, "\(fixture.log())")
                // The server must be able to start again.
                #expect(await eventually { Files.names(fixture.repository).count == 1 })
                #expect(try await target.observe(wine).weights == [good.version: 100])
                try await move(target, to: [(good, 100)], 3, fixture)
            }
            #expect(load.lost == 0)
            #expect(load.refused == 0)
            #expect(load.answered == load.answers(of: 1))
            #expect(try await target.observe(wine).traffic[bad.version] == nil)
        }
    }

    @Test func `a server that is not there is a problem with its cause`() async throws {
        #expect(InferenceServerProbe(url: "ftp://127.0.0.1") == nil)
        let probe = try #require(InferenceServerProbe(url: "http://127.0.0.1:1"))
        let problem = await #expect(throws: InferenceServerProbe.Problem.self) { _ = try await probe.look() }
        #expect(problem?.description.contains("no whole answer") == true)
    }

    @Test(arguments: InferenceServerKind.installed)
    func `a server that was killed gets its versions back while the other one answers`(
        _ kind: InferenceServerKind
    ) async throws {
        let fixture = try InferenceFixture(kind, servers: 2)
        let version = try await fixture.version(3, warmup: InferenceFixture.request)
        try await fixture.run { target in
            try await move(target, to: [(version, 100)], 1, fixture)
            let seen = try await target.observe(wine)
            #expect(seen.versions[version.version]?.readyReplicas == 2)
            let probe = try #require(InferenceServerProbe(url: fixture.servers[0].url))
            #expect(try await probe.look().hasPrefix("\(kind.layout) "))
            let address = try #require(seen.address)
            let load = ConstantLoad()
            let model = ServedModel(deployment: "wine", version: version.version, layout: kind.layout)
            try await load.during(fixture, address) {
                let server = try #require(fixture.process(0).status?.command)
                kill(server.pid, SIGKILL)
                #expect(await eventually { !server.isAlive })
                #expect(
                    await eventually { await fixture.servers[0].readiness(of: model) == .ready }, "\(fixture.log())")
                let isWhole = await eventually {
                    (try? await target.observe(wine).versions[version.version]?.readyReplicas) == 2
                }
                #expect(isWhole)
            }
            #expect(load.lost == 0)
            #expect(load.answered > 0)
            let last = await fixture.ask(address)
            #expect(last?.value == 3)
        }
    }

    @Test(arguments: InferenceServerKind.installed)
    func `a controller that comes back finds what serves, and a folder that was lost is put there again`(
        _ kind: InferenceServerKind
    ) async throws {
        let fixture = try InferenceFixture(kind)
        let version = try await fixture.version(1)
        try await fixture.run { target in
            try await move(target, to: [(version, 100)], 1, fixture)
            let address = try #require(try await target.observe(wine).address)
            let name = try #require(Files.names(fixture.repository).first)
            Files.remove(fixture.repository + "/" + name)
            try await fixture.session { later in
                // The first that it tells: a rollout would take anything less for a failure.
                #expect(try await later.observe(wine).versions[version.version]?.phase == .ready)
                #expect(await eventually { await shows(later, [(version, 100)]) })
                #expect(await eventually { Files.exists(fixture.repository + "/" + name) })
                let last = await fixture.ask(address)
                #expect(last?.value == 1)
                let contract = ServingTargetContract(
                    of: later, deployment: TargetFixture.deployment("contract"), first: try await fixture.version(4),
                    second: try await fixture.version(5))
                #expect(await contract.violations() == [])
            }
        }
    }

    @Test(arguments: InferenceServerKind.installed)
    func `a version whose answers are not what was recorded takes no request`(_ kind: InferenceServerKind) async throws
    {
        let fixture = try InferenceFixture(kind)
        let request = """
            [\(InferenceFixture.request), {"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP32",
            "data": [0, 0, 0, 0]}], "outputs": [{"name": "probability"}]}]
            """
        let version = try await fixture.version(1, warmup: request)
        try await fixture.run { target in
            try await target.apply(state([(version, 100)]), operation: OperationID(1))
            let isFailed = await eventually {
                guard case .failed? = try? await target.observe(wine).versions[version.version]?.phase else {
                    return false
                }
                return true
            }
            #expect(isFailed)
            #expect(try await target.observe(wine).weights == [:])
        }
    }
}
