// Logic, literals and loops.
extension Compiler {
    func logical(_ sign: LogicalOperator, _ operands: [NodeID]) -> Code {
        let decisive = sign.decisive
        let function = sign == .and ? "_&&_" : "_||_"
        let codes = operands.map { BoolElement(run: code($0).asBool(function)) }
        guard codes.count == 2 else {
            return .bool { (frame: inout Frame) throws(EvaluationError) in
                var failure: EvaluationError?
                for code in codes {
                    do throws(EvaluationError) {
                        if try code.run(&frame) == decisive { return decisive }
                    } catch {
                        if error.isFatal { throw error }
                        if failure == nil { failure = error }
                    }
                }
                if let failure { throw failure }
                return !decisive
            }
        }
        let left = codes[0].run
        let right = codes[1].run
        return .bool { (frame: inout Frame) throws(EvaluationError) in
            do throws(EvaluationError) {
                if try left(&frame) == decisive { return decisive }
            } catch {
                if error.isFatal { throw error }
                if try right(&frame) == decisive { return decisive }
                throw error
            }
            return try right(&frame)
        }
    }

    func conditional(_ condition: NodeID, _ whenTrue: NodeID, _ whenFalse: NodeID) -> Code {
        let condition = code(condition).asBool("_?_:_")
        let first = code(whenTrue)
        let second = code(whenFalse)
        switch (first, second) {
        case (.bool(let a), .bool(let b)):
            return .bool { (frame: inout Frame) throws(EvaluationError) in
                try condition(&frame) ? try a(&frame) : try b(&frame)
            }
        default:
            let a = first.asValue
            let b = second.asValue
            return .value { (frame: inout Frame) throws(EvaluationError) in
                try condition(&frame) ? try a(&frame) : try b(&frame)
            }
        }
    }

    func bind(_ slot: Int, _ values: [NodeID], _ body: NodeID) -> Code {
        let values = values.map { ValueElement(run: code($0).asValue) }
        let body = code(body).asValue
        return .value { (frame: inout Frame) throws(EvaluationError) in
            for (offset, value) in values.enumerated() {
                do throws(EvaluationError) {
                    frame.setLocal(slot + offset, try value.run(&frame))
                } catch {
                    // The error counts where the variable is read, which the plain evaluator keeps track of.
                    throw error.isFatal ? error : .metUnknown
                }
            }
            return try body(&frame)
        }
    }

    func optionalMap(_ id: NodeID, _ target: NodeID, _ body: NodeID, isFlat: Bool) -> Code {
        let slot = program.slots[id]
        let target = code(target).asValue
        let body = code(body).asValue
        return .value { (frame: inout Frame) throws(EvaluationError) in
            let value = try target(&frame)
            guard case .optional(let optional) = value else { throw .noSuchOverload("optMap", value) }
            guard let wrapped = optional.wrapped else { return .none }
            frame.setLocal(slot, wrapped)
            let result = try body(&frame)
            guard isFlat else { return .optional(OptionalValue(result)) }
            guard case .optional = result else { throw .noSuchOverload("optFlatMap", result) }
            return result
        }
    }

    func list(_ elements: [Node.ListElement]) -> Code {
        let codes = elements.map { ValueElement(run: code($0.value).asValue) }
        let isOptional = elements.map(\.isOptional)
        return .value { (frame: inout Frame) throws(EvaluationError) in
            let values = try Self.evaluate(codes, &frame)
            try frame.meter.charge(CostTable.list)
            return .list(try Aggregates.list(values, isOptional: isOptional))
        }
    }

    func map(_ entries: [Node.MapEntry]) -> Code {
        let codes = entries.flatMap { [$0.key, $0.value] }.map { ValueElement(run: code($0).asValue) }
        let isOptional = entries.map(\.isOptional)
        return .value { (frame: inout Frame) throws(EvaluationError) in
            let values = try Self.evaluate(codes, &frame)
            try frame.meter.charge(CostTable.map)
            return try Aggregates.map(values, isOptional: isOptional)
        }
    }

    func record(_ id: NodeID, _ fields: [Node.RecordField]) -> Code {
        guard case .record(let typeName) = program.types[id] else {
            return .value { (_: inout Frame) throws(EvaluationError) in
                throw EvaluationError(.undeclaredReference, "there is no such record type")
            }
        }
        let codes = fields.map { ValueElement(run: code($0.value).asValue) }
        return .value { (frame: inout Frame) throws(EvaluationError) in
            let values = try Self.evaluate(codes, &frame)
            try frame.meter.charge(CostTable.record)
            return try Aggregates.record(typeName, fields, values)
        }
    }

