import HeadgateCore

extension Declaration {
    static let policyTest: Shape<PolicyTestSpec> = .object(
        "PolicyTest spec",
        Field("policy", .name(), "The Policy that is asked."),
        .optional(
            "from", Shape<String>.inputPath,
            "The file that holds the Policy. Left out, it is looked for in all that is tested, then beside the test."),
        .optional(
            "metrics", .map(of: metricType, keys: metricName, .metricName),
            "The metrics that the Model's steps declare, with their types, as a step's `metrics.names` does."),
        Field(
            "fixtures", .list(of: .inputPath), default: [],
            "JSON or YAML files of evidence that every case starts from; a later one wins over an earlier one."),
        Field("evidence", placedObject, default: PlacedJSON(.object([:])), "Evidence that every case starts from."),
        Field("cases", .list(of: policyTestCase, 1...1000, called: "cases"), "Questions with their answers."),
        make: PolicyTestSpec.init)

    static let policyTestCase: Shape<PolicyTestCase> = .object(
        "Case",
        Field("name", .text, "Unique within the test."),
        Field(
            "fixtures", .list(of: .inputPath), default: [], "Files of evidence, laid over what every case starts from."),
        Field(
            "reports", .map(of: report(.inputPath), keys: .identifier, .identifier), default: [:],
            "Files of tools, read as a step's `reports` are; they become `candidate.reports.NAME`."),
        Field(
            "evidence", placedObject, default: PlacedJSON(.object([:])),
            "Evidence by variable, laid over everything else. What is not given is unknown; `champion: null` says none."
        ),
        Field("params", params, default: [:], "Values that replace the Policy's params."),
        .optional(
            "at", moment,
            "The moment of the question. Left out, the first of the Policy's `at` that can have what the case gives."),
        Field("expect", .either(bareExpectation, expectation), "The answer."),
        .optional("cost", .integer(0...Int.max), "The most cost units that the answer may take."),
        make: PolicyTestCase.init)

    private static let outcome: Shape<Verdict.Outcome> = .option { outcome in
        switch outcome {
        case .pass: "Every rule gives true."
        case .fail: "A rule gives false."
        case .inconclusive: "A rule cannot tell."
        case .error: "The Policy cannot be asked."
        }
    }

    private static let bareExpectation = outcome.map { PolicyExpectation(verdict: $0) }

    static let expectation: Shape<PolicyExpectation> = .object(
        "Expectation",
        Field("verdict", outcome, "The verdict."),
        .optional("message", .text, "The whole message."),
        .optional("matches", .text, "A regular expression (RE2) that a part of the message matches."),
        .optional(
            "reason", .text,
            "Text of what decided: a part of the rule with its values, or the path of what is unknown."),
        Field("rules", .map(of: outcome, keys: .text, .text), default: [:], "Answers of single rules, by name."),
        make: PolicyExpectation.init)

    /// Any mapping, with the places of its parts.
    static let placedObject: Shape<PlacedJSON> = Shape(
        .map(.any, keys: .text), shown: { $0.value == .object([:]) ? "{}" : nil }
    ) { node, reader in
        guard case .mapping = node.content else { return reader.wrongType(node, expected: "a mapping") }
        guard let value = CoreScalar.value(of: node, reader, takesNonFinite: true) else { return nil }
        var places: [String: SourceLocation] = [:]
        func visit(_ node: YAMLNode, _ path: String) {
            switch node.content {
            case .mapping(let entries):
                for entry in entries {
                    let inner = path.isEmpty ? entry.key : "\(path).\(entry.key)"
                    places[inner] = reader.location(entry.keyMark)
                    visit(entry.value, inner)
                }
            case .sequence(let items):
                for (index, item) in items.enumerated() {
                    places["\(path)[\(index)]"] = reader.location(item.mark)
                    visit(item, "\(path)[\(index)]")
                }
            case .scalar, .refused: return
            }
        }
        places[""] = reader.location(node.mark)
        visit(node, "")
        return PlacedJSON(value, places: places)
    }

    /// A tool's report; where its file may lie depends on who writes it.
    static func report(_ path: Shape<String>) -> Shape<ReportSpec> {
        .object(
            "Report",
            Field("file", path, "The file."),
            Field(
                "format",
                .option { (format: ReportFormat) in
                    switch format {
                    case .json: "A JSON document as it stands."
                    case .evidently: "A report or snapshot of Evidently."
                    case .deepchecks: "A result of a suite or check of Deepchecks."
                    case .mlflow: "Results of an evaluation by MLflow."
                    case .dvc: "What `dvc metrics show --json` prints."
                    }
                }, default: .json, "Whose report it is."),
            make: ReportSpec.init)
    }
}
