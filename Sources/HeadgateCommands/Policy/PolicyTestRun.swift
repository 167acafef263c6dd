import Foundation
import HeadgateCore
import HeadgateManifest
import HeadgatePolicy

/// Runs the tests of policies below a path.
struct PolicyTestRun {
    private(set) var results: [PolicyTestResult] = []
    private(set) var coverages: [PolicyCoverage] = []
    /// What is wrong with the files themselves.
    private(set) var diagnostics: [Diagnostic]
    private(set) var files: PolicyFiles
    private var testers: [(place: SourceLocation, tester: PolicyTester)] = []
    /// Files that cases share, each read once.
    private var fixtures: [RepositoryPath: PlacedJSON] = [:]
    private var reports: [ReportPlace: JSONValue] = [:]

    private struct ReportPlace: Hashable {
        let file: RepositoryPath
        let format: ReportFormat
    }

    /// Runs the cases whose `test/case` names hold the filter, of the tests that are wanted, or all.
    init(
        _ files: PolicyFiles, filter: String? = nil,
        where isWanted: ((ParsedPolicyTest, PolicyTestSpec, PolicyFiles.Policy?) -> Bool)? = nil
    ) {
        self.files = files
        diagnostics = files.diagnostics
        for test in files.tests {
            guard let spec = test.spec else { continue }
            if let isWanted, !isWanted(test, spec, (try? self.files.policy(of: test, spec)) ?? nil) { continue }
            for (index, item) in spec.cases.enumerated() {
                if let filter, !"\(test.name)/\(item.name)".contains(filter) { continue }
                results.append(run(test, spec, index, item))
            }
        }
        // A policy that nobody tests is not covered; of a part, only what was asked counts.
        if filter == nil, isWanted == nil {
            for policy in files.policies where tester(at: policy.meta.location) == nil {
                testers.append((policy.meta.location, PolicyTester(policy.name, policy.spec)))
            }
        }
        diagnostics += testers.flatMap(\.tester.problems)
        coverages = testers.sorted { $0.place < $1.place }.map(\.tester.coverage)
    }

    var failed: Int { results.count { $0.status == .failed } }

    var errored: Int { results.count { $0.status == .errored } }

    private mutating func run(
        _ test: ParsedPolicyTest, _ spec: PolicyTestSpec, _ index: Int, _ item: PolicyTestCase
    ) -> PolicyTestResult {
        let (place, fields) = test.places(ofCase: index)
        func errored(_ problem: String) -> PolicyTestResult {
            PolicyTestResult(
                test: test.name, name: item.name, policy: spec.policy.text, location: place, status: .errored,
                problems: [problem])
        }
        do {
            guard let policy = try files.policy(of: test, spec) else {
                let what = "there is no policy \(spec.policy)" + (spec.from.map { " in \($0)" } ?? "")
                // Advice is given once.
                let isFirst = !results.contains { $0.test == test.name && $0.problems.first?.hasPrefix(what) == true }
                return errored(isFirst ? "\(what); \(files.advice(onPolicyOf: test, spec))" : what)
            }
            let evidence = try evidence(of: item, in: spec, folder: test.location.file.parent)
            let prepared = PreparedCase(
                test: test.name, spec: item, index: index, location: place, fields: fields, evidence: evidence,
                metrics: spec.metrics)
            if let known = tester(at: policy.meta.location) { return known.run(prepared) }
            let tester = PolicyTester(policy.name, policy.spec)
            testers.append((policy.meta.location, tester))
            return tester.run(prepared)
        } catch {
            return errored("\(error)")
        }
    }

    private func tester(at place: SourceLocation) -> PolicyTester? {
        testers.first { $0.place == place }?.tester
    }

    /// Fixtures of the test, its evidence, fixtures of the case, reports, the case's evidence: the later wins.
    private mutating func evidence(
        of item: PolicyTestCase, in spec: PolicyTestSpec, folder: RepositoryPath
    ) throws -> PlacedJSON {
        var evidence = PlacedJSON(.object([:]))
        for name in spec.fixtures { evidence = evidence.overlaid(with: try fixture(name, folder)) }
        evidence = evidence.overlaid(with: spec.evidence)
        for name in item.fixtures { evidence = evidence.overlaid(with: try fixture(name, folder)) }
        for (name, report) in item.reports.sorted(by: { $0.key < $1.key }) {
            let value = try self.report(report, folder)
            let candidate = JSONValue.object(["reports": .object([name: value])])
            evidence = evidence.overlaid(with: PlacedJSON(.object(["candidate": candidate])))
        }
        return evidence.overlaid(with: item.evidence)
    }

    private mutating func fixture(_ name: String, _ folder: RepositoryPath) throws -> PlacedJSON {
        guard let file = folder.resolving(name) else { throw EvidenceProblem("\(name) leaves the repository") }
        if let known = fixtures[file] { return known }
        let evidence = try EvidenceFile.evidence(files.bytes(of: file), file: file)
        fixtures[file] = evidence
        return evidence
    }

    private mutating func report(_ report: ReportSpec, _ folder: RepositoryPath) throws -> JSONValue {
        guard let file = folder.resolving(report.file) else {
            throw EvidenceProblem("\(report.file) leaves the repository")
        }
        let place = ReportPlace(file: file, format: report.format)
        if let known = reports[place] { return known }
        let value = try EvidenceFile.report(files.bytes(of: file), report.format, file.text)
        reports[place] = value
        return value
    }
}
