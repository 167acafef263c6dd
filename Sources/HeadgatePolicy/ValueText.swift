package import CEL

extension Value {
    /// The value as people read it in a verdict: literals of the language, long ones cut.
    package var shown: String {
        let text = literal(depth: 0)
        return text.utf8.count > 200 ? String(text.prefix(197)) + "…" : text
    }

    /// Text that is equal for equal values, for digests.
    var canonical: String { literal(depth: Int.min) }

    private func literal(depth: Int) -> String {
        if depth > 4 { return "…" }
        let next = depth + 1
        switch self {
        case .null: return "null"
        case .bool(let flag): return flag ? "true" : "false"
        case .int(let number): return String(number)
        case .uint(let number): return "\(number)u"
        case .double(let number): return "\(number)"
        case .string(let text): return "\"\(text)\""
        case .bytes(let bytes): return "b\"\(bytes.count) bytes\""
        case .timestamp(let time): return "\(time)"
        case .duration(let span): return "\(span)"
        case .list(let elements): return "[" + elements.map { $0.literal(depth: next) }.joined(separator: ", ") + "]"
        case .map(let map):
            let entries = map.entries.map { "\($0.literal(depth: next)): \($1.literal(depth: next))" }
            return "{" + entries.joined(separator: ", ") + "}"
        case .record(let record):
            let entries = record.fields.entries.map { "\($0.literal(depth: next)): \($1.literal(depth: next))" }
            return "\(record.typeName){" + entries.joined(separator: ", ") + "}"
        case .optional(let optional): return optional.wrapped.map { "optional(\($0.literal(depth: next)))" } ?? "none"
        case .type(let type): return "\(type)"
        case .opaque(let value): return value.describedText ?? value.typeName
        case .unknown(let set): return "unknown (\(set.paths.joined(separator: ", ")))"
        }
    }
}
