/// Turns a checked tree into closures.
///
/// Each closure charges the meter as the plain evaluator does at the same node, in the same order, also where an error
/// ends it half-way: `&&` may absorb that error, and then the cost shows.
struct Compiler {
    let program: CheckedTree
    /// Collects constants that cannot be used, where somebody wants to know.
    let faults: ConstantFaults?
    /// Which nodes depend on nothing but literals.
    private let constants: [Bool]

    static func compile(_ program: CheckedTree, noting faults: ConstantFaults? = nil) -> CompiledExpression {
        let compiler = Compiler(program, faults)
        return CompiledExpression(code: compiler.code(program.tree.root), slotCount: program.slotCount)
    }

    private init(_ program: CheckedTree, _ faults: ConstantFaults?) {
        self.program = program
        self.faults = faults
        var constants: [Bool] = []
        constants.reserveCapacity(program.tree.nodes.count)
        // Children stand before their parents.
        for id in program.tree.nodes.indices { constants.append(Self.isConstant(id, program, constants)) }
        self.constants = constants
    }

    func code(_ id: NodeID) -> Code {
        if let folded = fold(id) { return folded }
        switch program.tree[id].kind {
        case .literal(let value): return .constant(value, cost: 0)
        case .identifier(let name, _): return variableOrLocal(id, name)
        case .select(let operand, let field):
            if program.references[id] != nil { return variableOrLocal(id, field) }
            return select(id, operand, field)
        case .optionalSelect(let operand, let field):
            return unary(operand) { [key = FieldKey(field)] (value: Value, _) throws(EvaluationError) in
                try value.optionallySelecting(key)
            }
        case .has(let operand, let field):
            return unary(operand) { [key = FieldKey(field)] (value: Value, _) throws(EvaluationError) in
                try value.hasField(key)
            }
        case .index(let operand, let key):
            return binary(operand, key) { (a, b, _) throws(EvaluationError) in try a.indexing(b) }
        case .optionalIndex(let operand, let key):
            return binary(operand, key) { (a, b, _) throws(EvaluationError) in try a.optionallyIndexing(b) }
        case .call(_, let arguments): return call(id, arguments)
        case .memberCall(let target, let name, let arguments): return memberCall(id, target, name, arguments)
        case .unary(let sign, let operand): return unaryOperator(id, sign, operand)
        case .binary(let sign, let left, let right): return binaryOperator(id, sign, left, right)
        case .logical(let sign, let operands): return logical(sign, operands)
        case .conditional(let condition, let whenTrue, let whenFalse):
            return conditional(condition, whenTrue, whenFalse)
        case .list(let elements): return list(elements)
        case .map(let entries): return map(entries)
        case .record(_, let fields): return record(id, fields)
        case .comprehension(let loop): return comprehension(id, loop)
        case .bind(_, let value, let body): return bind(program.slots[id], [value], body)
        case .optionalMap(let target, _, let body, let isFlat): return optionalMap(id, target, body, isFlat: isFlat)
        case .block(let values, let body): return bind(program.slots[id], values, body)
        }
    }

    // MARK: Constants

    /// The most that a constant sub-expression may cost to be worked out ahead, and how large it may be.
    private static let foldingCost: UInt64 = 5_000

    private func fold(_ id: NodeID) -> Code? {
        if case .literal = program.tree[id].kind { return nil }
        if case .constant(let value) = program.references[id] { return .constant(value, cost: 0) }
        guard isConstant(id) else { return nil }
        var limits = Limits()
        limits.cost = Self.foldingCost
        limits.stringBytes = 65_536
        limits.elements = 10_000
        let activation = Activation(table: program.environment.variables)
        var evaluator = PlainEvaluator(program, activation, meter: Meter(limits: limits))
        do throws(EvaluationError) {
            let value = try evaluator.evaluate(id)
            if case .unknown = value { return nil }
            return .constant(value, cost: evaluator.meter.cost)
        } catch {
            return nil
        }
    }

    /// Whether a node depends on nothing but literals.
    ///
    /// Loops and variables are left to evaluation.
    func isConstant(_ id: NodeID) -> Bool { constants[id] }

