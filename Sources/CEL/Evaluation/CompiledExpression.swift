/// What a running expression may touch: the activation's slots, its own variables and the meter.
struct Frame {
    var meter: Meter
    // The caller keeps it alive.
    unowned(unsafe) let activation: Activation
    let values: UnsafeMutablePointer<Value>
    let states: UnsafeMutablePointer<Activation.State>
    let wasRead: UnsafeMutablePointer<Bool>
    let locals: UnsafeMutablePointer<Value>
    let maps: UnsafeMutablePointer<Unmanaged<MapValue>?>
    /// The maps and records among the locals, once more.
    let localMaps: UnsafeMutablePointer<Unmanaged<MapValue>?>

    @inline(__always)
    func setLocal(_ slot: Int, _ value: Value) {
        locals[slot] = value
        localMaps[slot] = value.fields.map { .passUnretained($0) }
    }

    /// The value of a variable.
    ///
    /// Unknowns end the run: the plain evaluator takes over.
    @inline(__always)
    func variable(_ index: Int) throws(EvaluationError) -> Value {
        guard states[index] == .known else { return try slowVariable(index) }
        wasRead[index] = true
        return values[index]
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
    /// A chain of fields, which some operators read in their own way.
    case path(FieldPath)

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
        case .path(let path): { (frame: inout Frame) throws(EvaluationError) in try path.read(&frame) }
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
    private let root: Root
    private let slotCount: Int

    private enum Root {
        case constant(Value)
        case bool(BoolCode)
        case value(ValueCode)
    }

    init(code: Code, slotCount: Int) {
        root =
            switch code {
            case .constant(let value, 0): .constant(value)
            case .bool(let run): .bool(run)
            default: .value(code.asValue)
            }
        self.slotCount = slotCount
    }

    func evaluate(_ activation: Activation, _ meter: Meter) -> Evaluation? {
        defer { withExtendedLifetime(activation) {} }
        let slots = UnsafeMutablePointer<Value>(bitPattern: MemoryLayout<Value>.alignment)
        let maps = UnsafeMutablePointer<Unmanaged<MapValue>?>(bitPattern: MemoryLayout<Int>.alignment)
        if slotCount == 0, let slots, let maps {
            return run(activation, meter, slots, maps)
        }
        return withUnsafeTemporaryAllocation(of: Value.self, capacity: slotCount) { locals in
            withUnsafeTemporaryAllocation(of: Unmanaged<MapValue>?.self, capacity: slotCount) { maps in
                locals.initialize(repeating: .null)
                maps.initialize(repeating: nil)
                defer { locals.deinitialize() }
                guard let locals = locals.baseAddress, let maps = maps.baseAddress else { return nil }
                return run(activation, meter, locals, maps)
            }
        }
    }

    @inline(__always)
    private func run(
        _ activation: Activation,
        _ meter: Meter,
        _ locals: UnsafeMutablePointer<Value>,
        _ localMaps: UnsafeMutablePointer<Unmanaged<MapValue>?>
    ) -> Evaluation? {
        var frame = Frame(
            meter: meter,
            activation: activation,
            values: activation.values,
            states: activation.states,
            wasRead: activation.wasRead,
            locals: locals,
            maps: activation.maps,
            localMaps: localMaps
        )
        do throws(EvaluationError) {
            switch root {
            case .constant(let value): return Evaluation(value, cost: 0)
            case .bool(let code): return Evaluation(.bool(try code(&frame)), cost: frame.meter.cost)
            case .value(let code): return Evaluation(try code(&frame), cost: frame.meter.cost)
            }
        } catch {
            // A limit is a limit; any other error may yet turn out to be an unknown.
            return error.isFatal && !error.isUnknown ? Evaluation(error, cost: frame.meter.cost) : nil
        }
    }
}

/// A closure as an element of an array; bare, it would be called through a thunk.
struct BoolElement: Sendable {
    let run: BoolCode
}

/// A closure as an element of an array, as `BoolElement` is.
struct ValueElement: Sendable {
    let run: ValueCode
}
