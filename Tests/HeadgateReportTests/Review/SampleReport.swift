import HeadgateCore
import HeadgateReport

/// A report with everything in it, hostile text included.
enum SampleReport {
    /// Text that would break out of every format if it were not escaped.
    static let hostile =
        "</td>`|\n::error::<script>alert(1)</script> @everyone ![x](http://x) *b* ]]> \u{1B}[31m \"'&%,: #1"
        + "\n ::stop-commands::x\n##[error]y \u{202E}z\u{2067}\u{200F}\u{7}\u{9B}\u{7F}"

    static func make() throws -> ReviewReport {
        func some<Value>(_ value: Value?) throws -> Value {
            guard let value else { throw Problem() }
            return value
        }
        let source = try some(SourceName("repo"))
        let policy = try some(PolicyName("not-worse"))
        let step = try some(StepName("train"))
        let place = SourceLocation(file: try some(RepositoryPath("models/a b/ü.yaml")), line: 7, column: 3)
        let model = ObjectID(ModelID(source: source, name: try some(ModelName("wine"))))
        let deployment = ObjectID(DeploymentID(source: source, name: try some(DeploymentName("wine"))))
        let head = try some(CommitID(String(repeating: "b", count: 40)))
        let base = try some(CommitID(String(repeating: "a", count: 40)))
        func answer(_ outcome: Verdict.Outcome, _ message: String?) -> GateAnswer.Answer {
            GateAnswer.Answer(
                action: .deny, outcome: outcome, message: message,
                rules: [
                    RuleResult(
                        name: "accuracy", expression: "candidate.metrics.accuracy >= 0.9", outcome: outcome,
                        message: message, values: [RuleResult.Value(expression: hostile, value: hostile)],
                        location: place)
                ],
                forecast: outcome == .inconclusive
                    ? [
                        OpenRule(
                            name: "accuracy", waitsFor: ["champion"], residual: "champion == null || `x|y`")
                    ]
                    : [])
        }
        func gate(
            _ standing: GateAnswer.Standing, _ base: GateAnswer.Answer?, _ head: GateAnswer.Answer?,
            later: Bool = false
        ) -> GateAnswer {
            GateAnswer(
                policy: policy, moment: .validate, standing: standing, location: place, base: base, head: head,
                waitsForLater: later)
        }
        var report = ReviewReport(
            base: ReviewReport.Commit(id: base, subject: "Before"),
            head: ReviewReport.Commit(id: head, subject: hostile))
        report.diagnostics = [
            Diagnostic(.error, code: "unknown-field", hostile, at: place, field: "spec.x", hint: hostile),
            Diagnostic(.warning, code: "odd", "is odd"),
        ]
        report.changes = [
            ReviewReport.Change(PlannedChange(model, step: step, .run, hostile), at: place),
            ReviewReport.Change(PlannedChange(deployment, .rollOut, "to the new version"), strategy: "canary: 10 %"),
            ReviewReport.Change(PlannedChange(model, .error, "artifact is missing"), at: place),
        ]
        report.executions = [
            .init(model: model, step: step, outcome: .succeeded, duration: .milliseconds(65_000), location: place),
            .init(
                model: model, step: step, outcome: .failed(message: hostile), location: place,
                log: "Traceback:\n```\n\(hostile)"),
            .init(
                model: model, step: step, outcome: .taken(by: StepOrigin(builder: hostile, signer: hostile)),
                location: place, remarks: [hostile]),
            .init(model: model, step: step, outcome: .skipped(reason: hostile), location: place),
        ]
        report.subjects = [
            JudgedSubject(
                object: deployment, model: model, location: place, championNote: hostile,
                metrics: [
                    MetricComparison(name: "accuracy", champion: 0.8889, candidate: 0.9306),
                    MetricComparison(name: "log_loss", champion: 0.378, candidate: 0.3346),
                    MetricComparison(name: hostile, champion: .nan, candidate: 1),
                    MetricComparison(name: "size", champion: nil, candidate: 123_456),
                    MetricComparison(name: "slices.region.north.recall", champion: 0.51, candidate: 0.51),
                ],
                gates: [
                    gate(.unchanged, nil, answer(.pass, nil)), gate(.new, nil, answer(.fail, hostile)),
                    gate(.changed, answer(.inconclusive, hostile), answer(.pass, nil)),
                    gate(.removed, answer(.error, hostile), nil),
                    gate(.protected, nil, answer(.inconclusive, "waits for approvals"), later: true),
                ])
        ]
        report.policyTests = [.passed, .failed, .errored].map {
            PolicyTestResult(
                test: "not-worse", name: hostile, policy: policy.text, location: place, status: $0,
                problems: [hostile])
        }
        report.notes = [hostile]
        return report
    }

    struct Problem: Error {}
}
