import FoundationEssentials

/// Values as JSON files.
enum JSONFile {
    static func bytes(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }

    /// The value; nil when the file is missing or does not hold one, as after a loss of power.
    static func read<Value: Decodable>(_ type: Value.Type, _ path: String) -> Value? {
        guard let bytes = try? LocalFiles.read(path) else { return nil }
        return try? decode(type, bytes)
    }

    static func decode<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8]) throws -> Value {
        try JSONDecoder().decode(type, from: Data(bytes))
    }

    static func write(_ value: some Encodable, to path: String, durable: Bool = true) throws {
        try LocalFiles.writeAtomically(bytes(value), to: path, durable: durable)
    }
}
