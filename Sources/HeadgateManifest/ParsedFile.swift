package import HeadgateCore

/// What a file says: its objects and everything that is wrong with it.
package struct ParsedFile: Hashable, Sendable {
    /// Every document that could be identified, in the file's order.
    package var objects: [ParsedObject] = []
    package var diagnostics: [Diagnostic] = []
    /// Whether a document could not be identified, so that any object that was last seen here may still be meant.
    package var isUnreadable = false
    /// Names that unidentified documents mention.
    package var mentionedNames: Set<String> = []

    /// Whether the file says nothing to us.
    package var isEmpty: Bool { objects.isEmpty && diagnostics.isEmpty && !isUnreadable }
}

/// An identified document.
package struct ParsedObject: Hashable, Sendable {
    /// The spec of any kind.
    package enum Spec: Hashable, Sendable {
        case model(Shared<ModelSpec>)
        case policy(Shared<PolicySpec>)
        case deployment(Shared<DeploymentSpec>)
        case target(Shared<TargetSpec>)
    }

    package let id: ObjectID
    package let meta: ObjectMeta
    /// Nil when the document is in error.
    package let spec: Spec?
    /// Other objects that it names.
    let references: [ObjectReference]
    /// Paths of the repository that it names.
    let paths: [PathReference]
}

/// A place at which an object names another.
struct ObjectReference: Hashable, Sendable {
    let kind: Kind
    let name: String
    let field: ReferenceField
    let mark: YAMLMark
}

/// A place at which an object names a path that Git must track.
struct PathReference: Hashable, Sendable {
    let path: RepositoryPath
    let field: ReferenceField
    let mark: YAMLMark
}

/// Where a reference stands in its document; small, since every object keeps its own.
enum ReferenceField: Hashable, Sendable {
    case model
    case target
    case policy(Int32)
    case dependency(Int32)
    case artifact
    case input(step: Int32, Int32)
    case requirements
    case stepRequirements(step: Int32)
    case serveInput(Int32)
    case serveRequirements
    case warmup

    var path: [FieldPart] {
        let inSpec: [FieldPart] =
            switch self {
            case .model: [.field("model")]
            case .target: [.field("target")]
            case .policy(let index): [.field("policies"), .index(Int(index))]
            case .dependency(let index): [.field("dependsOn"), .index(Int(index)), .field("name")]
            case .artifact: [.field("artifact")]
            case .input(let step, let index): Self.step(step) + [.field("inputs"), .index(Int(index))]
            case .requirements: [.field("pipeline")] + Self.environment
            case .stepRequirements(let step): Self.step(step) + Self.environment
            case .serveInput(let index): [.field("serve"), .field("inputs"), .index(Int(index))]
            case .serveRequirements: [.field("serve")] + Self.environment
            case .warmup: [.field("serve"), .field("warmup")]
            }
        return [.field("spec")] + inSpec
    }

    private static let environment: [FieldPart] = [.field("environment"), .field("python"), .field("requirements")]

    private static func step(_ index: Int32) -> [FieldPart] {
        [.field("pipeline"), .field("steps"), .index(Int(index))]
    }
}
