/// Collects the entries of a map.
struct MapBuilder {
    private(set) var keys: [Value] = []
    private(set) var values: [Value] = []
    private var hashes: [UInt32] = []
    private var places: [UInt32: [Int]] = [:]

    var count: Int { keys.count }

    private func place(of key: Value, hash: UInt32) -> Int? {
        if keys.count <= 8 {
            for index in keys.indices where hashes[index] == hash && keys[index].isSameKey(as: key) { return index }
            return nil
        }
        return places[hash]?.first { keys[$0].isSameKey(as: key) }
    }

    private mutating func append(_ key: Value, _ value: Value, hash: UInt32) {
        keys.append(key)
        values.append(value)
        hashes.append(hash)
        if keys.count == 9 {
            for index in keys.indices { places[hashes[index], default: []].append(index) }
        } else if keys.count > 9 {
            places[hash, default: []].append(keys.count - 1)
        }
    }

    /// Adds an entry; false if the key is there already.
    mutating func insert(_ key: Value, _ value: Value) -> Bool {
        let hash = MapShape.hash(key)
        guard place(of: key, hash: hash) == nil else { return false }
        append(key, value, hash: hash)
        return true
    }

    /// Adds or replaces an entry.
    mutating func set(_ key: Value, _ value: Value) {
        let hash = MapShape.hash(key)
        if let place = place(of: key, hash: hash) {
            values[place] = value
        } else {
            append(key, value, hash: hash)
        }
    }

    func shape() -> MapShape { MapShape(keys: keys, hashes: hashes) }

    func map() -> Value { .map(MapValue(shape: shape(), values: values)) }
}

/// Makes maps that share the table of their keys where they have the same keys in the same order, as the rows of a
/// table do.
///
/// Such maps take less memory and are read faster.
public struct MapShapes {
    private var known: [[UInt8]: MapShape] = [:]

    /// Shapes beyond this many are not remembered.
    private static let maximum = 1_024

    /// Nothing is shared yet.
    public init() {}

    /// A map with string keys; the last of equal keys counts.
    ///
    /// - Parameters:
    ///   - entries: The keys and values.
    ///   - absence: What reading an absent key means.
    /// - Returns: The map, which shares its keys with earlier ones like it.
    public mutating func map(_ entries: [(String, Value)], absence: MapValue.Absence = .error) -> MapValue {
        // A byte that UTF-8 does not use stands between the keys.
        var keys: [UInt8] = []
        for (key, _) in entries {
            keys += key.utf8
            keys.append(0xFF)
        }
        if let shape = known[keys] { return MapValue(shape: shape, values: entries.map(\.1), absence: absence) }
        let map = MapValue(entries, absence: absence)
        if map.count == entries.count, known.count < Self.maximum { known[keys] = map.shape }
        return map
    }
}
