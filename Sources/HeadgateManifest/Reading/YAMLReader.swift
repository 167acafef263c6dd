// Yams' own nodes have no byte-exact style of aliases, no duplicate keys with places and no cap on depth, and they are
// composed before anything can be refused. Its C half gives events, from which all of that follows in one pass.
import CYaml

/// Something in a file that YAML or we do not accept.
struct YAMLProblem: Error {
    let code: String
    let message: String
    let mark: YAMLMark
    var hint: String?
}

/// What a hostile file may cost at most.
enum YAMLLimits {
    static let bytes = 1 << 20
    static let depth = 64
    static let documents = 500
    static let nodes = 100_000
    static let diagnostics = 100
}

/// A document, or what came of it before an error.
struct YAMLDocument {
    let root: YAMLNode
    /// Whether it ended as a document should.
    let isComplete: Bool
}

/// Reads the documents of a part of a file; refuses aliases, anchors, tags, merge keys and keys that are not text.
struct YAMLReader: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let event: UnsafeMutablePointer<yaml_event_t>
    private let lines: SourceLines
    private let chunk: DocumentChunk
    private var remainingNodes: Int
    private var rootEntries: [YAMLEntry] = []
    private var rootMark: YAMLMark
    private var problems: [YAMLProblem] = []

    struct Result {
        let documents: [YAMLDocument]
        let problems: [YAMLProblem]
        /// How many values were read.
        let nodes: Int
    }

    /// Reads a part of a file.
    static func read(_ chunk: DocumentChunk, of lines: SourceLines, maxNodes: Int) -> Result {
        lines.bytes[chunk.bytes].withUnsafeBufferPointer { bytes in
            var reader = YAMLReader(bytes, chunk, lines, maxNodes: maxNodes)
            let documents = reader.documents()
            return Result(
                documents: documents, problems: reader.problems, nodes: maxNodes - reader.remainingNodes)
        }
    }

    private init(
        _ bytes: UnsafeBufferPointer<UInt8>, _ chunk: DocumentChunk, _ lines: SourceLines, maxNodes: Int
    ) {
        // The parser points into itself, so it may not move.
        parser = .allocate(capacity: 1)
        parser.initialize(to: yaml_parser_t())
        event = .allocate(capacity: 1)
        event.initialize(to: yaml_event_t())
        self.lines = lines
        self.chunk = chunk
        remainingNodes = maxNodes
        rootMark = YAMLMark(line: Int32(chunk.firstLine), column: 1)
        yaml_parser_initialize(parser)
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
    }

    deinit {
        yaml_event_delete(event)
        yaml_parser_delete(parser)
        event.deallocate()
        parser.deallocate()
    }

    private mutating func documents() -> [YAMLDocument] {
        var documents: [YAMLDocument] = []
        do {
            while true {
                try advance()
                switch event.pointee.type {
                case YAML_STREAM_START_EVENT, YAML_DOCUMENT_END_EVENT: continue
                case YAML_DOCUMENT_START_EVENT:
                    try advance()
                    rootEntries = []
                    rootMark = mark(event.pointee.start_mark)
                    documents.append(YAMLDocument(root: try node(depth: 1), isComplete: true))
                default: return documents
                }
            }
        } catch {
            problems.append(error)
            if !rootEntries.isEmpty {
                let root = YAMLNode(content: .mapping(rootEntries), mark: rootMark)
                documents.append(YAMLDocument(root: root, isComplete: false))
            }
            return documents
        }
    }

    // The current event is the node's first; afterwards it is the node's last.
    private mutating func node(depth: Int) throws(YAMLProblem) -> YAMLNode {
        let start = mark(event.pointee.start_mark)
        guard depth <= YAMLLimits.depth else {
            throw tooDeep(start)
        }
        remainingNodes -= 1
        guard remainingNodes >= 0 else {
            throw YAMLProblem(
                code: "too-many-values", message: "more than \(YAMLLimits.nodes) values in one file", mark: start)
        }
        switch event.pointee.type {
        case YAML_SCALAR_EVENT: return scalar(start)
        case YAML_SEQUENCE_START_EVENT:
            let data = event.pointee.data.sequence_start
            refuse(anchor: data.anchor, tag: data.tag, start)
            return try sequence(start, depth)
        case YAML_MAPPING_START_EVENT:
            let data = event.pointee.data.mapping_start
            refuse(anchor: data.anchor, tag: data.tag, start)
            return try mapping(start, depth)
        default:
            problems.append(
                YAMLProblem(
                    code: "yaml-alias", message: "aliases are not supported", mark: start,
                    hint: "write the value out"))
            return YAMLNode(content: .refused, mark: start)
        }
    }

    private mutating func scalar(_ start: YAMLMark) -> YAMLNode {
        let data = event.pointee.data.scalar
        refuse(anchor: data.anchor, tag: data.tag, start)
        let text = String(decoding: UnsafeBufferPointer(start: data.value, count: data.length), as: UTF8.self)
        let style: YAMLScalar.Style =
            switch data.style {
            case YAML_SINGLE_QUOTED_SCALAR_STYLE: .singleQuoted
            case YAML_DOUBLE_QUOTED_SCALAR_STYLE: .doubleQuoted
            case YAML_LITERAL_SCALAR_STYLE: .literal
            case YAML_FOLDED_SCALAR_STYLE: .folded
            default: .plain
            }
        return YAMLNode(content: .scalar(YAMLScalar(text: text, style: style)), mark: start)
    }

    private mutating func sequence(_ start: YAMLMark, _ depth: Int) throws(YAMLProblem) -> YAMLNode {
        var items: [YAMLNode] = []
        try advance()
        while event.pointee.type != YAML_SEQUENCE_END_EVENT {
            items.append(try node(depth: depth + 1))
            try advance()
        }
        return YAMLNode(content: .sequence(items), mark: start)
    }

    private mutating func mapping(_ start: YAMLMark, _ depth: Int) throws(YAMLProblem) -> YAMLNode {
        var entries: [YAMLEntry] = []
        var seen: Set<String> = []
        try advance()
        while event.pointee.type != YAML_MAPPING_END_EVENT {
            let key = try node(depth: depth + 1)
            try advance()
            let value = try node(depth: depth + 1)
            try advance()
            guard let name = accept(key) else { continue }
            guard seen.insert(name).inserted else {
                problems.append(
                    YAMLProblem(
                        code: "duplicate-field", message: "\"\(name.clipped(to: 40))\" is given twice",
                        mark: key.mark, hint: "remove one of them"))
                continue
            }
            let entry = YAMLEntry(key: name, keyMark: key.mark, value: value)
            // The root's are kept aside, so that a document that breaks off can still be identified.
            if depth == 1 { rootEntries.append(entry) } else { entries.append(entry) }
        }
        return YAMLNode(content: .mapping(depth == 1 ? rootEntries : entries), mark: start)
    }

    private mutating func accept(_ key: YAMLNode) -> String? {
        switch key.content {
        case .scalar(let scalar) where scalar.style == .plain && scalar.text == "<<":
            problems.append(
                YAMLProblem(
                    code: "yaml-merge-key", message: "merge keys (<<) are not supported", mark: key.mark,
                    hint: "write the fields out"))
            return nil
        case .scalar(let scalar): return scalar.text
        case .refused: return nil
        case .mapping, .sequence:
            problems.append(
                YAMLProblem(
                    code: "yaml-key", message: "a field's name is text, not \(key.described)", mark: key.mark,
                    hint: "quote it if it starts with { or ["))
            return nil
        }
    }

    private mutating func refuse(
        anchor: UnsafeMutablePointer<yaml_char_t>?, tag: UnsafeMutablePointer<yaml_char_t>?, _ mark: YAMLMark
    ) {
        if anchor != nil {
            problems.append(
                YAMLProblem(
                    code: "yaml-anchor", message: "anchors are not supported", mark: mark,
                    hint: "quote the value if it begins with &"))
        }
        if tag != nil {
            problems.append(
                YAMLProblem(
                    code: "yaml-tag", message: "tags are not supported", mark: mark,
                    hint: "quote the value if it begins with !"))
        }
    }

    private mutating func advance() throws(YAMLProblem) {
        yaml_event_delete(event)
        guard yaml_parser_parse(parser, event) == 1 else { throw syntaxError() }
    }

    private func tooDeep(_ mark: YAMLMark) -> YAMLProblem {
        YAMLProblem(code: "too-deep", message: "nested more than \(YAMLLimits.depth) levels deep", mark: mark)
    }

    private func syntaxError() -> YAMLProblem {
        let problem = parser.pointee.problem.map { String(cString: $0) } ?? "out of memory"
        guard parser.pointee.error != YAML_READER_ERROR else {
            let mark = lines.mark(of: chunk.bytes.lowerBound + parser.pointee.problem_offset)
            return YAMLProblem(code: "yaml-encoding", message: "not plain UTF-8 text: \(problem)", mark: mark)
        }
        // The C parser looks ahead, and may meet its own limit before ours.
        if problem.contains("nesting level") { return tooDeep(mark(parser.pointee.problem_mark)) }
        var message = "not valid YAML: \(problem)"
        var mark = mark(parser.pointee.problem_mark)
        if let context = parser.pointee.context {
            let start = self.mark(parser.pointee.context_mark)
            message += " \(String(cString: context)) that begins at line \(start.line)"
            // What was never closed is to be looked for where it was opened.
            if problem.hasPrefix("found unexpected") { mark = start }
        }
        let isTab = lines.bytes[lines.offset(of: mark)...].first == UInt8(ascii: "\t")
        return YAMLProblem(
            code: "yaml-syntax", message: message, mark: mark,
            hint: isTab ? "indent with spaces: YAML allows no tabs there" : nil)
    }

    private func mark(_ mark: yaml_mark_t) -> YAMLMark {
        YAMLMark(
            line: Int32(truncatingIfNeeded: mark.line + chunk.firstLine),
            column: Int32(truncatingIfNeeded: mark.column + 1))
    }
}
