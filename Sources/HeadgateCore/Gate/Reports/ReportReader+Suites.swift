extension ReportReader {
    /// Evidently 0.7's report or snapshot: `Snapshot.json()`, `Snapshot.save_json()`.
    static func evidently(_ document: JSONValue) throws(ReportProblem) -> JSONValue {
        guard let metrics = document["metrics"]?.elements else {
            throw ReportProblem("there is no list \"metrics\"; write what Snapshot.json() of Evidently 0.7 gives")
        }
        let tests = document["tests"]?.elements ?? []
        guard metrics.count <= maxEntries, tests.count <= maxEntries else {
            throw ReportProblem("there are more than \(maxEntries) entries")
        }
        var columns: [JSONValue] = []
        var values: [String: JSONValue] = [:]
        for metric in metrics {
            guard let config = metric["config"], let type = config["type"]?.text, let value = metric["value"] else {
                throw ReportProblem("a metric has no \"config\" or \"value\"")
            }
            let kind = identifier(snakeCase(type.split(separator: ":").last.map(String.init) ?? type))
            if kind == "value_drift", let name = config["column"]?.text {
                columns.append(
                    column(name, method: config["method"]?.text ?? "", score: value, threshold: config["threshold"]))
            }
            var place = kind
            if let name = config["column"]?.text { place += ".\(name)" }
            values[place] = value
        }
        var evidence = try members(
            tests.map { (test) throws(ReportProblem) in
                let status: Test.Status =
                    switch test["status"]?.text {
                    case "SUCCESS": .pass
                    case "FAIL": .fail
                    case "WARNING": .warn
                    case "ERROR": .error
                    case "SKIPPED": .skipped
                    default: throw ReportProblem("a test has no \"status\" that is known")
                    }
                return Test(
                    name: test["name"]?.text ?? "", status: status, description: test["description"]?.text ?? "")
            })
        evidence["columns"] = .array(columns)
        evidence["metrics"] = .object(nested(values))
        return .object(evidence)
    }

    /// Deepchecks' result of a suite or of one check: `SuiteResult.to_json()`, `CheckResult.to_json()`.
    static func deepchecks(_ document: JSONValue) throws(ReportProblem) -> JSONValue {
        let results: [JSONValue]
        switch document["type"]?.text {
        case "SuiteResult": results = document["results"]?.elements ?? []
        case "CheckResult", "CheckFailure": results = [document]
        default: throw ReportProblem("its \"type\" is none of SuiteResult, CheckResult and CheckFailure")
        }
        guard results.count <= maxEntries else { throw ReportProblem("there are more than \(maxEntries) entries") }
        var tests: [Test] = []
        var columns: [JSONValue] = []
        var values: [String: JSONValue] = [:]
        for result in results {
            let name = result["header"]?.text ?? result["check"]?["name"]?.text ?? ""
            // A check that could not run is no check that passed.
            if result["type"]?.text == "CheckFailure" {
                tests.append(Test(name: name, status: .error, description: result["exception"]?.text ?? ""))
                continue
            }
            let value = unwrapped(result["value"] ?? .null)
            values[identifier(name)] = value
            for (feature, drift) in value.sortedMembers {
                guard let score = drift["Drift score"], let method = drift["Method"]?.text else { continue }
                columns.append(column(feature, method: method, score: score, threshold: nil))
            }
            for condition in result["conditions_results"]?.elements ?? [] {
                tests.append(
                    Test(
                        name: "\(name): \(condition["Condition"]?.text ?? "")", status: status(condition["Status"]),
                        description: condition["More Info"]?.text ?? ""))
            }
        }
        var evidence = members(tests)
        evidence["columns"] = .array(columns)
        evidence["metrics"] = .object(values)
        return .object(evidence)
    }

    /// Deepchecks writes numbers of NumPy as `{"dtype": "float64", "value": 0.5}`.
    private static func unwrapped(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let members):
            if members.count == 2, members["dtype"] != nil, let value = members["value"] { return value }
            return .object(members.mapValues(unwrapped))
        case .array(let elements): return .array(elements.map(unwrapped))
        case .null, .bool, .integer, .number, .string: return value
        }
    }

    // With icons on, Deepchecks writes a sign instead of a word.
    private static func status(_ value: JSONValue?) -> Test.Status {
        switch value?.text {
        case "PASS", "✓": .pass
        case "FAIL", "✖": .fail
        case "WARN", "!": .warn
        default: .error
        }
    }

    /// `ValueDrift` as `value_drift`.
    private static func snakeCase(_ text: String) -> String {
        var result = ""
        for character in text {
            if character.isUppercase, let last = result.last, last != "_", !last.isUppercase { result.append("_") }
            result.append(character)
        }
        return result
    }

    /// `{"a.b": 1}` as `{"a": {"b": 1}}`; a name that is taken as a whole stays as it is.
    private static func nested(_ values: [String: JSONValue]) -> [String: JSONValue] {
        var result: [String: JSONValue] = [:]
        for (path, value) in values.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            let parts = path.split(separator: ".", maxSplits: 1)
            guard parts.count == 2 else {
                result[path] = value
                continue
            }
            guard case .object(var inner)? = result[String(parts[0])] ?? .object([:]) else { continue }
            inner[String(parts[1])] = value
            result[String(parts[0])] = .object(inner)
        }
        return result
    }
}
