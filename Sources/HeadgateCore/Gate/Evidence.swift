/// What policies are asked about: declared records, of which an evaluation reads what it names.
package struct Evidence: Hashable, Sendable, Codable {
    package var moment: GateMoment
    /// Nil at `plan`, when no version exists yet: then everything below it is unknown.
    package var candidate: VersionEvidence?
    package var champion: ChampionEvidence
    package var model: Subject
    /// Nil for a Model that no Deployment serves.
    package var deployment: Subject?
    package var target: String?
    package var commit: CommitFacts?
    package var approvals: [Approval]
    package var now: Instant
    package var restoring: Bool
    /// At `rollout`: statistics by role, `candidate` and `stable`.
    package var traffic: [String: TrafficStatistics]
    /// At `rollout`: the share of requests, in percent, that the candidate gets now; nil when nobody looked.
    package var weight: Int?
    /// What nobody can tell yet although it has a value here, such as `approvals` or `candidate.metrics`.
    ///
    /// A policy that asks for it is inconclusive. A controller knows all of it; before a merge much is still to come.
    package var untold: Set<String>

    package init(
        moment: GateMoment, candidate: VersionEvidence?, champion: ChampionEvidence, model: Subject,
        deployment: Subject? = nil, target: String? = nil, commit: CommitFacts? = nil, approvals: [Approval] = [],
        now: Instant, restoring: Bool = false, traffic: [String: TrafficStatistics] = [:], untold: Set<String> = []
    ) {
        self.moment = moment
        self.candidate = candidate
        self.champion = champion
        self.model = model
        self.deployment = deployment
        self.target = target
        self.commit = commit
        self.approvals = approvals
        self.now = now
        self.restoring = restoring
        self.traffic = traffic
        self.untold = untold
    }

    /// Whether a path leads to what changes without the version changing, so that a verdict on it is asked again.
    package static func isVolatile(_ path: String) -> Bool {
        ["now", "approvals", "traffic"].contains(path.prefix { $0 != "." && $0 != "[" })
    }

    /// An object that evidence is about.
    package struct Subject: Hashable, Sendable, Codable {
        package var name: String
        package var labels: [String: String]
        package var annotations: [String: String]

        package init(name: String, labels: [String: String], annotations: [String: String] = [:]) {
            self.name = name
            self.labels = labels
            self.annotations = annotations
        }
    }
}

/// The version that now serves, as far as anybody knows.
package enum ChampionEvidence: Hashable, Sendable, Codable {
    /// The ledger proves that the Deployment never served, and the target reports nothing.
    case none
    case known(VersionEvidence)
    /// Nobody can tell; a policy that asks is inconclusive.
    case unknown(String)
}

/// A version and one assessment of it.
package struct VersionEvidence: Hashable, Sendable, Codable {
    package var version: VersionID
    package var assessment: AssessmentID
    package var artifact: StoredArtifact
    /// The metrics document.
    ///
    /// NaN, infinite, non-numeric and absent metrics are unknown to policies.
    package var metrics: JSONValue
    package var declared: [String: MetricType]?
    package var params: JSONValue
    package var data: [Assessment.Data]
    package var revision: Revision
    package var created: Instant
    package var steps: [Assessment.Step]
    /// Reports of tools by name, as evidence.
    package var reports: [String: JSONValue]

    package init(_ version: VersionRecord, _ assessment: Assessment) {
        self.version = version.id
        self.assessment = assessment.id
        artifact = version.artifact
        metrics = assessment.metrics
        declared = assessment.declared
        params = assessment.params
        data = assessment.data
        revision = assessment.revision
        created = assessment.created
        steps = assessment.steps
        reports = assessment.reports ?? [:]
    }
}

/// A person's consent to one version or state, by its digest.
package struct Approval: Hashable, Sendable, Codable {
    package let by: String
    package let at: Instant
    package let digest: String
    package init(by: String, at: Instant, digest: String) {
        self.by = by
        self.at = at
        self.digest = digest
    }
}
