extension ReportReader {
    /// MLflow's results of an evaluation: `metrics.json` of `EvaluationResult.save()`, or a run's `data.metrics`.
    static func mlflow(_ document: JSONValue) throws(ReportProblem) -> JSONValue {
        if let run = document["run"] ?? (document["data"] == nil ? nil : document) {
            guard let metrics = run["data"]?["metrics"]?.elements else {
                throw ReportProblem("the run has no list \"data.metrics\"")
            }
            return .object(["metrics": .object(try pairs(metrics))])
        }
        guard case .object(let members) = document["metrics"] ?? document else {
            throw ReportProblem("expected an object of metrics")
        }
        for (name, value) in members where !value.isNumber && value != .null {
            throw ReportProblem("the metric \"\(name.prefix(60))\" is no number")
        }
        return .object(["metrics": .object(members)])
    }

    private static func pairs(_ metrics: [JSONValue]) throws(ReportProblem) -> [String: JSONValue] {
        guard metrics.count <= maxEntries else { throw ReportProblem("there are more than \(maxEntries) entries") }
        var result: [String: JSONValue] = [:]
        for metric in metrics {
            guard let name = metric["key"]?.text, let value = metric["value"], value.isNumber else {
                throw ReportProblem("a metric has no \"key\" or no \"value\"")
            }
            result[name] = value
        }
        return result
    }

    /// DVC's metrics, as `dvc metrics show --json` and `dvc metrics diff --json` print them.
    ///
    /// Of several revisions the work tree's count. A metric that two files report is refused.
    static func dvc(_ document: JSONValue) throws(ReportProblem) -> JSONValue {
        guard case .object(let members) = document else { throw ReportProblem("expected an object") }
        let isDiff = members.values.allSatisfy { file in
            !file.sortedMembers.isEmpty
                && file.sortedMembers.allSatisfy { $0.value["new"] != nil || $0.value["old"] != nil }
        }
        if isDiff, !members.isEmpty { return .object(["changes": .object(try union(document))]) }
        let revision = members["workspace"] ?? members[""] ?? (members.count == 1 ? members.values.first : nil)
        guard let revision else {
            throw ReportProblem("there is no revision \"workspace\" among \(members.keys.sorted().prefix(5))")
        }
        guard let files = revision["data"] else { throw ReportProblem("DVC could not read the metrics") }
        var contents: [String: JSONValue] = [:]
        for (file, entry) in files.sortedMembers {
            guard let data = entry["data"] else { throw ReportProblem("DVC could not read \(file.prefix(60))") }
            contents[file] = data
        }
        return .object(["metrics": .object(try union(.object(contents)))])
    }

    /// The members of every file's object in one.
    private static func union(_ files: JSONValue) throws(ReportProblem) -> [String: JSONValue] {
        var result: [String: JSONValue] = [:]
        for (file, data) in files.sortedMembers {
            for (name, value) in data.sortedMembers {
                guard result.updateValue(value, forKey: name) == nil else {
                    throw ReportProblem("\(file.prefix(60)) is the second file with the metric \(name.prefix(60))")
                }
            }
        }
        return result
    }
}
