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
        _ run: @escaping NativeFunction
    ) {
        let signature = Overload(parameters, result, isMember: member, isVariadic: variadic)
        functions.append((name, FunctionOverload(signature: signature, cost: cost, size: size, run: run)))
    }

    mutating func addType(_ name: String, _ type: CELType) {
        constants.append((name, .type(type)))
    }
}
