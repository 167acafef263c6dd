/// A word of the language.
enum Token: Sendable, Equatable {
    case identifier(String)
    /// A name in backticks, allowed as a field only.
    case quotedIdentifier(String)
    case integer(UInt64)
    case unsigned(UInt64)
    case double(Double)
    case string(String)
    case bytes([UInt8])
    case symbol(Symbol)
    case end

    enum Symbol: String, Sendable {
        case leftParenthesis = "("
        case rightParenthesis = ")"
        case leftBracket = "["
        case rightBracket = "]"
        case leftBrace = "{"
        case rightBrace = "}"
        case dot = "."
        case comma = ","
        case question = "?"
        case colon = ":"
        case plus = "+"
        case minus = "-"
        case star = "*"
        case slash = "/"
        case percent = "%"
        case bang = "!"
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case equal = "=="
        case notEqual = "!="
        case and = "&&"
        case or = "||"
    }

    /// The token as a person would name it in a message.
    var description: String {
        switch self {
        case .identifier(let name): "'\(name)'"
        case .quotedIdentifier(let name): "'`\(name)`'"
        case .integer, .unsigned, .double: "a number"
        case .string: "a string"
        case .bytes: "bytes"
        case .symbol(let symbol): "'\(symbol.rawValue)'"
        case .end: "the end of the expression"
        }
    }
}

/// A token and the bytes that it covers.
struct PositionedToken: Sendable {
    let token: Token
    let range: Range<Int>
}

/// A refusal by the lexer or parser; parsing ends at the first.
struct SyntaxError: Error {
    let offset: Int
    let message: String
    var hint: String?
}
