import HeadgateCore
import NIOCore
import Synchronization

/// One version as requests are sent to it.
final class BackendRuntime: Sendable {
    let version: String
    let short: String
    let endpoints: [Endpoint]
    let pathPrefix: [UInt8]
    let traffic: VersionTraffic
    /// `x-headgate-version: <short>` with its line end.
    let versionLine: [UInt8]
    private let turn = Atomic<Int>(0)

    init(version: String, backend: RouterBackend, traffic: VersionTraffic) {
        self.version = version
        short = Self.short(version)
        endpoints = backend.endpoints.compactMap(Endpoint.init)
        pathPrefix = Array(backend.pathPrefix.utf8)
        self.traffic = traffic
        versionLine = Array("x-headgate-version: \(short)\r\n".utf8)
    }

    /// Where to begin in the list of replicas.
    func nextTurn() -> Int {
        guard endpoints.count > 1 else { return 0 }
        return Int(UInt(bitPattern: turn.wrappingAdd(1, ordering: .relaxed).oldValue) % UInt(endpoints.count))
    }

    /// The first 12 digits of a version's id.
    static func short(_ version: String) -> String {
        let digits = version.hasPrefix("sha256:") ? version.dropFirst(7) : version[...]
        return String(digits.prefix(12))
    }
}

/// One Deployment as requests are sent to it: never changed, only replaced.
final class DeploymentRuntime: Sendable {
    let name: String
    let table: RouterDeployment
    let backends: [String: BackendRuntime]
    let stable: BackendRuntime?
    /// Kept over changes that leave the weights as they are.
    let sequence: WeightSequence?
    let mirror: Mirror?
    private let weighted: [BackendRuntime]
    private let routes: [Route]

    struct Mirror: Sendable {
        let backend: BackendRuntime
        let sequence: WeightSequence
        let compare: AnswerComparison
    }

    private struct Route: Sendable {
        let match: RouteMatcher
        let backend: BackendRuntime
    }

    enum Choice {
        case backend(BackendRuntime)
        /// A route reads the body, which is not there yet.
        case needsBody
        case nobody
    }

    init(name: String, table: RouterDeployment, traffic: [String: VersionTraffic], previous: DeploymentRuntime?) {
        self.name = name
        self.table = table
        var backends: [String: BackendRuntime] = [:]
        for (version, backend) in table.backends {
            if let kept = previous?.backends[version], previous?.table.backends[version] == backend {
                backends[version] = kept
            } else if let traffic = traffic[version] {
                backends[version] = BackendRuntime(version: version, backend: backend, traffic: traffic)
            }
        }
        self.backends = backends
        stable = table.stable.flatMap { backends[$0] }
        sequence =
            previous?.sequence?.weights == table.weights ? previous?.sequence : WeightSequence(table.weights)
        weighted = sequence?.versions.compactMap { backends[$0] } ?? []
        routes = table.routes.compactMap { route in
            backends[route.version].map { Route(match: RouteMatcher(route.match, salt: name), backend: $0) }
        }
        mirror = table.mirror.flatMap { mirror in
            let shares = ["no": 100 - mirror.percent, "yes": mirror.percent]
            guard let backend = backends[mirror.version], mirror.percent > 0,
                let sequence = previous?.mirror.flatMap({ $0.sequence.weights == shares ? $0.sequence : nil })
                    ?? WeightSequence(shares)
            else { return nil }
            return Mirror(backend: backend, sequence: sequence, compare: mirror.compare)
        }
    }

    /// Chooses the version of a request; a turn of the sequence is used only when no route says otherwise.
    ///
    /// The body is nil while it is not known; the routes that read it do not match then.
    func choose(_ head: MessageHead, body: ByteBuffer?, bodyMayCome: Bool) -> Choice {
        guard let sequence, weighted.count == sequence.versions.count else { return .nobody }
        for route in routes {
            switch route.match.matches(head, body: body) {
            case .some(true): return .backend(route.backend)
            case .some(false): continue
            case .none where bodyMayCome: return .needsBody
            case .none: continue
            }
        }
        return .backend(weighted[sequence.next()])
    }

    /// Whether this request is one of those that are mirrored.
    func takesMirrorTurn() -> Mirror? {
        guard let mirror, mirror.sequence.versions[mirror.sequence.next()] == "yes" else { return nil }
        return mirror
    }

    func preview(_ short: some StringProtocol) -> BackendRuntime? {
        backends.values.first { $0.short == short && table.backends[$0.version]?.preview == true }
    }
}
