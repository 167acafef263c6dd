import HeadgateCore

/// Reads the JSON bodies of records.
///
/// Foundation's decoder gives integral doubles back as integers, which would change keys after a restart, and takes
/// several times as long.
final class RecordDecoder {
    private let tape = JSONTape()

    func decode<Value: Decodable>(_ type: Value.Type, from text: UnsafeBufferPointer<UInt8>) throws -> Value {
        var value: Value?
        let isJSON = try tape.parse(text) { value = try ValueReader(tape: tape, node: 0).decode(type) }
        guard isJSON, let value else {
            throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "not JSON"))
        }
        return value
    }

    func decode<Value: Decodable>(_ type: Value.Type, from text: String) throws -> Value {
        var text = text
        return try text.withUTF8 { try decode(type, from: $0) }
    }
}

/// One value of a body.
private struct ValueReader: Decoder, SingleValueDecodingContainer {
    let tape: JSONTape
    let node: Int

    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard tape.nodes[node].kind == .object else { throw mismatch("an object") }
        return KeyedDecodingContainer(MemberReader(tape: tape, node: node))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard tape.nodes[node].kind == .array else { throw mismatch("an array") }
        return ElementReader(tape: tape, node: node)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer { self }

    func decodeNil() -> Bool { tape.nodes[node].kind == .null }

    func decode<Value: Decodable & BodyScalar>(_ type: Value.Type) throws -> Value {
        guard let value = Value(tape, node) else { throw mismatch("\(type)") }
        return value
    }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        if type == JSONValue.self, let value = json(node) as? Value { return value }
        return try Value(from: self)
    }

    func mismatch(_ expected: String) -> DecodingError {
        .dataCorrupted(
            .init(codingPath: [], debugDescription: "\(expected) was expected, not \(tape.nodes[node].kind)"))
    }

    private func json(_ node: Int) -> JSONValue {
        switch tape.nodes[node].kind {
        case .null: return .null
        case .isTrue: return .bool(true)
        case .isFalse: return .bool(false)
        case .integer: return tape.integer(node).map(JSONValue.integer) ?? .number(tape.double(node) ?? .nan)
        case .number: return .number(tape.double(node) ?? .nan)
        case .string, .escapedString: return .string(tape.string(node))
        case .array: return .array(tape.elements(of: node).map(json))
        case .object:
            var members: [String: JSONValue] = [:]
            var name = node + 1
            while name < Int(tape.nodes[node].next) {
                members[tape.string(name)] = json(name + 1)
                name = Int(tape.nodes[name + 1].next)
            }
            return .object(members)
        }
    }
}

private struct MemberReader<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let tape: JSONTape
    let node: Int

    var codingPath: [any CodingKey] { [] }

    var allKeys: [Key] {
        var keys: [Key] = []
        var name = node + 1
        while name < Int(tape.nodes[node].next) {
            if let key = Key(stringValue: tape.string(name)) { keys.append(key) }
            name = Int(tape.nodes[name + 1].next)
        }
        return keys
    }

    func contains(_ key: Key) -> Bool { tape.member(key.stringValue, of: node) != nil }

    func decodeNil(forKey key: Key) throws -> Bool { try reader(key).decodeNil() }

    func decode<Value: Decodable & BodyScalar>(_ type: Value.Type, forKey key: Key) throws -> Value {
        try reader(key).decode(type)
    }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        try reader(key).decode(type)
    }

    func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
        guard let member = tape.member(key.stringValue, of: node), tape.nodes[member].kind != .null else { return nil }
        return try ValueReader(tape: tape, node: member).decode(type)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> { try reader(key).container(keyedBy: type) }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try reader(key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder { ValueReader(tape: tape, node: node) }
    func superDecoder(forKey key: Key) throws -> any Decoder { try reader(key) }

    private func reader(_ key: Key) throws -> ValueReader {
        guard let member = tape.member(key.stringValue, of: node) else {
            throw DecodingError.keyNotFound(
                key, .init(codingPath: [], debugDescription: "\(key.stringValue) is missing"))
        }
        return ValueReader(tape: tape, node: member)
    }
}

private struct ElementReader: UnkeyedDecodingContainer {
    let tape: JSONTape
    private let end: Int
    private var element: Int
    private(set) var currentIndex = 0

    init(tape: JSONTape, node: Int) {
        self.tape = tape
        element = node + 1
        end = Int(tape.nodes[node].next)
    }

    var codingPath: [any CodingKey] { [] }
    var count: Int? { nil }
    var isAtEnd: Bool { element >= end }

    mutating func decodeNil() throws -> Bool {
        guard !isAtEnd, tape.nodes[element].kind == .null else { return false }
        _ = try next()
        return true
    }

    mutating func decode<Value: Decodable & BodyScalar>(_ type: Value.Type) throws -> Value {
        try next().decode(type)
    }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try next().decode(type) }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> { try next().container(keyedBy: type) }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try next().unkeyedContainer() }

    mutating func superDecoder() throws -> any Decoder { try next() }

    private mutating func next() throws -> ValueReader {
        guard !isAtEnd else {
            throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "an array is too short"))
        }
        defer {
            element = Int(tape.nodes[element].next)
            currentIndex += 1
        }
        return ValueReader(tape: tape, node: element)
    }
}
