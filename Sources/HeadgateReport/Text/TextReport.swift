import HeadgateCore

/// A change's report for people at a terminal or in a log.
package struct TextReport: Sendable {
    private let report: ReviewReport

    package init(_ report: ReviewReport) { self.report = report }

    /// The text, with a line end.
    package var document: String {
        let base = report.base?.id.short ?? "nothing"
        var lines = ["\(base) → \(report.head.id.short)  \(LineText.clean(report.head.subject))"]
        for finding in report.findings where !finding.rule.hasPrefix("policy/") {
            let text = "\(finding.location.map { "\($0): " } ?? "")\(finding.level.rawValue): \(finding.message)"
            // Its excerpt keeps its lines, and stands where no line of the report begins.
            lines += text.split(separator: "\n").enumerated().map { $0 == 0 ? String($1) : "   \($1)" }
        }
        lines.append("")
        lines += Self.columns(
            report.toldChanges.map { item in
                let step = item.change.step.map { " \($0)" } ?? ""
                return ["\(item.change.object)\(step)", item.shown.action, item.shown.why]
            })
        if report.realChanges.isEmpty {
            lines.append("nothing would happen\(report.reasonNothingHappens.map { ": \($0)" } ?? "")")
        }
        if !report.executions.isEmpty {
            lines.append("")
            let rows = Self.columns(report.executions.map { ["\($0.model) \($0.step)", $0.summary] })
            for (row, item) in zip(rows, report.executions) {
                lines += [row] + LogText.lines(of: item.log).map { "    | \($0)" }
            }
        }
        for subject in report.subjects { lines += [""] + section(subject) }
        lines.append("")
        lines += report.notes.map { "note: \($0)" }
        let verdict =
            switch report.outcome {
            case .passed: "passes"
            case .failed: "does not pass"
            case .undecided: "cannot be judged yet"
            }
        lines.append("This change \(verdict): \(report.summaryLine.lowercasedFirst).")
        return lines.map(LineText.clean).joined(separator: "\n") + "\n"
    }

    private func section(_ subject: JudgedSubject) -> [String] {
        var lines = ["\(subject.object)\(subject.location.map { "  \($0)" } ?? "")"]
        if let note = subject.championNote { lines.append("  \(note)") }
        let metrics = subject.metrics.map { metric in
            [
                metric.name, NumberText.shown(metric.champion), "→", NumberText.shown(metric.candidate),
                NumberText.percent(metric.relativeChange),
            ]
        }
        lines += Self.columns(metrics).map { "  \($0)" }
        for gate in subject.gates {
            let standing = gate.standing == .unchanged ? "" : " (\(gate.standing.rawValue))"
            let why = gate.outcome == .pass ? "" : ": \(gate.reasonItDoesNotCount)\(gate.decisive?.message ?? "")"
            lines.append("  \(gate.policy) at \(gate.moment.rawValue)\(standing): \(gate.outcome.shown)\(why)")
            if gate.standing == .changed, let base = gate.base, let head = gate.head {
                lines.append("    base: \(base.outcome.shown)  head: \(head.outcome.shown)")
            }
            lines += Self.places(of: gate).map { "    \($0)" }
            for rule in gate.decisive?.forecast ?? [] {
                lines.append("    still asks \(rule.name): \(rule.residual)")
            }
        }
        if subject.gates.isEmpty { lines.append("  no policy guards it") }
        return lines
    }

    /// Where what does not pass is written, and why it is asked here.
    private static func places(of gate: GateAnswer) -> [String] {
        guard gate.outcome != .pass, let answer = gate.decisive else { return [] }
        let rules = answer.rules.filter { $0.outcome != .pass }
        var lines = rules.flatMap { rule -> [String] in
            let message = rule.message.flatMap { $0 == answer.message ? nil : ": \($0)" } ?? ""
            let place = gate.shownPlace(of: rule).map { ["\($0): rule \(rule.name)\(message)"] } ?? []
            let values = rule.outcome == .fail ? ReadValues.line(rule) : ""
            return place + (values.isEmpty ? [] : ["  \(values)"])
        }
        if lines.isEmpty { lines += gate.location.map { ["\($0): policy \(gate.policy)"] } ?? [] }
        if let binding = gate.binding {
            let place = binding.location.map { "\($0): " } ?? ""
            lines.append(
                place
                    + (binding.way == .named ? "named by \(binding.object)" : "its match selects \(binding.object)"))
        }
        return lines
    }

    /// A cell that is wider moves the rest of its own line only.
    private static let widest = 48

    private static func columns(_ rows: [[String]]) -> [String] {
        let count = rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.filter { $0 <= widest }.max() ?? 0
        }
        return rows.map { row in
            let last = row.lastIndex { !$0.isEmpty } ?? 0
            return row.prefix(last + 1).enumerated().map { index, cell in
                index == last ? cell : cell + String(repeating: " ", count: max(0, widths[index] - cell.count))
            }.joined(separator: "  ")
        }
    }
}

extension String {
    fileprivate var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}
