/// A place in a file; both count from 1, columns in Unicode scalars.
struct YAMLMark: Hashable, Sendable {
    let line: Int32
    let column: Int32
}

/// A value of a YAML document with its place; lives no longer than the decoding of its file.
struct YAMLNode {
    enum Content {
        case scalar(YAMLScalar)
        case mapping([YAMLEntry])
        case sequence([YAMLNode])
        /// Something that was refused and reported, such as an alias; nothing more is said about it.
        case refused
    }

    let content: Content
    let mark: YAMLMark
}

struct YAMLScalar {
    enum Style {
        case plain, singleQuoted, doubleQuoted, literal, folded
    }

    let text: String
    let style: Style

    /// Whether the YAML 1.2 core schema reads it as null.
    var isNull: Bool { style == .plain && ["", "~", "null", "Null", "NULL"].contains(text) }
}

/// A member of a mapping.
struct YAMLEntry {
    let key: String
    let keyMark: YAMLMark
    let value: YAMLNode
}

/// A part of a field's path within a document.
enum FieldPart: Hashable, Sendable {
    case field(String)
    case index(Int)
}

extension [FieldPart] {
    /// `spec.steps[0].name`.
    var fieldPath: String {
        reduce(into: "") { text, part in
            switch part {
            case .field(let name): text += text.isEmpty ? name : ".\(name)"
            case .index(let index): text += "[\(index)]"
            }
        }
    }
}

extension YAMLNode {
    /// The members of a mapping; none for anything else.
    var entries: [YAMLEntry] {
        guard case .mapping(let entries) = content else { return [] }
        return entries
    }

    /// Whether it is a scalar that the core schema reads as null.
    var isNull: Bool { if case .scalar(let scalar) = content { scalar.isNull } else { false } }

    subscript(_ key: String) -> YAMLNode? { entries.first { $0.key == key }?.value }

    /// The text of a scalar that is not null.
    var scalarText: String? {
        guard case .scalar(let scalar) = content, !scalar.isNull else { return nil }
        return scalar.text
    }

    /// Where a field of a document stands, or the nearest thing around it that is there.
    func mark(at path: some Sequence<FieldPart>) -> YAMLMark {
        var node = self
        for part in path {
            switch (part, node.content) {
            case (.field(let name), .mapping(let entries)):
                guard let entry = entries.first(where: { $0.key == name }) else { return node.mark }
                node = entry.value
            case (.index(let index), .sequence(let items)) where items.indices.contains(index):
                node = items[index]
            default: return node.mark
            }
        }
        return node.mark
    }

    /// What a person calls this kind of value.
    var described: String {
        switch content {
        case .scalar(let scalar): scalar.isNull ? "nothing" : "\"\(scalar.text.clipped(to: 40))\""
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .refused: "something that is not supported"
        }
    }
}

extension String {
    /// At most so many characters on one line, with an ellipsis where something is left out.
    func clipped(to length: Int) -> String {
        var clipped = String.UnicodeScalarView()
        for (position, scalar) in unicodeScalars.prefix(length + 1).enumerated() {
            if position == length { return String(clipped) + "…" }
            clipped.append(scalar.value < 0x20 || scalar.value == 0x7F ? " " : scalar)
        }
        return String(clipped)
    }
}
