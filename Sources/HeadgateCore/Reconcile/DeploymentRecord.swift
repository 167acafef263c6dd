/// The durable state of one Deployment.
package struct DeploymentRecord: Hashable, Sendable, Codable {
    package let id: DeploymentID
    /// Where it serves; differs from the spec while it moves to another target.
    package var target: TargetReference?
    /// Targets that it moved away from and is not drained on yet; nil when there are none.
    package var draining: [Draining]?
    package var champion: Champion?
    /// Earlier and present champions, newest last, within retention.
    package var history: [Champion]
    @Boxed package var rollout: Rollout?
    /// Desired states that this Deployment does not move to; the one that HEAD asks for is in effect.
    package var holds: [Hold]
    package var nextRollout: Int64
    package var deletionPolicy: DeletionPolicy
    package var conditions: [Condition]
    /// The revision that was last worked on.
    package var revision: Revision?
    /// The version that HEAD asks for, once it is known.
    package var desired: VersionID?
    package var desiredAssessment: AssessmentID?
    /// The last serving state that was written, and under which operation.
    package var applied: ServingState?
    package var operation: OperationID
    /// The last operation that the target acknowledged; anything but `operation` is written again.
    package var written: OperationID?
    /// Earlier versions that stay started without traffic, and until when.
    package var warm: [WarmVersion]
    /// Consecutive errors of the target, and when it is asked again.
    package var failures: Int
    package var retryAt: Instant?
    /// When the Deployment left the repository.
    package var deleted: Instant?
    package var suspendedSince: Instant?
    package var approvals: [Approval]
    package var address: String?

    package init(id: DeploymentID) {
        self.id = id
        history = []
        conditions = []
        operation = OperationID(0)
        warm = []
        holds = []
        nextRollout = 1
        deletionPolicy = .prune
        failures = 0
        approvals = []
    }
}

extension DeploymentRecord {
    /// The champion to go back to: the latest one before the present that nobody has gone back from.
    package var earlierChampion: VersionID? {
        guard let present = champion?.version else { return nil }
        var earlier = history[...]
        // What served after the version that a hold brought back is what people went back from.
        if holds.contains(where: { $0.version == desired && $0.stay == present }),
            let first = history.lastIndex(where: { $0.version == present && !$0.restored })
        {
            earlier = history[..<first]
        }
        let set = Set(holds.map(\.version))
        return earlier.last { $0.version != present && !set.contains($0.version) }?.version
    }

    /// Why there is no champion to go back to.
    package var noEarlierChampion: String {
        history.contains { $0.version != champion?.version }
            ? "there is no earlier champion that nobody went back from: name one with --to"
            : "there is no earlier champion to go back to"
    }
}

/// A target that a Deployment has left, and since when it is to be drained there.
package struct Draining: Hashable, Sendable, Codable {
    package let target: TargetReference
    package let since: Instant

    package init(target: TargetReference, since: Instant) {
        self.target = target
        self.since = since
    }
}

/// A version that serves, or served, as stable.
package struct Champion: Hashable, Sendable, Codable {
    package let version: VersionID
    package let assessment: AssessmentID
    package let revision: Revision
    package let since: Instant
    /// Whether it was a restoration.
    package let restored: Bool

    package init(
        version: VersionID, assessment: AssessmentID, revision: Revision, since: Instant, restored: Bool
    ) {
        self.version = version
        self.assessment = assessment
        self.revision = revision
        self.since = since
        self.restored = restored
    }
}

/// A recorded decision that a Deployment does not move to a desired state.
package struct Hold: Hashable, Sendable, Codable {
    /// The desired state that is bypassed.
    package let desired: DesiredDigest
    /// The version that is bypassed.
    package let version: VersionID
    /// What serves instead; nil for whatever is champion.
    package let stay: VersionID?
    package let by: String
    package let reason: String
    package let at: Instant

    package init(
        desired: DesiredDigest, version: VersionID, stay: VersionID?, by: String, reason: String, at: Instant
    ) {
        self.desired = desired
        self.version = version
        self.stay = stay
        self.by = by
        self.reason = reason
        self.at = at
    }
}

/// A target and what it was when it was last in force, so that a Deployment can be drained after its Target left.
package struct TargetReference: Hashable, Sendable, Codable {
    package let id: TargetID
    package let spec: TargetSpec

    package init(id: TargetID, spec: TargetSpec) {
        self.id = id
        self.spec = spec
    }

    /// Names the serving system itself: the same for Targets that stand for one system under different names.
    package var system: String {
        switch spec.provider {
        case .local, .openInference: spec.identity
        // A program is told the Target's name, so under another name it may find another system.
        case .exec: "\(id.source)/\(id.name):\(spec.identity)"
        }
    }

    /// Whether moving between the two is no move to another serving system.
    package func isSame(as other: TargetReference) -> Bool { system == other.system }
}
