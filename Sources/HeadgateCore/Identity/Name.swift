/// The name of an object: 1 to 63 characters of `a-z`, `0-9` and `-`.
package struct Name<Subject>: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    /// The name as text.
    package let text: String

    /// Nil when the text is not a name.
    package init?(_ text: some StringProtocol) {
        guard (1...63).contains(text.utf8.count), text.utf8.allSatisfy(isNameCharacter) else { return nil }
        self.text = String(text)
    }

    package var description: String { text }

    package static func < (left: Self, right: Self) -> Bool { left.text < right.text }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let name = Self(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a name: \(text)")
        }
        self = name
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

private func isNameCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
    default: false
    }
}

/// A watched repository and reference, as the controller's configuration names it.
package enum SourceSubject {}
package typealias SourceName = Name<SourceSubject>
package typealias ModelName = Name<ModelSpec>
package typealias PolicyName = Name<PolicySpec>
package typealias DeploymentName = Name<DeploymentSpec>
package typealias TargetName = Name<TargetSpec>
package typealias StepName = Name<StepSpec>

/// An object's name within the source that declares it.
package struct Scoped<Subject>: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    package let source: SourceName
    package let name: Name<Subject>

    package init(source: SourceName, name: Name<Subject>) {
        self.source = source
        self.name = name
    }

    /// `source/name`.
    package var description: String { "\(source)/\(name)" }

    package static func < (left: Self, right: Self) -> Bool {
        (left.source, left.name) < (right.source, right.name)
    }
}

package typealias ModelID = Scoped<ModelSpec>
package typealias PolicyID = Scoped<PolicySpec>
package typealias DeploymentID = Scoped<DeploymentSpec>
package typealias TargetID = Scoped<TargetSpec>

/// The kinds of manifests.
package enum Kind: String, Sendable, Hashable, Codable, CaseIterable, Comparable {
    case model = "Model"
    case policy = "Policy"
    case deployment = "Deployment"
    case target = "Target"

    package static func < (left: Kind, right: Kind) -> Bool { left.rawValue < right.rawValue }
}

/// Any object's identity: (source, kind, name), never its path.
package struct ObjectID: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    package let source: SourceName
    package let kind: Kind
    package let name: String

    package init(source: SourceName, kind: Kind, name: String) {
        self.source = source
        self.kind = kind
        self.name = name
    }

    package init(_ id: ModelID) { self.init(source: id.source, kind: .model, name: id.name.text) }
    package init(_ id: PolicyID) { self.init(source: id.source, kind: .policy, name: id.name.text) }
    package init(_ id: DeploymentID) { self.init(source: id.source, kind: .deployment, name: id.name.text) }
    package init(_ id: TargetID) { self.init(source: id.source, kind: .target, name: id.name.text) }

    /// `Kind/name`, as people write it.
    package var description: String { "\(kind.rawValue)/\(name)" }

    package static func < (left: Self, right: Self) -> Bool {
        (left.source, left.kind, left.name) < (right.source, right.kind, right.name)
    }
}
