/// Evaluates a checked tree by walking it.
///
/// It knows unknowns, can watch every sub-expression, and is what the fast evaluator is measured against. Both charge
/// the same costs.
struct PlainEvaluator {
    let program: CheckedTree
    let activation: Activation
    var meter: Meter
    var locals: [Value]
    /// The errors of bound variables, which count only where the variable is read.
    private var failures: [Int: EvaluationError] = [:]
    /// Called with every node's outcome, when somebody wants to see them.
    var observer: Observer?

    typealias Observer = (NodeID, Result<Value, EvaluationError>, borrowing PlainEvaluator) -> Void

    init(_ program: CheckedTree, _ activation: Activation, meter: Meter, observer: Observer? = nil) {
        self.program = program
        self.activation = activation
        self.meter = meter
        self.observer = observer
        locals = Array(repeating: .null, count: program.slotCount)
    }

    mutating func evaluate() throws(EvaluationError) -> Value { try evaluate(program.tree.root) }

    mutating func evaluate(_ id: NodeID) throws(EvaluationError) -> Value {
        guard let observer else { return try value(of: id) }
        do throws(EvaluationError) {
            let value = try value(of: id)
            observer(id, .success(value), self)
            return value
        } catch {
            observer(id, .failure(error), self)
            throw error
        }
    }

    private mutating func value(of id: NodeID) throws(EvaluationError) -> Value {
        switch program.tree[id].kind {
        case .literal(let value): return value
        case .identifier(let name, _): return try readName(id, name)
        case .select(let operand, let field):
            if program.references[id] != nil { return try readName(id, field) }
            let value = try evaluate(operand)
            try meter.charge(CostTable.select)
            return try value.selecting(FieldKey(field))
        case .optionalSelect(let operand, let field):
            let value = try evaluate(operand)
            try meter.charge(CostTable.select)
            return try value.optionallySelecting(FieldKey(field))
        case .has(let operand, let field):
            let value = try evaluate(operand)
            try meter.charge(CostTable.select)
            return try value.hasField(FieldKey(field))
        case .index(let operand, let key), .optionalIndex(let operand, let key):
            return try index(id, operand, key)
        case .call(_, let arguments): return try call(id, arguments)
        case .memberCall(let target, let name, let arguments): return try memberCall(id, target, name, arguments)
        case .unary(_, let operand): return try call(id, [operand])
        case .binary(_, let left, let right): return try call(id, [left, right])
        case .logical(let sign, let operands): return try logical(sign, operands)
        case .conditional(let condition, let whenTrue, let whenFalse):
            switch try evaluate(condition) {
            case .bool(let flag): return try evaluate(flag ? whenTrue : whenFalse)
            case .unknown(let set): return .unknown(set)
            case let other: throw .noSuchOverload("_?_:_", other)
            }
        case .list(let elements): return try list(elements)
        case .map(let entries): return try map(entries)
        case .record(_, let fields): return try record(id, fields)
        case .comprehension(let loop): return try comprehension(id, loop)
        case .bind(_, let value, let body):
            try bind(program.slots[id], to: value)
            return try evaluate(body)
        case .optionalMap(let target, _, let body, let isFlat):
            return try optionalMap(id, target, body, isFlat: isFlat)
        case .block(let values, let body):
            for (offset, value) in values.enumerated() {
                try bind(program.slots[id] + offset, to: value)
            }
            return try evaluate(body)
        }
    }

    private mutating func readName(_ id: NodeID, _ name: String) throws(EvaluationError) -> Value {
        switch program.references[id] {
        case .variable(let index):
            try meter.charge(CostTable.name)
            return try activation.value(at: index)
        case .local(let slot):
            try meter.charge(CostTable.name)
            if let failure = failures[slot] { throw failure }
            return locals[slot]
        case .constant(let value): return value
        default:
            try meter.charge(CostTable.name)
            throw EvaluationError(.undeclaredReference, "undeclared name '\(name)'")
        }
    }

    /// Binds a variable to a value or, until it is read, to an error.
    private mutating func bind(_ slot: Int, to value: NodeID) throws(EvaluationError) {
        do throws(EvaluationError) {
            locals[slot] = try evaluate(value)
            failures[slot] = nil
        } catch {
            if error.isFatal { throw error }
            failures[slot] = error
        }
    }

    /// Gives a loop's or optional's variable its value.
    mutating func setLocal(_ slot: Int, _ value: Value) {
        locals[slot] = value
        if !failures.isEmpty { failures[slot] = nil }
    }

    private mutating func logical(_ sign: LogicalOperator, _ operands: [NodeID]) throws(EvaluationError) -> Value {
        var tally = Tally()
        for operand in operands {
            let settled = try tally.add(deciding: sign.decisive, sign == .and ? "_&&_" : "_||_") {
                () throws(EvaluationError) -> Value in try evaluate(operand)
            }
            if settled { return .bool(sign.decisive) }
        }
        return try tally.result(otherwise: !sign.decisive)
    }

    private mutating func index(_ id: NodeID, _ operand: NodeID, _ key: NodeID) throws(EvaluationError) -> Value {
        let isOptional = if case .optionalIndex = program.tree[id].kind { true } else { false }
        let arguments = try evaluate(all: [operand, key])
        guard case .values(let values) = arguments else {
            // An unknown container with a known key is an attribute of its own.
            if case .unknown(let set, let partial) = arguments, partial.count == 2, case .unknown = partial[0] {
                if case .unknown = partial[1] { return .unknown(set) }
                return try partial[0].indexing(partial[1])
            }
            return arguments.unknown
        }
        try meter.charge(CostTable.call)
        return try isOptional ? values[0].optionallyIndexing(values[1]) : values[0].indexing(values[1])
    }

