import HeadgateCore

/// Reads JSON (RFC 8259) from bytes; nil for what is not JSON or is nested deeper than 128 levels.
struct JSONReader {
    private let bytes: UnsafeRawBufferPointer
    private var index = 0

    private init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The whole document.
    static func document(_ bytes: UnsafeRawBufferPointer) -> JSONValue? {
        var reader = JSONReader(bytes)
        guard let value = reader.value(depth: 0) else { return nil }
        reader.skipSpace()
        return reader.index == bytes.count ? value : nil
    }

    /// The bytes that stand for one member of the outermost object.
    ///
    /// They are a string's characters, or any other value as it is written. The first one counts when a name stands twice. What follows it is not read.
    static func topLevelField(_ name: [UInt8], in bytes: UnsafeRawBufferPointer) -> [UInt8]? {
        var reader = JSONReader(bytes)
        reader.skipSpace()
        guard reader.take(UInt8(ascii: "{")) else { return nil }
        while true {
            reader.skipSpace()
            guard let key = reader.string() else { return nil }
            reader.skipSpace()
            guard reader.take(UInt8(ascii: ":")) else { return nil }
            reader.skipSpace()
            let start = reader.index
            if key.utf8.elementsEqual(name), reader.peek == UInt8(ascii: "\"") {
                return reader.string().map { Array($0.utf8) }
            }
            guard reader.skipValue(depth: 1) else { return nil }
            if key.utf8.elementsEqual(name) { return Array(bytes[start..<reader.index]) }
            reader.skipSpace()
            guard reader.take(UInt8(ascii: ",")) else { return nil }
        }
    }

    private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        index += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { index += 1 }
    }

    private mutating func value(depth: Int) -> JSONValue? {
        guard depth < 128 else { return nil }
        skipSpace()
        switch peek {
        case UInt8(ascii: "{"): return object(depth: depth)
        case UInt8(ascii: "["): return array(depth: depth)
        case UInt8(ascii: "\""): return string().map(JSONValue.string)
        case UInt8(ascii: "t"): return word("true") ? .bool(true) : nil
        case UInt8(ascii: "f"): return word("false") ? .bool(false) : nil
        case UInt8(ascii: "n"): return word("null") ? .null : nil
        default: return number()
        }
    }

    private mutating func object(depth: Int) -> JSONValue? {
        index += 1
        var members: [String: JSONValue] = [:]
        skipSpace()
        if take(UInt8(ascii: "}")) { return .object(members) }
        while true {
            skipSpace()
            guard let name = string() else { return nil }
            skipSpace()
            guard take(UInt8(ascii: ":")), let value = value(depth: depth + 1) else { return nil }
            members[name] = value
            skipSpace()
            if take(UInt8(ascii: "}")) { return .object(members) }
            guard take(UInt8(ascii: ",")) else { return nil }
        }
    }

    private mutating func array(depth: Int) -> JSONValue? {
        index += 1
        var values: [JSONValue] = []
        skipSpace()
        if take(UInt8(ascii: "]")) { return .array(values) }
        while true {
            guard let value = value(depth: depth + 1) else { return nil }
            values.append(value)
            skipSpace()
            if take(UInt8(ascii: "]")) { return .array(values) }
            guard take(UInt8(ascii: ",")) else { return nil }
        }
    }

    private mutating func word(_ text: StaticString) -> Bool {
        let end = index + text.utf8CodeUnitCount
        guard end <= bytes.count else { return false }
        for offset in index..<end where bytes[offset] != text.utf8Start[offset - index] { return false }
        index = end
        return true
    }

    // Python's json writes NaN and infinities; a model's answer with them is still an answer.
    private mutating func number() -> JSONValue? {
        if word("NaN") { return .number(.nan) }
        if word("Infinity") { return .number(.infinity) }
        if word("-Infinity") { return .number(-.infinity) }
        let start = index
        var isInteger = true
        while let byte = peek {
            switch byte {
            case 0x30...0x39, UInt8(ascii: "-"): break
            case UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): isInteger = false
            default: return Self.number(bytes[start..<index], isInteger)
            }
            index += 1
        }
        return Self.number(bytes[start..<index], isInteger)
    }

    private static func number(_ text: Slice<UnsafeRawBufferPointer>, _ isInteger: Bool) -> JSONValue? {
        guard let last = text.last, last &- 0x30 < 10 else { return nil }
        let text = String(decoding: text, as: UTF8.self)
        if isInteger, let value = Int64(text) { return .integer(value) }
        return Double(text).map(JSONValue.number)
    }

    private mutating func string() -> String? {
        guard take(UInt8(ascii: "\"")) else { return nil }
        let start = index
        while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
            guard byte >= 0x20 else { return nil }
            index += 1
        }
        if peek == UInt8(ascii: "\"") {
            defer { index += 1 }
            return String(decoding: bytes[start..<index], as: UTF8.self)
        }
        var text = Array(bytes[start..<index])
        while let byte = peek {
            index += 1
            if byte == UInt8(ascii: "\"") { return String(decoding: text, as: UTF8.self) }
            guard byte >= 0x20 else { return nil }
            if byte != UInt8(ascii: "\\") {
                text.append(byte)
            } else {
                guard escape(into: &text) else { return nil }
            }
        }
        return nil
    }

    private mutating func escape(into text: inout [UInt8]) -> Bool {
        guard let mark = peek else { return false }
        index += 1
        switch mark {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(mark)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0c)
        case UInt8(ascii: "n"): text.append(0x0a)
        case UInt8(ascii: "r"): text.append(0x0d)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            guard let unit = codeUnit() else { return false }
            var scalar = Unicode.Scalar(unit)
            if (0xd800..<0xdc00).contains(unit), word("\\u"), let low = codeUnit(),
                (0xdc00..<0xe000).contains(low)
            {
                scalar = Unicode.Scalar(0x10000 + (UInt32(unit) - 0xd800) << 10 + (UInt32(low) - 0xdc00))
            }
            text.append(contentsOf: String(scalar ?? "\u{fffd}").utf8)
        default: return false
        }
        return true
    }

    private mutating func codeUnit() -> UInt16? {
        guard index + 4 <= bytes.count else { return nil }
        defer { index += 4 }
        return UInt16(String(decoding: bytes[index..<(index + 4)], as: UTF8.self), radix: 16)
    }

    /// Passes over a value without building it.
    private mutating func skipValue(depth: Int) -> Bool {
        guard depth < 128 else { return false }
        skipSpace()
        guard let open = peek else { return false }
        guard open == UInt8(ascii: "{") || open == UInt8(ascii: "[") else {
            return open == UInt8(ascii: "\"") ? string() != nil : value(depth: depth) != nil
        }
        index += 1
        let close = open == UInt8(ascii: "{") ? UInt8(ascii: "}") : UInt8(ascii: "]")
        skipSpace()
        if take(close) { return true }
        while true {
            if open == UInt8(ascii: "{") {
                skipSpace()
                guard string() != nil else { return false }
                skipSpace()
                guard take(UInt8(ascii: ":")) else { return false }
            }
            guard skipValue(depth: depth + 1) else { return false }
            skipSpace()
            if take(close) { return true }
            guard take(UInt8(ascii: ",")) else { return false }
        }
    }
}
