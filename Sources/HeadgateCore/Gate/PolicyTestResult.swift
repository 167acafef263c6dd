/// How a case of a PolicyTest went.
package struct PolicyTestResult: Hashable, Sendable, Encodable {
    /// What became of the case.
    package enum Status: String, Hashable, Sendable, Encodable {
        /// The policy answered as expected.
        case passed
        /// It answered something else.
        case failed
        /// The case could not be asked: its evidence fits no declared record, or a file is missing.
        case errored
    }

    /// The PolicyTest's name.
    package let test: String
    /// The case's name, unique within its test.
    package let name: String
    /// The name of the policy that was asked, whether there is one or not.
    package let policy: String
    /// Where the case begins.
    package let location: SourceLocation?
    package let status: Status
    /// What differs from what was expected, or why the case could not be asked; empty for a case that passed.
    package let problems: [String]
    /// Those of the problems that stand at a place in a file, with it.
    package let faults: [Diagnostic]
    /// What the policy answered; nil when it was not asked.
    package let verdict: Verdict.Outcome?
    /// The verdict's message; nil for a pass.
    package let message: String?
    /// What decided, with its values.
    package let reasons: [String]
    /// What the answer cost, in the language's units.
    package let cost: UInt64
    /// The most that the policy's rules could cost; nil without a bound.
    package let costBound: UInt64?

    package init(
        test: String, name: String, policy: String, location: SourceLocation?, status: Status,
        problems: [String], faults: [Diagnostic] = [], verdict: Verdict.Outcome? = nil, message: String? = nil,
        reasons: [String] = [], cost: UInt64 = 0, costBound: UInt64? = nil
    ) {
        self.test = test
        self.name = name
        self.policy = policy
        self.location = location
        self.status = status
        self.problems = problems
        self.faults = faults
        self.verdict = verdict
        self.message = message
        self.reasons = reasons
        self.cost = cost
        self.costBound = costBound
    }

    /// Of a case that could not be asked, for what is wrong with its text.
    package init(
        test: String, name: String, policy: String, location: SourceLocation?, faults: [Diagnostic]
    ) {
        self.init(
            test: test, name: name, policy: policy, location: location, status: .errored,
            problems: faults.map(\.description), faults: faults)
    }
}
