package import HeadgateCore

extension JUnitReport.Case {
    /// A case of a PolicyTest.
    package init(_ result: PolicyTestResult) {
        let message = result.problems.joined(separator: "; ")
        let detail = (result.problems + result.reasons.map { "because \($0)" }).joined(separator: "\n")
        let outcome: Outcome =
            switch result.status {
            case .passed: .passed
            case .failed: .failed(message: message, detail: detail)
            case .errored: .errored(message: message, detail: detail)
            }
        self.init(
            result.name, in: "\(result.policy).\(result.test)", outcome, at: result.location,
            output: result.status == .passed ? "cost \(result.cost)" : "")
    }
}
