// Names, literals, and what follows a dot or bracket.
extension Parser {
    private static let reservedWords: Set<String> = [
        "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package",
        "namespace", "return", "var", "void", "while",
    ]
    private static let keywords: Set<String> = ["false", "in", "null", "true"]

    mutating func members(of primary: NodeID, from start: Int) throws(SyntaxError) -> NodeID {
        var result = primary
        while true {
            let position = position
            if take(.dot) {
                result = try member(of: result, from: start)
            } else if take(.leftBracket) {
                let isOptional = take(.question)
                let key = try expression()
                try expect(.rightBracket)
                result = try node(
                    isOptional ? .optionalIndex(result, key) : .index(result, key),
                    at: position,
                    from: start
                )
            } else if case .symbol(.leftBrace) = peek, let name = qualifiedName(of: result) {
                result = try record(name, from: start)
            } else {
                return result
            }
        }
    }

    private mutating func member(of operand: NodeID, from start: Int) throws(SyntaxError) -> NodeID {
        let isOptional = take(.question)
        let position = position
        switch advance().token {
        case .quotedIdentifier(let name):
            return try node(
                isOptional ? .optionalSelect(operand, field: name) : .select(operand, field: name),
                at: position,
                from: start
            )
        case .identifier(let name):
            guard !Self.keywords.contains(name) else {
                throw SyntaxError(
                    offset: position,
                    message: "'\(name)' may not be a field name",
                    hint: "quote it: `\(name)`"
                )
            }
            if !isOptional, take(.leftParenthesis) {
                let arguments = try arguments()
                return try memberCall(operand, name, arguments, at: position, from: start)
            }
            return try node(
                isOptional ? .optionalSelect(operand, field: name) : .select(operand, field: name),
                at: position,
                from: start
            )
        case let token:
            throw SyntaxError(offset: position, message: "expected a field name, found \(token.description)")
        }
    }

    /// Arguments up to and with the closing parenthesis.
    private mutating func arguments() throws(SyntaxError) -> [NodeID] {
        var arguments: [NodeID] = []
        if take(.rightParenthesis) { return arguments }
        repeat { arguments.append(try expression()) } while take(.comma)
        try expect(.rightParenthesis)
        return arguments
    }

    mutating func primary() throws(SyntaxError) -> NodeID {
        let start = position
        switch peek {
        case .symbol(.leftParenthesis):
            _ = advance()
            let inner = try expression()
            try expect(.rightParenthesis)
            return inner
        case .symbol(.leftBracket): return try list(from: start)
        case .symbol(.leftBrace): return try map(from: start)
        case .symbol(.dot):
            _ = advance()
            guard case .identifier(let name) = peek, !Self.keywords.contains(name) else {
                throw unexpected(expected: "a name")
            }
            return try nameOrCall(from: start, isAbsolute: true)
        case .identifier: return try nameOrCall(from: start, isAbsolute: false)
        default: return try literal(from: start)
        }
    }

    private mutating func nameOrCall(from start: Int, isAbsolute: Bool) throws(SyntaxError) -> NodeID {
        let position = position
        guard case .identifier(let name) = advance().token else { throw unexpected(expected: "a name") }
        switch name {
        case "true": return try node(.literal(.bool(true)), at: start, from: start)
        case "false": return try node(.literal(.bool(false)), at: start, from: start)
        case "null": return try node(.literal(.null), at: start, from: start)
        case "in": throw SyntaxError(offset: position, message: "expected a value before 'in'")
        default: break
        }
        guard !Self.reservedWords.contains(name) else {
            throw SyntaxError(offset: position, message: "'\(name)' is reserved and may not be a name")
        }
        if take(.leftParenthesis) {
            let arguments = try arguments()
            return try globalCall(isAbsolute ? "." + name : name, arguments, at: position, from: start)
        }
        return try node(.identifier(name, isAbsolute: isAbsolute), at: position, from: start)
    }

    private mutating func literal(from start: Int) throws(SyntaxError) -> NodeID {
        let value: Value
        switch peek {
        case .integer(let magnitude):
            guard let number = Int64(exactly: magnitude) else {
                throw SyntaxError(
                    offset: start,
                    message: "the number does not fit into an int",
                    hint: "write \(magnitude)u for a uint"
                )
            }
            value = .int(number)
        case .unsigned(let number): value = .uint(number)
        case .double(let number): value = .double(number)
        case .string(let text): value = .string(text)
        case .bytes(let bytes): value = .bytes(bytes)
        case .quotedIdentifier(let name):
            throw SyntaxError(
                offset: start,
                message: "a quoted name may only follow a dot",
                hint: "write it as a field: something.`\(name)`"
            )
        default: throw unexpected(expected: "a value")
        }
        _ = advance()
        return try node(.literal(value), at: start, from: start)
    }

    private mutating func list(from start: Int) throws(SyntaxError) -> NodeID {
        _ = advance()
        var elements: [Node.ListElement] = []
        while !take(.rightBracket) {
            let isOptional = take(.question)
            elements.append(Node.ListElement(value: try expression(), isOptional: isOptional))
            if take(.comma) { continue }
            try expect(.rightBracket)
            break
        }
        return try node(.list(elements), at: start, from: start)
    }

    private mutating func map(from start: Int) throws(SyntaxError) -> NodeID {
        _ = advance()
        var entries: [Node.MapEntry] = []
        while !take(.rightBrace) {
            let isOptional = take(.question)
            let key = try expression()
            try expect(.colon)
            entries.append(Node.MapEntry(key: key, value: try expression(), isOptional: isOptional))
            if take(.comma) { continue }
            try expect(.rightBrace)
            break
        }
        return try node(.map(entries), at: start, from: start)
    }

    private mutating func record(_ name: String, from start: Int) throws(SyntaxError) -> NodeID {
        let brace = advance().range.lowerBound
        var fields: [Node.RecordField] = []
        while !take(.rightBrace) {
            let isOptional = take(.question)
            let position = position
            let field: String
            switch advance().token {
            case .identifier(let name) where !Self.keywords.contains(name): field = name
            case .quotedIdentifier(let name): field = name
            case let token:
                throw SyntaxError(offset: position, message: "expected a field name, found \(token.description)")
            }
            try expect(.colon)
            let value = try expression()
            fields.append(Node.RecordField(name: field, value: value, isOptional: isOptional, position: position))
            if take(.comma) { continue }
            try expect(.rightBrace)
            break
        }
        return try node(.record(name, fields), at: brace, from: start)
    }

    /// The dotted name that a chain of selections spells, with a leading dot if it is absolute.
    func qualifiedName(of id: NodeID) -> String? {
        switch tree[id].kind {
        case .identifier(let name, let isAbsolute): isAbsolute ? "." + name : name
        case .select(let operand, let field): qualifiedName(of: operand).map { "\($0).\(field)" }
        default: nil
        }
    }
}
