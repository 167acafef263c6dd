/// An optional value that takes the room of a pointer where it stands, for large ones that most owners do not have.
///
/// Coded as the value itself, and left out when there is none.
@propertyWrapper
package struct Boxed<Value: Hashable & Sendable & Codable>: Hashable, Sendable, Codable {
    private var box: Shared<Value>?

    package init(wrappedValue: Value?) { self.wrappedValue = wrappedValue }

    package var wrappedValue: Value? {
        get { box?.value }
        set { box = newValue.map(Shared.init) }
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        self.init(wrappedValue: container.decodeNil() ? nil : try container.decode(Value.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(wrappedValue)
    }
}

// What the compiler writes for a member that is boxed finds these before the general ones.
extension KeyedDecodingContainer {
    func decode<Value>(_: Boxed<Value>.Type, forKey key: Key) throws -> Boxed<Value> {
        Boxed(wrappedValue: try decodeIfPresent(Value.self, forKey: key))
    }
}

extension KeyedEncodingContainer {
    mutating func encode<Value>(_ boxed: Boxed<Value>, forKey key: Key) throws {
        try encodeIfPresent(boxed.wrappedValue, forKey: key)
    }
}
