import HeadgateCore

extension ReviewReport {
    /// Checks, steps and gates as cases of JUnit.
    package var junit: JUnitReport {
        var suites = [JUnitReport.Suite("manifests", manifestCases)]
        let steps = executions.map(Self.stepCase)
        if !steps.isEmpty { suites.append(JUnitReport.Suite("pipelines", steps)) }
        if !policyTests.isEmpty {
            suites.append(JUnitReport.Suite("policy tests", policyTests.map(JUnitReport.Case.init)))
        }
        for subject in subjects where !subject.gates.isEmpty {
            suites.append(JUnitReport.Suite("\(subject.object)", subject.gates.map { Self.gateCase($0, subject) }))
        }
        if !notes.isEmpty {
            let told = JUnitReport.Case("what to know besides", in: "notes", output: notes.joined(separator: "\n"))
            suites.append(JUnitReport.Suite("notes", [told]))
        }
        return JUnitReport("headgate ci", suites)
    }

    private var manifestCases: [JUnitReport.Case] {
        let others: Set = ["step", "policy-test"]
        let problems = findings.filter {
            !$0.rule.hasPrefix("policy/") && !others.contains($0.rule) && $0.level == .error
        }
        guard !problems.isEmpty else { return [JUnitReport.Case("every manifest and policy", in: "manifests")] }
        return problems.map { finding in
            JUnitReport.Case(
                finding.location.map { "\($0)" } ?? finding.rule, in: "manifests.\(finding.rule)",
                .failed(message: finding.summary, detail: finding.message), at: finding.location)
        }
    }

    private static func stepCase(_ execution: Execution) -> JUnitReport.Case {
        let log = LogText.lines(of: execution.log).joined(separator: "\n")
        let outcome: JUnitReport.Case.Outcome
        switch execution.outcome {
        case .succeeded, .taken: outcome = .passed
        case .failed(let message), .defective(let message): outcome = .failed(message: message, detail: log)
        case .errored(let message): outcome = .errored(message: message, detail: log)
        case .skipped(let reason): outcome = .skipped(reason: reason)
        }
        let said = outcome == .passed ? [execution.summary] + execution.remarks : []
        return JUnitReport.Case(
            "\(execution.step)", in: "pipelines.\(execution.model.name)", outcome, at: execution.location,
            duration: execution.duration, output: said.joined(separator: "\n"))
    }

    private static func gateCase(_ gate: GateAnswer, _ subject: JudgedSubject) -> JUnitReport.Case {
        let message = gate.decisive?.message ?? ""
        let rules = gate.decisive?.rules ?? []
        let detail = rules.filter { $0.outcome != .pass }.map { rule in
            let place = gate.shownPlace(of: rule).map { "\($0): " } ?? ""
            let values = rule.values.map { "\n  \($0.expression) = \($0.value)" }.joined()
            return "\(place)\(rule.name): \(rule.message ?? rule.outcome.rawValue)\n  \(rule.expression)\(values)"
        }.joined(separator: "\n")
        let place = rules.first { $0.outcome != .pass }.flatMap(gate.place) ?? gate.location ?? subject.location
        let outcome: JUnitReport.Case.Outcome =
            switch gate.outcome {
            case .pass: .passed
            case .fail where gate.counts: .failed(message: message, detail: detail)
            case .inconclusive where gate.counts, .error where gate.counts: .errored(message: message, detail: detail)
            case .fail, .inconclusive, .error: .skipped(reason: gate.reasonItDoesNotCount + message)
            }
        let standing = gate.standing == .unchanged ? "" : " (\(gate.standing.rawValue))"
        return JUnitReport.Case(
            "\(gate.policy) at \(gate.moment.rawValue)\(standing)", in: "gates.\(subject.object.name)", outcome,
            at: place)
    }
}

extension GateAnswer {
    /// Why an answer that is no pass stops nothing; empty where it does.
    var reasonItDoesNotCount: String {
        if counts { return "" }
        switch action {
        case .deny: return "asked again after the merge: "
        case .warn: return "a warning: "
        case .audit: return "recorded only: "
        }
    }
}