    static func evaluate(_ codes: [ValueElement], _ frame: inout Frame) throws(EvaluationError) -> [Value] {
        var values: [Value] = []
        values.reserveCapacity(codes.count)
        for code in codes { values.append(try code.run(&frame)) }
        return values
    }

    // MARK: Loops

    func comprehension(_ id: NodeID, _ loop: Node.Comprehension) -> Code {
        let range = code(loop.range).asValue
        let slot = program.slots[id]
        switch loop.macro {
        case .all, .exists: return decide(loop, range, slot)
        case .existsOne: return existsOne(loop, range, slot)
        case .map, .filter, .transformList: return collectList(loop, range, slot)
        case .transformMap, .transformMapEntry: return collectMap(loop, range, slot)
        case .sortBy:
            let key = code(loop.body).asValue
            return .value { (frame: inout Frame) throws(EvaluationError) in
                let elements = try LoopRange(range(&frame), loop)
                var keys: [Value] = []
                for index in 0..<elements.count {
                    try Self.enter(index, elements, isPaired: false, slot, &frame)
                    keys.append(try key(&frame))
                }
                return .list(try Aggregates.sort(elements.elements, by: keys, &frame.meter))
            }
        }
    }

    @inline(__always)
    private static func enter(
        _ index: Int,
        _ elements: LoopRange,
        isPaired: Bool,
        _ slot: Int,
        _ frame: inout Frame
    ) throws(EvaluationError) {
        try frame.meter.chargeIteration()
        frame.setLocal(slot, elements.first(index, isPaired: isPaired))
        if isPaired { frame.setLocal(slot + 1, elements.second(index)) }
    }

    private func decide(_ loop: Node.Comprehension, _ range: @escaping ValueCode, _ slot: Int) -> Code {
        let decisive = loop.macro == .exists
        let body = code(loop.body).asBool(loop.macro.rawValue)
        let isPaired = loop.second != nil
        return .bool { (frame: inout Frame) throws(EvaluationError) in
            let elements = try LoopRange(range(&frame), loop)
            var failure: EvaluationError?
            for index in 0..<elements.count {
                try Self.enter(index, elements, isPaired: isPaired, slot, &frame)
                do throws(EvaluationError) {
                    if try body(&frame) == decisive { return decisive }
                } catch {
                    if error.isFatal { throw error }
                    if failure == nil { failure = error }
                }
            }
            if let failure { throw failure }
            return !decisive
        }
    }

    private func existsOne(_ loop: Node.Comprehension, _ range: @escaping ValueCode, _ slot: Int) -> Code {
        let body = code(loop.body).asBool(loop.macro.rawValue)
        let isPaired = loop.second != nil
        return .bool { (frame: inout Frame) throws(EvaluationError) in
            let elements = try LoopRange(range(&frame), loop)
            var count = 0
            for index in 0..<elements.count {
                try Self.enter(index, elements, isPaired: isPaired, slot, &frame)
                if try body(&frame) { count += 1 }
            }
            return count == 1
        }
    }

    private func collectList(_ loop: Node.Comprehension, _ range: @escaping ValueCode, _ slot: Int) -> Code {
        let isPaired = loop.second != nil
        let isFilter = loop.macro == .filter
        let condition = isFilter ? loop.body : loop.filter
        let filter = condition.map { code($0).asBool(loop.macro.rawValue) }
        let body = code(loop.body).asValue
        return .value { (frame: inout Frame) throws(EvaluationError) in
            let elements = try LoopRange(range(&frame), loop)
            var result: [Value] = []
            if filter == nil { result.reserveCapacity(elements.count) }
            for index in 0..<elements.count {
                try Self.enter(index, elements, isPaired: isPaired, slot, &frame)
                if let filter, !(try filter(&frame)) { continue }
                result.append(isFilter ? try frame.local(slot) : try body(&frame))
            }
            return .list(result)
        }
    }

    private func collectMap(_ loop: Node.Comprehension, _ range: @escaping ValueCode, _ slot: Int) -> Code {
        let isPaired = loop.second != nil
        let filter = loop.filter.map { code($0).asBool(loop.macro.rawValue) }
        let body = code(loop.body).asValue
        let keepsKeys = loop.macro == .transformMap
        return .value { (frame: inout Frame) throws(EvaluationError) in
            let elements = try LoopRange(range(&frame), loop)
            var builder = MapBuilder()
            for index in 0..<elements.count {
                try Self.enter(index, elements, isPaired: isPaired, slot, &frame)
                if let filter, !(try filter(&frame)) { continue }
                let value = try body(&frame)
                if keepsKeys {
                    try builder.insertUnique(elements.key(index), value)
                } else {
                    try builder.insertAll(value)
                }
            }
            return builder.map()
        }
    }
}
