import ArgumentParser
import Foundation
import HeadgateCore
import HeadgatePolicy
import HeadgateReport

/// The command `headgate policy test [PATH]`.
struct PolicyTestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Run the tests of policies, and say which conditions they cover.",
        discussion: """
            Reads every PolicyTest below the path and asks its Policy each case. Coverage counts rules and the \
            conditions in them: each must have been seen both true and false. Exits with 1 when a case failed or \
            the coverage of a policy is too low, 2 when a case could not be asked or there is none: a wrong folder \
            must not look like tests that pass. 64 when there is no such path.
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case table, wide, json, yaml, junit
    }

    @Argument(help: "A file or folder.")
    var path = "."
    @Option(help: "Only cases whose TEST/CASE holds this text.")
    var filter: String?
    @Option(help: "The least percentage of conditions that the tests of each policy must cover.")
    var minCoverage: Double?
    @Option(name: [.short, .long], help: "table, wide, json, yaml or junit.")
    var output = Format.table

    func validate() throws {
        if let minCoverage, !(0...100).contains(minCoverage) {
            throw ValidationError("--min-coverage is a percentage: 0 through 100")
        }
    }

    func run() async throws {
        let files = try PolicyFiles(of: path)
        let run = PolicyTestRun(files, filter: filter)
        let low = run.coverages.filter { coverage in minCoverage.map { coverage.percent < $0 } ?? false }
        switch output {
        case .table, .wide: PolicyTestText.print(run, isWide: output == .wide, isFiltered: filter != nil)
        case .json: print(try Renderer.json(PolicyTestDocument(run)))
        case .yaml: print(try Renderer.yaml(PolicyTestDocument(run)))
        case .junit: print(PolicyTestText.junit(run, low: low, least: minCoverage ?? 0).document, terminator: "")
        }
        for diagnostic in run.diagnostics { Terminal.note(files.text(of: diagnostic)) }
        for coverage in low {
            Terminal.note(
                "the tests of \(coverage.policy) cover \(PolicyTestText.percent(coverage)) of its conditions, "
                    + "not \(PolicyTestText.percent(minCoverage ?? 0))")
        }
        let isBroken = run.diagnostics.contains { $0.severity == .error }
        if run.results.isEmpty, !isBroken {
            Terminal.note(filter.map { "no case is called \"\($0)\"" } ?? "there is no PolicyTest below \(path)")
        }
        if run.failed > 0 || !low.isEmpty { throw ExitCode(1) }
        if run.errored > 0 || isBroken || run.results.isEmpty { throw ExitCode(2) }
    }
}

/// What the command prints for programs.
private struct PolicyTestDocument: Encodable {
    struct Coverage: Encodable {
        let policy: PolicyName
        let percent: Double
        let rules: Int
        let coveredRules: Int
        let gaps: [PolicyCoverage.Gap]
    }

    let cases: [PolicyTestResult]
    let coverage: [Coverage]
    let diagnostics: [Diagnostic]

    init(_ run: PolicyTestRun) {
        cases = run.results
        coverage = run.coverages.map {
            Coverage(
                policy: $0.policy, percent: $0.percent, rules: $0.rules, coveredRules: $0.coveredRules, gaps: $0.gaps)
        }
        diagnostics = run.diagnostics
    }
}

/// Results of tests for people and for CI systems.
enum PolicyTestText {
    static func print(_ run: PolicyTestRun, isWide: Bool, isFiltered: Bool) {
        var columns: [Column<PolicyTestResult>] = [
            Column("TEST") { $0.test }, Column("CASE") { $0.name }, Column("RESULT") { $0.status.rawValue },
            Column("VERDICT") { $0.verdict?.rawValue ?? "-" }, Column("COST") { String($0.cost) },
        ]
        if isWide {
            columns += [
                Column("MOST") { $0.costBound.map(String.init) ?? "no bound" },
                Column("MESSAGE") { $0.message ?? "" },
            ]
        }
        if !run.results.isEmpty, let table = try? Renderer.render(run.results, columns, as: .wide) {
            HeadgateCommands.print(table)
        }
        for result in run.results where result.status != .passed {
            let place = result.location.map { "\(run.files.text(of: $0)): " } ?? ""
            HeadgateCommands.print("\n\(place)\(result.test)/\(Renderer.clean(result.name)) \(result.status.rawValue)")
            let problems = result.faults.isEmpty ? result.problems : result.faults.map(run.files.text)
            for problem in problems { HeadgateCommands.print(Renderer.lines(problem, indent: "  ")) }
            for reason in result.reasons.prefix(5) { HeadgateCommands.print("  because \(Renderer.clean(reason))") }
        }
        if !run.coverages.isEmpty {
            let rows: [Column<PolicyCoverage>] = [
                Column("POLICY") { $0.policy.text }, Column("RULES") { "\($0.coveredRules)/\($0.rules)" },
                Column("CONDITIONS") { "\($0.seen)/\($0.wanted)" }, Column("COVERAGE") { percent($0) },
            ]
            if let table = try? Renderer.render(run.coverages, rows, as: .wide) { HeadgateCommands.print("\n\(table)") }
            for coverage in run.coverages {
                for gap in coverage.gaps { HeadgateCommands.print(line(gap, run.files)) }
            }
        }
        let passed = run.results.count - run.failed - run.errored
        Terminal.note(
            "\(run.results.count.counted("case"))\(isFiltered ? " (filtered)" : ""), \(passed) passed, \(run.failed) failed, "
                + "\(run.errored) could not be asked")
    }

    static func junit(_ run: PolicyTestRun, low: [PolicyCoverage], least: Double) -> JUnitReport {
        var names: [String] = []
        for result in run.results where !names.contains(result.test) { names.append(result.test) }
        var suites = names.map { name in
            JUnitReport.Suite(name, run.results.filter { $0.test == name }.map(JUnitReport.Case.init))
        }
        let coverages = run.coverages.map { coverage in
            let gaps = coverage.gaps.map { line($0, run.files) }.joined(separator: "\n")
            let text =
                "\(percent(coverage)) of conditions, \(coverage.coveredRules) of \(coverage.rules.counted("rule"))"
            let isLow = low.contains { $0.policy == coverage.policy }
            return JUnitReport.Case(
                coverage.policy.text, in: "coverage",
                isLow ? .failed(message: "\(text), not \(percent(least))", detail: gaps) : .passed,
                at: coverage.gaps.first?.location, output: isLow ? "" : [text, gaps].joined(separator: "\n"))
        }
        if !coverages.isEmpty { suites.append(JUnitReport.Suite("coverage", coverages)) }
        let problems = run.diagnostics.filter { $0.severity == .error }.map { problem in
            JUnitReport.Case(
                problem.field ?? problem.code, in: "files",
                .errored(message: String(problem.message.prefix { $0 != "\n" }), detail: run.files.text(of: problem)),
                at: problem.location)
        }
        if !problems.isEmpty { suites.append(JUnitReport.Suite("files", problems)) }
        return JUnitReport("headgate policy test", suites)
    }

    static func percent(_ coverage: PolicyCoverage) -> String {
        // Never rounded up to what it is not.
        coverage.seen == coverage.wanted ? "100%" : percent(coverage.percent)
    }

    static func percent(_ number: Double) -> String {
        let tenths = Int(number * 10)
        return tenths % 10 == 0 ? "\(tenths / 10)%" : "\(tenths / 10).\(tenths % 10)%"
    }

    private static func line(_ gap: PolicyCoverage.Gap, _ files: PolicyFiles) -> String {
        let place = gap.location.map { "\(files.text(of: $0)): " } ?? ""
        return "\(place)\(gap.missing): \(Renderer.clean(gap.expression)) [\(gap.part)]"
    }
}
