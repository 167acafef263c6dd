// Numbers and quoted literals.
extension Lexer {
    mutating func number() throws(SyntaxError) -> Token {
        let start = offset
        if byte() == UInt8(ascii: "0"), byte(1) | 0x20 == UInt8(ascii: "x") {
            offset += 2
            return try integer(from: start, radix: 16) { $0.hexValue }
        }
        while byte().isDigit { offset += 1 }
        var isDouble = false
        if byte() == UInt8(ascii: "."), byte(1).isDigit {
            isDouble = true
            offset += 1
            while byte().isDigit { offset += 1 }
        }
        if byte() | 0x20 == UInt8(ascii: "e") {
            let sign = byte(1) == UInt8(ascii: "+") || byte(1) == UInt8(ascii: "-") ? 1 : 0
            if byte(1 + sign).isDigit {
                isDouble = true
                offset += 1 + sign
                while byte().isDigit { offset += 1 }
            }
        }
        guard isDouble else {
            offset = start
            return try integer(from: start, radix: 10) { $0.isDigit ? UInt32($0 - 0x30) : nil }
        }
        try refuseIdentifierPart(after: start)
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        guard let value = Double(text.hasPrefix(".") ? "0" + text : text) else {
            throw SyntaxError(offset: start, message: "'\(text)' is not a number")
        }
        guard value.isFinite else { throw SyntaxError(offset: start, message: "'\(text)' is too large for a double") }
        return .double(value)
    }

    private mutating func integer(
        from start: Int,
        radix: UInt64,
        digit: (UInt8) -> UInt32?
    ) throws(SyntaxError) -> Token {
        var value: UInt64 = 0
        var overflows = false
        let firstDigit = offset
        while offset < bytes.count, let next = digit(bytes[offset]) {
            let (product, high) = value.multipliedReportingOverflow(by: radix)
            let (sum, carry) = product.addingReportingOverflow(UInt64(next))
            overflows = overflows || high || carry
            value = sum
            offset += 1
        }
        guard offset > firstDigit else { throw SyntaxError(offset: start, message: "'0x' needs digits after it") }
        let isUnsigned = byte() | 0x20 == UInt8(ascii: "u")
        if isUnsigned { offset += 1 }
        try refuseIdentifierPart(after: start)
        guard !overflows else { throw SyntaxError(offset: start, message: "the number does not fit into 64 bits") }
        return isUnsigned ? .unsigned(value) : .integer(value)
    }

    private func refuseIdentifierPart(after start: Int) throws(SyntaxError) {
        guard byte().isIdentifierPart else { return }
        throw SyntaxError(offset: start, message: "a number may not run into a name")
    }

    /// Reads a quoted literal; `offset` stands on the opening quote.
    mutating func string(isRaw: Bool, isBytes: Bool) throws(SyntaxError) -> Token {
        let start = offset
        let quote = bytes[offset]
        let isTriple = byte(1) == quote && byte(2) == quote
        offset += isTriple ? 3 : 1
        var content: [UInt8] = []
        while true {
            guard offset < bytes.count else {
                throw SyntaxError(offset: start, message: "the string is not closed")
            }
            let current = bytes[offset]
            if current == quote, !isTriple || (byte(1) == quote && byte(2) == quote) {
                offset += isTriple ? 3 : 1
                break
            }
            if !isTriple, current == 0x0A || current == 0x0D {
                throw SyntaxError(
                    offset: start,
                    message: "the string is not closed on its line",
                    hint: "use three quotes for a string of several lines"
                )
            }
            if current == UInt8(ascii: "\\") {
                guard !isRaw else {
                    content.append(current)
                    offset += 1
                    continue
                }
                try escape(into: &content, isBytes: isBytes)
                continue
            }
            content.append(current)
            offset += 1
        }
        return isBytes ? .bytes(content) : .string(String(decoding: content, as: UTF8.self))
    }

    private mutating func escape(into content: inout [UInt8], isBytes: Bool) throws(SyntaxError) {
        let start = offset
        let kind = byte(1)
        offset += 2
        switch kind {
        case UInt8(ascii: "a"): content.append(0x07)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "v"): content.append(0x0B)
        case UInt8(ascii: "\\"), UInt8(ascii: "?"), UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"):
            content.append(kind)
        case UInt8(ascii: "x"), UInt8(ascii: "X"):
            try append(hexDigits(2, from: start), to: &content, isBytes: isBytes, at: start)
        case UInt8(ascii: "u") where !isBytes:
            try append(hexDigits(4, from: start), to: &content, isBytes: false, at: start)
        case UInt8(ascii: "U") where !isBytes:
            try append(hexDigits(8, from: start), to: &content, isBytes: false, at: start)
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            throw SyntaxError(offset: start, message: "bytes may not hold a Unicode escape", hint: "use \\xHH")
        case UInt8(ascii: "0")...UInt8(ascii: "3"):
            let high = UInt32(kind - 0x30)
            guard (0x30...0x37).contains(byte()), (0x30...0x37).contains(byte(1)) else {
                throw SyntaxError(offset: start, message: "an octal escape needs three digits")
            }
            let value = high * 64 + UInt32(byte() - 0x30) * 8 + UInt32(byte(1) - 0x30)
            offset += 2
            try append(value, to: &content, isBytes: isBytes, at: start)
        default:
            throw SyntaxError(
                offset: start,
                message: "unknown escape in a string",
                hint: "write '\\\\' for a backslash, or prefix the string with r"
            )
        }
    }

    private mutating func hexDigits(_ count: Int, from start: Int) throws(SyntaxError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<count {
            guard let digit = byte().hexValue else {
                throw SyntaxError(offset: start, message: "this escape needs \(count) hexadecimal digits")
            }
            value = value << 4 | digit
            offset += 1
        }
        return value
    }

    private func append(
        _ value: UInt32,
        to content: inout [UInt8],
        isBytes: Bool,
        at start: Int
    ) throws(SyntaxError) {
        if isBytes {
            content.append(UInt8(truncatingIfNeeded: value))
            return
        }
        guard let scalar = UnicodeScalar(value) else {
            throw SyntaxError(offset: start, message: "the escape names no Unicode scalar")
        }
        content.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }
}
