/// Reads an expression by recursive descent with operator precedence.
struct Parser {
    var tree: SyntaxTree
    private let tokens: [PositionedToken]
    private var cursor = 0
    private var depths: [Int] = []
    private var nesting = 0
    private let limits: Limits
    let macrosEnabled: Bool

    static func parse(
        _ text: String,
        limits: Limits = Limits(),
        macrosEnabled: Bool = true
    ) throws(CompilationError) -> SyntaxTree {
        let source = SourceText(text)
        do throws(SyntaxError) {
            guard source.text.utf8.count <= limits.expressionBytes else {
                throw SyntaxError(offset: 0, message: "the expression is longer than \(limits.expressionBytes) bytes")
            }
            var lexer = Lexer(source.text)
            let tokens = try lexer.allTokens()
            var parser = Parser(source: source, tokens: tokens, limits: limits, macrosEnabled: macrosEnabled)
            parser.tree.hasComments = lexer.hasComments
            return try parser.wholeExpression()
        } catch {
            let diagnostic = source.diagnostic(at: error.offset, error.message, hint: error.hint)
            throw CompilationError(diagnostics: [diagnostic])
        }
    }

    private init(source: SourceText, tokens: [PositionedToken], limits: Limits, macrosEnabled: Bool) {
        tree = SyntaxTree(source: source)
        self.tokens = tokens
        self.limits = limits
        self.macrosEnabled = macrosEnabled
    }

    private mutating func wholeExpression() throws(SyntaxError) -> SyntaxTree {
        if peek == .end { throw SyntaxError(offset: 0, message: "the expression is empty") }
        tree.root = try expression()
        guard peek == .end else { throw unexpected(expected: "an operator or the end") }
        return tree
    }

    // MARK: Tokens

    var peek: Token { tokens[cursor].token }
    var position: Int { tokens[cursor].range.lowerBound }
    var endOfLast: Int { cursor > 0 ? tokens[cursor - 1].range.upperBound : 0 }

    mutating func advance() -> PositionedToken {
        defer { if cursor < tokens.count - 1 { cursor += 1 } }
        return tokens[cursor]
    }

    mutating func take(_ symbol: Token.Symbol) -> Bool {
        guard case .symbol(symbol) = peek else { return false }
        _ = advance()
        return true
    }

    mutating func expect(_ symbol: Token.Symbol) throws(SyntaxError) {
        guard take(symbol) else { throw unexpected(expected: "'\(symbol.rawValue)'") }
    }

    func unexpected(expected: String) -> SyntaxError {
        SyntaxError(offset: position, message: "expected \(expected), found \(peek.description)", hint: wordHint)
    }

    /// What is meant by an operator that is written as a word.
    private var wordHint: String? {
        if cursor > 0, case .identifier("not") = tokens[cursor - 1].token { return "write '!'" }
        guard case .identifier(let word) = peek else { return nil }
        switch word.lowercased() {
        case "and": return "write '&&'"
        case "or": return "write '||'"
        case "is", "equals": return "write '=='"
        default: return nil
        }
    }

    // MARK: Nodes

    mutating func node(_ kind: Node.Kind, at position: Int, from start: Int) throws(SyntaxError) -> NodeID {
        var depth = 0
        for child in kind.children { depth = max(depth, depths[child]) }
        guard depth < limits.nesting else {
            throw SyntaxError(
                offset: position, message: "the expression is nested deeper than \(limits.nesting) levels")
        }
        depths.append(depth + 1)
        return tree.add(kind, at: position, in: start..<endOfLast)
    }

    /// Runs `body` one level deeper.
    private mutating func nested(
        _ body: (inout Parser) throws(SyntaxError) -> NodeID
    ) throws(SyntaxError) -> NodeID {
        nesting += 1
        defer { nesting -= 1 }
        guard nesting <= limits.nesting else {
            throw SyntaxError(
                offset: position, message: "the expression is nested deeper than \(limits.nesting) levels")
        }
        return try body(&self)
    }

    // MARK: Operators

    mutating func expression() throws(SyntaxError) -> NodeID {
        try nested { (parser: inout Parser) throws(SyntaxError) -> NodeID in try parser.conditional() }
    }

    private mutating func conditional() throws(SyntaxError) -> NodeID {
        let start = position
        let condition = try logical(.or)
        let operatorPosition = position
        guard take(.question) else { return condition }
        let whenTrue = try logical(.or)
        try expect(.colon)
        let whenFalse = try expression()
        return try node(.conditional(condition, whenTrue, whenFalse), at: operatorPosition, from: start)
    }

    private mutating func logical(_ kind: LogicalOperator) throws(SyntaxError) -> NodeID {
        let start = position
        let first = try kind == .or ? logical(.and) : binary(precedence: 3)
        var operands = [first]
        let operatorPosition = position
        while take(kind == .or ? .or : .and) {
            operands.append(try kind == .or ? logical(.and) : binary(precedence: 3))
        }
        if operands.count == 1 { return first }
        return try node(.logical(kind, operands), at: operatorPosition, from: start)
    }

    private var binaryOperator: BinaryOperator? {
        switch peek {
        case .identifier("in"): .in
        case .symbol(let symbol): BinaryOperator(rawValue: symbol.rawValue)
        default: nil
        }
    }

    private mutating func binary(precedence: Int) throws(SyntaxError) -> NodeID {
        let start = position
        var left = try precedence == 5 ? unary() : binary(precedence: precedence + 1)
        while let found = binaryOperator, found.precedence == precedence {
            let operatorPosition = advance().range.lowerBound
            let right = try precedence == 5 ? unary() : binary(precedence: precedence + 1)
            left = try node(.binary(found, left, right), at: operatorPosition, from: start)
        }
        return left
    }

    private mutating func unary() throws(SyntaxError) -> NodeID {
        let start = position
        switch peek {
        case .symbol(.bang):
            _ = advance()
            let operand = try nested { (parser: inout Parser) throws(SyntaxError) -> NodeID in try parser.unary() }
            return try node(.unary(.not, operand), at: start, from: start)
        case .symbol(.minus):
            _ = advance()
            if let literal = try negativeNumber(from: start) { return try members(of: literal, from: start) }
            let operand = try nested { (parser: inout Parser) throws(SyntaxError) -> NodeID in try parser.unary() }
            return try node(.unary(.negate, operand), at: start, from: start)
        default:
            return try members(of: primary(), from: start)
        }
    }

    /// A literal with its sign, so that the least int can be written.
    private mutating func negativeNumber(from start: Int) throws(SyntaxError) -> NodeID? {
        switch peek {
        case .integer(let magnitude):
            guard magnitude <= UInt64(Int64.max) + 1 else {
                throw SyntaxError(offset: start, message: "the number does not fit into an int")
            }
            _ = advance()
            return try node(.literal(.int(Int64(truncatingIfNeeded: 0 &- magnitude))), at: start, from: start)
        case .double(let value):
            _ = advance()
            return try node(.literal(.double(-value)), at: start, from: start)
        default:
            return nil
        }
    }
}
