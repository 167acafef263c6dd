/// The body of a function.
///
/// Arguments have the runtime types that the overload declares.
typealias NativeFunction = @Sendable (_ arguments: [Value], _ meter: inout Meter) throws(EvaluationError) -> Value

/// What must hold of an argument that is known when an expression is compiled.
///
/// A class, so that overloads are copied at the price of a reference.
final class ConstantRule: Sendable {
    enum Need: Sendable {
        /// A text that can be read as what the function takes.
        case text(TextCheck)
        /// A regular expression of at most so many groups; a call is then made with it prepared.
        case pattern(maximumGroups: Int, MatchingFunction)
    }

    let argument: Int
    let need: Need

    init(argument: Int, _ need: Need) {
        self.argument = argument
        self.need = need
    }

    /// An argument must be readable.
    static func text(
        argument: Int = 0,
        _ check: @escaping @Sendable (String) throws(EvaluationError) -> Void
    ) -> ConstantRule {
        ConstantRule(argument: argument, .text(TextCheck(run: check)))
    }
}

struct TextCheck: Sendable {
    let run: @Sendable (String) throws(EvaluationError) -> Void
}

struct MatchingFunction: Sendable {
    let run: @Sendable (RE2, [Value], inout Meter) throws(EvaluationError) -> Value
}

/// One signature of a function with its body and cost.
struct FunctionOverload: Sendable {
    let signature: Overload
    let cost: CostRule
    let size: SizeRule
    let constant: ConstantRule?
    let run: NativeFunction
    /// Whether the signature has type parameters.
    let isGeneric: Bool

    init(
        signature: Overload,
        cost: CostRule,
        size: SizeRule,
        constant: ConstantRule? = nil,
        run: @escaping NativeFunction
    ) {
        self.signature = signature
        self.cost = cost
        self.size = size
        self.constant = constant
        self.run = run
        isGeneric = signature.isGeneric
    }

    /// The same with its regular expression prepared.
    func prepared(with expression: RE2, _ body: MatchingFunction) -> FunctionOverload {
        FunctionOverload(signature: signature, cost: cost, size: size) {
            (arguments, meter) throws(EvaluationError) in try body.run(expression, arguments, &meter)
        }
    }

    func admits(_ arguments: [Value]) -> Bool {
        guard signature.takes(arguments.count) else { return false }
        let last = signature.parameters.count - 1
        for index in arguments.indices where !signature.parameters[min(index, last)].admits(arguments[index]) {
            return false
        }
        return true
    }

    func call(_ arguments: [Value], _ meter: inout Meter) throws(EvaluationError) -> Value {
        try meter.charge(cost.cost(of: arguments))
        return try run(arguments, &meter)
    }
}

extension ResolvedFunction {
    /// Calls the first candidate that takes the arguments as they are.
    func call(_ arguments: [Value], _ meter: inout Meter) throws(EvaluationError) -> Value {
        try meter.charge(CostTable.call)
        for index in candidates.indices where candidates[index].admits(arguments) {
            return try candidates[index].call(arguments, &meter)
        }
        throw .noSuchOverload(name, arguments)
    }
}

/// The arguments of a call as Swift values. An overload has seen to their types, so a mismatch cannot happen; should
/// it, it is an error of evaluation and never a trap.
extension [Value] {
    func bool(_ index: Int) throws(EvaluationError) -> Bool {
        guard case .bool(let value) = self[index] else { throw mismatch(index, "bool") }
        return value
    }

    func int(_ index: Int) throws(EvaluationError) -> Int64 {
        guard case .int(let value) = self[index] else { throw mismatch(index, "int") }
        return value
    }

    func uint(_ index: Int) throws(EvaluationError) -> UInt64 {
        guard case .uint(let value) = self[index] else { throw mismatch(index, "uint") }
        return value
    }

    func double(_ index: Int) throws(EvaluationError) -> Double {
        guard case .double(let value) = self[index] else { throw mismatch(index, "double") }
        return value
    }

    func string(_ index: Int) throws(EvaluationError) -> String {
        guard case .string(let value) = self[index] else { throw mismatch(index, "string") }
        return value
    }

    func bytes(_ index: Int) throws(EvaluationError) -> [UInt8] {
        guard case .bytes(let value) = self[index] else { throw mismatch(index, "bytes") }
        return value
    }

    func list(_ index: Int) throws(EvaluationError) -> [Value] {
        guard case .list(let value) = self[index] else { throw mismatch(index, "list") }
        return value
    }

    func map(_ index: Int) throws(EvaluationError) -> MapValue {
        guard case .map(let value) = self[index] else { throw mismatch(index, "map") }
        return value
    }

    func timestamp(_ index: Int) throws(EvaluationError) -> Timestamp {
        guard case .timestamp(let value) = self[index] else { throw mismatch(index, "timestamp") }
        return value
    }

    func duration(_ index: Int) throws(EvaluationError) -> TimeSpan {
        guard case .duration(let value) = self[index] else { throw mismatch(index, "duration") }
        return value
    }

    func optional(_ index: Int) throws(EvaluationError) -> Value? {
        guard case .optional(let value) = self[index] else { throw mismatch(index, "optional") }
        return value.wrapped
    }

    func opaque<T: OpaqueValue>(_ index: Int, as type: T.Type) throws(EvaluationError) -> T {
        guard case .opaque(let value) = self[index], let typed = value as? T else { throw mismatch(index, "\(T.self)") }
        return typed
    }

    private func mismatch(_ index: Int, _ wanted: String) -> EvaluationError {
        EvaluationError(.noSuchOverload, "expected \(wanted), found \(self[index].typeName)")
    }
}
