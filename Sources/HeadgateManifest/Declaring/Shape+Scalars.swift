import HeadgateCore

extension Shape where Value == String {
    /// Text that is not empty; a number without quotes is the text that it is written with.
    static var text: Shape {
        Shape(.text(.text), shown: { $0 }) { node, reader in
            guard let text = reader.text(node, expected: "text") else { return nil }
            guard text.isEmpty else { return text }
            reader.report("bad-value", "expected text, found an empty one", at: node.mark)
            return nil
        }
    }

    /// Text that may be empty.
    static var anyText: Shape {
        Shape(.text(.text), shown: { $0 }) { node, reader in reader.text(node, expected: "text") }
    }

    /// Text of a form that a function recognises.
    static func text(
        _ form: TextForm, hint: String, isValid: @escaping @Sendable (String) -> Bool
    ) -> Shape {
        Shape(.text(form), shown: { $0 }) { node, reader in
            guard let text = reader.text(node, expected: Schema.text(form).phrase) else { return nil }
            if isValid(text) { return text }
            let shown = text.clipped(to: 60)
            reader.report(
                "bad-value", "expected \(Schema.text(form).phrase), found \"\(shown)\"", at: node.mark, hint: hint)
            return nil
        }
    }

    /// A name that CEL, commands and environments can use.
    static var identifier: Shape {
        text(.identifier, hint: "letters, digits and _, not first a digit") { text in
            text.utf8.first.map { !isDigit($0) } ?? false && text.utf8.allSatisfy { isWordByte($0) }
        }
    }

    static var httpURL: Shape {
        text(.httpURL, hint: "write http:// or https://") { text in
            for scheme in ["http://", "https://"] where text.hasPrefix(scheme) && text.utf8.count > scheme.utf8.count {
                return text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
            }
            return false
        }
    }
}

func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

func isWordByte(_ byte: UInt8) -> Bool {
    isDigit(byte) || byte == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
}

extension Shape {
    /// The name of an object or step.
    static func name<Subject>() -> Shape where Value == Name<Subject> {
        Shape(.text(.name), shown: \.text) { node, reader in
            guard let text = reader.text(node, expected: "a name") else { return nil }
            if let name = Name<Subject>(text) { return name }
            let shown = text.clipped(to: 70)
            reader.report(
                "bad-name", "expected a name, found \"\(shown)\"", at: node.mark,
                hint: "1 to 63 of a-z, 0-9 and -")
            return nil
        }
    }

    /// One of the cases of an enumeration, each with what it means.
    static func option(_ summary: @escaping (Value) -> String) -> Shape
    where Value: CaseIterable & RawRepresentable, Value.RawValue == String {
        let options = Value.allCases.map { Schema.Option(name: $0.rawValue, summary: summary($0)) }
        let names = options.map(\.name)
        return Shape(.options(options), shown: \.rawValue) { node, reader in
            let expected = "one of \(names.joined(separator: ", "))"
            guard let text = reader.text(node, expected: expected) else { return nil }
            if let value = Value(rawValue: text) { return value }
            let nearest = Spelling.nearest(to: text, among: names).map { "did you mean \"\($0)\"?" }
            reader.report(
                "bad-value", "expected \(expected), found \"\(text.clipped(to: 40))\"", at: node.mark, hint: nearest)
            return nil
        }
    }
}

extension Shape where Value == Int {
    static func integer(_ range: ClosedRange<Int>) -> Shape {
        Shape(.integer(range), shown: { String($0) }) { node, reader in
            guard let text = reader.text(node, expected: "a whole number") else { return nil }
            let digits = text.first == "-" || text.first == "+" ? text.dropFirst() : text[...]
            guard !digits.isEmpty, digits.utf8.allSatisfy(isDigit) else {
                return reader.wrongType(node, expected: "a whole number")
            }
            if let value = Int(text), range.contains(value) { return value }
            let expected =
                range.upperBound == .max
                ? "at least \(range.lowerBound)" : "\(range.lowerBound) through \(range.upperBound)"
            reader.report(
                "out-of-range", "expected a whole number, \(expected), found \(text.clipped(to: 40))", at: node.mark)
            return nil
        }
    }
}

extension Shape where Value == Double {
    static func number(atLeast least: Double) -> Shape {
        Shape(.number(least...Double.infinity), shown: { "\($0)" }) { node, reader in
            guard let text = reader.text(node, expected: "a number") else { return nil }
            guard case .number(let value)? = CoreScalar.number(text) else {
                return reader.wrongType(node, expected: "a number")
            }
            if value >= least, value.isFinite { return value }
            reader.report(
                "out-of-range", "expected a number, at least \(least), found \(text.clipped(to: 40))", at: node.mark)
            return nil
        }
    }
}

extension Shape where Value == Bool {
    static var boolean: Shape {
        Shape(.boolean, shown: { $0 ? "true" : "false" }) { node, reader in
            guard let text = reader.text(node, expected: "true or false") else { return nil }
            if let value = CoreScalar.boolean(text) { return value }
            return reader.wrongType(node, expected: "true or false")
        }
    }
}

extension Shape where Value == Duration {
    /// A time span, such as `1h30m`.
    static func duration(atLeast least: Duration = .zero) -> Shape {
        Shape(.text(.duration), shown: { DurationText.format($0) }) { node, reader in
            guard let text = reader.text(node, expected: "a duration") else { return nil }
            guard let value = DurationText.parse(text) else {
                let isNumber = !text.isEmpty && text.utf8.allSatisfy(isDigit)
                reader.report(
                    "bad-value", "expected a duration, found \"\(text.clipped(to: 40))\"", at: node.mark,
                    hint: isNumber ? "add a unit: \(text.clipped(to: 20))s" : "write it like 30s, 5m, 1h30m or 7d")
                return nil
            }
            if value >= least { return value }
            let shown = DurationText.format(least)
            reader.report("out-of-range", "expected a duration of at least \(shown), found \(text)", at: node.mark)
            return nil
        }
    }
}

extension Shape where Value == Digest {
    static var digest: Shape {
        Shape(.text(.digest), shown: \.description) { node, reader in
            guard let text = reader.text(node, expected: "a SHA-256 digest") else { return nil }
            if let digest = Digest(text) { return digest }
            reader.report(
                "bad-value", "expected a SHA-256 digest, found \"\(text.clipped(to: 70))\"", at: node.mark,
                hint: "64 hex digits")
            return nil
        }
    }
}

extension Shape where Value == PolicyExpression {
    /// A CEL expression with the places of its characters.
    static var expression: Shape {
        Shape(.text(.expression), shown: \.source) { node, reader in
            guard let text = reader.text(node, expected: "a CEL expression"), case .scalar(let scalar) = node.content
            else { return nil }
            guard text.utf8.count <= PolicyExpression.maxLength else {
                reader.report(
                    "too-large", "the expression is longer than \(PolicyExpression.maxLength) bytes", at: node.mark)
                return nil
            }
            guard text.contains(where: { !$0.isWhitespace }) else {
                reader.report("bad-value", "expected a CEL expression, found an empty one", at: node.mark)
                return nil
            }
            let position = ExpressionPosition(of: scalar, at: node.mark, in: reader.lines)
            return PolicyExpression(text, at: reader.location(position.start), segments: position.segments)
        }
    }
}

extension Shape where Value == JSONValue {
    /// Any value, as the YAML 1.2 core schema reads it.
    static var json: Shape {
        Shape(.any, shown: \.canonicalText) { node, reader in CoreScalar.value(of: node, reader) }
    }
}
