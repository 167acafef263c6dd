import HeadgateCore

/// What manifests may say: one declaration a kind, from which its decoder, JSON Schema, hints and tables come.
enum Declaration {
    static let apiVersion = "headgate.dev/v1"
    static let apiGroup = "headgate.dev/"

    /// Kinds that stand beside ours in the same files and are not part of the desired state.
    ///
    /// `PolicyTest` is read where policies are tested.
    static let otherKinds = [PolicyTestParser.kind]

    static let kindNames = Kind.allCases.map(\.rawValue)

    /// What a document says about its object, whatever its kind.
    struct Metadata: Sendable {
        let name: Name<Kind>
        let labels: [String: String]
        let annotations: [String: String]
    }

    static let metadata: Shape<Metadata> = .object(
        "Metadata",
        Field("name", .name(), "The object's name, unique among those of its kind in the repository."),
        Field("labels", labels, default: [:], "Names and values that policies select objects by."),
        Field("annotations", labels, default: [:], "Notes for people and tools; nothing is decided by them."),
        make: Metadata.init)

    static let labels: Shape<[String: String]> = .map(
        of: .anyText,
        keys: .text(.labelKey, hint: "1 to 253 letters, digits, dots, dashes, slashes and _") { key in
            (1...253).contains(key.utf8.count) && key.utf8.allSatisfy { isWordByte($0) || "./-".utf8.contains($0) }
        }, .labelKey)

    /// Names and values of environment variables.
    static let variables: Shape<[String: String]> = .map(of: .anyText, keys: .identifier, .identifier)

    static let params: Shape<[String: JSONValue]> = .map(of: .json, keys: .identifier, .identifier)

    /// A command without a shell.
    static let command: Shape<[String]> = .list(of: .anyText, 1...1000, called: "arguments")

    static let policies: Shape<[PolicyName]> = .list(of: .name())

    /// The spec of an object, whatever its kind.
    static func spec(of kind: Kind) -> Shape<ParsedObject.Spec> {
        switch kind {
        case .model: model.map { .model(Shared($0)) }
        case .policy: policy.map { .policy(Shared($0)) }
        case .deployment: deployment.map { .deployment(Shared($0)) }
        case .target: target.map { .target(Shared($0)) }
        }
    }

    /// What an object of a kind is, in a sentence.
    static func summary(of kind: Kind) -> String {
        switch kind {
        case .model: "A pipeline, or an import, that makes versions of a model, and how one is served."
        case .policy: "Rules in CEL that are asked at gates."
        case .deployment: "Which Model serves on which Target, and by which strategy it rolls."
        case .target: "A serving system that takes desired state."
        }
    }
}
