import HeadgateCore

/// Decodes one document: knows where it is, and collects what is wrong.
final class DocumentReader {
    let file: RepositoryPath
    let lines: SourceLines
    private(set) var diagnostics: [Diagnostic] = []
    private var path: [FieldPart] = []

    init(file: RepositoryPath, lines: SourceLines) {
        self.file = file
        self.lines = lines
    }

    var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }

    func location(_ mark: YAMLMark) -> SourceLocation {
        SourceLocation(file: file, line: Int(mark.line), column: Int(mark.column))
    }

    /// Does something within a part of the document, so that errors name it.
    func within<Value>(_ part: FieldPart, _ body: () -> Value) -> Value {
        path.append(part)
        defer { path.removeLast() }
        return body()
    }

    /// Notes something wrong at the present place.
    func report(
        _ code: String, _ message: String, at mark: YAMLMark, hint: String? = nil, field name: String? = nil,
        severity: Diagnostic.Severity = .error
    ) {
        report(code, message, at: mark, path: path + (name.map { [.field($0)] } ?? []), hint: hint, severity: severity)
    }

    /// Notes something wrong at a given place.
    func report(
        _ code: String, _ message: String, at mark: YAMLMark, path: [FieldPart], hint: String? = nil,
        severity: Diagnostic.Severity = .error
    ) {
        diagnostics.append(
            Diagnostic(
                severity, code: code, message, at: location(mark), field: path.isEmpty ? nil : path.fieldPath,
                hint: hint))
    }

    // MARK: What declarations expect

    /// The fields of a mapping; unknown ones are reported.
    func mapping(_ node: YAMLNode, known: [String]) -> Mapping? {
        guard case .mapping(let entries) = node.content else {
            return wrongType(node, expected: "a mapping with " + known.prefix(6).joined(separator: ", "))
        }
        var meant: [String] = []
        for entry in entries where !known.contains(entry.key) {
            let shown = entry.key.clipped(to: 40)
            if let nearest = Spelling.nearest(to: entry.key, among: known) { meant.append(nearest) }
            report(
                "unknown-field", "unknown field \"\(shown)\"", at: entry.keyMark,
                hint: Spelling.hint(for: entry.key, among: known, called: "fields"), field: shown)
        }
        return Mapping(node: node, entries: entries, meant: meant)
    }

    /// The text of a scalar, by how it is written.
    func text(_ node: YAMLNode, expected: String) -> String? {
        guard case .scalar(let scalar) = node.content, !scalar.isNull else {
            return wrongType(node, expected: expected)
        }
        return scalar.text
    }

    func wrongType<Value>(_ node: YAMLNode, expected: String) -> Value? {
        if case .refused = node.content { return nil }
        var hint: String?
        if expected == "a list", case .scalar(let scalar) = node.content, !scalar.isNull {
            hint = "write [\(scalar.text.clipped(to: 40))]"
        }
        report("wrong-type", "expected \(expected), found \(node.described)", at: node.mark, hint: hint)
        return nil
    }

    func missing(_ name: String, in mapping: Mapping, expected: String) {
        if let entry = mapping.entries.first(where: { $0.key == name }) {
            if case .refused = entry.value.content { return }
            within(.field(name)) {
                report("missing-field", "expected \(expected), found nothing", at: entry.value.mark)
            }
            return
        }
        if mapping.meant.contains(name) { return }
        report(
            "missing-field", "missing field \"\(name)\": expected \(expected)", at: mapping.node.mark, field: name)
    }

    func notOne(of names: [String], given: [YAMLEntry], in mapping: Mapping) {
        let list = names.joined(separator: ", ")
        guard let second = given.dropFirst().first else {
            if names.contains(where: mapping.meant.contains) { return }
            report("missing-field", "expected one of \(list)", at: mapping.node.mark)
            return
        }
        let both = given.map { "\"\($0.key)\"" }.joined(separator: " and ")
        report(
            "conflicting-fields", "expected only one of \(list), found \(both)", at: second.keyMark,
            field: second.key)
    }
}
