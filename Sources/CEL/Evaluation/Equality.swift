// Equality and order across the types of the language.

/// Compares two numbers of any types; nil if either is NaN or no number.
func compareNumbers(_ a: Value, _ b: Value) -> Int? {
    switch (a, b) {
    case (.int(let x), .int(let y)): order(x, y)
    case (.uint(let x), .uint(let y)): order(x, y)
    case (.double(let x), .double(let y)): x < y ? -1 : x > y ? 1 : x == y ? 0 : nil
    case (.int(let x), .uint(let y)): x < 0 ? -1 : order(UInt64(x), y)
    case (.uint(let x), .int(let y)): y < 0 ? 1 : order(x, UInt64(y))
    case (.int(let x), .double(let y)): compare(x, y)
    case (.double(let x), .int(let y)): compare(y, x).map { -$0 }
    case (.uint(let x), .double(let y)): compare(x, y)
    case (.double(let x), .uint(let y)): compare(y, x).map { -$0 }
    default: nil
    }
}

@inline(__always)
private func order<T: Comparable>(_ x: T, _ y: T) -> Int { x < y ? -1 : x == y ? 0 : 1 }

// The language converts the integer to a double here, as the suite's tests of lossy comparisons expect.
func compare(_ x: Int64, _ y: Double) -> Int? {
    let converted = Double(x)
    return converted < y ? -1 : converted > y ? 1 : converted == y ? 0 : nil
}

func compare(_ x: UInt64, _ y: Double) -> Int? {
    let converted = Double(x)
    return converted < y ? -1 : converted > y ? 1 : converted == y ? 0 : nil
}

extension Value {
    var isNumber: Bool {
        switch self {
        case .int, .uint, .double: true
        default: false
        }
    }

    /// Whether two values are equal.
    ///
    /// Costs a unit for every ten bytes or elements looked at.
    ///
    /// Reading an unknown inside a list or map throws `metUnknown`.
    static func areEqual(_ a: Value, _ b: Value, _ meter: inout Meter) throws(EvaluationError) -> Bool {
        switch (a, b) {
        case (.unknown, _), (_, .unknown): throw .metUnknown
        case (.null, .null): return true
        case (.bool(let x), .bool(let y)): return x == y
        case (.int(let x), .int(let y)): return x == y
        case (.uint(let x), .uint(let y)): return x == y
        case (.double(let x), .double(let y)): return x == y
        case (.string(let x), .string(let y)):
            guard x.utf8.count == y.utf8.count else { return false }
            try meter.charge(CostTable.traversal(x.utf8.count))
            return utf8Equal(x, y)
        case (.bytes(let x), .bytes(let y)):
            guard x.count == y.count else { return false }
            try meter.charge(CostTable.traversal(x.count))
            return x == y
        case (.timestamp(let x), .timestamp(let y)): return x == y
        case (.duration(let x), .duration(let y)): return x == y
        case (.list(let x), .list(let y)): return try areEqual(x, y, &meter)
        case (.map(let x), .map(let y)): return try areEqual(x, y, &meter)
        case (.record(let x), .record(let y)):
            guard x.typeName == y.typeName else { return false }
            return try areEqual(x.fields, y.fields, &meter)
        case (.optional(let x), .optional(let y)):
            try meter.charge(1)
            guard let left = x.wrapped, let right = y.wrapped else { return x.wrapped == nil && y.wrapped == nil }
            return try areEqual(left, right, &meter)
        case (.type(let x), .type(let y)): return x.runtimeName == y.runtimeName
        case (.opaque(let x), .opaque(let y)): return x.isEqual(to: y)
        default:
            guard a.isNumber, b.isNumber else { return false }
            return compareNumbers(a, b) == 0
        }
    }

    private static func areEqual(_ x: [Value], _ y: [Value], _ meter: inout Meter) throws(EvaluationError) -> Bool {
        guard x.count == y.count else { return false }
        var sawUnknown = false
        for index in x.indices {
            try meter.charge(1)
            do throws(EvaluationError) {
                guard try areEqual(x[index], y[index], &meter) else { return false }
            } catch {
                guard error.isUnknown else { throw error }
                sawUnknown = true
            }
        }
        if sawUnknown { throw .metUnknown }
        return true
    }

