// Reading fields, keys and elements, for both evaluators.

/// A constant string key with its hash.
struct FieldKey: Sendable {
    let name: String
    let hash: UInt32
    let packed: PackedKey

    init(_ name: String) {
        self.name = name
        packed = PackedKey(name)
        hash = MapShape.hash(name)
    }
}

extension MapValue {
    /// The value of a key; unknown or an error where it is absent.
    @inline(__always)
    func read(_ key: FieldKey) throws(EvaluationError) -> Value {
        if let index = shape.index(of: key) { return value(at: index) }
        return try absent(.string(key.name))
    }

    @inline(never)
    func absent(_ key: Value) throws(EvaluationError) -> Value {
        switch absence {
        case .error: throw EvaluationError(.noSuchKey, "no such key: \(key.literalText ?? key.typeName)")
        case .unknown(let path), .unknownUnlessTested(let path):
            return .unknown(UnknownSet(path + key.pathSuffix))
        }
    }

    /// Whether a key is there, for `has()` and `in`; nil is unknown.
    func presence(_ key: Value) -> Bool? {
        if shape.index(of: key) != nil { return true }
        if case .unknown = absence { return nil }
        return false
    }

    /// Throws where more entries may come, so that nothing can be said of the map as a whole.
    @inline(__always)
    func requireComplete() throws(EvaluationError) {
        if case .unknown = absence { throw .metUnknown }
    }

    func unknownPresence(_ key: Value) -> Value {
        switch absence {
        case .unknown(let path), .unknownUnlessTested(let path): .unknown(UnknownSet(path + key.pathSuffix))
        case .error: .bool(false)
        }
    }
}

extension Value {
    /// What must be known before the value can be gone through as a whole; nil if it can.
    var unknownWhole: UnknownSet? {
        switch self {
        case .unknown(let set): set
        case .map(let map):
            if case .unknown(let path) = map.absence { UnknownSet(path) } else { nil }
        default: nil
        }
    }

    /// How the key reads at the end of an attribute path.
    var pathSuffix: String {
        if case .string(let name) = self, !name.isEmpty, name.utf8.allSatisfy(\.isIdentifierPart) { return "." + name }
        return "[\(literalText ?? "…")]"
    }

    /// Reads `self.field`; on an optional the result is optional.
    func selecting(_ key: FieldKey) throws(EvaluationError) -> Value {
        switch self {
        case .map(let map): return try map.read(key)
        case .record(let record):
            if let index = record.fields.shape.index(of: key) {
                return record.fields.value(at: index)
            }
            if case .error = record.fields.absence {
                throw EvaluationError(.noSuchField, "\(record.typeName) has no field '\(key.name)' here")
            }
            return try record.fields.absent(.string(key.name))
        case .optional(let optional):
            guard let wrapped = optional.wrapped else { return self }
            return try wrapped.optionallySelecting(key)
        case .unknown(let set): return .unknown(set.appending(Value.string(key.name).pathSuffix))
        default:
            throw EvaluationError(.noSuchOverload, "\(typeName) has no fields: cannot read '\(key.name)'")
        }
    }

    /// `self.?field`.
    func optionallySelecting(_ key: FieldKey) throws(EvaluationError) -> Value {
        switch self {
        case .optional(let optional):
            guard let wrapped = optional.wrapped else { return self }
            return try wrapped.optionallySelecting(key)
        case .unknown: return try selecting(key)
        default:
            let present = try hasField(key)
            guard case .bool(let flag) = present else { return present }
            guard flag else { return .none }
            let value = try selecting(key)
            if case .unknown = value { return value }
            return .optional(OptionalValue(value))
        }
    }

    /// `has(self.field)`: a bool, or unknown.
    func hasField(_ key: FieldKey) throws(EvaluationError) -> Value {
        switch self {
        case .map(let map): return map.hasField(key)
        case .record(let record): return record.fields.hasField(key)
        case .optional(let optional):
            guard let wrapped = optional.wrapped else { return .bool(false) }
            return try wrapped.hasField(key)
        case .unknown: return try selecting(key)
        default: throw EvaluationError(.noSuchOverload, "\(typeName) has no fields: cannot test '\(key.name)'")
        }
    }

    /// Reads `self[key]`; on an optional the result is optional.
    func indexing(_ key: Value) throws(EvaluationError) -> Value {
        switch self {
        case .list(let elements):
            let index = try Value.listIndex(key)
            guard let index, index >= 0, index < elements.count else {
                throw EvaluationError(
                    .indexOutOfRange,
                    "index \(key.literalText ?? key.typeName) is outside the list of \(elements.count)"
                )
            }
            return elements[index]
        case .map(let map):
            if let value = map[key] { return value }
            guard key.isMapKey || key.isNumber else {
                throw EvaluationError(.noSuchKey, "\(key.typeName) cannot be the key of a map")
            }
            return try map.absent(key)
        case .optional(let optional):
            guard let wrapped = optional.wrapped else { return self }
            return try wrapped.optionallyIndexing(key)
        case .unknown(let set): return .unknown(set.appending(key.pathSuffix))
        default: throw .noSuchOverload("_[_]", self, key)
        }
    }

    /// `self[?key]`.
    func optionallyIndexing(_ key: Value) throws(EvaluationError) -> Value {
        switch self {
        case .optional(let optional):
            guard let wrapped = optional.wrapped else { return self }
            return try wrapped.optionallyIndexing(key)
        case .list(let elements):
            guard let index = try Value.listIndex(key), index >= 0, index < elements.count else { return .none }
            return Value.wrapping(elements[index])
        case .map(let map):
            guard key.isMapKey || key.isNumber else {
                throw EvaluationError(.noSuchKey, "\(key.typeName) cannot be the key of a map")
            }
            if let value = map[key] { return Value.wrapping(value) }
            let presence = map.presenceValue(key)
            if case .bool = presence { return .none }
            return presence
        default: return try indexing(key)
        }
    }

    private static func wrapping(_ value: Value) -> Value {
        if case .unknown = value { return value }
        return .optional(OptionalValue(value))
    }

    /// A number as an index; nil if it is none that a list can have.
    private static func listIndex(_ key: Value) throws(EvaluationError) -> Int? {
        switch key {
        case .int(let number): return Int(exactly: number)
        case .uint(let number): return Int(exactly: number)
        case .double(let number):
            guard let index = Int(exactly: number) else {
                throw .invalid("a list is indexed by whole numbers, found \(number)")
            }
            return index
        default: throw EvaluationError(.noSuchOverload, "a list is indexed by int, found \(key.typeName)")
        }
    }
}

extension MapValue {
    fileprivate func hasField(_ key: FieldKey) -> Value {
        shape.index(of: key) != nil ? .bool(true) : presenceValue(.string(key.name))
    }

    fileprivate func presenceValue(_ key: Value) -> Value {
        if let present = presence(key) { return .bool(present) }
        return unknownPresence(key)
    }
}
