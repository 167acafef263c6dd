// Literals of lists, maps and records, and loops.
extension PlainEvaluator {
    mutating func list(_ elements: [Node.ListElement]) throws(EvaluationError) -> Value {
        let evaluated = try evaluate(all: elements.map(\.value))
        guard case .values(let values) = evaluated else { return evaluated.unknown }
        try meter.charge(CostTable.list)
        return .list(try Aggregates.list(values, isOptional: elements.map(\.isOptional)))
    }

    mutating func map(_ entries: [Node.MapEntry]) throws(EvaluationError) -> Value {
        let evaluated = try evaluate(all: entries.flatMap { [$0.key, $0.value] })
        guard case .values(let values) = evaluated else { return evaluated.unknown }
        try meter.charge(CostTable.map)
        return try Aggregates.map(values, isOptional: entries.map(\.isOptional))
    }

    mutating func record(_ id: NodeID, _ fields: [Node.RecordField]) throws(EvaluationError) -> Value {
        guard case .record(let typeName) = program.types[id] else {
            throw EvaluationError(.undeclaredReference, "there is no such record type")
        }
        let evaluated = try evaluate(all: fields.map(\.value))
        guard case .values(let values) = evaluated else { return evaluated.unknown }
        try meter.charge(CostTable.record)
        return try Aggregates.record(typeName, fields, values)
    }

    // MARK: Loops

    mutating func comprehension(_ id: NodeID, _ loop: Node.Comprehension) throws(EvaluationError) -> Value {
        let range = try evaluate(loop.range)
        if let unknown = range.unknownWhole { return .unknown(unknown) }
        let elements = try LoopRange(range, loop)
        let slot = program.slots[id]
        switch loop.macro {
        case .all, .exists: return try decide(elements, loop, slot)
        case .existsOne: return try existsOne(elements, loop, slot)
        case .map, .filter, .transformList: return try collectList(elements, loop, slot)
        case .transformMap, .transformMapEntry: return try collectMap(elements, loop, slot)
        case .sortBy: return try sortBy(elements, loop, slot)
        }
    }

    private mutating func enter(
        _ index: Int,
        _ elements: LoopRange,
        _ loop: Node.Comprehension,
        _ slot: Int
    ) throws(EvaluationError) {
        try meter.chargeIteration()
        setLocal(slot, elements.first(index, isPaired: loop.second != nil))
        if loop.second != nil { setLocal(slot + 1, elements.second(index)) }
    }

    private mutating func decide(
        _ elements: LoopRange,
        _ loop: Node.Comprehension,
        _ slot: Int
    ) throws(EvaluationError) -> Value {
        let decisive = loop.macro == .exists
        var tally = Tally()
        for index in 0..<elements.count {
            try enter(index, elements, loop, slot)
            let settled = try tally.add(deciding: decisive, loop.macro.rawValue) {
                () throws(EvaluationError) -> Value in try evaluate(loop.body)
            }
            if settled { return .bool(decisive) }
        }
        return try tally.result(otherwise: !decisive)
    }

    /// A predicate's answer; nil if it is unknown, which is then in `unknown`.
    private mutating func predicate(
        _ id: NodeID,
        _ macro: Node.Macro,
        _ unknown: inout UnknownSet?
    ) throws(EvaluationError) -> Bool? {
        switch try evaluate(id) {
        case .bool(let flag): return flag
        case .unknown(let set):
            unknown = unknown?.union(set) ?? set
            return nil
        case let other: throw .noSuchOverload(macro.rawValue, other)
        }
    }

    private mutating func existsOne(
        _ elements: LoopRange,
        _ loop: Node.Comprehension,
        _ slot: Int
    ) throws(EvaluationError) -> Value {
        var unknown: UnknownSet?
        var count = 0
        for index in 0..<elements.count {
            try enter(index, elements, loop, slot)
            do throws(EvaluationError) {
                if try predicate(loop.body, loop.macro, &unknown) == true { count += 1 }
            } catch {
                guard let unknown, !error.isFatal else { throw error }
                return .unknown(unknown)
            }
        }
        if let unknown { return .unknown(unknown) }
        return .bool(count == 1)
    }

    private mutating func collectList(
        _ elements: LoopRange,
        _ loop: Node.Comprehension,
        _ slot: Int
    ) throws(EvaluationError) -> Value {
        var unknown: UnknownSet?
        var result: [Value] = []
        do throws(EvaluationError) {
            for index in 0..<elements.count {
                try enter(index, elements, loop, slot)
                let condition = loop.macro == .filter ? loop.body : loop.filter
                if let condition, try predicate(condition, loop.macro, &unknown) != true { continue }
                let value = loop.macro == .filter ? locals[slot] : try evaluate(loop.body)
                if case .unknown(let set) = value { unknown = unknown?.union(set) ?? set }
                result.append(value)
            }
        } catch {
            guard let unknown, !error.isFatal else { throw error }
            return .unknown(unknown)
        }
        if let unknown { return .unknown(unknown) }
        return .list(result)
    }

    private mutating func collectMap(
        _ elements: LoopRange,
        _ loop: Node.Comprehension,
        _ slot: Int
    ) throws(EvaluationError) -> Value {
        var unknown: UnknownSet?
        var builder = MapBuilder()
        do throws(EvaluationError) {
            for index in 0..<elements.count {
                try enter(index, elements, loop, slot)
                if let filter = loop.filter, try predicate(filter, loop.macro, &unknown) != true { continue }
                let value = try evaluate(loop.body)
                if loop.macro == .transformMap {
                    if case .unknown(let set) = value {
                        unknown = unknown?.union(set) ?? set
                    } else {
                        try builder.insertUnique(elements.key(index), value)
                    }
                } else if let set = value.unknownWhole {
                    unknown = unknown?.union(set) ?? set
                } else {
                    try builder.insertAll(value)
                }
            }
        } catch {
            guard let unknown, !error.isFatal else { throw error }
            return .unknown(unknown)
        }
        if let unknown { return .unknown(unknown) }
        return builder.map()
    }

    private mutating func sortBy(
        _ elements: LoopRange,
        _ loop: Node.Comprehension,
        _ slot: Int
    ) throws(EvaluationError) -> Value {
        var unknown: UnknownSet?
        var keys: [Value] = []
        for index in 0..<elements.count {
            try enter(index, elements, loop, slot)
            let key = try evaluate(loop.body)
            if case .unknown(let set) = key { unknown = unknown?.union(set) ?? set }
            keys.append(key)
        }
        if let unknown { return .unknown(unknown) }
        return .list(try Aggregates.sort(elements.elements, by: keys, &meter))
    }
}
