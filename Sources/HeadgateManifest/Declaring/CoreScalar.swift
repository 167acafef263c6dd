import HeadgateCore

/// The YAML 1.2 core schema: what a scalar means where no type is declared.
enum CoreScalar {
    static func boolean(_ text: String) -> Bool? {
        switch text {
        case "true", "True", "TRUE": true
        case "false", "False", "FALSE": false
        default: nil
        }
    }

    /// A finite number, or an infinite one or NaN where the text says so.
    static func number(_ text: String) -> JSONValue? {
        number(text, wantsInteger: false)
    }

    /// A document without declared types.
    ///
    /// - Parameters:
    ///   - node: Its root.
    ///   - reader: Takes what is wrong with it.
    ///   - takesNonFinite: Whether numbers may be infinite or none, as what was measured may be.
    /// - Returns: Nil where something is wrong.
    static func value(of node: YAMLNode, _ reader: DocumentReader, takesNonFinite: Bool = false) -> JSONValue? {
        switch node.content {
        case .refused: return nil
        case .scalar(let scalar):
            guard scalar.style == .plain else { return .string(scalar.text) }
            if scalar.isNull { return .null }
            if let value = boolean(scalar.text) { return .bool(value) }
            guard let number = number(scalar.text, wantsInteger: true) else { return .string(scalar.text) }
            if case .number(let value) = number, !value.isFinite, !takesNonFinite {
                reader.report(
                    "bad-value", "expected a finite number, found \(scalar.text.clipped(to: 40))", at: node.mark)
                return nil
            }
            return number
        case .sequence(let items):
            let values = items.enumerated().map { index, item in
                reader.within(.index(index)) { value(of: item, reader, takesNonFinite: takesNonFinite) }
            }
            return values.contains { $0 == nil } ? nil : .array(values.compactMap { $0 })
        case .mapping(let entries):
            var members: [String: JSONValue] = [:]
            for entry in entries {
                members[entry.key] = reader.within(.field(entry.key)) {
                    value(of: entry.value, reader, takesNonFinite: takesNonFinite)
                }
            }
            return members.count == entries.count ? .object(members) : nil
        }
    }

    private static func number(_ text: String, wantsInteger: Bool) -> JSONValue? {
        let unsigned = text.first == "-" || text.first == "+" ? text.dropFirst() : text[...]
        guard let first = unsigned.utf8.first, isDigit(first) || first == UInt8(ascii: ".") else { return nil }
        if wantsInteger, let integer = integer(text, unsigned) { return .integer(integer) }
        if [".inf", ".Inf", ".INF"].contains(unsigned) { return .number(text.first == "-" ? -.infinity : .infinity) }
        if [".nan", ".NaN", ".NAN"].contains(text) { return .number(.nan) }
        // Swift would take hexadecimal floats and names besides.
        let isDecimal = unsigned.utf8.allSatisfy { isDigit($0) || ".eE+-".utf8.contains($0) }
        guard isDecimal, unsigned.utf8.contains(where: isDigit) else { return nil }
        let padded = unsigned.hasPrefix(".") ? "0" + unsigned : String(unsigned)
        let full = padded.hasSuffix(".") ? padded + "0" : padded
        let dotted = full.split(separator: ".e", omittingEmptySubsequences: false).joined(separator: ".0e")
        return Double(dotted).map { .number(text.first == "-" ? -$0 : $0) }
    }

    private static func integer(_ text: String, _ unsigned: Substring) -> Int64? {
        if unsigned.utf8.allSatisfy(isDigit) { return Int64(text) }
        guard text.count == unsigned.count else { return nil }
        if unsigned.hasPrefix("0x") { return Int64(unsigned.dropFirst(2), radix: 16) }
        if unsigned.hasPrefix("0o") { return Int64(unsigned.dropFirst(2), radix: 8) }
        return nil
    }
}
