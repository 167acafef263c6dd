/// One way to write a value: how it is decoded, described to editors, and shown to readers.
struct Shape<Value: Sendable>: Sendable {
    let schema: Schema
    /// Reports everything that is wrong and then gives nil.
    let decode: @Sendable (YAMLNode, DocumentReader) -> Value?
    /// The value as a manifest would write it, for defaults; nil when there is no short way.
    let shown: @Sendable (Value) -> String?

    init(
        _ schema: Schema, shown: @escaping @Sendable (Value) -> String? = { _ in nil },
        decode: @escaping @Sendable (YAMLNode, DocumentReader) -> Value?
    ) {
        self.schema = schema
        self.shown = shown
        self.decode = decode
    }

    /// Takes the same text for another value.
    func map<Other: Sendable>(_ make: @escaping @Sendable (Value) -> Other) -> Shape<Other> {
        Shape<Other>(schema) { node, reader in decode(node, reader).map(make) }
    }

    /// Adds a condition; the check says what is wrong, or nil.
    func checked(_ check: @escaping @Sendable (Value) -> (message: String, hint: String?)?) -> Shape {
        Shape(schema, shown: shown) { node, reader in
            guard let value = decode(node, reader) else { return nil }
            guard let problem = check(value) else { return value }
            reader.report("bad-value", problem.message, at: node.mark, hint: problem.hint)
            return nil
        }
    }
}

extension Shape {
    /// A mapping with known fields.
    static func object<each Part: Sendable>(
        _ title: String, _ fields: repeat Field<each Part>,
        make: @escaping @Sendable (repeat each Part) -> Value
    ) -> Shape {
        var members: [ObjectSchema.Member] = []
        var choices: [ObjectSchema.Choice] = []
        for field in repeat each fields {
            members += field.members
            choices += field.choice.map { [$0] } ?? []
        }
        let known = members.map(\.name)
        let schema = ObjectSchema(title: title, members: members, choices: choices)
        return Shape(.object(schema)) { node, reader in
            guard let mapping = reader.mapping(node, known: known) else { return nil }
            let values = (repeat (each fields).read(mapping, reader))
            do {
                return try make(repeat present(each values))
            } catch {
                return nil
            }
        }
    }

    /// A scalar written one way, or a mapping written another.
    static func either(_ scalar: Shape, _ mapping: Shape) -> Shape {
        Shape(.either(scalar.schema, mapping.schema), shown: scalar.shown) { node, reader in
            switch node.content {
            case .scalar: scalar.decode(node, reader)
            case .mapping: mapping.decode(node, reader)
            case .sequence, .refused:
                reader.wrongType(node, expected: "\(scalar.schema.phrase) or \(mapping.schema.phrase)")
            }
        }
    }
}

/// A field was not there or in error; what is wrong has been reported.
private struct Absent: Error {}

private func present<Value>(_ value: Value?) throws(Absent) -> Value {
    guard let value else { throw Absent() }
    return value
}

extension Schema {
    /// What an error says was expected.
    var phrase: String {
        switch self {
        case .text(let form): form.label == "text" ? "text" : form.label.withArticle
        case .integer: "a whole number"
        case .number: "a number"
        case .boolean: "true or false"
        case .any: "a value"
        case .options(let options): "one of \(options.map(\.name).joined(separator: ", "))"
        case .list: "a list"
        case .map: "a mapping"
        case .object(let object):
            "a mapping with " + object.members.map(\.name).prefix(4).joined(separator: ", ")
                + (object.members.count > 4 ? ", …" : "")
        case .either(let scalar, let mapping): "\(scalar.phrase) or \(mapping.phrase)"
        }
    }
}

extension String {
    /// `a duration`, `an identifier`.
    fileprivate var withArticle: String {
        guard let first = first?.lowercased() else { return self }
        return ("aeio".contains(first) ? "an " : "a ") + self
    }
}
