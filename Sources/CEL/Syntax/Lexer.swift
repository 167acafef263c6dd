/// Splits source text into tokens.
struct Lexer {
    let bytes: [UInt8]
    var offset = 0
    private(set) var hasComments = false

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    func byte(_ ahead: Int = 0) -> UInt8 {
        offset + ahead < bytes.count ? bytes[offset + ahead] : 0
    }

    mutating func allTokens() throws(SyntaxError) -> [PositionedToken] {
        var tokens: [PositionedToken] = []
        tokens.reserveCapacity(bytes.count / 3 + 1)
        while true {
            skipSpace()
            let start = offset
            let token = try next()
            tokens.append(PositionedToken(token: token, range: start..<offset))
            if token == .end { return tokens }
        }
    }

    private mutating func skipSpace() {
        while offset < bytes.count {
            switch bytes[offset] {
            case 0x20, 0x09, 0x0A, 0x0C, 0x0D:
                offset += 1
            case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "/"):
                hasComments = true
                while offset < bytes.count, bytes[offset] != 0x0A { offset += 1 }
            default:
                return
            }
        }
    }

    private mutating func next() throws(SyntaxError) -> Token {
        guard offset < bytes.count else { return .end }
        let first = bytes[offset]
        if first.isIdentifierStart { return try word() }
        if first.isDigit || (first == UInt8(ascii: ".") && byte(1).isDigit) { return try number() }
        switch first {
        case UInt8(ascii: "\""), UInt8(ascii: "'"):
            return try string(isRaw: false, isBytes: false)
        case UInt8(ascii: "`"):
            return try quotedIdentifier()
        default:
            return .symbol(try symbol())
        }
    }

    private mutating func word() throws(SyntaxError) -> Token {
        if let prefix = literalPrefix() {
            offset += prefix.length
            return try string(isRaw: prefix.isRaw, isBytes: prefix.isBytes)
        }
        let start = offset
        while offset < bytes.count, bytes[offset].isIdentifierPart { offset += 1 }
        return .identifier(String(decoding: bytes[start..<offset], as: UTF8.self))
    }

    /// The `r`, `b`, `br` or `rb` (in any case) before a quote.
    private func literalPrefix() -> (length: Int, isRaw: Bool, isBytes: Bool)? {
        var isRaw = false
        var isBytes = false
        var length = 0
        while length < 3 {
            switch byte(length) {
            case UInt8(ascii: "r") where !isRaw, UInt8(ascii: "R") where !isRaw: isRaw = true
            case UInt8(ascii: "b") where !isBytes, UInt8(ascii: "B") where !isBytes: isBytes = true
            case UInt8(ascii: "\""), UInt8(ascii: "'"): return length > 0 ? (length, isRaw, isBytes) : nil
            default: return nil
            }
            length += 1
        }
        return nil
    }

    private mutating func quotedIdentifier() throws(SyntaxError) -> Token {
        let start = offset
        offset += 1
        let nameStart = offset
        while offset < bytes.count, bytes[offset] != UInt8(ascii: "`") {
            let byte = bytes[offset]
            guard byte.isIdentifierPart || " -./".utf8.contains(byte) else {
                throw SyntaxError(offset: offset, message: "this character may not stand in a quoted name")
            }
            offset += 1
        }
        guard offset < bytes.count else {
            throw SyntaxError(offset: start, message: "the quoted name is not closed", hint: "add a '`'")
        }
        guard offset > nameStart else { throw SyntaxError(offset: start, message: "the quoted name is empty") }
        offset += 1
        return .quotedIdentifier(String(decoding: bytes[nameStart..<(offset - 1)], as: UTF8.self))
    }

    private mutating func symbol() throws(SyntaxError) -> Token.Symbol {
        let first = bytes[offset]
        let second = byte(1)
        let pair: Token.Symbol? =
            switch (first, second) {
            case (UInt8(ascii: "&"), UInt8(ascii: "&")): .and
            case (UInt8(ascii: "|"), UInt8(ascii: "|")): .or
            case (UInt8(ascii: "="), UInt8(ascii: "=")): .equal
            case (UInt8(ascii: "!"), UInt8(ascii: "=")): .notEqual
            case (UInt8(ascii: "<"), UInt8(ascii: "=")): .lessOrEqual
            case (UInt8(ascii: ">"), UInt8(ascii: "=")): .greaterOrEqual
            default: nil
            }
        if let pair {
            offset += 2
            return pair
        }
        guard first < 0x80, let single = Token.Symbol(rawValue: String(UnicodeScalar(first))) else {
            throw unexpectedCharacter(first)
        }
        offset += 1
        return single
    }

    private func unexpectedCharacter(_ byte: UInt8) -> SyntaxError {
        let hint: String? =
            switch byte {
            case UInt8(ascii: "="): "write '==' to compare"
            case UInt8(ascii: "&"): "write '&&'"
            case UInt8(ascii: "|"): "write '||'"
            default: nil
            }
        let rest = String(decoding: bytes[offset..<min(bytes.count, offset + 4)], as: UTF8.self)
        let character = rest.unicodeScalars.first.map { "'\($0)'" } ?? "this byte"
        return SyntaxError(offset: offset, message: "unexpected \(character)", hint: hint)
    }
}

extension UInt8 {
    var isDigit: Bool { self >= 0x30 && self <= 0x39 }

    var isIdentifierStart: Bool { (self | 0x20) >= 0x61 && (self | 0x20) <= 0x7A || self == 0x5F }

    var isIdentifierPart: Bool { isIdentifierStart || isDigit }

    var hexValue: UInt32? {
        switch self {
        case 0x30...0x39: UInt32(self - 0x30)
        case 0x41...0x46: UInt32(self - 0x41 + 10)
        case 0x61...0x66: UInt32(self - 0x61 + 10)
        default: nil
        }
    }
}
