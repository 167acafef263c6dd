package import HeadgateCore

/// A PolicyTest of a file, or what is wrong with it.
package struct ParsedPolicyTest: Hashable, Sendable {
    package let name: String
    /// Where the document begins.
    package let location: SourceLocation
    /// Where each case begins, in order.
    package let caseLocations: [SourceLocation]
    /// Where the fields of each case stand, in order.
    private let fieldLocations: [[String: SourceLocation]]
    /// Nil when the document is in error.
    package let spec: PolicyTestSpec?

    init(
        name: String, location: SourceLocation, caseLocations: [SourceLocation],
        fieldLocations: [[String: SourceLocation]], spec: PolicyTestSpec?
    ) {
        self.name = name
        self.location = location
        self.caseLocations = caseLocations
        self.fieldLocations = fieldLocations
        self.spec = spec
    }

    /// Where a case stands, and its fields by their names.
    package func places(ofCase index: Int) -> (start: SourceLocation, fields: [String: SourceLocation]) {
        (
            caseLocations.indices.contains(index) ? caseLocations[index] : location,
            fieldLocations.indices.contains(index) ? fieldLocations[index] : [:]
        )
    }

    /// The files that its cases read besides its own.
    package var reads: Set<RepositoryPath> {
        guard let spec else { return [] }
        let names =
            spec.fixtures + [spec.from].compactMap(\.self)
            + spec.cases.flatMap { $0.fixtures + $0.reports.values.map(\.file) }
        return Set(names.compactMap { location.file.parent.resolving($0) })
    }
}

