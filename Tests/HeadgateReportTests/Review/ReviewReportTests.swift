import Foundation
import HeadgateCore
import HeadgateReport
import Testing

@Suite struct ReviewReportTests {
    @Test func `a clear no outweighs a doubt`() throws {
        var report = try SampleReport.make()
        #expect(report.outcome == .failed)
        report.diagnostics = []
        report.executions = []
        report.policyTests = []
        report.changes.removeLast()
        #expect(report.outcome == .failed)
        report.subjects[0].gates.remove(at: 1)
        #expect(report.outcome == .undecided)
        report.subjects[0].gates.removeSubrange(1...2)
        #expect(report.outcome == .passed)
    }

    @Test func `the worse of base's and head's answers decides as far as it may block`() throws {
        var gate = try SampleReport.make().subjects[0].gates[2]
        #expect(gate.outcome == .inconclusive)
        gate.base?.action = .warn
        #expect(gate.outcome == .pass)
        gate.head?.action = .audit
        #expect(gate.outcome == .inconclusive)
        #expect(!gate.counts)
    }

    @Test func `a finding is known again when only its numbers and lines change`() throws {
        let place = try #require(RepositoryPath("a.yaml"))
        func finding(_ message: String, line: Int, rule: String = "policy/floor") -> String {
            Finding(
                rule: rule, title: "", level: .error, message: message,
                location: SourceLocation(file: place, line: line, column: 1)
            ).fingerprint
        }
        #expect(finding("accuracy 0.5 is low", line: 1) == finding("accuracy 0.6 is low", line: 9))
        #expect(finding("accuracy 0.5 is low", line: 1) != finding("recall 0.5 is low", line: 1))
        #expect(finding("x", line: 1) != finding("x", line: 1, rule: "other"))
    }

    @Test(arguments: [
        (0, "1 step would run"), (1, "1 step ran"), (2, "1 step failed"), (3, "1 step has no result"),
        (4, "1 result was taken"), (5, "1 step was not run"),
        (6, "1 step failed"),
    ])
    func `a step that was run is not said to be still to come`(_ kind: Int, _ text: String) throws {
        var report = try SampleReport.make()
        report.diagnostics = []
        report.changes.removeLast(2)
        var execution = report.executions[0]
        switch kind {
        case 0: report.executions = []
        case 1: report.executions = [execution]
        case 2: report.executions = [report.executions[1]]
        case 3:
            execution.outcome = .errored(message: "")
            report.executions = [execution]
        case 6:
            execution.outcome = .defective(message: "")
            report.executions = [execution]
        case 4:
            execution.outcome = .taken(by: StepOrigin(builder: "urn:ci", signer: "abc"))
            report.executions = [execution]
        default:
            execution.outcome = .skipped(reason: "prepare has no result")
            report.executions = [execution]
        }
        let parts = report.summaryLine.split(separator: ", ").map(String.init)
        #expect(parts.contains(text), "\(parts)")
        #expect(kind == 0 || !report.summaryLine.contains("would run"))
    }

    @Test func `what was taken, was not run or lacks a metric is told in every format`() throws {
        var report = try SampleReport.make()
        var (taken, skipped) = (report.executions[0], report.executions[0])
        taken.outcome = .taken(by: StepOrigin(builder: "urn:ci", signer: String(repeating: "ab", count: 32)))
        taken.remarks = ["did not report the metric p99, which it declares"]
        skipped.outcome = .skipped(reason: "train has no result")
        report.executions = [taken, skipped]
        report.diagnostics = []
        report.changes = []
        let made = "taken from the shared store, made by urn:ci, signed with key abababababab"
        let documents = [
            TextReport(report).document, report.junit.document,
            MarkdownReport(report).document,
        ]
        for document in documents {
            for words in [made, taken.remarks[0], "train has no result"] {
                #expect(document.contains(words), "\(document)")
            }
        }
        #expect(report.junit.document.contains(#"<skipped message="train has no result"/>"#))
        let warning = try #require(report.findings.first { $0.rule == "metric" })
        #expect(warning.level == .warning && warning.message == "Model/wine train \(taken.remarks[0])")
        let json = ReportJSON.text(report)
        #expect(json.contains(#""seconds" : 65"#) && json.contains(#""builder" : "urn:ci""#), "\(json)")
    }

