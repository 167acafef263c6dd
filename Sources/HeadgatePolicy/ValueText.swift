import CEL

extension Value {
    /// The value as people read it in a verdict: source text, cut when it is long.
    package var shown: String { literal(limit: 200) }

    /// Text that is equal for equal values, for digests.
    var canonical: String { literal() }
}

extension String {
    /// Source text of several lines on one.
    var onOneLine: String {
        split(whereSeparator: \.isNewline).map { $0.drop { $0 == " " } }.joined(separator: " ")
    }
}

extension Explanation.Step {
    /// The source text on one line, cut when it is long.
    package var line: String {
        let text = text.onOneLine
        return text.utf8.count > 300 ? String(text.prefix(297)) + "…" : text
    }

    /// What it gave, with the variables of the loops around it.
    package var shownOutcome: String {
        let shown: String =
            switch outcome {
            case .value(let value): value.shown
            case .error(let error): "error: \(error.message)"
            case .unknown(let set): "unknown: waits for \(set.paths.joined(separator: ", "))"
            case nil: "not evaluated"
            }
        let bound = variables.map { "\($0.name) = \($0.value.shown)" }.joined(separator: ", ")
        return bound.isEmpty ? shown : "\(shown)  [\(bound)]"
    }
}
