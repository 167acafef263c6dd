/// A map from bool, int, uint and string keys, in the order of its entries.
///
/// Numbers are one key space: `1`, `1u` and `1.0` find the same entry.
public final class MapValue: Sendable {
    /// What reading an absent key means.
    public enum Absence: Sendable, Hashable {
        /// An error: no such key.
        case error
        /// Unknown, as the path given with the key behind it; `has()` is unknown too.
        case unknown(path: String)
        /// Unknown, as the path given with the key behind it; `has()` and `in` say false.
        case unknownUnlessTested(path: String)
    }

    let shape: MapShape
    let values: [Value]
    /// What reading an absent key means.
    public let absence: Absence

    init(shape: MapShape, values: [Value], absence: Absence = .error) {
        self.shape = shape
        self.values = values
        self.absence = absence
    }

    /// A map with string keys; the last of equal keys counts.
    public convenience init(_ entries: some Sequence<(String, Value)>, absence: Absence = .error) {
        var builder = MapBuilder()
        for (key, value) in entries { builder.set(.string(key), value) }
        self.init(shape: builder.shape(), values: builder.values, absence: absence)
    }

    /// A map with any keys, or nil if one cannot be a key or stands twice.
    public convenience init?(entries: some Sequence<(Value, Value)>, absence: Absence = .error) {
        var builder = MapBuilder()
        for (key, value) in entries {
            guard key.isMapKey, builder.insert(key, value) else { return nil }
        }
        self.init(shape: builder.shape(), values: builder.values, absence: absence)
    }

    /// The number of entries.
    public var count: Int { values.count }

    /// The keys in order.
    public var keys: [Value] { shape.keys }

    /// The entries in order.
    public var entries: Zip2Sequence<[Value], [Value]> { zip(shape.keys, values) }

    /// The value of a key, or nil.
    public subscript(key: Value) -> Value? {
        shape.index(of: key).map { values[$0] }
    }

    /// The value of a string key, or nil.
    public subscript(key: String) -> Value? {
        shape.index(of: key, hash: MapShape.hash(key)).map { values[$0] }
    }
}

/// The keys of a map and where each is.
///
/// Maps with the same keys in the same order can share one.
final class MapShape: Sendable {
    let keys: [Value]
    let hashes: [UInt32]
    /// Open addressing over a power of two of places, each an index into `keys` or -1; empty for small maps.
    let table: [Int32]

    /// Up to this many keys the hashes are scanned.
    private static let scanned = 8

    init(keys: [Value], hashes: [UInt32]) {
        self.keys = keys
        self.hashes = hashes
        guard keys.count > Self.scanned else {
            table = []
            return
        }
        var capacity = 16
        while capacity < keys.count * 2 { capacity *= 2 }
        var table = [Int32](repeating: -1, count: capacity)
        for index in keys.indices {
            var place = Int(hashes[index]) & (capacity - 1)
            while table[place] >= 0 { place = (place + 1) & (capacity - 1) }
            table[place] = Int32(index)
        }
        self.table = table
    }

    static let empty = MapShape(keys: [], hashes: [])

    static func hash(_ text: String) -> UInt32 {
        var hasher = Hasher()
        withBytes(text) { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        return UInt32(truncatingIfNeeded: hasher.finalize())
    }

    static func hash(_ key: Value) -> UInt32 {
        switch key {
        case .string(let text): return hash(text)
        case .bool(let flag): return flag ? 0x9E37_79B9 : 0x7F4A_7C15
        default:
            guard let number = IntegralKey(key) else { return 0 }
            var hasher = Hasher()
            hasher.combine(number)
            return UInt32(truncatingIfNeeded: hasher.finalize())
        }
    }

    func index(of key: Value) -> Int? {
        if case .string(let text) = key { return index(of: text, hash: Self.hash(text)) }
        guard key.isMapKey || key.isDouble else { return nil }
        return find(Self.hash(key)) { $0.isSameKey(as: key) }
    }

    func index(of text: String, hash: UInt32) -> Int? {
        find(hash) { key in
            guard case .string(let candidate) = key else { return false }
            return utf8Equal(candidate, text)
        }
    }

    @inline(__always)
    private func find(_ hash: UInt32, _ matches: (Value) -> Bool) -> Int? {
        if table.isEmpty {
            for index in hashes.indices where hashes[index] == hash && matches(keys[index]) { return index }
            return nil
        }
        var place = Int(hash) & (table.count - 1)
        while table[place] >= 0 {
            let index = Int(table[place])
            if hashes[index] == hash, matches(keys[index]) { return index }
            place = (place + 1) & (table.count - 1)
        }
        return nil
    }
}

/// A number that can be a key, whatever its type: its sign and magnitude.
private struct IntegralKey: Hashable {
    let isNegative: Bool
    let magnitude: UInt64

    init?(_ value: Value) {
        switch value {
        case .int(let number):
            isNegative = number < 0
            magnitude = number.magnitude
        case .uint(let number):
            isNegative = false
            magnitude = number
        case .double(let number):
            guard let exact = UInt64(exactly: number.magnitude) else { return nil }
            isNegative = number < 0
            magnitude = exact
        default: return nil
        }
    }
}

extension Value {
    var isMapKey: Bool {
        switch self {
        case .bool, .int, .uint, .string: true
        default: false
        }
    }

    fileprivate var isDouble: Bool {
        if case .double = self { true } else { false }
    }

    func isSameKey(as other: Value) -> Bool {
        switch (self, other) {
        case (.string(let a), .string(let b)): utf8Equal(a, b)
        case (.bool(let a), .bool(let b)): a == b
        case (.bool, _), (.string, _), (_, .bool), (_, .string): false
        default:
            if let a = IntegralKey(self), let b = IntegralKey(other) { a == b } else { false }
        }
    }
}

/// A value with named fields, of a record type of the environment.
public final class RecordValue: Sendable {
    /// The name of the record type.
    public let typeName: String
    /// The fields that are set, and what reading another one means.
    public let fields: MapValue

    /// Makes a record.
    ///
    /// A declared field that is not set is absent to `has()`; reading it is an error, or unknown if `absence` says so.
    public init(_ typeName: String, _ fields: some Sequence<(String, Value)>, absence: MapValue.Absence = .error) {
        self.typeName = typeName
        self.fields = MapValue(fields, absence: absence)
    }

    /// Makes a record from a map with string keys.
    public convenience init(_ typeName: String, _ fields: MapValue) {
        self.init(typeName: typeName, fields: fields)
    }

    init(typeName: String, fields: MapValue) {
        self.typeName = typeName
        self.fields = fields
    }
}
