package import HeadgateCore

/// One thing that a reader of a change should see at a line of it.
package struct Finding: Hashable, Sendable {
    package enum Level: String, Hashable, Sendable, CaseIterable {
        case note, warning, error
    }

    /// Stable, such as `unknown-field` or `policy/quality-floor`.
    package var rule: String
    /// What the rule is about, in one line.
    package var title: String
    package var level: Level
    /// What is wrong, in its first line; after it an excerpt of what it is about.
    package var message: String
    package var location: SourceLocation?

    package init(rule: String, title: String, level: Level, message: String, location: SourceLocation?) {
        self.rule = rule
        self.title = title
        self.level = level
        self.message = message
        self.location = location
    }

    /// Without the excerpt, for where there is room for one line.
    var summary: String { String(message.prefix { $0 != "\n" }) }

    /// Equal for the same finding at another line, so that systems know it again.
    ///
    /// Numbers do not count, since metrics differ from run to run.
    package var fingerprint: String {
        let words = message.split { !$0.isLetter }.joined(separator: " ")
        let text = [rule, location?.file.text ?? "", words].joined(separator: "\u{0}")
        return Digest.of(Array(text.utf8)).hex
    }
}

extension ReviewReport {
    /// Everything that is not as it should be, gravest first.
    package var findings: [Finding] {
        var findings = diagnostics.map(Self.finding)
        for change in changes where change.change.action == .error {
            let step = change.change.step.map { " \($0)" } ?? ""
            findings.append(
                Finding(
                    rule: "plan", title: "A change cannot be planned", level: .error,
                    message: "\(change.change.object)\(step): \(change.change.reason)", location: change.location))
        }
        findings += executions.flatMap(Self.findings) + policyTests.compactMap(Self.finding)
        // A policy that cannot be asked has been told of where it is wrong.
        let told = Set(diagnostics.filter { $0.severity == .error }.compactMap(\.location))
        for subject in subjects {
            let gates = subject.gates.filter { $0.outcome != .error || !($0.location.map(told.contains) ?? false) }
            findings += gates.flatMap { Self.findings($0, of: subject) }
        }
        let order: [Finding.Level] = [.error, .warning, .note]
        return order.flatMap { level in findings.filter { $0.level == level } }
    }

    private static func finding(_ diagnostic: Diagnostic) -> Finding {
        let lines = diagnostic.message.split(separator: "\n", maxSplits: 1)
        var message = lines.first.map(String.init) ?? ""
        if let field = diagnostic.field { message += " [\(field)]" }
        if let hint = diagnostic.hint { message += "; \(hint)" }
        if lines.count > 1 { message += "\n\(lines[1])" }
        let level: Finding.Level =
            switch diagnostic.severity {
            case .error: .error
            case .warning: .warning
            case .note: .note
            }
        let words = diagnostic.code.split(separator: "-").map { $0 == "yaml" ? "YAML" : $0 }.joined(separator: " ")
        return Finding(
            rule: diagnostic.code, title: words.prefix(1).uppercased() + words.dropFirst(), level: level,
            message: message, location: diagnostic.location)
    }

    private static func findings(_ execution: Execution) -> [Finding] {
        func finding(_ rule: String, _ title: String, _ level: Finding.Level, _ message: String) -> Finding {
            Finding(
                rule: rule, title: title, level: level, message: "\(execution.model) \(execution.step) \(message)",
                location: execution.location)
        }
        if let problem = execution.outcome.problem {
            let level: Finding.Level = execution.outcome.isNo ? .error : .warning
            return [finding("step", "A step of a pipeline has no result", level, problem)]
        }
        return execution.remarks.map { finding("metric", "A step did not report a metric", .warning, $0) }
    }

    private static func finding(_ result: PolicyTestResult) -> Finding? {
        guard result.status != .passed else { return nil }
        let what = result.status == .failed ? "does not hold" : "could not be asked"
        return Finding(
            rule: "policy-test", title: "A test of a policy \(what)",
            level: result.status == .failed ? .error : .warning,
            message: "\(result.test)/\(result.name) \(what): \(result.problems.joined(separator: "; "))",
            location: result.location)
    }

    private static func findings(_ gate: GateAnswer, of subject: JudgedSubject) -> [Finding] {
        guard gate.outcome != .pass, let answer = gate.decisive else { return [] }
        let rules = answer.rules.filter { $0.outcome != .pass }
        let whose = gate.isDecidedByBase ? ", as base has it," : gate.standing == .protected ? ", a protected one," : ""
        func finding(_ message: String, _ outcome: Verdict.Outcome, _ location: SourceLocation?) -> Finding {
            // A rule that cannot tell is no no, whatever others of its policy say.
            let isSevere = outcome == .fail && gate.outcome == .fail && gate.counts
            let level: Finding.Level = isSevere ? .error : gate.counts || outcome == .fail ? .warning : .note
            return Finding(
                rule: "policy/\(gate.policy)", title: "Policy \(gate.policy) at \(gate.moment.rawValue)",
                level: level,
                message: "\(subject.object): policy \(gate.policy)\(whose) \(outcome.said): \(message)",
                location: location ?? gate.location ?? subject.location)
        }
        if rules.isEmpty { return [finding(answer.message ?? "", gate.outcome, nil)] }
        return rules.map { rule in
            var message = rule.message ?? rule.name
            // Its line is nothing that a reader of the change can look at.
            if gate.standing == .protected {
                let values = rule.outcome == .fail ? ReadValues.line(rule) : ""
                message += values.isEmpty ? "" : " (\(values))"
                message += answer.outsidePlaces?[rule.name].map { "; by \($0)" } ?? ""
            }
            return finding(message, rule.outcome, gate.place(of: rule))
        }
    }
}

extension Verdict.Outcome {
    /// As people read it.
    var shown: String { rawValue }

    /// As a sentence about a policy goes on.
    var said: String {
        switch self {
        case .pass: "passes"
        case .fail: "says no"
        case .inconclusive: "cannot tell"
        case .error: "could not be asked"
        }
    }
}
