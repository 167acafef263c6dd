import HeadgateCore

/// What a rule has read, short enough for a line.
enum ReadValues {
    /// More than these are not shown.
    private static let limit = 4

    /// Such as `candidate.metrics.accuracy = 0.9`, and whether that is not all.
    static func shown(_ rules: [RuleResult]) -> (texts: [String], isCut: Bool) {
        var seen: Set<String> = []
        // Whole records say less than what was read of them.
        let values = rules.flatMap(\.values).filter { !$0.value.contains("{") && seen.insert($0.expression).inserted }
        let texts = values.prefix(limit).map { value in
            let number = value.value.count > 8 ? Double(value.value).map { NumberText.shown($0) } : nil
            let text = number ?? value.value
            return "\(value.expression) = " + (text.count > 60 ? "\(text.prefix(59))…" : text)
        }
        return (texts, values.count > limit)
    }

    /// The same of a rule in one text; empty where nothing is to be shown.
    static func line(_ rule: RuleResult) -> String {
        let (texts, isCut) = shown([rule])
        return texts.joined(separator: ", ") + (isCut ? ", …" : "")
    }
}
