extension Value: CustomStringConvertible {
    /// The value as text for people: source text where the language has a literal for it.
    public var description: String {
        var budget = 4_000
        return describe(&budget)
    }

    /// The description, cut after so many characters.
    public func summary(limit: Int = 60) -> String {
        var budget = limit * 2
        let text = describe(&budget)
        return text.count <= limit ? text : text.prefix(max(0, limit - 1)) + "…"
    }

    private func describe(_ budget: inout Int) -> String {
        guard budget > 0 else { return "…" }
        switch self {
        case .list(let elements):
            var parts: [String] = []
            for element in elements {
                parts.append(element.describe(&budget))
                if budget <= 0 { break }
            }
            return "[\(parts.joined(separator: ", "))]"
        case .map(let map): return Self.describe(map, &budget)
        case .record(let record): return record.typeName + Self.describe(record.fields, &budget)
        case .optional(let optional):
            guard let wrapped = optional.wrapped else { return "optional.none()" }
            return "optional.of(\(wrapped.describe(&budget)))"
        case .opaque(let value):
            let text = value.describedText ?? value.typeName
            budget -= text.count
            return text
        case .unknown(let set):
            let text = "unknown(\(set.paths.joined(separator: ", ")))"
            budget -= text.count
            return text
        case .string(let text) where text.utf8.count > budget:
            let cut = String(decoding: text.utf8.prefix(budget), as: UTF8.self)
            budget = 0
            return QuotedText.quote(cut) + "…"
        default:
            let text = literalText ?? typeName
            budget -= text.count
            return text
        }
    }

    private static func describe(_ map: MapValue, _ budget: inout Int) -> String {
        var parts: [String] = []
        for (key, value) in map.entries {
            let key = key.describe(&budget)
            parts.append("\(key): \(value.describe(&budget))")
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