    private static func areEqual(_ x: MapValue, _ y: MapValue, _ meter: inout Meter) throws(EvaluationError) -> Bool {
        if case .unknown = x.absence { return try areEqual(open: x, y, &meter) }
        if case .unknown = y.absence { return try areEqual(open: y, x, &meter) }
        guard x.count == y.count else { return false }
        if x === y, x.count == 0 { return true }
        var sawUnknown = false
        for (key, value) in x.entries {
            try meter.charge(1)
            guard let other = y[key] else { return false }
            do throws(EvaluationError) {
                guard try areEqual(value, other, &meter) else { return false }
            } catch {
                guard error.isUnknown else { throw error }
                sawUnknown = true
            }
        }
        if sawUnknown { throw .metUnknown }
        return true
    }

    /// Whether a map to which entries may come can be told from another; if not, it is unknown.
    private static func areEqual(
        open x: MapValue,
        _ y: MapValue,
        _ meter: inout Meter
    ) throws(EvaluationError) -> Bool {
        for (key, value) in x.entries {
            try meter.charge(1)
            guard let other = y[key] else {
                if y.presence(key) == false { return false }
                continue
            }
            do throws(EvaluationError) {
                guard try areEqual(value, other, &meter) else { return false }
            } catch {
                guard error.isUnknown else { throw error }
            }
        }
        throw .metUnknown
    }

    /// Orders two values of an ordered type; throws if there is no such order, gives nil for NaN.
    static func order(
        _ a: Value,
        _ b: Value,
        _ function: String,
        _ meter: inout Meter
    ) throws(EvaluationError) -> Int? {
        switch (a, b) {
        case (.string(let x), .string(let y)):
            try meter.charge(CostTable.traversal(min(x.utf8.count, y.utf8.count)))
            return utf8Compare(x, y)
        case (.bytes(let x), .bytes(let y)):
            try meter.charge(CostTable.traversal(min(x.count, y.count)))
            return x.withUnsafeBufferPointer { left in
                y.withUnsafeBufferPointer { right in
                    for i in 0..<min(left.count, right.count) where left[i] != right[i] {
                        return left[i] < right[i] ? -1 : 1
                    }
                    return left.count - right.count
                }
            }
        case (.bool(let x), .bool(let y)): return x == y ? 0 : x ? 1 : -1
        case (.timestamp(let x), .timestamp(let y)): return x < y ? -1 : x == y ? 0 : 1
        case (.duration(let x), .duration(let y)): return x < y ? -1 : x == y ? 0 : 1
        default:
            guard a.isNumber, b.isNumber else { throw .noSuchOverload(function, a, b) }
            return compareNumbers(a, b)
        }
    }

    /// The attributes of every unknown inside the value, however deep, up to a bounded number of looks.
    func unknownPaths(budget: inout Int) -> [String] {
        guard budget > 0 else { return [] }
        budget -= 1
        switch self {
        case .unknown(let set): return set.paths
        case .list(let elements):
            var paths: [String] = []
            for element in elements where budget > 0 { paths += element.unknownPaths(budget: &budget) }
            return paths
        case .map(let map):
            return map.unknownPaths(awaited: [], budget: &budget)
        case .record(let record): return record.fields.unknownPaths(awaited: record.awaited, budget: &budget)
        case .optional(let optional): return optional.wrapped?.unknownPaths(budget: &budget) ?? []
        default: return []
        }
    }
}

extension MapValue {
    /// The attributes of what is not there yet, by the names that are awaited if these are known, and of every unknown.
    fileprivate func unknownPaths(awaited: [String], budget: inout Int) -> [String] {
        var paths: [String] = []
        if case .unknown(let path) = absence {
            paths = awaited.isEmpty ? [path] : awaited.map { path + Value.string($0).pathSuffix }
        }
        for value in values where budget > 0 { paths += value.unknownPaths(budget: &budget) }
        return paths
    }
}
