/// One field of a mapping, or a group of fields of which one is given.
struct Field<Value: Sendable>: Sendable {
    let members: [ObjectSchema.Member]
    let choice: ObjectSchema.Choice?
    /// Reads the value, or what holds when it is left out; reports what is wrong and then gives nil.
    let read: @Sendable (Mapping, DocumentReader) -> Value?

    /// A field that must be there.
    init(_ name: String, _ shape: Shape<Value>, _ summary: String) {
        members = [.init(name: name, schema: shape.schema, summary: summary, presence: .required)]
        choice = nil
        read = { mapping, reader in
            guard let node = mapping[name] else {
                reader.missing(name, in: mapping, expected: shape.schema.phrase)
                return nil
            }
            return reader.within(.field(name)) { shape.decode(node, reader) }
        }
    }

    /// A field that may be left out.
    init(_ name: String, _ shape: Shape<Value>, default value: Value, _ summary: String) {
        let presence = ObjectSchema.Presence.optional(shape.shown(value))
        members = [.init(name: name, schema: shape.schema, summary: summary, presence: presence)]
        choice = nil
        read = { mapping, reader in
            guard let node = mapping[name] else { return value }
            return reader.within(.field(name)) { shape.decode(node, reader) }
        }
    }

    /// A field that may be left out and has no default.
    static func optional<Present: Sendable>(
        _ name: String, _ shape: Shape<Present>, _ summary: String
    ) -> Field<Present?> where Value == Present? {
        Field<Present?>(name, shape.map(Optional.some), default: nil, summary)
    }

    /// Several fields of which exactly one is given, or at most one where a default is.
    static func oneOf(_ cases: [Case], default value: Value? = nil) -> Field {
        let names = cases.map(\.member.name)
        return Field(
            members: cases.map(\.member), choice: .init(names: names, isRequired: value == nil),
            read: { mapping, reader in
                let given = mapping.given(among: names)
                if given.isEmpty, let value { return value }
                guard given.count == 1, let entry = given.first,
                    let found = cases.first(where: { $0.member.name == entry.key })
                else {
                    reader.notOne(of: names, given: given, in: mapping)
                    return nil
                }
                return reader.within(.field(entry.key)) { found.decode(entry.value, reader) }
            })
    }

    private init(
        members: [ObjectSchema.Member], choice: ObjectSchema.Choice,
        read: @escaping @Sendable (Mapping, DocumentReader) -> Value?
    ) {
        self.members = members
        self.choice = choice
        self.read = read
    }

    /// One of several fields.
    struct Case: Sendable {
        let member: ObjectSchema.Member
        let decode: @Sendable (YAMLNode, DocumentReader) -> Value?

        init(_ name: String, _ shape: Shape<Value>, _ summary: String) {
            self.init(name, shape, summary) { $0 }
        }

        init<Payload: Sendable>(
            _ name: String, _ shape: Shape<Payload>, _ summary: String,
            _ make: @escaping @Sendable (Payload) -> Value
        ) {
            member = .init(name: name, schema: shape.schema, summary: summary, presence: .choice)
            decode = { node, reader in
                // `rolling:` says as much as `rolling: {}`.
                let isBare = if case .object = shape.schema { node.isNull } else { false }
                let node = isBare ? YAMLNode(content: .mapping([]), mark: node.mark) : node
                return shape.decode(node, reader).map(make)
            }
        }
    }
}

/// The fields that a document gives for a mapping.
struct Mapping {
    let node: YAMLNode
    let entries: [YAMLEntry]
    /// What unknown fields were probably meant to be, so that one slip is one error.
    let meant: [String]

    /// The field's value; nil when it is left out or null.
    subscript(_ name: String) -> YAMLNode? {
        guard let node = entries.first(where: { $0.key == name })?.value, !node.isNull else { return nil }
        return node
    }

    func given(among names: [String]) -> [YAMLEntry] { entries.filter { names.contains($0.key) } }
}