/// Decodes PolicyTests, which stand beside manifests in the same files and are no part of the desired state.
package enum PolicyTestParser {
    static let kind = "PolicyTest"

    /// What a PolicyTest is, in a sentence.
    static let summary = "Cases that a Policy must answer as expected; `headgate policy test` runs them."

    /// The PolicyTests of a file, and everything that is wrong with them.
    package static func parse(
        _ bytes: [UInt8], file: RepositoryPath
    ) -> (tests: [ParsedPolicyTest], diagnostics: [Diagnostic]) {
        guard mentionsTests(bytes), bytes.count <= ManifestParser.maxFileSize else { return ([], []) }
        var tests: [ParsedPolicyTest] = []
        var diagnostics: [Diagnostic] = []
        let lines = SourceLines(bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes)
        var remaining = YAMLLimits.nodes
        for chunk in DocumentChunk.split(lines).prefix(YAMLLimits.documents) where remaining > 0 {
            let read = YAMLReader.read(chunk, of: lines, maxNodes: remaining)
            remaining -= read.nodes
            for document in read.documents where isTest(document.root) {
                let reader = DocumentReader(file: file, lines: lines)
                let isSound = read.problems.isEmpty
                tests.append(decode(document, isSound: isSound, reader))
                // What is missing of a text that is cut short may stand in the rest.
                diagnostics += reader.diagnostics.filter { isSound || $0.code != "missing-field" }
                diagnostics += read.problems.map { problem in
                    Diagnostic(
                        .error, code: problem.code, problem.message, at: reader.location(problem.mark),
                        hint: problem.hint)
                }
            }
        }
        return (tests, diagnostics)
    }

    private static func decode(
        _ document: YAMLDocument, isSound: Bool, _ reader: DocumentReader
    ) -> ParsedPolicyTest {
        let root = document.root
        let location = reader.location(root.entries.first { $0.key == "kind" }?.keyMark ?? root.mark)
        if let version = root["apiVersion"], let text = version.scalarText, text != Declaration.apiVersion {
            reader.report(
                "unknown-version", "unknown API version \"\(text.clipped(to: 40))\"", at: version.mark,
                path: [.field("apiVersion")], hint: "this version of headgate reads \(Declaration.apiVersion)")
        }
        let mapping = reader.mapping(root, known: ["apiVersion", "kind", "metadata", "spec"])
        let metadata = mapping.flatMap { Field("metadata", Declaration.metadata, "").read($0, reader) }
        let spec = mapping.flatMap { Field("spec", Declaration.policyTest, "").read($0, reader) }
        if let spec { checkNames(spec, root, reader) }
        var items: [YAMLNode] = []
        if case .sequence(let found)? = root["spec"]?["cases"]?.content { items = found }
        let fields = items.map { item in
            Dictionary(item.entries.map { ($0.key, reader.location($0.keyMark)) }) { first, _ in first }
        }
        let isGood = isSound && document.isComplete && !reader.hasErrors
        let name = metadata?.name.text ?? root["metadata"]?["name"]?.scalarText ?? "?"
        return ParsedPolicyTest(
            name: name.clipped(to: 63), location: location, caseLocations: items.map { reader.location($0.mark) },
            fieldLocations: fields, spec: isGood ? spec : nil)
    }

    private static func checkNames(_ spec: PolicyTestSpec, _ root: YAMLNode, _ reader: DocumentReader) {
        var seen: Set<String> = []
        for (index, item) in spec.cases.enumerated() where !seen.insert(item.name).inserted {
            let path: [FieldPart] = [.field("spec"), .field("cases"), .index(index), .field("name")]
            reader.report(
                "duplicate-name", "another case is called \"\(item.name.clipped(to: 60))\"",
                at: root.mark(at: path), path: path)
        }
    }

    private static func isTest(_ root: YAMLNode) -> Bool {
        root["kind"]?.scalarText == kind && root["apiVersion"]?.scalarText?.hasPrefix(Declaration.apiGroup) == true
    }

    /// Whether a file may hold a Policy or a PolicyTest; false says that it does not.
    package static func mentionsPolicies(_ bytes: [UInt8]) -> Bool {
        ManifestParser.mentionsManifests(bytes[...]) && contains(bytes, Array("Policy".utf8))
    }

    private static func mentionsTests(_ bytes: [UInt8]) -> Bool {
        ManifestParser.mentionsManifests(bytes[...]) && contains(bytes, Array(kind.utf8))
    }

    private static func contains(_ bytes: [UInt8], _ wanted: [UInt8]) -> Bool {
        guard bytes.count >= wanted.count else { return false }
        return (0...bytes.count - wanted.count).contains { start in
            bytes[start] == wanted[0] && (1..<wanted.count).allSatisfy { bytes[start + $0] == wanted[$0] }
        }
    }
}

/// Reads a YAML file that is no manifest, such as evidence for a test.
package enum PlainYAML {
    /// The file's one document, which must be a mapping, with the places of its parts.
    package static func read(
        _ bytes: [UInt8], file: RepositoryPath
    ) -> (value: PlacedJSON?, diagnostics: [Diagnostic]) {
        let start = SourceLocation(file: file, line: 1, column: 1)
        guard bytes.count <= ManifestParser.maxFileSize else {
            let text = "the file is larger than \(ManifestParser.maxFileSize >> 20) MiB"
            return (nil, [Diagnostic(.error, code: "too-large", text, at: start)])
        }
        let lines = SourceLines(bytes)
        let reader = DocumentReader(file: file, lines: lines)
        let chunks = DocumentChunk.split(lines)
        guard let chunk = chunks.first, chunks.count == 1 else {
            return (nil, [Diagnostic(.error, code: "bad-value", "expected one document", at: start)])
        }
        let read = YAMLReader.read(chunk, of: lines, maxNodes: YAMLLimits.nodes)
        if let problem = read.problems.first {
            let place = reader.location(problem.mark)
            return (nil, [Diagnostic(.error, code: problem.code, problem.message, at: place, hint: problem.hint)])
        }
        guard let document = read.documents.first, document.isComplete else {
            return (nil, [Diagnostic(.error, code: "bad-value", "expected a mapping, found nothing", at: start)])
        }
        let value = Declaration.placedObject.decode(document.root, reader)
        return (value, reader.diagnostics)
    }
}