    private static func isConstant(_ id: NodeID, _ program: CheckedTree, _ known: [Bool]) -> Bool {
        if case .constant = program.references[id] { return true }
        switch program.tree[id].kind {
        case .literal: return true
        case .identifier, .comprehension, .bind, .block, .optionalMap, .record: return false
        case .call(_, let arguments):
            guard case .function = program.references[id] else { return false }
            return arguments.allSatisfy { known[$0] }
        case .memberCall(let target, _, let arguments):
            guard case .function(let function) = program.references[id] else { return false }
            return (function.isNamespaced || known[target]) && arguments.allSatisfy { known[$0] }
        case .select(let operand, _): return known[operand]
        case .binary(_, let left, let right): return known[left] && known[right]
        case let kind: return kind.children.allSatisfy { known[$0] }
        }
    }

    // MARK: Names

    private func variableOrLocal(_ id: NodeID, _ name: String) -> Code {
        switch program.references[id] {
        case .variable(let index):
            return .value { (frame: inout Frame) throws(EvaluationError) in
                try frame.meter.charge(CostTable.name)
                return try frame.variable(index)
            }
        case .local(let slot):
            return .value { (frame: inout Frame) throws(EvaluationError) in
                try frame.meter.charge(CostTable.name)
                return try frame.local(slot)
            }
        default:
            return .value { (frame: inout Frame) throws(EvaluationError) in
                try frame.meter.charge(CostTable.name)
                throw EvaluationError(.undeclaredReference, "undeclared name '\(name)'")
            }
        }
    }

    /// A chain of fields on a variable, read in one go; on anything else, one field.
    private func select(_ id: NodeID, _ operand: NodeID, _ field: String) -> Code {
        guard let path = FieldPath(id, program) else {
            let key = FieldKey(field)
            return unary(operand) { (value: Value, _) throws(EvaluationError) in try value.selecting(key) }
        }
        return .path(path)
    }

    /// Lets a known value through.
    @inline(__always)
    static func known(_ value: Value) throws(EvaluationError) -> Value {
        if case .unknown = value { throw .metUnknown }
        return value
    }

    // MARK: Shapes of calls

    func unary(
        _ operand: NodeID,
        cost: UInt64 = CostTable.select,
        _ body: @escaping @Sendable (Value, inout Meter) throws(EvaluationError) -> Value
    ) -> Code {
        let operand = code(operand).asValue
        return .value { (frame: inout Frame) throws(EvaluationError) in
            let value = try operand(&frame)
            try frame.meter.charge(cost)
            return try Self.known(body(value, &frame.meter))
        }
    }

    func binary(
        _ left: NodeID,
        _ right: NodeID,
        _ body: @escaping @Sendable (Value, Value, inout Meter) throws(EvaluationError) -> Value
    ) -> Code {
        let left = code(left).asValue
        let right = code(right).asValue
        return .value { (frame: inout Frame) throws(EvaluationError) in
            let a = try left(&frame)
            let b = try right(&frame)
            try frame.meter.charge(CostTable.call)
            return try Self.known(body(a, b, &frame.meter))
        }
    }

    func call(_ id: NodeID, _ arguments: [NodeID]) -> Code {
        guard case .function(let named) = program.references[id] else {
            return .value { (_: inout Frame) throws(EvaluationError) in
                throw EvaluationError(.noSuchOverload, "there is no such function")
            }
        }
        if let special = specialCall(named, arguments) { return special }
        let function = preparingConstant(named, arguments)
        let codes = arguments.map { ValueElement(run: code($0).asValue) }
        return .value { (frame: inout Frame) throws(EvaluationError) in
            let values = try Self.evaluate(codes, &frame)
            return try Self.known(function.call(values, &frame.meter))
        }
    }

    private func memberCall(_ id: NodeID, _ target: NodeID, _ name: String, _ arguments: [NodeID]) -> Code {
        guard case .function(let function) = program.references[id] else { return call(id, []) }
        if function.isNamespaced { return call(id, arguments) }
        if arguments.count == 1, name == "or" || name == "orValue" {
            return optionalAlternative(name, target, arguments[0])
        }
        return call(id, [target] + arguments)
    }

    private func optionalAlternative(_ name: String, _ target: NodeID, _ alternative: NodeID) -> Code {
        let target = code(target).asValue
        let alternative = code(alternative).asValue
        return .value { (frame: inout Frame) throws(EvaluationError) in
            let value = try target(&frame)
            try frame.meter.charge(CostTable.call)
            guard case .optional(let optional) = value else { throw .noSuchOverload(name, value) }
            if let wrapped = optional.wrapped { return try Self.known(name == "or" ? value : wrapped) }
            let other = try alternative(&frame)
            if name == "or" {
                guard case .optional = other else { throw .noSuchOverload(name, value, other) }
            }
            return other
        }
    }
}
