/// A regular expression as instructions over the bytes of UTF-8.
struct RegexProgram: Sendable {
    struct Instruction: Sendable, Hashable {
        enum Operation: Sendable, Hashable {
            /// A byte of a range, then ``next``.
            case range(UInt8, UInt8)
            /// A byte of one of the program's sets, then ``next``.
            case set(Int32)
            /// Both ``next`` and the other, the first preferred.
            case fork(Int32)
            case save(Int32)
            case assert(RegexNode.Assertion)
            case match
            case fail
        }

        var operation: Operation
        var next: Int32
    }

    private(set) var instructions: [Instruction] = []
    private(set) var byteSets: [ByteSet] = []
    let start: Int32
    /// Two for each group and for the whole match.
    let slotCount: Int
    /// A match can only begin where the text begins.
    let isAnchored: Bool
    /// What each match begins with; empty where nothing is certain.
    let prefix: [UInt8]
    /// What each text that matches contains; empty where nothing is certain.
    let required: [UInt8]
    let usesWordBoundary: Bool
    let usesLines: Bool

    init(_ node: RegexNode, groupCount: Int, maximumSize: Int) throws(RE2.SyntaxError) {
        var compiler = RegexCompiler(maximumSize: maximumSize)
        start = try compiler.compile(node)
        instructions = compiler.instructions
        byteSets = compiler.byteSets
        slotCount = 2 * (groupCount + 1)
        isAnchored = node.isAnchored
        prefix = node.literalPrefix
        required = node.requiredLiteral
        usesWordBoundary = instructions.contains {
            $0.operation == .assert(.wordBoundary) || $0.operation == .assert(.notWordBoundary)
        }
        usesLines = instructions.contains {
            $0.operation == .assert(.lineStart) || $0.operation == .assert(.lineEnd)
        }
    }

    /// Whether an instruction that reads a byte accepts this one.
    func accepts(_ byte: UInt8, _ operation: Instruction.Operation) -> Bool {
        switch operation {
        case .range(let low, let high): low <= byte && byte <= high
        case .set(let index): byteSets[Int(index)].contains(byte)
        case .fork, .save, .assert, .match, .fail: false
        }
    }
}

/// What stands on either side of a position.
struct RegexBoundary: Sendable, Hashable {
    /// Nil at the start of the text.
    let before: UInt8?
    /// Nil at its end.
    let after: UInt8?

    func satisfies(_ assertion: RegexNode.Assertion) -> Bool {
        // Inside a scalar no position exists.
        guard after.map(Self.isContinuation) != true else { return false }
        return switch assertion {
        case .textStart: before == nil
        case .textEnd: after == nil
        case .lineStart: before == nil || before == UInt8(ascii: "\n")
        case .lineEnd: after == nil || after == UInt8(ascii: "\n")
        case .wordBoundary: isWordBoundary
        case .notWordBoundary: !isWordBoundary
        }
    }

    static func isContinuation(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }

    static func isWord(_ byte: UInt8) -> Bool {
        byte < 0x80 && Unicode.Scalar(byte).isRegexWord
    }

    private var isWordBoundary: Bool {
        before.map(Self.isWord) ?? false != after.map(Self.isWord) ?? false
    }
}

/// A set of bytes.
struct ByteSet: Sendable, Hashable {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    mutating func insert(_ range: ClosedRange<UInt8>) {
        for byte in range {
            let bit = UInt64(1) << UInt64(byte & 63)
            switch byte >> 6 {
            case 0: words.0 |= bit
            case 1: words.1 |= bit
            case 2: words.2 |= bit
            default: words.3 |= bit
            }
        }
    }

    func contains(_ byte: UInt8) -> Bool {
        let word =
            switch byte >> 6 {
            case 0: words.0
            case 1: words.1
            case 2: words.2
            default: words.3
            }
        return word >> UInt64(byte & 63) & 1 == 1
    }

    static func == (left: ByteSet, right: ByteSet) -> Bool { left.words == right.words }

    func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }
}
