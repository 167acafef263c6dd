package import HeadgateCore

/// Decodes manifests: bytes in, objects and all diagnostics out.
package enum ManifestParser {
    /// The most bytes of one file.
    package static let maxFileSize = YAMLLimits.bytes

    /// Whether a path is one that manifests are looked for in.
    package static func isManifestPath(_ path: RepositoryPath) -> Bool {
        path.text.hasSuffix(".yaml") || path.text.hasSuffix(".yml")
    }

    /// Decodes a file.
    ///
    /// One that mentions no API version of ours is not a manifest and gives at most a warning; but where objects stood before, YAML
    /// that cannot be read may still mean them (I8).
    package static func parse(
        _ bytes: [UInt8], file: RepositoryPath, source: SourceName, heldObjects: Bool = false
    ) -> ParsedFile {
        guard heldObjects || mentionsManifests(bytes[...]) else {
            guard bytes.count <= maxFileSize else { return ParsedFile() }
            return ParsedFile(diagnostics: NearMiss.diagnostics(in: bytes, file: file))
        }
        guard bytes.count <= maxFileSize else { return tooLarge(file, .error) }
        let hasMark = bytes.starts(with: [0xEF, 0xBB, 0xBF])
        let lines = SourceLines(hasMark ? Array(bytes.dropFirst(3)) : bytes)
        var parser = FileParser(file: file, source: source, lines: lines, heldObjects: heldObjects)
        parser.parse()
        return parser.result
    }

    /// What is said of a file that is too large to be read: an error if it is known to hold manifests.
    static func tooLarge(_ file: RepositoryPath, _ severity: Diagnostic.Severity) -> ParsedFile {
        let diagnostic = Diagnostic(
            severity, code: "too-large", "the file is larger than \(maxFileSize >> 20) MiB and was not read",
            at: SourceLocation(file: file, line: 1, column: 1),
            hint: "split it, or move it out of the manifests' folder")
        return ParsedFile(diagnostics: [diagnostic], isUnreadable: true)
    }

    static func mentionsManifests(_ bytes: ArraySlice<UInt8>) -> Bool {
        let wanted = Array(Declaration.apiGroup.utf8)
        return bytes.withUnsafeBufferPointer { bytes in
            guard bytes.count >= wanted.count else { return false }
            return (0...bytes.count - wanted.count).contains { start in
                bytes[start] == wanted[0] && (1..<wanted.count).allSatisfy { bytes[start + $0] == wanted[$0] }
            }
        }
    }
}

/// Decodes the documents of one file.
private struct FileParser {
    let file: RepositoryPath
    let source: SourceName
    let lines: SourceLines
    let heldObjects: Bool
    var result = ParsedFile()
    private var documentCount = 0
    private var remainingNodes = YAMLLimits.nodes

    init(file: RepositoryPath, source: SourceName, lines: SourceLines, heldObjects: Bool) {
        self.file = file
        self.source = source
        self.lines = lines
        self.heldObjects = heldObjects
    }

    mutating func parse() {
        for chunk in DocumentChunk.split(lines) {
            guard documentCount < YAMLLimits.documents, remainingNodes > 0 else {
                let problem =
                    remainingNodes > 0
                    ? "more than \(YAMLLimits.documents) documents in one file"
                    : "more than \(YAMLLimits.nodes) values in one file"
                add(
                    YAMLProblem(
                        code: "too-many-documents", message: problem,
                        mark: YAMLMark(line: Int32(chunk.firstLine), column: 1), hint: "split the file"), to: nil)
                result.isUnreadable = true
                break
            }
            parse(chunk)
        }
        result.diagnostics.sort { left, right in
            guard let first = left.location, let second = right.location else { return false }
            return first < second
        }
        if result.diagnostics.count > YAMLLimits.diagnostics {
            let more = result.diagnostics.count - YAMLLimits.diagnostics
            result.diagnostics.removeLast(more)
            result.diagnostics.append(
                Diagnostic(
                    .note, code: "more-problems", "\(more) more problems are not shown",
                    at: SourceLocation(file: file, line: 1, column: 1)))
        }
    }

    private mutating func parse(_ chunk: DocumentChunk) {
        let isOurs = heldObjects || ManifestParser.mentionsManifests(lines.bytes[chunk.bytes])
        let read = YAMLReader.read(chunk, of: lines, maxNodes: remainingNodes)
        remainingNodes -= read.nodes
        var isIdentified = false
        var isOther = false
        for document in read.documents {
            documentCount += 1
            let reader = DocumentReader(file: file, lines: lines)
            switch DocumentDecoder(source: source, reader: reader).decode(document, isSound: read.problems.isEmpty) {
            case .foreign:
                isIdentified = isIdentified || !isOurs
                if let slip = NearMiss.diagnostic(of: chunk, lines, file: file) { result.diagnostics.append(slip) }
            case .other: isOther = true
            case .unidentified:
                add(reader.diagnostics, to: nil)
                mention(chunk)
                isIdentified = true
            case .object(let object):
                add(reader.diagnostics, to: object.id)
                result.objects.append(object)
                isIdentified = true
            }
        }
        // What is no part of the desired state is checked where it is used.
        guard isOurs, !isOther, !read.problems.isEmpty else { return }
        // A chunk holds one object but for documents that end with `...`.
        let object = result.objects.last.flatMap { last in
            last.meta.location.line >= chunk.firstLine ? last.id : nil
        }
        for problem in read.problems { add(problem, to: object) }
        if !isIdentified || object == nil { mention(chunk) }
    }

    private mutating func mention(_ chunk: DocumentChunk) {
        result.isUnreadable = true
        let text = lines.bytes[chunk.bytes]
        for word in text.split(whereSeparator: { !isWordByte($0) && $0 != UInt8(ascii: "-") }) {
            guard result.mentionedNames.count < 1000, let name = Name<Kind>(String(decoding: word, as: UTF8.self))
            else { continue }
            result.mentionedNames.insert(name.text)
        }
    }

    private mutating func add(_ diagnostics: [Diagnostic], to object: ObjectID?) {
        for diagnostic in diagnostics {
            result.diagnostics.append(
                Diagnostic(
                    diagnostic.severity, code: diagnostic.code, diagnostic.message, at: diagnostic.location,
                    field: diagnostic.field, hint: diagnostic.hint, object: object))
        }
    }

    private mutating func add(_ problem: YAMLProblem, to object: ObjectID?) {
        result.diagnostics.append(
            Diagnostic(
                .error, code: problem.code, problem.message,
                at: SourceLocation(file: file, line: Int(problem.mark.line), column: Int(problem.mark.column)),
                hint: problem.hint, object: object))
    }
}
