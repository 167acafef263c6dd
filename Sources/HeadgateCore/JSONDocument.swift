import Glibc

/// Reads metrics and reports: JSON, with the tokens that Python's and JavaScript's writers emit for numbers that are not finite.
///
/// `NaN`, `Infinity` and `-Infinity` become numbers, which policies take for unknown.
package struct JSONDocument {
    /// What is wrong, and where.
    package struct Problem: Error, Hashable, CustomStringConvertible {
        package let line: Int
        /// In bytes, from 1.
        package let column: Int
        package let message: String

        package var description: String { "line \(line), column \(column): \(message)" }
    }

    private static let depthLimit = 64
    private let bytes: [UInt8]
    private var position = 0

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// - Throws: ``Problem`` for anything but one JSON object.
    package static func parseObject(_ bytes: [UInt8]) throws(Problem) -> JSONValue {
        var start = JSONDocument(bytes)
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { start.position = 3 }
        start.skipSpace()
        guard start.peek == UInt8(ascii: "{") else { throw start.problem("expected a JSON object") }
        return try parse(bytes)
    }

    /// - Throws: ``Problem`` for anything but one JSON value.
    package static func parse(_ bytes: [UInt8]) throws(Problem) -> JSONValue {
        var parser = JSONDocument(bytes)
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { parser.position = 3 }
        parser.skipSpace()
        let value = try parser.value(depth: 0)
        parser.skipSpace()
        guard parser.position == bytes.count else { throw parser.problem("unexpected text after the JSON value") }
        return value
    }

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private func problem(_ message: String) -> Problem {
        let before = bytes[..<min(position, bytes.count)]
        let lineStart = before.lastIndex(of: 10).map { $0 + 1 } ?? 0
        return Problem(
            line: before.count(where: { $0 == 10 }) + 1, column: min(position, bytes.count) - lineStart + 1,
            message: message)
    }

    private mutating func skipSpace() {
        while let byte = peek, byte == 32 || byte == 10 || byte == 13 || byte == 9 { position += 1 }
    }

    private mutating func take(_ text: StaticString) -> Bool {
        let matches = text.withUTF8Buffer { bytes[position...].starts(with: $0) }
        if matches { position += text.utf8CodeUnitCount }
        return matches
    }

    private mutating func value(depth: Int) throws(Problem) -> JSONValue {
        guard depth < Self.depthLimit else { throw problem("nested deeper than \(Self.depthLimit)") }
        switch peek {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t") where take("true"): return .bool(true)
        case UInt8(ascii: "f") where take("false"): return .bool(false)
        case UInt8(ascii: "n") where take("null"): return .null
        case UInt8(ascii: "N") where take("NaN"): return .number(.nan)
        case UInt8(ascii: "I") where take("Infinity"): return .number(.infinity)
        case UInt8(ascii: "-") where take("-Infinity"): return .number(-.infinity)
        case .none: throw problem("the text ends in the middle of a value")
        default: return try number()
        }
    }

    private mutating func object(depth: Int) throws(Problem) -> JSONValue {
        position += 1
        var members: [String: JSONValue] = [:]
        skipSpace()
        if peek == UInt8(ascii: "}") {
            position += 1
            return .object(members)
        }
        while true {
            skipSpace()
            guard peek == UInt8(ascii: "\"") else { throw problem("expected a name in quotes") }
            let start = position
            let name = try string()
            skipSpace()
            guard peek == UInt8(ascii: ":") else { throw problem("expected `:` after the name") }
            position += 1
            skipSpace()
            let value = try value(depth: depth + 1)
            guard members.updateValue(value, forKey: name) == nil else {
                position = start
                throw problem("the name \(name.prefix(60)) stands twice in one object")
            }
            guard try isContinued(until: UInt8(ascii: "}")) else { return .object(members) }
        }
    }

    private mutating func array(depth: Int) throws(Problem) -> JSONValue {
        position += 1
        var values: [JSONValue] = []
        skipSpace()
        if peek == UInt8(ascii: "]") {
            position += 1
            return .array(values)
        }
        while true {
            skipSpace()
            values.append(try value(depth: depth + 1))
            guard try isContinued(until: UInt8(ascii: "]")) else { return .array(values) }
        }
    }

    private mutating func isContinued(until end: UInt8) throws(Problem) -> Bool {
        skipSpace()
        switch peek {
        case UInt8(ascii: ","):
            position += 1
            return true
        case end:
            position += 1
            return false
        default: throw problem("expected `,` or `\(Character(Unicode.Scalar(end)))`")
        }
    }

    private mutating func number() throws(Problem) -> JSONValue {
        let start = position
        if peek == UInt8(ascii: "-") { position += 1 }
        let integer = digits()
        guard integer > 0, integer == 1 || bytes[position - integer] != UInt8(ascii: "0") else {
            position = start
            throw problem("expected a value")
        }
        var isInteger = true
        if peek == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            guard digits() > 0 else { throw problem("expected a digit after the decimal point") }
        }
        if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
            isInteger = false
            position += 1
            if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { position += 1 }
            guard digits() > 0 else { throw problem("expected a digit in the exponent") }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger, let value = Int64(text) { return .integer(value) }
        // Too large for a double is infinite, as in Python, and so unknown to policies.
        return .number(strtod(text, nil))
    }

    private mutating func digits() -> Int {
        let start = position
        while let byte = peek, (48...57).contains(byte) { position += 1 }
        return position - start
    }

    private mutating func string() throws(Problem) -> String {
        position += 1
        var scalars: [UInt8] = []
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                guard let text = String(validating: scalars, as: UTF8.self) else {
                    throw problem("a string that is not UTF-8")
                }
                return text
            case UInt8(ascii: "\\"): try escape(into: &scalars)
            case 0..<32: throw problem("a control character in a string")
            default:
                scalars.append(byte)
                position += 1
            }
        }
        throw problem("the text ends in the middle of a string")
    }

    private mutating func escape(into scalars: inout [UInt8]) throws(Problem) {
        position += 1
        let kind = peek
        position += 1
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): scalars.append(kind ?? 0)
        case UInt8(ascii: "b"): scalars.append(8)
        case UInt8(ascii: "f"): scalars.append(12)
        case UInt8(ascii: "n"): scalars.append(10)
        case UInt8(ascii: "r"): scalars.append(13)
        case UInt8(ascii: "t"): scalars.append(9)
        case UInt8(ascii: "u"):
            var code = try hexadecimal()
            if (0xD800..<0xDC00).contains(code), take("\\u") {
                let low = try hexadecimal()
                guard (0xDC00..<0xE000).contains(low) else { throw problem("half of a surrogate pair") }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw problem("half of a surrogate pair") }
            scalars += Array(String(Character(scalar)).utf8)
        default:
            position -= 1
            throw problem("an unknown escape in a string")
        }
    }

    private mutating func hexadecimal() throws(Problem) -> UInt32 {
        let end = position + 4
        guard end <= bytes.count, bytes[position..<end].allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let code = UInt32(String(decoding: bytes[position..<end], as: UTF8.self), radix: 16)
        else { throw problem("expected four hexadecimal digits") }
        position = end
        return code
    }
}
