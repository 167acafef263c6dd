/// A named set of functions and constants that an environment can have.
public struct Library: Sendable {
    /// The library's name, such as `strings`.
    public let name: String
    var functions: [(name: String, overload: FunctionOverload)] = []
    var constants: [(name: String, value: Value)] = []

    init(_ name: String) {
        self.name = name
    }

    mutating func add(
        _ name: String,
        _ parameters: [CELType],
        _ result: CELType,
        member: Bool = false,
        variadic: Bool = false,
        cost: CostRule = .free,
        size: SizeRule = .unbounded,
        constant: ConstantRule? = nil,
        _ run: @escaping NativeFunction
    ) {
        let signature = Overload(parameters, result, isMember: member, isVariadic: variadic)
        functions.append(
            (name, FunctionOverload(signature: signature, cost: cost, size: size, constant: constant, run: run)))
    }

    /// Adds a function whose second argument is a regular expression.
    mutating func addMatching(
        _ name: String,
        _ parameters: [CELType],
        _ result: CELType,
        member: Bool = false,
        maximumGroups: Int = .max,
        cost: CostRule = .metered,
        size: SizeRule = .unbounded,
        _ run: @escaping @Sendable (RE2, [Value], inout Meter) throws(EvaluationError) -> Value
    ) {
        let rule = ConstantRule(
            argument: 1, .pattern(maximumGroups: maximumGroups, MatchingFunction(run: run)))
        add(name, parameters, result, member: member, cost: cost, size: size, constant: rule) {
            (arguments, meter) throws(EvaluationError) in
            let expression = try RegularExpressions.compile(arguments.string(1), maximumGroups: maximumGroups)
            return try run(expression, arguments, &meter)
        }
    }

    mutating func addType(_ name: String, _ type: CELType) {
        constants.append((name, .type(type)))
    }
}
