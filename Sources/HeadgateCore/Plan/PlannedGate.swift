/// A rule of a policy that cannot be answered yet.
package struct OpenRule: Hashable, Sendable, Codable {
    package let name: String
    /// What must become known first, such as `candidate.metrics.accuracy`.
    package let waitsFor: [String]
    /// What is left of its expression when what is known is filled in, but within loops.
    package let residual: String

    package init(name: String, waitsFor: [String], residual: String) {
        self.name = name
        self.waitsFor = waitsFor
        self.residual = residual
    }
}

/// What one policy says of a planned change, as far as it can be told before anything runs.
package struct PlannedGate: Hashable, Sendable, Codable {
    package let policy: PolicyName
    package let moment: GateMoment
    /// Whether a no would block.
    package let action: PolicyAction
    package let outcome: Verdict.Outcome
    /// Why it does not pass.
    package let message: String?
    /// The rules that wait.
    package let open: [OpenRule]

    package init(
        policy: PolicyName, moment: GateMoment, action: PolicyAction, outcome: Verdict.Outcome, message: String?,
        open: [OpenRule]
    ) {
        self.policy = policy
        self.moment = moment
        self.action = action
        self.outcome = outcome
        self.message = message
        self.open = open
    }

    /// The answer in a line: what is left to hold, or why not.
    package var summary: String {
        guard outcome == .inconclusive, !open.isEmpty else { return message ?? "" }
        return open.map { "\($0.name): \($0.residual)" }.joined(separator: "; ")
    }
}
