/// Reads RE2's syntax (https://github.com/google/re2/wiki/Syntax) with Perl classes, `\b` and Unicode.
struct RegexParser {
    struct Flags: Sendable, Hashable {
        var ignoresCase = false
        var isMultiline = false
        var dotMatchesNewline = false
        var isUngreedy = false
    }

    static let maximumDepth = 100
    static let maximumRepetition = 1000
    static let maximumGroups = 100

    let scalars: [Unicode.Scalar]
    var position = 0
    var flags = Flags()
    private(set) var groupNames: [String?] = [nil]
    private var depth = 0

    init(_ pattern: String) {
        scalars = Array(pattern.unicodeScalars)
    }

    mutating func parse() throws(RE2.SyntaxError) -> RegexNode {
        let node = try alternation()
        guard isAtEnd else { throw error("unexpected )", at: position) }
        return node
    }

    // MARK: Reading

    var isAtEnd: Bool { position == scalars.count }

    func peek(_ distance: Int = 0) -> Unicode.Scalar? {
        position + distance < scalars.count ? scalars[position + distance] : nil
    }

    mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
        guard peek() == scalar else { return false }
        position += 1
        return true
    }

    mutating func skip(all text: String) -> Bool {
        let wanted = text.unicodeScalars
        guard scalars[position...].starts(with: wanted) else { return false }
        position += wanted.count
        return true
    }

    /// An error that counts its offset in UTF-8.
    func error(_ message: String, at index: Int) -> RE2.SyntaxError {
        RE2.SyntaxError(offset: scalars[..<index].reduce(0) { $0 + UTF8.width($1) }, message: message)
    }

    // MARK: Grammar

    private mutating func alternation() throws(RE2.SyntaxError) -> RegexNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else {
            throw error("nesting deeper than \(Self.maximumDepth) groups", at: position)
        }
        var branches = [try sequence()]
        while skip("|") { branches.append(try sequence()) }
        return RegexNode.alternation(branches)
    }

    private mutating func sequence() throws(RE2.SyntaxError) -> RegexNode {
        var nodes: [RegexNode] = []
        while let next = peek(), next != "|", next != ")" {
            let start = position
            if skip(all: "\\Q") {
                nodes += quoted()
                guard !nodes.isEmpty else { continue }
            } else {
                guard try repetition() == nil else {
                    throw error("missing argument to repetition operator", at: start)
                }
                guard let atom = try atom() else { continue }
                nodes.append(atom)
            }
            try repeatLast(of: &nodes)
        }
        return RegexNode.concatenation(nodes)
    }

    private mutating func repeatLast(of nodes: inout [RegexNode]) throws(RE2.SyntaxError) {
        let start = position
        guard let last = nodes.last, let repetition = try repetition() else { return }
        let node = last == .empty ? .empty : RegexNode.loop(last, repetition)
        guard Self.repetitions(node) <= Self.maximumRepetition else {
            throw error("repetitions multiply to more than \(Self.maximumRepetition)", at: start)
        }
        nodes[nodes.count - 1] = node
        let second = position
        guard try self.repetition() == nil else { throw error("repetition of a repetition", at: second) }
    }

    /// How often the innermost part is written out.
    private static func repetitions(_ node: RegexNode) -> Int {
        switch node {
        case .empty, .set, .assertion: 1
        case .sequence(let nodes), .choice(let nodes): nodes.reduce(1) { max($0, repetitions($1)) }
        case .capture(let node, _): repetitions(node)
        case .loop(let node, let repetition):
            max(repetition.maximum ?? repetition.minimum, 1) * repetitions(node)
        }
    }

    private mutating func quoted() -> [RegexNode] {
        var nodes: [RegexNode] = []
        while let next = peek(), !skip(all: "\\E") {
            position += 1
            nodes.append(literal(next.value))
        }
        return nodes
    }

    /// Reads `*`, `+`, `?` or bounds, and `?` for the fewest; nil where none stands here.
    private mutating func repetition() throws(RE2.SyntaxError) -> RegexNode.Repetition? {
        let bounds: (Int, Int?)
        if skip("*") {
            bounds = (0, nil)
        } else if skip("+") {
            bounds = (1, nil)
        } else if skip("?") {
            bounds = (0, 1)
        } else if let stated = try statedBounds() {
            bounds = stated
        } else {
            return nil
        }
        let isGreedy = skip("?") == flags.isUngreedy
        return RegexNode.Repetition(minimum: bounds.0, maximum: bounds.1, isGreedy: isGreedy)
    }

    /// Reads `{2}`, `{2,}` or `{2,5}`; anything else in braces is literal.
    private mutating func statedBounds() throws(RE2.SyntaxError) -> (Int, Int?)? {
        let start = position
        guard skip("{"), let minimum = number() else {
            position = start
            return nil
        }
        var maximum: Int? = minimum
        if skip(",") { maximum = number() }
        guard skip("}") else {
            position = start
            return nil
        }
        guard max(minimum, maximum ?? 0) <= Self.maximumRepetition else {
            throw error("repetition count above \(Self.maximumRepetition)", at: start)
        }
        if let maximum, maximum < minimum { throw error("repetition bounds are in the wrong order", at: start) }
        return (minimum, maximum)
    }

    private mutating func number() -> Int? {
        var value: Int?
        while let digit = peek()?.decimalDigit {
            value = min((value ?? 0) * 10 + digit, 1_000_000)
            position += 1
        }
        return value
    }

    /// Reads one item; nil where it only set flags.
    private mutating func atom() throws(RE2.SyntaxError) -> RegexNode? {
        let start = position
        guard let next = peek() else { return .empty }
        position += 1
        switch next {
        case "(":
            return try group(at: start)
        case "[":
            return .set(try bracketed(at: start))
        case ".":
            return .set(flags.dotMatchesNewline ? .all : ScalarSet(0x0A).inverted)
        case "^":
            return .assertion(flags.isMultiline ? .lineStart : .textStart)
        case "$":
            return .assertion(flags.isMultiline ? .lineEnd : .textEnd)
        case "\\":
            return try escape(at: start)
        default:
            return literal(next.value)
        }
    }

    func literal(_ scalar: UInt32) -> RegexNode {
        let set = ScalarSet(scalar)
        return .set(flags.ignoresCase ? CaseFolding.closure(of: set) : set)
    }

    // MARK: Groups

    private mutating func group(at start: Int) throws(RE2.SyntaxError) -> RegexNode? {
        let outer = flags
        var group: Int?
        if skip("?") {
            if skip(all: "P<") || (peek(1) != "=" && peek(1) != "!" && skip("<")) {
                group = try addGroup(named: try groupName(at: start), at: start)
            } else {
                guard try flagGroup(at: start) else { return nil }
            }
        } else {
            group = try addGroup(named: nil, at: start)
        }
        let node = try alternation()
        guard skip(")") else { throw error("missing closing )", at: start) }
        flags = outer
        return group.map { .capture(node, group: $0) } ?? node
    }

    private mutating func addGroup(named name: String?, at start: Int) throws(RE2.SyntaxError) -> Int {
        guard groupNames.count <= Self.maximumGroups else {
            throw error("more than \(Self.maximumGroups) capturing groups", at: start)
        }
        groupNames.append(name)
        return groupNames.count - 1
    }

    private mutating func groupName(at start: Int) throws(RE2.SyntaxError) -> String {
        var name = String.UnicodeScalarView()
        while let next = peek(), next.isRegexWord {
            name.append(next)
            position += 1
        }
        guard !name.isEmpty, skip(">") else { throw error("invalid name of a group", at: start) }
        guard !groupNames.contains(String(name)) else {
            throw error("second group named '\(String(name))'", at: start)
        }
        return String(name)
    }

    /// Reads flags up to `:` or `)`; false where they hold for the rest of the enclosing group.
    private mutating func flagGroup(at start: Int) throws(RE2.SyntaxError) -> Bool {
        var isSet = true
        var count = 0
        while let next = peek() {
            position += 1
            switch next {
            case "i": flags.ignoresCase = isSet
            case "m": flags.isMultiline = isSet
            case "s": flags.dotMatchesNewline = isSet
            case "U": flags.isUngreedy = isSet
            case "-" where isSet:
                isSet = false
                count = -1
                continue
            case ":" where count >= 0:
                return true
            case ")" where count > 0 || (!isSet && count == 0):
                return false
            case "=", "!", "<":
                throw error("lookaround is not supported", at: start)
            case "P" where peek() == "=":
                throw error("back-references are not supported", at: start)
            default:
                throw error("unknown kind of group", at: start)
            }
            count += 1
        }
        throw error("missing closing )", at: start)
    }
}
