extension Value: CustomStringConvertible {
    /// The value as text for people: source text where the language has a literal for it.
    public var description: String {
        var budget = 4_000
        return describe(&budget)
    }

    /// The description, cut after so many characters.
    public func summary(limit: Int = 60) -> String {
        var budget = limit.multipliedReportingOverflow(by: 2).overflow ? .max : limit * 2
        let text = describe(&budget)
        return text.count <= limit ? text : text.prefix(max(0, limit - 1)) + "…"
    }

    /// The value as source text in double quotes, cut after so many bytes.
    ///
    /// Two values have the same text, uncut, only if they are equal and of the same type; what the language has no
    /// literal for, a library's own value or an unknown, is shown in the form of a call.
    public func literal(limit: Int = .max) -> String {
        var budget = limit
        let text = describe(&budget, .double)
        guard text.utf8.count > limit else { return text }
        return String(decoding: text.utf8.prefix(max(0, limit - 3)), as: UTF8.self) + "…"
    }

    private func describe(_ budget: inout Int, _ quote: QuotedText.Quote = .single) -> String {
        guard budget > 0 else { return "…" }
        switch self {
        case .list(let elements):
            var parts: [String] = []
            for element in elements {
                parts.append(element.describe(&budget, quote))
                if budget <= 0 { break }
            }
            return "[\(parts.joined(separator: ", "))]"
        case .map(let map): return Self.describe(map, isRecord: false, &budget, quote)
        case .record(let record):
            return record.typeName + Self.describe(record.fields, isRecord: true, &budget, quote)
        case .optional(let optional):
            guard let wrapped = optional.wrapped else { return "optional.none()" }
            return "optional.of(\(wrapped.describe(&budget, quote)))"
        case .opaque(let value):
            let text = value.describedText.map { QuotedText.quote($0, quote) } ?? ""
            budget -= text.utf8.count
            return "\(value.constructorName)(\(text))"
        case .unknown(let set):
            let text = "unknown(\(set.paths.joined(separator: ", ")))"
            budget -= text.utf8.count
            return text
        case .string(let text) where text.utf8.count > budget:
            let cut = String(decoding: text.utf8.prefix(budget), as: UTF8.self)
            budget = 0
            return QuotedText.quote(cut, quote) + "…"
        case .bytes(let bytes) where bytes.count > budget:
            let cut = Value.bytes(Array(bytes.prefix(budget)))
            budget = 0
            return (cut.literalText(quote) ?? "") + "…"
        default:
            let text = literalText(quote) ?? typeName
            budget -= text.utf8.count
            return text
        }
    }

    private static func describe(
        _ map: MapValue,
        isRecord: Bool,
        _ budget: inout Int,
        _ quote: QuotedText.Quote
    ) -> String {
        var parts: [String] = []
        for (key, value) in map.entries {
            var name = key.describe(&budget, quote)
            if isRecord, case .string(let field) = key { name = Unparser.fieldText(field) }
            parts.append("\(name): \(value.describe(&budget, quote))")
            if budget <= 0 { break }
        }
        return "{\(parts.joined(separator: ", "))}"
    }
}

extension Evaluation.Outcome: CustomStringConvertible {
    /// The value, or what stands in its place.
    public var description: String {
        switch self {
        case .value(let value): value.description
        case .error(let error): "error: \(error.message)"
        case .unknown(let set): "unknown: waits for \(set.paths.joined(separator: ", "))"
        }
    }
}
