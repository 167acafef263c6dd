import HeadgateCore

extension Shape {
    /// A list of values of one shape.
    static func list<Element: Sendable>(
        of element: Shape<Element>, _ count: ClosedRange<Int> = 0...Int.max, called what: String = "entries"
    ) -> Shape where Value == [Element] {
        Shape(.list(element.schema, count), shown: { $0.isEmpty ? "[]" : nil }) { node, reader in
            guard case .sequence(let items) = node.content else { return reader.wrongType(node, expected: "a list") }
            guard count.contains(items.count) else {
                let limit =
                    items.isEmpty
                    ? "some \(what), found none" : "at most \(count.upperBound) \(what), found \(items.count)"
                reader.report("out-of-range", "expected \(limit)", at: node.mark)
                return nil
            }
            var values: [Element] = []
            values.reserveCapacity(items.count)
            for (index, item) in items.enumerated() {
                if let value = reader.within(.index(index), { element.decode(item, reader) }) { values.append(value) }
            }
            return values.count == items.count ? values : nil
        }
    }

    /// Values by names that the user chooses.
    static func map<Element: Sendable>(
        of element: Shape<Element>, keys: Shape<String>, _ form: TextForm
    ) -> Shape where Value == [String: Element] {
        Shape(.map(element.schema, keys: form), shown: { $0.isEmpty ? "{}" : nil }) { node, reader in
            guard case .mapping(let entries) = node.content else {
                return reader.wrongType(node, expected: "a mapping")
            }
            var values: [String: Element] = [:]
            values.reserveCapacity(entries.count)
            for entry in entries {
                reader.within(.field(entry.key.clipped(to: 70))) {
                    let key = YAMLScalar(text: entry.key, style: .doubleQuoted)
                    let name = keys.decode(YAMLNode(content: .scalar(key), mark: entry.keyMark), reader)
                    let value = element.decode(entry.value, reader)
                    if let name, let value { values[name] = value }
                }
            }
            return values.count == entries.count ? values : nil
        }
    }
}

/// The most folders of a path from the repository's root.
private let maxPathDepth = 64

extension Shape where Value == String {
    /// A path relative to the manifest's folder, in its shortest form; a trailing slash is kept.
    ///
    /// It may leave the manifest's folder where that is said, though never the repository.
    static func path(mayAscend: Bool) -> Shape {
        Shape(.text(.path), shown: { $0 }) { node, reader in
            guard let text = reader.text(node, expected: "a path") else { return nil }
            let shown = text.clipped(to: 60)
            if text.contains("://") {
                reader.report(
                    "unpinned-input", "\"\(shown)\" is outside Git and not pinned", at: node.mark,
                    hint: "write {uri: \(shown), sha256: …, as: PATH} where that is taken")
                return nil
            }
            let folder = reader.file.parent
            guard !text.isEmpty, let resolved = folder.resolving(text) else {
                let problem = text.isEmpty ? "is empty" : "is not a path within the repository"
                reader.report(
                    "path-escapes", "\"\(shown)\" \(problem)", at: node.mark,
                    hint: text.hasPrefix("/") ? "paths are relative to the manifest's folder" : nil)
                return nil
            }
            guard resolved.components.count <= maxPathDepth else {
                reader.report(
                    "too-deep", "\"\(shown)\" is more than \(maxPathDepth) folders deep", at: node.mark)
                return nil
            }
            let relative = resolved.relative(to: folder)
            guard mayAscend || !(relative == ".." || relative.hasPrefix("../") || relative == ".") else {
                reader.report(
                    "path-escapes", "\"\(shown)\" is not below the manifest's folder", at: node.mark,
                    hint: "a step writes within its own folder")
                return nil
            }
            return text.hasSuffix("/") && relative != "." ? relative + "/" : relative
        }
    }

    /// A path that a step reads.
    static var inputPath: Shape {
        path(mayAscend: true)
    }
    /// A path that a step writes.
    static var outputPath: Shape {
        path(mayAscend: false)
    }
}
