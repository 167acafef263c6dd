import HeadgateCore

/// What a program is asked: one JSON object a line.
struct ExecRequest: Encodable, Sendable {
    enum Call: String, Encodable, Sendable {
        case capabilities, apply, observe, remove
    }

    /// The answer carries it too.
    var id = 0
    let call: Call
    let target: String
    let settings: [String: String]
    var deployment: Deployment?
    /// Grows with every write to a Deployment; the same number asks for the same again.
    var operation: Int64?
    var state: State?

    struct Deployment: Encodable, Sendable {
        let source: String
        let name: String

        init(_ id: DeploymentID) {
            source = id.source.text
            name = id.name.text
        }
    }

    /// The whole desired state of a Deployment.
    struct State: Encodable, Sendable {
        /// Every version that shall exist, whether it takes requests or not.
        let versions: [Version]
        /// Share of requests by version; adds up to 100, or is empty.
        let weights: [String: Int]
        let stable: String?
    }

    struct Version: Encodable, Sendable {
        let version: String
        let replicas: Int
        /// The artifact's path.
        let model: String
        /// The folder in which the version's files stand as they do in the repository.
        let folder: String
        /// The command of the Model's `serve` section, if it has one.
        let command: [String]?
    }
}

/// What a program answers; what is not known is passed over.
struct ExecAnswer: Decodable, Sendable {
    let id: Int
    let error: Problem?
    let capabilities: Capabilities?
    let observed: Observed?

    struct Problem: Decodable, Sendable {
        let code: TargetError.Code
        let message: String
    }

    struct Capabilities: Decodable, Sendable {
        let weights: Bool?
        let sideBySide: Bool?
    }

    struct Observed: Decodable, Sendable {
        let versions: [String: Version]?
        let weights: [String: Int]?
        let address: String?
    }

    struct Version: Decodable, Sendable {
        enum Phase: String, Decodable, Sendable {
            case starting, ready, failed, draining, stopped
        }

        let phase: Phase
        let replicas: Int?
        let readyReplicas: Int?
        let restarts: Int?
        let inFlight: Int?
        /// Why it failed.
        let message: String?
    }
}

extension ObservedServing {
    /// Checks what a program says it does.
    init(_ answer: ExecAnswer.Observed) throws(TargetError) {
        self.init()
        for (text, seen) in answer.versions ?? [:] {
            let version = try Self.version(text)
            let phase: ObservedVersion.Phase =
                switch seen.phase {
                case .starting: .starting
                case .ready: .ready
                case .failed: .failed(String((seen.message ?? "no reason was given").prefix(500)))
                case .draining: .draining
                case .stopped: .stopped
                }
            let replicas = max(0, seen.replicas ?? 1)
            versions[version] = ObservedVersion(
                phase: phase, readyReplicas: max(0, seen.readyReplicas ?? (phase == .ready ? replicas : 0)),
                replicas: replicas, restarts: max(0, seen.restarts ?? 0), inFlight: max(0, seen.inFlight ?? 0))
        }
        for (text, weight) in answer.weights ?? [:] where weight != 0 { weights[try Self.version(text)] = weight }
        let isWhole = weights.values.allSatisfy { (1...100).contains($0) } && weights.values.reduce(0, +) == 100
        guard weights.isEmpty || isWhole else {
            throw TargetError(.unreachable, "the program reports weights that do not add up to 100")
        }
        address = answer.address
    }

    private static func version(_ text: String) throws(TargetError) -> VersionID {
        guard let version = VersionID(text) else {
            throw TargetError(.unreachable, "the program reports '\(text.prefix(80))', which is not a version")
        }
        return version
    }
}
