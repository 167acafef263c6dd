import Foundation
import HeadgateCore
import Testing

/// Reports that the tools themselves wrote; policies/reports/README.md says how.
@Suite struct ReportReaderTests {
    private static func report(_ name: String) throws -> JSONValue {
        var folder = URL(filePath: #filePath)
        for _ in 0..<4 { folder.deleteLastPathComponent() }
        let data = try Data(contentsOf: folder.appending(path: "policies/reports/\(name).json"))
        return try JSONDocument.parse(Array(data))
    }

    private static func json(_ text: String) throws -> JSONValue { try JSONDocument.parse(Array(text.utf8)) }

    @Test func `a report of Evidently gives drift by column, its numbers and its tests`() throws {
        let evidence = try ReportReader.evidence(of: Self.report("evidently"), .evidently)
        let columns = try #require(evidence["columns"])
        guard case .array(let all) = columns else { return #expect(Bool(false), "\(columns)") }
        let methods = all.compactMap { column in
            column["name"].flatMap { name in column["method"].map { "\(name.canonicalText) \($0.canonicalText)" } }
        }
        #expect(
            methods == [
                "\"alcohol\" \"ks_p\"", "\"hue\" \"ks_p\"", "\"region\" \"chisquare_p\"", "\"alcohol\" \"psi\"",
                "\"hue\" \"ks_p\"",
            ])
        #expect(evidence["counts"]?["fail"] == .integer(2) && evidence["counts"]?["pass"] == .integer(4))
        #expect(evidence["metrics"]?["drifted_columns_count"]?["count"] == .number(1))
    }

    @Test func `a suite of Deepchecks gives drift by feature, its values and its conditions`() throws {
        let evidence = try ReportReader.evidence(of: Self.report("deepchecks"), .deepchecks)
        guard case .array(let columns)? = evidence["columns"] else { return #expect(Bool(false), "\(evidence)") }
        #expect(columns.first?["method"] == .string("ks") && columns.first?["score"] == .number(0.6925))
        #expect(evidence["counts"]?["fail"] == .integer(1) && evidence["counts"]?["pass"] == .integer(4))
        #expect(evidence["metrics"]?["datasets_size_comparison"]?["Test"] == .integer(400))
    }

    @Test func `results of MLflow and DVC give their metrics`() throws {
        let mlflow = try ReportReader.evidence(of: Self.report("mlflow"), .mlflow)
        #expect(mlflow["metrics"]?["accuracy_score"] == .number(0.7247191011235955))
        let run = try ReportReader.evidence(
            of: Self.json(#"{"run": {"data": {"metrics": [{"key": "auc", "value": 0.9, "step": 0}]}}}"#), .mlflow)
        #expect(run["metrics"]?["auc"] == .number(0.9))
        let dvc = try ReportReader.evidence(of: Self.report("dvc"), .dvc)
        #expect(dvc["metrics"]?["auc"]?["macro"] == .number(0.97))
        let diff = try ReportReader.evidence(
            of: Self.json(#"{"metrics.json": {"auc": {"old": 0.9, "new": 0.8, "diff": -0.1}}}"#), .dvc)
        #expect(diff["changes"]?["auc"]?["new"] == .number(0.8))
    }

    @Test(arguments: [
        (ReportFormat.evidently, #"{"metrics": 1}"#), (.evidently, #"{"metrics": [{"id": "x"}]}"#),
        (.evidently, #"{"metrics": [], "tests": [{"status": "MAYBE"}]}"#), (.evidently, "[]"),
        (.deepchecks, "{}"), (.deepchecks, #"{"type": "Suite"}"#),
        (.mlflow, #"{"accuracy": "high"}"#), (.mlflow, #"{"run": {}}"#), (.mlflow, "3"),
        (.dvc, #"{"workspace": {"error": {"type": "X", "msg": "no"}}}"#), (.dvc, "null"),
        (.dvc, #"{"a": {"data": {}}, "b": {"data": {}}}"#),
        (.dvc, #"{"": {"data": {"a": {"data": {"x": 1}}, "b": {"data": {"x": 2}}}}}"#),
    ])
    func `a document that is no such report is refused, with what is wrong`(
        _ format: ReportFormat, _ text: String
    ) throws {
        #expect(throws: ReportProblem.self) { try ReportReader.evidence(of: Self.json(text), format) }
    }

    @Test func `a check of Deepchecks that could not run counts as an error`() throws {
        let text = #"{"type": "SuiteResult", "results": [{"type": "CheckFailure", "header": "X", "exception": "no"}]}"#
        let evidence = try ReportReader.evidence(of: Self.json(text), .deepchecks)
        #expect(evidence["counts"]?["error"] == .integer(1))
    }

    @Test func `a number that is not finite is unknown, and a report that says too much is refused`() throws {
        #expect(
            try ReportReader.evidence(of: Self.json(#"{"a": [NaN, 1]}"#), .json)["a"] == .array([.null, .integer(1)]))
        let large = JSONValue.object(["a": .string(String(repeating: "x", count: ReportReader.maxSize))])
        #expect(throws: ReportProblem.self) { try ReportReader.stored(large, .json) }
    }
}
