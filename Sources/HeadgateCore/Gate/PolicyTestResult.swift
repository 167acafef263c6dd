/// How a case of a PolicyTest went.
package struct PolicyTestResult: Hashable, Sendable, Encodable {
    package enum Status: String, Hashable, Sendable, Encodable {
        case passed, failed
        /// The case could not be asked: its evidence fits no declared record, or a file is missing.
        case errored
    }

    package let test: String
    package let name: String
    package let policy: String
    package let location: SourceLocation?
    package let status: Status
    /// What differs from what was expected, or why the case could not be asked.
    package let problems: [String]
    package let verdict: Verdict.Outcome?
    package let message: String?
    /// What decided, with its values.
    package let reasons: [String]
    package let cost: UInt64
    /// The most that the policy's rules could cost; nil without a bound.
    package let costBound: UInt64?

    package init(
        test: String, name: String, policy: String, location: SourceLocation?, status: Status,
        problems: [String], verdict: Verdict.Outcome? = nil, message: String? = nil, reasons: [String] = [],
        cost: UInt64 = 0,
        costBound: UInt64? = nil
    ) {
        self.test = test
        self.name = name
        self.policy = policy
        self.location = location
        self.status = status
        self.problems = problems
        self.verdict = verdict
        self.message = message
        self.reasons = reasons
        self.cost = cost
        self.costBound = costBound
    }
}
