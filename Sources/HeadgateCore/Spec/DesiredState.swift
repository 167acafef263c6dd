/// What a manifest's document says besides its spec.
package struct ObjectMeta: Hashable, Sendable, Codable {
    package var labels: [String: String]
    package var annotations: [String: String]
    /// Where `kind` of the document stands; not part of any digest.
    package var location: SourceLocation

    package init(labels: [String: String] = [:], annotations: [String: String] = [:], location: SourceLocation) {
        self.labels = labels
        self.annotations = annotations
        self.location = location
    }

    /// The folder that the document's relative paths start from.
    package var folder: RepositoryPath { location.file.parent }
}

/// A tracked path at a revision.
package struct TrackedEntry: Hashable, Sendable, Codable {
    package enum Mode: String, Hashable, Sendable, Codable {
        case file, executable, directory, link, submodule
    }

    package let mode: Mode
    /// Git's object name: 40 hex digits.
    package let id: String

    package init(mode: Mode, id: String) {
        self.mode = mode
        self.id = id
    }
}

/// The objects of one source at one revision, and what was wrong with the rest.
package struct DesiredState: Sendable, Equatable, Codable {
    package var models: [ModelName: Object<ModelSpec>]
    package var policies: [PolicyName: Object<PolicySpec>]
    package var deployments: [DeploymentName: Object<DeploymentSpec>]
    package var targets: [TargetName: Object<TargetSpec>]
    /// Objects that are in error, by identity, with the first error; their last good spec stays in force.
    package var quarantined: [ObjectID: Diagnostic]
    /// Files in which a document could not be identified: an object that was last seen in one is not pruned.
    package var unreadable: Set<RepositoryPath>
    /// Names that stand in those: an object of such a name may have moved there.
    package var mentionedNames: Set<String> = []
    package var diagnostics: [Diagnostic]

    package init(
        models: [ModelName: Object<ModelSpec>] = [:], policies: [PolicyName: Object<PolicySpec>] = [:],
        deployments: [DeploymentName: Object<DeploymentSpec>] = [:], targets: [TargetName: Object<TargetSpec>] = [:],
        quarantined: [ObjectID: Diagnostic] = [:], unreadable: Set<RepositoryPath> = [],
        diagnostics: [Diagnostic] = []
    ) {
        self.models = models
        self.policies = policies
        self.deployments = deployments
        self.targets = targets
        self.quarantined = quarantined
        self.unreadable = unreadable
        self.diagnostics = diagnostics
    }

    package var objectCount: Int { models.count + policies.count + deployments.count + targets.count }
}

/// Facts of a commit, as it states them; only `signer` is verified.
package struct CommitFacts: Hashable, Sendable, Codable {
    package struct Person: Hashable, Sendable, Codable {
        package let name: String
        package let email: String
        package init(name: String, email: String) {
            self.name = name
            self.email = email
        }
    }

    package let commit: CommitID
    package let parents: [CommitID]
    package let author: Person
    package let committer: Person
    package let message: String
    package let time: Instant
    /// The armoured signature, if the commit carries one.
    package let signature: String?
    /// Who signed, when the signature was checked against configured keys.
    package var signer: String?

    package init(
        commit: CommitID, parents: [CommitID], author: Person, committer: Person, message: String, time: Instant,
        signature: String? = nil, signer: String? = nil
    ) {
        self.commit = commit
        self.parents = parents
        self.author = author
        self.committer = committer
        self.message = message
        self.time = time
        self.signature = signature
        self.signer = signer
    }

    /// The message's first line.
    package var subject: String { String(message.prefix { $0 != "\n" }) }
}

/// A source's desired state at a revision, and which of its objects differ from the snapshot before.
package struct Snapshot: Sendable {
    package let revision: Revision
    package let commit: CommitFacts
    package let desired: DesiredState
    /// Nil when everything may have changed, as at start or after a force-push.
    package let changed: Set<ObjectID>?

    package init(revision: Revision, commit: CommitFacts, desired: DesiredState, changed: Set<ObjectID>?) {
        self.revision = revision
        self.commit = commit
        self.desired = desired
        self.changed = changed
    }
}
