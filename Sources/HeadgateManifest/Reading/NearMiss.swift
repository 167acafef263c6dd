import HeadgateCore

/// Documents that are not taken for manifests and look as if they were meant to be.
///
/// A new file with a slip in its API version is left to others, since it may be theirs; that it is must be said.
enum NearMiss {
    /// A warning for each such document of a file.
    static func diagnostics(in bytes: [UInt8], file: RepositoryPath) -> [Diagnostic] {
        guard bytes.firstRange(of: field.utf8) != nil else { return [] }
        let lines = SourceLines(bytes)
        return DocumentChunk.split(lines).compactMap { diagnostic(of: $0, lines, file: file) }
    }

    /// A warning for a document, by its own lines: it need not be sound YAML.
    static func diagnostic(of chunk: DocumentChunk, _ lines: SourceLines, file: RepositoryPath) -> Diagnostic? {
        var version: (text: String, location: SourceLocation)?
        var isOurKind = false
        var number = chunk.firstLine - 1
        while number < lines.starts.count, lines.starts[number] < chunk.bytes.upperBound {
            number += 1
            let line = lines.line(number)
            if version == nil, let (text, column) = value(of: field, in: line) {
                guard isNear(text) else { return nil }
                version = (text, SourceLocation(file: file, line: number, column: column))
            } else if let (text, _) = value(of: "kind:", in: line) {
                isOurKind = isOurKind || isOurs(kind: text)
            }
        }
        guard let version, isOurKind else { return nil }
        return Diagnostic(
            .warning, code: "not-a-manifest",
            "API version \"\(version.text.clipped(to: 40))\" is not ours, so this document is not read",
            at: version.location, field: "apiVersion", hint: "did you mean \"\(Declaration.apiVersion)\"?")
    }

    private static let field = "apiVersion:"

    private static func isNear(_ version: String) -> Bool {
        let product = Declaration.apiGroup.prefix { $0 != "." }
        return version.lowercased().contains(product)
            || Spelling.nearest(to: version, among: [Declaration.apiVersion]) != nil
    }

    private static func isOurs(kind: String) -> Bool {
        Spelling.nearest(to: kind, among: Declaration.kindNames + Declaration.otherKinds) != nil
    }

    /// The value of a field that stands at the beginning of a line, and its column.
    private static func value(of field: String, in line: ArraySlice<UInt8>) -> (String, column: Int)? {
        guard line.starts(with: field.utf8) else { return nil }
        let rest = line.dropFirst(field.utf8.count)
        let start = rest.firstIndex { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") } ?? rest.endIndex
        let quotes: [UInt8] = [UInt8(ascii: "\""), UInt8(ascii: "'")]
        let word = rest[start...].drop { quotes.contains($0) }.prefix { $0 > 0x20 && !quotes.contains($0) }
        return word.isEmpty ? nil : (String(decoding: word, as: UTF8.self), column: start - line.startIndex + 1)
    }
}
