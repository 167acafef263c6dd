/// A map from bool, int, uint and string keys, in the order of its entries.
///
/// Numbers are one key space: `1`, `1u` and `1.0` find the same entry.
///
/// Nothing of it changes once it is made, hence `@unchecked Sendable`.
public final class MapValue: @unchecked Sendable {
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
    /// The number of entries.
    public let count: Int
    /// What reading an absent key means.
    public let absence: Absence
    // Memory of their own, so that a path of fields can be followed without counting references.
    private let storage: UnsafeMutablePointer<Value>
    private let nested: UnsafeMutablePointer<Unmanaged<MapValue>?>

    init(shape: MapShape, values: [Value], absence: Absence = .error) {
        self.shape = shape
        self.absence = absence
        count = min(shape.keys.count, values.count)
        storage = .allocate(capacity: count)
        nested = .allocate(capacity: count)
        for index in 0..<count {
            (storage + index).initialize(to: values[index])
            (nested + index).initialize(to: values[index].fields.map { .passUnretained($0) })
        }
    }

    deinit {
        storage.deinitialize(count: count)
        storage.deallocate()
        nested.deinitialize(count: count)
        nested.deallocate()
    }

    /// The values in order.
    public var values: [Value] { Array(UnsafeBufferPointer(start: storage, count: count)) }

    /// The value at an index of the shape.
    @inline(__always)
    func value(at index: Int) -> Value { storage[index] }

    /// Where the value of a short key lies; nil if it is not found this way.
    @inline(__always)
    func place(of key: PackedKey) -> UnsafeMutablePointer<Value>? {
        let index = shape.index(ofPacked: key)
        return index < 0 ? nil : storage + index
    }

    /// The map or record under a short key; nil if it is not found this way.
    @inline(__always)
    func map(under key: PackedKey) -> Unmanaged<MapValue>? {
        let index = shape.index(ofPacked: key)
        return index < 0 ? nil : nested[index]
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

    /// The keys in order.
    public var keys: [Value] { shape.keys }

    /// The entries in order.
    public var entries: Zip2Sequence<[Value], [Value]> { zip(shape.keys, values) }

    /// The value of a key, or nil.
    public subscript(key: Value) -> Value? {
        shape.index(of: key).map { storage[$0] }
    }

    /// The value of a string key, or nil.
    public subscript(key: String) -> Value? {
        shape.index(of: key, hash: MapShape.hash(key)).map { storage[$0] }
    }
}

/// The keys of a map and where each is.
///
/// Maps with the same keys in the same order can share one.
///
/// Nothing of it changes once it is made, hence `@unchecked Sendable`.
final class MapShape: @unchecked Sendable {
    let keys: [Value]
    let hashes: [UInt32]
    /// The keys again, as far as they are short strings, in a form that compares quickly.
    private let packed: UnsafeMutablePointer<PackedKey>
    /// How many of the packed keys to scan: none if there is a table.
    private let scannedCount: Int
    /// Open addressing over a power of two of places, each an index into `keys` or -1; empty for small maps.
    let table: [Int32]

    /// Up to this many keys the hashes are scanned.
    private static let scanned = 8

    init(keys: [Value], hashes: [UInt32]) {
        self.keys = keys
        self.hashes = hashes
        packed = .allocate(capacity: keys.count)
        for (index, key) in keys.enumerated() { (packed + index).initialize(to: PackedKey(key)) }
        guard keys.count > Self.scanned else {
            scannedCount = keys.count
            table = []
            return
        }
        scannedCount = 0
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

    deinit { packed.deallocate() }

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

    /// The index of a key that is known when an expression is compiled.
    @inline(__always)
    func index(of key: FieldKey) -> Int? {
        guard key.packed.isString, table.isEmpty else { return index(of: key.name, hash: key.hash) }
        let index = index(ofPacked: key.packed)
        return index < 0 ? nil : index
    }

    /// The index of a short key in a small map, or -1.
    @inline(__always)
    func index(ofPacked key: PackedKey) -> Int {
        var index = 0
        while index < scannedCount {
            if packed[index] == key { return index }
            index += 1
        }
        return -1
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

/// A string of up to 16 bytes as two words and its length; any other key is no string here and equals nothing.
struct PackedKey: Sendable, Equatable {
    private let low: UInt64
    private let high: UInt64
    private let length: UInt64

    private static let other: UInt64 = .max

    init(_ key: Value) {
        if case .string(let text) = key { self.init(text) } else { self.init(low: 0, high: 0, length: Self.other) }
    }

    init(_ text: String) {
        var low: UInt64 = 0
        var high: UInt64 = 0
        let count = text.utf8.count
        guard count <= 16 else {
            self.init(low: 0, high: 0, length: Self.other)
            return
        }
        for (index, byte) in text.utf8.enumerated() {
            if index < 8 { low |= UInt64(byte) << (index * 8) } else { high |= UInt64(byte) << ((index - 8) * 8) }
        }
        self.init(low: low, high: high, length: UInt64(count))
    }

    static func == (a: PackedKey, b: PackedKey) -> Bool {
        (a.low ^ b.low) | (a.high ^ b.high) | (a.length ^ b.length) == 0
    }

    private init(low: UInt64, high: UInt64, length: UInt64) {
        self.low = low
        self.high = high
        self.length = length
    }

    var isString: Bool { length != Self.other }
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
    /// The entries of a map, or the fields of a record.
    var fields: MapValue? {
        switch self {
        case .map(let map): map
        case .record(let record): record.fields
        default: nil
        }
    }

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
    /// The declared fields that are not set, if they are all that the record waits for as a whole; empty where nobody
    /// said so.
    public let awaited: [String]

    /// Makes a record.
    ///
    /// A declared field that is not set is absent to `has()`; reading it is an error, or unknown if `absence` says so.
    ///
    /// - Parameters:
    ///   - typeName: The record type.
    ///   - fields: The fields that are set.
    ///   - absence: What reading another one means.
    ///   - awaited: The others, for the message of what waits for the record as a whole, where that is unknown.
    public init(
        _ typeName: String, _ fields: some Sequence<(String, Value)>, absence: MapValue.Absence = .error,
        awaited: [String] = []
    ) {
        self.typeName = typeName
        self.fields = MapValue(fields, absence: absence)
        self.awaited = awaited
    }

    /// Makes a record from a map with string keys.
    public convenience init(_ typeName: String, _ fields: MapValue) {
        self.init(typeName: typeName, fields: fields)
    }

    init(typeName: String, fields: MapValue) {
        self.typeName = typeName
        self.fields = fields
        awaited = []
    }
}