    private mutating func optionalMap(
        _ id: NodeID,
        _ target: NodeID,
        _ body: NodeID,
        isFlat: Bool
    ) throws(EvaluationError) -> Value {
        let value = try evaluate(target)
        if case .unknown = value { return value }
        guard case .optional(let optional) = value else { throw .noSuchOverload("optMap", value) }
        guard let wrapped = optional.wrapped else { return .none }
        setLocal(program.slots[id], wrapped)
        let result = try evaluate(body)
        if case .unknown = result { return result }
        guard isFlat else { return .optional(OptionalValue(result)) }
        guard case .optional = result else { throw .noSuchOverload("optFlatMap", result) }
        return result
    }

    // MARK: Calls

    /// The outcome of evaluating arguments that are all needed.
    enum Arguments {
        case values([Value])
        /// One at least is unknown.
        case unknown(UnknownSet, [Value])

        var unknown: Value {
            if case .unknown(let set, _) = self { .unknown(set) } else { .null }
        }
    }

    /// Evaluates all arguments.
    ///
    /// An unknown outweighs an error, so after an error the rest is looked at for one, free of charge: otherwise the
    /// cost would depend on whether anything may be unknown.
    mutating func evaluate(all ids: [NodeID]) throws(EvaluationError) -> Arguments {
        var values: [Value] = []
        values.reserveCapacity(ids.count)
        var unknown: UnknownSet?
        var failure: (error: EvaluationError, cost: UInt64)?
        for id in ids {
            do throws(EvaluationError) {
                let value = try evaluate(id)
                if case .unknown(let set) = value { unknown = unknown?.union(set) ?? set }
                values.append(value)
            } catch {
                if error.isFatal { throw failure.map(\.error) ?? error }
                if failure == nil { failure = (error, meter.cost) }
            }
        }
        if let unknown { return .unknown(unknown, values) }
        if let failure {
            meter.cost = failure.cost
            throw failure.error
        }
        return .values(values)
    }

    private mutating func call(_ id: NodeID, _ arguments: [NodeID]) throws(EvaluationError) -> Value {
        guard case .function(let function) = program.references[id] else {
            throw EvaluationError(.noSuchOverload, "there is no such function")
        }
        let evaluated = try evaluate(all: arguments)
        guard case .values(let values) = evaluated else { return evaluated.unknown }
        return try apply(function, values)
    }

    private mutating func memberCall(
        _ id: NodeID,
        _ target: NodeID,
        _ name: String,
        _ arguments: [NodeID]
    ) throws(EvaluationError) -> Value {
        guard case .function(let function) = program.references[id] else {
            throw EvaluationError(.noSuchOverload, "there is no such function")
        }
        if function.isNamespaced { return try call(id, arguments) }
        if arguments.count == 1, name == "or" || name == "orValue" {
            return try optionalAlternative(name, target, arguments[0])
        }
        return try call(id, [target] + arguments)
    }

    /// `or` and `orValue` evaluate their argument only when it is needed.
    private mutating func optionalAlternative(
        _ name: String,
        _ target: NodeID,
        _ alternative: NodeID
    ) throws(EvaluationError) -> Value {
        let value = try evaluate(target)
        if case .unknown = value { return value }
        try meter.charge(CostTable.call)
        guard case .optional(let optional) = value else { throw .noSuchOverload(name, value) }
        if let wrapped = optional.wrapped { return name == "or" ? value : wrapped }
        let other = try evaluate(alternative)
        if case .unknown = other { return other }
        if name == "or" {
            guard case .optional = other else { throw .noSuchOverload(name, value, other) }
        }
        return other
    }

    mutating func apply(_ function: ResolvedFunction, _ values: [Value]) throws(EvaluationError) -> Value {
        do throws(EvaluationError) {
            return try function.call(values, &meter)
        } catch {
            if error.isFatal, !error.isUnknown { throw error }
            // What failed on an unknown deep inside an argument is not known to fail.
            var budget = 10_000
            let paths = Value.list(values).unknownPaths(budget: &budget)
            if paths.isEmpty { throw error }
            return .unknown(UnknownSet(paths))
        }
    }
}

/// What `&&`, `||`, `all()` and `exists()` have seen so far: one decisive value settles the result, else an unknown
/// outweighs an error, and an error the rest.
struct Tally {
    private var unknown: UnknownSet?
    private var error: EvaluationError?

    /// Adds one more operand; true if it decides.
    mutating func add(
        deciding decisive: Bool,
        _ function: String,
        _ operand: () throws(EvaluationError) -> Value
    ) throws(EvaluationError) -> Bool {
        do throws(EvaluationError) {
            switch try operand() {
            case .bool(let flag): return flag == decisive
            case .unknown(let set): unknown = unknown?.union(set) ?? set
            case let other: if error == nil { error = .noSuchOverload(function, other) }
            }
        } catch {
            if error.isFatal { throw error }
            if self.error == nil { self.error = error }
        }
        return false
    }

    func result(otherwise value: Bool) throws(EvaluationError) -> Value {
        if let unknown { return .unknown(unknown) }
        if let error { throw error }
        return .bool(value)
    }
}
