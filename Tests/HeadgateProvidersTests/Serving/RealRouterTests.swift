import Glibc
import HeadgateCore
import HeadgateTestSupport
import Testing

@testable import HeadgateProviders

@Suite struct RealRouterTests {
    let fixture: TargetFixture
    private let wine = TargetFixture.deployment()

    init() throws { fixture = try TargetFixture(withRealRouter: true) }

    /// Asks until the task is cancelled; gives the numbers of answers and of failures.
    private func load(port: Int) async -> (answered: Int, lost: Int) {
        var (answered, lost) = (0, 0)
        while !Task.isCancelled {
            let isAnswered = await LocalHTTP.isReady(port: port, path: "/wine/predict", within: .seconds(60))
            if isAnswered { answered += 1 } else { lost += 1 }
        }
        // The one that was cut off by the cancellation is nobody's loss.
        return (answered, max(0, lost - 1))
    }

    private func serves(_ target: LocalTarget, _ version: ServedVersion) async -> Bool {
        guard let seen = try? await target.observe(wine) else { return false }
        return seen.weights == [version.version: 100] && seen.versions.count == 1
    }

    @Test func `no request is lost while versions replace each other and the controller comes and goes`() async throws {
        let (old, new) = (fixture.version("ok"), fixture.version("slow"))
        try await fixture.session { target in
            try await target.apply(fixture.only(old), operation: OperationID(1))
            #expect(await eventually { await serves(target, old) })
        }
        try await fixture.session { target in
            #expect(await eventually { await serves(target, old) })
        }
        let port = try fixture.routerPort()
        try await withThrowingTaskGroup(of: (answered: Int, lost: Int).self) { group in
            for _ in 0..<4 { group.addTask { await load(port: port) } }
            try await fixture.session { target in
                try await target.apply(fixture.only(new), operation: OperationID(2))
                #expect(await eventually { (try? await target.observe(wine).versions[new.version]) != nil })
            }
            // Gone while the new version starts; the next controller brings it to its end.
            try await fixture.session { target in
                #expect(await eventually { await serves(target, new) })
                try await target.apply(fixture.only(old), operation: OperationID(3))
                #expect(await eventually { await serves(target, old) })
                let traffic = try await target.observe(wine).traffic
                #expect((traffic[old.version]?.requests ?? 0) > 0)
            }
            group.cancelAll()
            var answered = 0
            for try await result in group {
                answered += result.answered
                #expect(result.lost == 0)
            }
            #expect(answered > 100)
        }
        try await fixture.endAll()
    }

    @Test func `the local target keeps what every target promises`() async throws {
        try await fixture.run { target in
            let contract = ServingTargetContract(
                of: target, deployment: wine, first: fixture.version("ok"), second: fixture.version("ok too"))
            #expect(await contract.violations() == [])
        }
    }

    @Test func `a router that is killed goes on with its last table`() async throws {
        try await fixture.run { target in
            let version = fixture.version("ok")
            try await target.apply(fixture.only(version), operation: OperationID(1))
            #expect(await eventually { await serves(target, version) })
            let port = try fixture.routerPort()
            #expect(await LocalHTTP.isReady(port: port, path: "/wine/x"))
            kill(try #require(fixture.router.status?.command?.pid), SIGKILL)
            #expect(await eventually { await LocalHTTP.isReady(port: port, path: "/wine/x") })
            #expect(await eventually { await serves(target, version) })
        }
    }
}
