/// A digest that says what it is a digest of, so that a key is never taken for a version.
package struct TaggedDigest<Tag>: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    /// The digest itself.
    package let digest: Digest

    package init(_ digest: Digest) { self.digest = digest }

    /// Reads `sha256:<hex>` or 64 hex digits; nil for anything else.
    package init?(_ text: some StringProtocol) {
        guard let digest = Digest(text) else { return nil }
        self.digest = digest
    }

    /// The first 12 hex digits, for people.
    package var short: String { digest.short }
    package var description: String { digest.description }

    package static func < (left: Self, right: Self) -> Bool { left.digest < right.digest }

    package init(from decoder: any Decoder) throws { digest = try Digest(from: decoder) }
    package func encode(to encoder: any Encoder) throws { try digest.encode(to: encoder) }
}

/// What digests are taken of.
package enum DigestTag {
    package enum Version {}
    package enum Step {}
    package enum Assessment {}
    package enum Tree {}
    package enum Policy {}
    package enum Evidence {}
    package enum Desired {}
    package enum Environment {}
}

/// What serves: the digest of the artifact, the serve inputs and the serve environment.
package typealias VersionID = TaggedDigest<DigestTag.Version>
/// The digest of everything that determines a step's result.
package typealias StepKey = TaggedDigest<DigestTag.Step>
/// The digest of the metrics and provenance that a run produced for a version.
package typealias AssessmentID = TaggedDigest<DigestTag.Assessment>
/// The digest of a stored directory's list of entries, or of a single stored file.
package typealias TreeDigest = TaggedDigest<DigestTag.Tree>
/// The digest of a Policy's rules, params and variables.
package typealias PolicyDigest = TaggedDigest<DigestTag.Policy>
/// The digest of what an evaluation read.
package typealias EvidenceDigest = TaggedDigest<DigestTag.Evidence>
/// The digest of an object's desired state.
package typealias DesiredDigest = TaggedDigest<DigestTag.Desired>
/// The digest of what an environment is made from.
package typealias EnvironmentDigest = TaggedDigest<DigestTag.Environment>
