import HeadgateCore

/// Writes the JSON bodies of records; ``RecordDecoder`` gives back exactly what was written.
///
/// Values are written as they come, so containers must be filled one after the other, as synthesised code does.
final class RecordEncoder {
    /// Closing brackets of what is open, and whether nothing stands in it yet.
    fileprivate struct Open {
        let end: UInt8
        var isEmpty = true
    }

    fileprivate var text: [UInt8] = []
    fileprivate var open: [Open] = []

    func encode(_ value: some Encodable) throws -> String {
        text.removeAll(keepingCapacity: true)
        open.removeAll(keepingCapacity: true)
        try write(value)
        return String(decoding: text, as: UTF8.self)
    }

    fileprivate func write<Value: Encodable>(_ value: Value) throws {
        if Value.self == JSONValue.self, let json = value as? JSONValue {
            write(json: json)
            return
        }
        let depth = open.count
        try value.encode(to: ValueWriter(encoder: self))
        close(to: depth)
    }

    fileprivate func close(to depth: Int) {
        while open.count > depth, let last = open.popLast() { text.append(last.end) }
    }

    /// Opens an object or array and gives its depth.
    fileprivate func begin(_ start: UInt8, _ end: UInt8) -> Int {
        text.append(start)
        open.append(Open(end: end))
        return open.count
    }

    /// Makes room for a member or element of what is open at a depth.
    fileprivate func separate(at depth: Int) {
        close(to: depth)
        if open[depth - 1].isEmpty {
            open[depth - 1].isEmpty = false
        } else {
            text.append(UInt8(ascii: ","))
        }
    }

    fileprivate func name(_ name: String, at depth: Int) {
        separate(at: depth)
        name.write(to: &text)
        text.append(UInt8(ascii: ":"))
    }

    fileprivate func writeNull() { text.append(contentsOf: "null".utf8) }

    private func write(json: JSONValue) {
        switch json {
        case .null: writeNull()
        case .bool(let value): value.write(to: &text)
        case .integer(let value): value.write(to: &text)
        case .number(let value): value.write(to: &text)
        case .string(let value): value.write(to: &text)
        case .array(let values):
            let depth = begin(UInt8(ascii: "["), UInt8(ascii: "]"))
            for value in values {
                separate(at: depth)
                write(json: value)
            }
            close(to: depth - 1)
        case .object:
            let depth = begin(UInt8(ascii: "{"), UInt8(ascii: "}"))
            for (name, value) in json.sortedMembers {
                self.name(name, at: depth)
                write(json: value)
            }
            close(to: depth - 1)
        }
    }
}

private struct ValueWriter: Encoder, SingleValueEncodingContainer {
    let encoder: RecordEncoder

    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        KeyedEncodingContainer(
            MemberWriter(encoder: encoder, depth: encoder.begin(UInt8(ascii: "{"), UInt8(ascii: "}"))))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        ElementWriter(encoder: encoder, depth: encoder.begin(UInt8(ascii: "["), UInt8(ascii: "]")))
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { self }

    func encodeNil() { encoder.writeNull() }
    func encode<Value: Encodable & BodyScalar>(_ value: Value) { value.write(to: &encoder.text) }
    func encode<Value: Encodable>(_ value: Value) throws { try encoder.write(value) }
}

private struct MemberWriter<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let encoder: RecordEncoder
    let depth: Int

    var codingPath: [any CodingKey] { [] }

    func encodeNil(forKey key: Key) {
        encoder.name(key.stringValue, at: depth)
        encoder.writeNull()
    }

    func encode<Value: Encodable & BodyScalar>(_ value: Value, forKey key: Key) {
        encoder.name(key.stringValue, at: depth)
        value.write(to: &encoder.text)
    }

    func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
        encoder.name(key.stringValue, at: depth)
        try encoder.write(value)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        encoder.name(key.stringValue, at: depth)
        return ValueWriter(encoder: encoder).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        encoder.name(key.stringValue, at: depth)
        return ValueWriter(encoder: encoder).unkeyedContainer()
    }

    func superEncoder() -> any Encoder {
        encoder.name("super", at: depth)
        return ValueWriter(encoder: encoder)
    }

    func superEncoder(forKey key: Key) -> any Encoder {
        encoder.name(key.stringValue, at: depth)
        return ValueWriter(encoder: encoder)
    }
}

private struct ElementWriter: UnkeyedEncodingContainer {
    let encoder: RecordEncoder
    let depth: Int
    private(set) var count = 0

    init(encoder: RecordEncoder, depth: Int) {
        self.encoder = encoder
        self.depth = depth
    }

    var codingPath: [any CodingKey] { [] }

    mutating func encodeNil() {
        begin()
        encoder.writeNull()
    }

    mutating func encode<Value: Encodable & BodyScalar>(_ value: Value) {
        begin()
        value.write(to: &encoder.text)
    }

    mutating func encode<Value: Encodable>(_ value: Value) throws {
        begin()
        try encoder.write(value)
    }

    mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        begin()
        return ValueWriter(encoder: encoder).container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
        begin()
        return ValueWriter(encoder: encoder).unkeyedContainer()
    }

    mutating func superEncoder() -> any Encoder {
        begin()
        return ValueWriter(encoder: encoder)
    }

    private mutating func begin() {
        encoder.separate(at: depth)
        count += 1
    }
}
