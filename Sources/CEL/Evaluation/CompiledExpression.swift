/// What a running expression may touch: the activation's slots, its own variables and the meter.
struct Frame {
    var meter: Meter
    let activation: Activation
    let slots: UnsafeMutablePointer<Activation.Slot>
    let wasRead: UnsafeMutablePointer<Bool>
    let locals: UnsafeMutablePointer<Value>

    /// The value of a variable.
    ///
    /// Unknowns end the run: the plain evaluator takes over.
    @inline(__always)
    func variable(_ index: Int) throws(EvaluationError) -> Value {
        guard case .value(let value) = slots[index] else { return try slowVariable(index) }
        wasRead[index] = true
        if case .unknown = value { throw .metUnknown }
        return value
    }

    @inline(never)
    private func slowVariable(_ index: Int) throws(EvaluationError) -> Value {
        let value = try activation.value(at: index)
        if case .unknown = value { throw .metUnknown }
        return value
    }

    @inline(__always)
    func local(_ slot: Int) throws(EvaluationError) -> Value {
        let value = locals[slot]
        if case .unknown = value { throw .metUnknown }
        return value
    }
}

typealias ValueCode = @Sendable (inout Frame) throws(EvaluationError) -> Value
typealias BoolCode = @Sendable (inout Frame) throws(EvaluationError) -> Bool
typealias IntCode = @Sendable (inout Frame) throws(EvaluationError) -> Int64
typealias DoubleCode = @Sendable (inout Frame) throws(EvaluationError) -> Double

/// A compiled node, by what its closure returns.
enum Code: Sendable {
    /// Known when compiled; evaluating it costs what finding it out cost.
    case constant(Value, cost: UInt64)
    case bool(BoolCode)
    case int(IntCode)
    case double(DoubleCode)
    case value(ValueCode)

    var asValue: ValueCode {
        switch self {
        case .constant(let value, 0): { (_: inout Frame) in value }
        case .constant(let value, let cost):
            { (frame: inout Frame) throws(EvaluationError) in
                try frame.meter.charge(cost)
                return value
            }
        case .bool(let code): { (frame: inout Frame) throws(EvaluationError) in .bool(try code(&frame)) }
        case .int(let code): { (frame: inout Frame) throws(EvaluationError) in .int(try code(&frame)) }
        case .double(let code): { (frame: inout Frame) throws(EvaluationError) in .double(try code(&frame)) }
        case .value(let code): code
        }
    }

    /// The node as a condition; a value that is no bool is an error of `function`.
    func asBool(_ function: String) -> BoolCode {
        switch self {
        case .bool(let code): return code
        case .constant(.bool(let flag), 0): return { (_: inout Frame) in flag }
        default:
            let code = asValue
            return { (frame: inout Frame) throws(EvaluationError) in
                let value = try code(&frame)
                guard case .bool(let flag) = value else { throw .noSuchOverload(function, value) }
                return flag
            }
        }
    }

    var isConstant: Bool {
        if case .constant = self { true } else { false }
    }
}

/// An expression as closures over slots.
///
/// It gives a value where everything goes well. Where it does not, at an error or an unknown, it gives nothing, and the
/// plain evaluator runs from the start: that one knows what an unknown does to an error, and its costs count.
struct CompiledExpression: Sendable {
    let code: Code
    let slotCount: Int

    func evaluate(_ activation: Activation, _ meter: Meter) -> Evaluation? {
        if case .constant(let value, let cost) = code {
            return cost <= meter.limit ? Evaluation(value, cost: cost) : nil
        }
        guard slotCount > 0 else {
            // Nothing writes through this pointer, since there are no slots.
            return run(activation, meter, UnsafeMutablePointer<Value>(bitPattern: 16))
        }
        return withUnsafeTemporaryAllocation(of: Value.self, capacity: slotCount) { buffer in
            buffer.initialize(repeating: .null)
            defer { buffer.deinitialize() }
            return run(activation, meter, buffer.baseAddress)
        }
    }

    @inline(__always)
    private func run(
        _ activation: Activation,
        _ meter: Meter,
        _ locals: UnsafeMutablePointer<Value>?
    ) -> Evaluation? {
        guard let locals else { return nil }
        var frame = Frame(
            meter: meter,
            activation: activation,
            slots: activation.slots,
            wasRead: activation.wasRead,
            locals: locals
        )
        do throws(EvaluationError) {
            switch code {
            case .bool(let code): return Evaluation(.bool(try code(&frame)), cost: frame.meter.cost)
            case .int(let code): return Evaluation(.int(try code(&frame)), cost: frame.meter.cost)
            case .double(let code): return Evaluation(.double(try code(&frame)), cost: frame.meter.cost)
            case .value(let code): return Evaluation(try code(&frame), cost: frame.meter.cost)
            case .constant: return nil
            }
        } catch {
            // A limit is a limit; any other error may yet turn out to be an unknown.
            return error.isFatal && !error.isUnknown ? Evaluation(error, cost: frame.meter.cost) : nil
        }
    }
}
