/// Why a document is no report of the format that it was said to have.
package struct ReportProblem: Error, Hashable, Sendable {
    package let message: String
    package init(_ message: String) { self.message = message }
}

/// Turns reports of tools into evidence.
///
/// Whatever the tool, its tests become `tests` with their counts, its drift of columns `columns`, and its numbers
/// `metrics`, so that a policy need not know which tool a team uses.
package enum ReportReader {
    /// More tests or columns than this are refused.
    static let maxEntries = 10_000

    /// The most bytes, as compact JSON, of what a ledger keeps of one report.
    package static let maxSize = 256 << 10

    /// The evidence that a document of a format holds, if a ledger can keep as much.
    package static func stored(_ document: JSONValue, _ format: ReportFormat) throws(ReportProblem) -> JSONValue {
        let evidence = try evidence(of: document, format)
        guard evidence.canonicalText.utf8.count <= maxSize else {
            throw ReportProblem("it says more than \(maxSize >> 10) KiB: report less")
        }
        return evidence
    }

    /// The evidence that a document of a format holds.
    ///
    /// A number that is not finite becomes null, which policies take for unknown.
    package static func evidence(of document: JSONValue, _ format: ReportFormat) throws(ReportProblem) -> JSONValue {
        let document = finite(document)
        return switch format {
        case .json: document
        case .evidently: try evidently(document)
        case .deepchecks: try deepchecks(document)
        case .mlflow: try mlflow(document)
        case .dvc: try dvc(document)
        }
    }

    private static func finite(_ value: JSONValue) -> JSONValue {
        switch value {
        case .number(let number): number.isFinite ? value : .null
        case .array(let elements): .array(elements.map(finite))
        case .object(let members): .object(members.mapValues(finite))
        case .null, .bool, .integer, .string: value
        }
    }

    /// One test of a suite.
    struct Test {
        enum Status: String, CaseIterable {
            case pass, fail, warn, error, skipped
        }

        let name: String
        let status: Status
        let description: String
    }

    /// Tests with how many there are of each status.
    static func members(_ tests: [Test]) -> [String: JSONValue] {
        var counts: [String: JSONValue] = [:]
        for status in Test.Status.allCases {
            counts[status.rawValue] = .integer(Int64(tests.count { $0.status == status }))
        }
        let list = tests.map { test in
            JSONValue.object([
                "name": .string(test.name), "status": .string(test.status.rawValue),
                "description": .string(test.description),
            ])
        }
        return ["tests": .array(list), "counts": .object(counts)]
    }

    /// How far one column has drifted.
    static func column(_ name: String, method: String, score: JSONValue, threshold: JSONValue?) -> JSONValue {
        let canonical = driftMethod(method)
        var members: [String: JSONValue] = [
            "name": .string(name), "method": .string(canonical), "score": score,
        ]
        if let threshold { members["threshold"] = threshold }
        return .object(members)
    }

    /// One name for each method of drift, whatever a tool calls it; those with a p-value end in `_p`.
    ///
    /// Names that are not known stay as they are, in lower case.
    static func driftMethod(_ name: String) -> String {
        let name = name.lowercased()
        return switch name {
        case "ks", "k-s p_value": "ks_p"
        case "chisquare", "chi-square p_value": "chisquare_p"
        case "z", "z-test p_value": "z_p"
        case "psi": "psi"
        case "wasserstein", "wasserstein distance (normed)", "earth mover's distance": "wasserstein"
        case "jensenshannon", "jensen-shannon distance": "jensenshannon"
        case "kl_div", "kullback-leibler divergence": "kl"
        case "hellinger", "hellinger distance": "hellinger"
        case "kolmogorov-smirnov": "ks"
        case "cramer's v": "cramer"
        default: name
        }
    }

    /// A name of a variable of the policy language made of any text: `Feature Drift` becomes `feature_drift`.
    static func identifier(_ text: String) -> String {
        var name = ""
        for scalar in text.lowercased().unicodeScalars {
            if ("a"..."z").contains(scalar) || ("0"..."9").contains(scalar) {
                name.unicodeScalars.append(scalar)
            } else if !name.isEmpty, name.last != "_" {
                name.append("_")
            }
        }
        while name.last == "_" { name.removeLast() }
        return name.first.map { ("0"..."9").contains($0) } ?? true ? "_" + name : name
    }
}

extension JSONValue {
    /// A member of an object; nil for anything else.
    package subscript(_ name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members[name]
    }

    var text: String? { if case .string(let text) = self { text } else { nil } }

    var elements: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }

    var isNumber: Bool {
        switch self {
        case .integer, .number: true
        case .null, .bool, .string, .array, .object: false
        }
    }
}
