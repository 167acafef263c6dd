/// The answer of one policy for (Deployment, version, assessment) on the evidence that it read.
package struct Verdict: Hashable, Sendable, Codable {
    /// `failed` means that the policy said no; the last two, that it could not tell.
    package enum Outcome: String, Hashable, Sendable, Codable, CaseIterable {
        case pass, fail, inconclusive, error
    }

    package let policy: PolicyName
    package let policyDigest: PolicyDigest
    package let action: PolicyAction
    package let moment: GateMoment
    package let outcome: Outcome
    /// Covers what the evaluation read.
    package let evidenceDigest: EvidenceDigest
    /// Whether it read `now`, `approvals` or traffic, so that it must be asked again at each admission.
    package let isVolatile: Bool
    package let rules: [RuleResult]
    /// The first message of a rule that does not pass; nil for a pass.
    package let message: String?

    /// Whether its no is one to the present moment only, such as a freeze window's, which may be a yes later.
    ///
    /// So it is when every rule that gave false read what changes by itself.
    package var isMomentary: Bool {
        isVolatile && outcome == .fail && rules.allSatisfy { $0.outcome != .fail || $0.readsVolatile }
    }

    package init(
        policy: PolicyName, policyDigest: PolicyDigest, action: PolicyAction, moment: GateMoment, outcome: Outcome,
        evidenceDigest: EvidenceDigest, isVolatile: Bool, rules: [RuleResult], message: String?
    ) {
        self.policy = policy
        self.policyDigest = policyDigest
        self.action = action
        self.moment = moment
        self.outcome = outcome
        self.evidenceDigest = evidenceDigest
        self.isVolatile = isVolatile
        self.rules = rules
        self.message = message
    }
}

/// One rule's part in a verdict.
package struct RuleResult: Hashable, Sendable, Codable {
    /// A sub-expression's source text and its value as text.
    package struct Value: Hashable, Sendable, Codable {
        package let expression: String
        package let value: String
        package init(expression: String, value: String) {
            self.expression = expression
            self.value = value
        }
    }

    /// A part of the rule, or of a variable or message that it uses, with what it gave.
    package struct Step: Hashable, Sendable, Codable {
        package let text: String
        /// How deep it lies within the rule, from 0.
        package let depth: Int
        /// Its value, or why there is none.
        package let value: String
        package init(text: String, depth: Int, value: String) {
            self.text = text
            self.depth = depth
            self.value = value
        }
    }

    package let name: String
    package let expression: String
    package let outcome: Verdict.Outcome
    package let message: String?
    /// What was read, in source order.
    package let values: [Value]
    package let location: SourceLocation?
    /// The parts that were evaluated, the outer before the inner, up to a bound; nil in old records.
    package let steps: [Step]?

    /// Whether it read what changes without the version changing.
    package var readsVolatile: Bool { values.contains { Evidence.isVolatile($0.expression) } }

    package init(
        name: String, expression: String, outcome: Verdict.Outcome, message: String?, values: [Value],
        location: SourceLocation?, steps: [Step]? = nil
    ) {
        self.name = name
        self.steps = steps
        self.expression = expression
        self.outcome = outcome
        self.message = message
        self.values = values
        self.location = location
    }
}

/// A verdict as the ledger keeps it.
package struct RecordedVerdict: Hashable, Sendable, Codable {
    package let model: ModelID
    package let deployment: DeploymentID?
    /// Nil at `plan`.
    package let version: VersionID?
    package let assessment: AssessmentID?
    /// The champion's assessment that was compared with, to ask a changed policy again on the evidence of then.
    package let champion: AssessmentID?
    package let verdict: Verdict
    package let overridden: Bool
    package let revision: Revision
    package let recorded: Instant

    package init(
        model: ModelID, deployment: DeploymentID?, version: VersionID?, assessment: AssessmentID?,
        champion: AssessmentID?, verdict: Verdict, overridden: Bool, revision: Revision, recorded: Instant
    ) {
        self.model = model
        self.deployment = deployment
        self.version = version
        self.assessment = assessment
        self.champion = champion
        self.verdict = verdict
        self.overridden = overridden
        self.revision = revision
        self.recorded = recorded
    }

    /// What people call it by: 12 hex digits that are the same for the same question, answer and evidence.
    package var id: String {
        var builder = DigestBuilder(domain: "headgate.dev/verdict/1")
        builder.add("deployment", deployment?.description ?? "")
        builder.add("model", model.description)
        builder.add("version", version?.description ?? "")
        builder.add("assessment", assessment?.description ?? "")
        builder.add("policy", [verdict.policy.text, verdict.policyDigest.description, verdict.moment.rawValue])
        builder.add("answer", [verdict.outcome.rawValue, verdict.evidenceDigest.description])
        return String(builder.finish().hex.prefix(12))
    }

    /// What makes two verdicts the same record: all but when it was recorded.
    package var key: Key {
        Key(
            deployment: deployment, model: model, version: version, assessment: assessment,
            policy: verdict.policy, policyDigest: verdict.policyDigest, moment: verdict.moment)
    }

    package struct Key: Hashable, Sendable, Codable {
        package let deployment: DeploymentID?
        package let model: ModelID
        package let version: VersionID?
        package let assessment: AssessmentID?
        package let policy: PolicyName
        package let policyDigest: PolicyDigest
        package let moment: GateMoment
    }
}

/// A recorded permission for one policy and one version.
package struct Override: Hashable, Sendable, Codable {
    package let policy: PolicyName
    package let deployment: DeploymentID
    package let version: VersionID
    package let author: String
    package let reason: String
    package let expires: Instant
    package let recorded: Instant

    package init(
        policy: PolicyName, deployment: DeploymentID, version: VersionID, author: String, reason: String,
        expires: Instant, recorded: Instant
    ) {
        self.policy = policy
        self.deployment = deployment
        self.version = version
        self.author = author
        self.reason = reason
        self.expires = expires
        self.recorded = recorded
    }
}