    @Test func `the end of a log keeps its lines and breaks out of nothing`() throws {
        var report = try SampleReport.make()
        report.executions = [report.executions[1]]
        report.executions[0].log =
            "Traceback:\n  File \"a.py\"\n````\n\u{1B}[31m</details>\u{1B}[0m\u{7}\n10 %\r100 %\r\nValueError"
        let lines = ["Traceback:", "  File \"a.py\"", "````", "</details>", "100 %", "ValueError"]
        let text = lines.map { "    | \($0)\n" }.joined()
        #expect(TextReport(report).document.contains(text), "\(TextReport(report).document)")
        let block = "\n\n`````text\n\(lines.joined(separator: "\n"))\n`````\n\n</details>"
        #expect(MarkdownReport(report).document.contains(block), "\(MarkdownReport(report).document)")
        #expect(report.junit.document.contains("Traceback:&#10;  File &quot;a.py&quot;&#10;"))
        #expect(report.junit.document.contains("&#10;100 %&#10;ValueError"))
    }

    @Test func `a Deployment whose training failed, or that a policy of head refuses, is not said to move`() throws {
        var report = try SampleReport.make()
        func why() -> String? {
            report.nameObstacles()
            return report.changes[1].obstacle
        }
        #expect(why() == "step train of model wine has no result")
        #expect(report.summaryLine.contains("1 deployment would not move"), "\(report.summaryLine)")
        for document in [TextReport(report).document, MarkdownReport(report).document] {
            #expect(document.contains("would not move: step train of model wine has no result"), "\(document)")
            #expect(!document.contains("canary: 10 %"))
        }
        report.executions = []
        #expect(why() == "policy not-worse says no")
        report.subjects[0].gates[1].head?.outcome = .error
        #expect(why() == "policy not-worse could not be asked")
        report.subjects[0].gates[1].head?.action = .warn
        // What is left are a policy that head has no more, one of base and one that waits for approvals.
        #expect(why() == nil)
        #expect(report.summaryLine.contains("1 deployment would move"), "\(report.summaryLine)")
    }

    @Test(arguments: [(PolicyTestResult.Status.failed, ReviewReport.Outcome.failed), (.errored, .undecided)])
    func `a policy's test that does not hold decides, at its line`(
        _ status: PolicyTestResult.Status, _ outcome: ReviewReport.Outcome
    ) throws {
        let sample = try SampleReport.make()
        var report = ReviewReport(base: sample.base, head: sample.head)
        func result(_ name: String, _ status: PolicyTestResult.Status, _ problems: [String]) -> PolicyTestResult {
            PolicyTestResult(
                test: "floor", name: name, policy: "floor", location: sample.subjects[0].location, status: status,
                problems: problems)
        }
        report.policyTests = [result("high", .passed, [])]
        #expect(report.outcome == .passed && report.summaryLine == "1 policy test passes")
        report.policyTests.append(result("low", status, ["expected fail, got pass"]))
        #expect(report.outcome == outcome)
        let finding = try #require(report.findings.first)
        #expect(finding.location?.line == 7 && finding.message.contains("expected fail, got pass"), "\(finding)")
        #expect(report.junit.document.contains(#"<testcase name="low" classname="floor.floor""#))
    }

