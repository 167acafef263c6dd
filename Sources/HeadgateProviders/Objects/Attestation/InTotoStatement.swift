import FoundationEssentials
import HeadgateCore

/// Who says what of which artifacts: the body of an attestation.
///
/// https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
struct InTotoStatement<Predicate: Codable & Sendable>: Codable, Sendable {
    struct Subject: Codable, Sendable {
        let name: String
        let digest: [String: String]

        init(_ name: String, sha256: Digest) {
            self.name = name
            digest = ["sha256": sha256.hex]
        }
    }

    enum CodingKeys: String, CodingKey {
        case type = "_type"
        case subject, predicateType, predicate
    }

    let type: String
    let subject: [Subject]
    let predicateType: String
    let predicate: Predicate

    init(subject: [Subject], predicateType: String, predicate: Predicate) {
        type = "https://in-toto.io/Statement/v1"
        self.subject = subject
        self.predicateType = predicateType
        self.predicate = predicate
    }
}

/// How a step's result came about, as SLSA's provenance says it.
///
/// https://slsa.dev/spec/v1.0/provenance
struct StepProvenance: Codable, Sendable {
    static let predicateType = "https://slsa.dev/provenance/v1"
    static let buildType = "https://headgate.dev/attestation/step/v1"
    static let resultName = "result.json"

    struct Resource: Codable, Sendable {
        var name: String?
        var uri: String?
        var digest: [String: String]?
        var mediaType: String?
        /// Base64.
        var content: String?
    }

    struct Definition: Codable, Sendable {
        struct Parameters: Codable, Sendable {
            let key: StepKey
            let model: String
            let step: StepName
            let command: [String]
            let outputs: [String]
            let metrics: String?
        }

        let buildType: String
        let externalParameters: Parameters
        let resolvedDependencies: [Resource]
    }

    struct Details: Codable, Sendable {
        struct Builder: Codable, Sendable { let id: String }
        struct Metadata: Codable, Sendable {
            let invocationId: String
            let startedOn: String
            let finishedOn: String
        }

        let builder: Builder
        let metadata: Metadata
        let byproducts: [Resource]
    }

    let buildDefinition: Definition
    let runDetails: Details

    /// `builder`: names who ran it, a URI.
    init(_ launch: StepLaunch, _ result: StepResult, builder: String) throws {
        let inputs = launch.inputs.map { input in
            switch input.content {
            case .tracked(_, let entry): Resource(name: input.path, digest: ["gitBlob": entry.id])
            case .stored(let tree): Resource(name: input.path, digest: ["sha256": tree.digest.hex])
            case .pinned(let pin): Resource(name: input.path, uri: pin.uri, digest: ["sha256": pin.sha256.hex])
            }
        }
        buildDefinition = Definition(
            buildType: Self.buildType,
            externalParameters: Definition.Parameters(
                key: launch.key, model: launch.model.name.text, step: launch.step, command: launch.command,
                outputs: launch.outputs, metrics: launch.metrics),
            resolvedDependencies: inputs)
        let document = try Self.document(of: result)
        runDetails = Details(
            builder: Details.Builder(id: builder),
            metadata: Details.Metadata(
                invocationId: launch.run.text, startedOn: result.started.rfc3339, finishedOn: result.ended.rfc3339),
            byproducts: [
                Resource(
                    name: Self.resultName, digest: ["sha256": Digest.of(document).hex], mediaType: "application/json",
                    content: Base64Text.encode(document))
            ])
    }

    /// A result as a reader has it: JSON has one way to write 1 and 1.0, so digests are of what was written.
    static func readBack(_ result: StepResult) throws -> StepResult {
        try JSONFile.decode(StepResult.self, JSONFile.bytes(result))
    }

    private static func document(of result: StepResult) throws -> [UInt8] { try JSONFile.bytes(readBack(result)) }

    /// The result that the statement carries; nil when it carries none that it names rightly.
    var result: StepResult? {
        guard let resource = runDetails.byproducts.first(where: { $0.name == Self.resultName }),
            let bytes = resource.content.flatMap(Base64Text.decode),
            resource.digest?["sha256"] == Digest.of(bytes).hex
        else { return nil }
        return try? JSONFile.decode(StepResult.self, bytes)
    }
}

extension InTotoStatement where Predicate == StepProvenance {
    /// A step's result: its outputs by the digests of their trees, and its metrics by that of their canonical text.
    init(_ launch: StepLaunch, _ result: StepResult, builder: String) throws {
        self.init(
            subject: try Self.subjects(of: StepProvenance.readBack(result)),
            predicateType: StepProvenance.predicateType,
            predicate: try StepProvenance(launch, result, builder: builder))
    }

    /// What keeps the statement from being about this key's result, as "the result …" goes on; nil if nothing.
    func problem(as key: StepKey) -> String? {
        guard type == "https://in-toto.io/Statement/v1" else { return "is a statement of the type \(type)" }
        guard predicateType == StepProvenance.predicateType,
            predicate.buildDefinition.buildType == StepProvenance.buildType
        else { return "is no provenance of a step" }
        // A signed result of one key is not one of another.
        let stated = predicate.buildDefinition.externalParameters.key
        guard stated == key else { return "is that of the key \(stated.short)" }
        guard let result = predicate.result else { return "is not readable, or not what its digest says" }
        guard RunID(predicate.runDetails.metadata.invocationId) != nil else { return "names no run" }
        return difference(from: result)
    }

    /// What the statement is about that its result does not hold as it says, or the other way round.
    private func difference(from result: StepResult) -> String? {
        let expected = Self.subjects(of: result)
        if let extra = subject.first(where: { item in !expected.contains { $0.name == item.name } }) {
            return "lacks \(extra.name), which its statement is about"
        }
        if let missing = expected.first(where: { item in !subject.contains { $0.name == item.name } }) {
            return "has \(missing.name), which its statement is not about"
        }
        if let (_, other) = zip(subject, expected).first(where: { $0.name != $1.name || $0.digest != $1.digest }) {
            return "has another digest of \(other.name) than its statement"
        }
        return subject.count == expected.count ? nil : "has \(expected.count) parts and its statement \(subject.count)"
    }

    private static func subjects(of result: StepResult) -> [Subject] {
        let outputs = result.outputs.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        var subjects = outputs.map { Subject($0.key, sha256: $0.value.tree.digest) }
        // A step may report metrics only, and a statement needs a subject.
        let metrics = result.metrics ?? .null
        if result.metrics != nil || subjects.isEmpty {
            subjects.append(Subject("metrics", sha256: Digest.of(Array(metrics.canonicalText.utf8))))
        }
        return subjects
    }
}

/// Which version serves as a Deployment's champion, and how it was assessed.
struct ChampionStatement: Codable, Sendable {
    static let predicateType = "https://headgate.dev/attestation/champion/v1"

    let deployment: DeploymentID
    let champion: ChampionEvidence
    /// Increases, so that an older statement is known as such.
    let published: Instant
}
