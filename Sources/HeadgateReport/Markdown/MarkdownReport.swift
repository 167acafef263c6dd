import HeadgateCore

/// A change's report as GitHub's and GitLab's Markdown, for a comment of a pull request.
package struct MarkdownReport: Sendable {
    private let report: ReviewReport
    /// What stands before the names of plots; nil shows none.
    private let plots: String?
    /// More rows than this are counted instead of shown: a comment has a limit.
    private static let rowLimit = 50
    /// Nor more logs of failed steps.
    private static let logLimit = 5

    /// `plots`: the folder or address that holds the plots, as ``MetricPlot/fileName(of:)`` names them.
    package init(_ report: ReviewReport, plots: String? = nil) {
        self.report = report
        self.plots = plots
    }

    /// The document.
    package var document: String {
        var parts = [headline]
        if !report.notes.isEmpty {
            parts.append(report.notes.map { "> \(MarkdownText.escaped($0))" }.joined(separator: "\n>\n"))
        }
        parts += [problems, plan, executions].compactMap(\.self)
        parts += report.subjects.map(section)
        parts += [forecast].compactMap(\.self)
        return parts.joined(separator: "\n\n") + "\n"
    }

    private var headline: String {
        let title =
            switch report.outcome {
            case .passed: "✅ Headgate: this change passes"
            case .failed: "❌ Headgate: this change does not pass"
            case .undecided: "❔ Headgate: it cannot be told yet whether this change passes"
            }
        let base = report.base.map { MarkdownText.code($0.id.short) } ?? "nothing"
        let commits = "\(base) → \(MarkdownText.code(report.head.id.short))"
        return "## \(title)\n\n\(commits) \(MarkdownText.escaped(report.head.subject))\n\n\(report.summaryLine)."
    }

    // MARK: Sections

    private var problems: String? {
        let findings = report.findings.filter { !$0.rule.hasPrefix("policy/") && $0.level != .note }
        guard !findings.isEmpty else { return nil }
        let rows = findings.map { finding in
            [
                finding.level == .error ? "❌" : "⚠️", finding.location.map { MarkdownText.code("\($0)") } ?? "",
                MarkdownText.escaped(finding.summary),
            ]
        }
        let title = findings.contains { $0.level == .error } ? "What is wrong" : "Worth a look"
        return "### \(title)\n\n" + table(["", "where", "what"], rows)
    }

    private var plan: String? {
        let changes = report.toldChanges
        var parts = ["### What would happen"]
        if report.realChanges.isEmpty {
            parts.append("Nothing\(report.reasonNothingHappens.map { ": \($0)" } ?? "").")
            if changes.isEmpty { return parts.joined(separator: "\n\n") }
        }
        let rows = changes.map { item in
            let step = item.change.step.map { " \(MarkdownText.code($0.text))" } ?? ""
            return [
                "\(item.change.object.kind.rawValue) \(MarkdownText.code(item.change.object.name))\(step)",
                item.shown.action, MarkdownText.escaped(item.shown.why),
            ]
        }
        let rest = report.changes.count - changes.count
        parts.append(table(["object", "action", "why"], rows))
        if rest > 0 { parts.append("\(rest) more \(rest == 1 ? "stays as it is" : "stay as they are").") }
        return parts.joined(separator: "\n\n")
    }

    private var executions: String? {
        guard !report.executions.isEmpty else { return nil }
        let rows = report.executions.map { item in
            let mark =
                switch item.outcome {
                case .succeeded, .taken: item.remarks.isEmpty ? "✅" : "⚠️"
                case .failed, .defective: "❌"
                case .errored: "❔"
                case .skipped: "⏭️"
                }
            let text = ([item.summary] + item.remarks).joined(separator: "; ")
            return [Self.name(of: item), "\(mark) \(MarkdownText.escaped(text))"]
        }
        let logs = report.executions.filter { !$0.log.isEmpty }.prefix(Self.logLimit).map { item in
            "<details><summary>The end of the log of \(MarkdownText.escaped("\(item.model.name) \(item.step)"))"
                + "</summary>\n\n\(MarkdownText.block(item.log))\n\n</details>"
        }
        return (["### What was run", table(["step", "result"], rows)] + logs).joined(separator: "\n\n")
    }

    private static func name(of item: ReviewReport.Execution) -> String {
        "\(MarkdownText.code(item.model.name)) \(MarkdownText.code(item.step.text))"
    }

    private func section(_ subject: JudgedSubject) -> String {
        var parts = ["### \(subject.object.kind.rawValue) \(MarkdownText.code(subject.object.name))"]
        if !subject.metrics.isEmpty {
            let rows = subject.metrics.map { metric in
                [
                    MarkdownText.code(metric.name), NumberText.shown(metric.champion),
                    NumberText.shown(metric.candidate), NumberText.percent(metric.relativeChange),
                ]
            }
            parts.append(table(["metric", "champion", "candidate", "change"], rows, numbersFrom: 1))
        }
        if let plots {
            let name = MetricPlot.fileName(of: subject)
            parts.append(
                MetricPlot(subject) == nil
                    ? "*No plot: \(MetricPlot.reasonForNone(of: subject)).*"
                    : "![Metrics of \(MarkdownText.escaped(subject.object.name))](\(plots)\(name))")
        }
        if let note = subject.championNote { parts.append("*\(MarkdownText.escaped(note))*") }
        if subject.gates.isEmpty {
            parts.append("No policy guards it.")
        } else {
            parts.append(table(["", "policy", "at", "why"], subject.gates.map(row)))
        }
        return parts.joined(separator: "\n\n")
    }

    private func row(_ gate: GateAnswer) -> [String] {
        let mark =
            switch gate.outcome {
            case .pass: "✅"
            case .fail: gate.counts ? "❌" : "⚠️"
            case .inconclusive: gate.counts ? "❔" : "⏳"
            case .error: gate.counts ? "💥" : "⚠️"
            }
        var policy = MarkdownText.code(gate.policy.text)
        if gate.standing != .unchanged { policy += " *\(gate.standing.rawValue)*" }
        var why = gate.reasonItDoesNotCount
        why += gate.decisive?.message ?? ""
        if gate.standing == .changed, let base = gate.base, let head = gate.head {
            why = "base: \(text(base)); head: \(text(head))"
        }
        let refusing = (gate.decisive?.rules ?? []).filter { $0.outcome != .pass }
        let rule = refusing.first
        let written = rule.flatMap(gate.place).map { "\($0.file):\($0.line)" } ?? rule.flatMap(gate.shownPlace)
        let place =
            (written ?? gate.location.map { "\($0.file):\($0.line)" }).map { " \(MarkdownText.code($0))" } ?? ""
        let read = gate.outcome == .fail ? values(refusing.filter { $0.outcome == .fail }) : ""
        let reason =
            gate.outcome == .pass && gate.standing != .changed
            ? values(gate.decisive?.rules ?? [])
            : MarkdownText.escaped(why) + place + (read.isEmpty ? "" : " — \(read)")
        return [mark, policy, gate.moment.rawValue, reason]
    }

    /// What rules have read, as far as it fits.
    private func values(_ rules: [RuleResult]) -> String {
        let (texts, isCut) = ReadValues.shown(rules)
        return texts.map(MarkdownText.code).joined(separator: ", ") + (isCut ? ", …" : "")
    }

    private func text(_ answer: GateAnswer.Answer) -> String {
        answer.message.map { "\(answer.outcome.shown) (\($0))" } ?? answer.outcome.shown
    }

    /// What the gates still ask, folded.
    private var forecast: String? {
        var rows: [[String]] = []
        for subject in report.subjects {
            for gate in subject.gates {
                for rule in gate.decisive?.forecast ?? [] {
                    rows.append([
                        MarkdownText.code(subject.object.name),
                        "\(MarkdownText.code(gate.policy.text)) "
                            + MarkdownText.escaped(rule.name), MarkdownText.code(rule.residual),
                        rule.waitsFor.map(MarkdownText.code).joined(separator: ", "),
                    ])
                }
            }
        }
        guard !rows.isEmpty else { return nil }
        return "<details><summary>What the gates still ask</summary>\n\n"
            + table(["object", "rule", "is left to ask", "waits for"], rows) + "\n\n</details>"
    }

    // MARK: Tables

    private func table(_ titles: [String], _ rows: [[String]], numbersFrom: Int? = nil) -> String {
        let rules = titles.indices.map { index in numbersFrom.map { index >= $0 } == true ? "---:" : "---" }
        var lines = ["| \(titles.joined(separator: " | ")) |", "| \(rules.joined(separator: " | ")) |"]
        lines += rows.prefix(Self.rowLimit).map { "| \($0.joined(separator: " | ")) |" }
        let more = rows.count - Self.rowLimit
        return lines.joined(separator: "\n") + (more > 0 ? "\n\nAnd \(more) more." : "")
    }
}