    @Test func `findings are sentences, and JUnit names a place once`() throws {
        let report = try SampleReport.make()
        let messages = report.findings.map(\.message)
        for words in ["policy not-worse says no: ", "not-worse, as base has it, cannot tell: "] {
            #expect(messages.contains { $0.contains(words) }, "\(words)")
        }
        let place = "models/a b/ü.yaml:7:3"
        for body in report.junit.document.split(separator: "<failure").dropFirst() {
            let text = body.split(separator: ">", maxSplits: 1)[1]
            #expect(!text.hasPrefix("\(place)\n\(place)"), "\(text)")
        }
    }

    @Test func `each rule of a gate is told as it answered`() throws {
        var report = try SampleReport.make()
        var gate = report.subjects[0].gates[1]
        var head = try #require(gate.head)
        head.rules = [("accuracy", Verdict.Outcome.fail), ("four-eyes", .inconclusive), ("age", .error)].map {
            RuleResult(name: $0, expression: "true", outcome: $1, message: "rule \($0)", values: [], location: nil)
        }
        gate.head = head
        report.subjects[0].gates = [gate]
        func findings() -> [String] {
            report.findings.filter { $0.rule.hasPrefix("policy/") }.map { "\($0.level): \($0.message)" }
        }
        let subject = "Deployment/wine: policy not-worse"
        #expect(
            findings() == [
                "error: \(subject) says no: rule accuracy", "warning: \(subject) cannot tell: rule four-eyes",
                "warning: \(subject) could not be asked: rule age",
            ])
        report.subjects[0].gates[0].head?.action = .warn
        #expect(
            findings() == [
                "warning: \(subject) says no: rule accuracy", "note: \(subject) cannot tell: rule four-eyes",
                "note: \(subject) could not be asked: rule age",
            ])
    }

    @Test func `what a protected policy refuses is told with its values and where it is written, at no line of head`()
        throws
    {
        var report = try SampleReport.make()
        let file = try #require(RepositoryPath("protected/floor.yaml"))
        let values = [("candidate.metrics.accuracy", "0.9000000001"), ("params.floor", "0.95")]
        let rule = RuleResult(
            name: "floor", expression: "candidate.metrics.accuracy >= params.floor", outcome: .fail,
            message: "below the floor", values: values.map { RuleResult.Value(expression: $0, value: $1) },
            location: SourceLocation(file: file, line: 9, column: 17))
        let answer = GateAnswer.Answer(action: .deny, outcome: .fail, message: rule.message, rules: [rule])
        report.subjects[0].gates = [
            GateAnswer(
                policy: report.subjects[0].gates[0].policy, moment: .validate, standing: .protected, location: nil,
                base: nil, head: answer.withoutPlaces, waitsForLater: false)
        ]
        let read = "candidate.metrics.accuracy = 0.9, params.floor = 0.95"
        let text = TextReport(report).document
        #expect(text.contains("    protected, protected/floor.yaml:9:17: rule floor\n      \(read)\n"), "\(text)")
        let finding = try #require(report.findings.first { $0.rule == "policy/not-worse" })
        #expect(finding.message.hasSuffix("below the floor (\(read)); by protected/floor.yaml:9:17"), "\(finding)")
        #expect(finding.location == report.subjects[0].location)
        let markdown = MarkdownReport(report).document
        let told =
            "below the floor `protected, protected/floor.yaml:9:17` — `candidate.metrics.accuracy = 0.9`, `params"
        #expect(markdown.contains(told), "\(markdown)")
        #expect(report.junit.document.contains("protected, protected/floor.yaml:9:17: floor: below the floor"))
    }

    @Test func `an excerpt of a diagnostic keeps its lines, of which none begins as the report's own`() throws {
        var report = try SampleReport.make()
        report.diagnostics = [Diagnostic(.error, code: "x", "no field\n | a.b\n |   ^\nThis change passes")]
        let text = TextReport(report).document
        #expect(text.contains("\nerror: no field\n    | a.b\n    |   ^\n   This change passes\n"), "\(text)")
        report.diagnostics = [
            Diagnostic(.error, code: "x", "no field\n | a.b\n |   ^", field: "spec.x", hint: "did you mean \"c\"?")
        ]
        let finding = try #require(report.findings.first)
        #expect(finding.message == "no field [spec.x]; did you mean \"c\"?\n | a.b\n |   ^")
        let markdown = MarkdownReport(report).document
        #expect(markdown.contains("| no field \\[spec.x\\]; did you mean \"c\"? |"), "\(markdown)")
        let junit = report.junit.document
        #expect(junit.contains("message=\"no field [spec.x]; did you mean &quot;c&quot;?\""), "\(junit)")
        #expect(junit.contains("&#10; | a.b&#10; |   ^</failure>"), "\(junit)")
    }

    @Test func `where nothing can be drawn the report says why`() throws {
        var report = try SampleReport.make()
        #expect(MarkdownReport(report, plots: "p/").document.contains("](p/deployment-wine.svg)"))
        for index in report.subjects[0].metrics.indices { report.subjects[0].metrics[index].champion = nil }
        #expect(MetricPlot(report.subjects[0]) == nil)
        #expect(MarkdownReport(report, plots: "p/").document.contains("*No plot: there is no champion's metric"))
        report.subjects[0].metrics = []
        #expect(
            MarkdownReport(report, plots: "p/").document.contains("*No plot: no metric of the candidate is known.*"))
        #expect(!MarkdownReport(report).document.contains("No plot"))
    }

    @Test(arguments: [
        (PlannedChange.Action.prune, "1 deployment would be removed"),
        (.confirm, "1 deployment would be removed once that is confirmed"), (.restore, "1 deployment would move"),
        (.error, "Nothing changes"),
    ])
    func `what is pruned is said to be removed, and what cannot be planned not to move`(
        _ action: PlannedChange.Action, _ text: String
    ) throws {
        let sample = try SampleReport.make()
        var report = ReviewReport(base: sample.base, head: sample.head)
        report.changes = [ReviewReport.Change(PlannedChange(sample.changes[1].change.object, action, "because"))]
        #expect(report.summaryLine == text)
    }

    @Test func `one long name moves its own line only`() throws {
        var report = try SampleReport.make()
        let long = String(repeating: "long", count: 75)
        report.subjects[0].metrics = [
            MetricComparison(name: long, champion: 0.5, candidate: 0.6),
            MetricComparison(name: "accuracy", champion: 0.5, candidate: 0.6),
        ]
        let lines = TextReport(report).document.split(separator: "\n")
        #expect(lines.contains("  \(long)  0.5  →  0.6  +20.0 %"), "\(lines)")
        #expect(lines.contains("  accuracy  0.5  →  0.6  +20.0 %"), "\(lines)")
    }

    @Test func `an annotation stays one command however hostile its text`() throws {
        let lines = GitHubAnnotations(try SampleReport.make().findings).document.split(separator: "\n")
        #expect(
            lines.allSatisfy { $0.hasPrefix("::error ") || $0.hasPrefix("::warning ") || $0.hasPrefix("::notice ") })
        #expect(lines.count == (try SampleReport.make()).findings.count)
    }

    @Test func `text for a terminal holds no control characters and begins no command`() throws {
        let text = TextReport(try SampleReport.make()).document
        #expect(!text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
        #expect(!text.split(separator: "\n").contains { $0.hasPrefix("::") })
    }

    @Test(
        arguments: [
            (0.8889, "0.8889"), (40, "40"), (12345.678, "12345.7"), (-0.5, "-0.5"), (0.1 + 0.2, "0.3"), (1e-9, "1e-09"),
            (.nan, "unknown"),
        ] as [(Double, String)])
    func `numbers are short`(_ number: Double, _ text: String) throws {
        var report = try SampleReport.make()
        report.subjects[0].metrics = [MetricComparison(name: "m", champion: number, candidate: nil)]
        #expect(MarkdownReport(report).document.contains("| `m` | \(text) | – |"))
    }
}
