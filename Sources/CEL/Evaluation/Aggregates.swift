/// What a loop runs over.
struct LoopRange {
    /// The elements of a list, or the keys of a map.
    let elements: [Value]
    /// The values of a map.
    private let values: [Value]?

    init(_ range: Value, _ loop: Node.Comprehension) throws(EvaluationError) {
        switch range {
        case .list(let list):
            elements = list
            values = nil
        case .map(let map) where loop.macro != .sortBy:
            try map.requireComplete()
            elements = map.keys
            values = map.values
        default: throw .noSuchOverload(loop.macro.rawValue, range)
        }
    }

    var count: Int { elements.count }

    /// The first variable: with a second one beside it, a list gives its index there.
    @inline(__always)
    func first(_ index: Int, isPaired: Bool) -> Value {
        isPaired && values == nil ? .int(Int64(index)) : elements[index]
    }

    @inline(__always)
    func second(_ index: Int) -> Value {
        values?[index] ?? elements[index]
    }

    /// The key that `transformMap` keeps.
    func key(_ index: Int) -> Value {
        values == nil ? .int(Int64(index)) : elements[index]
    }
}

/// Building lists, maps and records, for both evaluators.
enum Aggregates {
    static func list(_ values: [Value], isOptional: [Bool]) throws(EvaluationError) -> [Value] {
        guard isOptional.contains(true) else { return values }
        var result: [Value] = []
        for (index, value) in values.enumerated() {
            if isOptional[index] {
                if let wrapped = try payload(value) { result.append(wrapped) }
            } else {
                result.append(value)
            }
        }
        return result
    }

    /// A map from keys and values in turn.
    static func map(_ values: [Value], isOptional: [Bool]) throws(EvaluationError) -> Value {
        var builder = MapBuilder()
        for (index, optional) in isOptional.enumerated() {
            let key = values[index * 2]
            guard key.isMapKey else { throw .invalid("\(key.typeName) may not be the key of a map") }
            if optional {
                if let wrapped = try payload(values[index * 2 + 1]) { try builder.insertUnique(key, wrapped) }
            } else {
                try builder.insertUnique(key, values[index * 2 + 1])
            }
        }
        return builder.map()
    }

    static func record(
        _ typeName: String,
        _ fields: [Node.RecordField],
        _ values: [Value]
    ) throws(EvaluationError) -> Value {
        var builder = MapBuilder()
        for (index, field) in fields.enumerated() {
            let value = field.isOptional ? try payload(values[index]) : values[index]
            if let value { builder.set(.string(field.name), value) }
        }
        let map = MapValue(shape: builder.shape(), values: builder.values)
        return .record(RecordValue(typeName: typeName, fields: map))
    }

    private static func payload(_ value: Value) throws(EvaluationError) -> Value? {
        guard case .optional(let optional) = value else {
            throw EvaluationError(.noSuchOverload, "'?' needs an optional value, found \(value.typeName)")
        }
        return optional.wrapped
    }

    /// The elements in the order of their keys; equal keys keep their order.
    static func sort(
        _ elements: [Value],
        by keys: [Value],
        _ meter: inout Meter
    ) throws(EvaluationError) -> [Value] {
        try meter.charge(CostRule.sort(0).cost(of: [.list(elements)]))
        guard let first = keys.first else { return elements }
        for key in keys {
            if case .unknown = key { throw .metUnknown }
            guard key.type == first.type, key.isOrdered else {
                throw .invalid("only keys of one type that has an order can be sorted")
            }
        }
        var order = Array(keys.indices)
        var counter = meter
        var failure: EvaluationError?
        order.sort { a, b in
            do throws(EvaluationError) {
                guard failure == nil else { return a < b }
                let comparison = try Value.order(keys[a], keys[b], "sort", &counter) ?? 0
                return comparison == 0 ? a < b : comparison < 0
            } catch {
                failure = error
                return a < b
            }
        }
        meter.cost = counter.cost
        if let failure { throw failure }
        return order.map { elements[$0] }
    }
}

extension Value {
    var isOrdered: Bool {
        switch self {
        case .bool, .int, .uint, .double, .string, .bytes, .timestamp, .duration: true
        default: false
        }
    }
}

extension MapBuilder {
    mutating func insertUnique(_ key: Value, _ value: Value) throws(EvaluationError) {
        guard insert(key, value) else {
            throw .invalid("the key \(key.literalText ?? key.typeName) stands twice in a map")
        }
    }

    mutating func insertAll(_ value: Value) throws(EvaluationError) {
        guard case .map(let map) = value else { throw .noSuchOverload("transformMapEntry", value) }
        try map.requireComplete()
        for (key, value) in map.entries { try insertUnique(key, value) }
    }
}
