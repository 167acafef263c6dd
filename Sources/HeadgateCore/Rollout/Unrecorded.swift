/// What only this process needs to know: it is neither compared nor coded, so that a change of it alone writes nothing.
@propertyWrapper
package struct Unrecorded<Value: Sendable>: Hashable, Sendable, Codable {
    package var wrappedValue: Value?

    package init(wrappedValue: Value?) { self.wrappedValue = wrappedValue }

    package static func == (left: Unrecorded, right: Unrecorded) -> Bool { true }
    package func hash(into hasher: inout Hasher) {}

    package init(from decoder: any Decoder) throws {}
    package func encode(to encoder: any Encoder) throws {}
}

// What the compiler writes for such a member finds these before the general ones.
extension KeyedDecodingContainer {
    func decode<Value>(_: Unrecorded<Value>.Type, forKey key: Key) throws -> Unrecorded<Value> {
        Unrecorded(wrappedValue: nil)
    }
}

extension KeyedEncodingContainer {
    func encode<Value>(_: Unrecorded<Value>, forKey key: Key) throws {}
}
