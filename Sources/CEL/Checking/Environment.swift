/// What expressions may use: variables with their types, records, constants, functions, and the bounds to hold.
///
/// ```swift
/// var environment = Environment()
/// environment.declare("metrics", .map(.string, .double))
/// let program = try environment.compile("metrics.auc >= 0.9")
///
/// let activation = Activation(environment)
/// activation["metrics"] = .map([("auc", .double(0.913))])
/// program.evaluate(activation).result     // .value(.bool(true))
/// ```
public struct Environment: Sendable {
    /// The namespace in which short names are looked up too, such as `com.example`.
    public var container = ""
    /// Bounds on expressions and evaluations.
    public var limits = Limits()
    /// The largest sizes of variables and their parts, for cost estimates: `slices` is the length of the list,
    /// `slices[].name` the bytes of a field of its elements.
    public var sizeBounds: [String: Int] = [:]
    /// What to say of names that are not declared, where an expression uses one, in place of the nearest name.
    public var undeclaredHints: [String: String] = [:]
    /// Where time zones are looked up.
    var timeZones = TimeZoneDatabase.system

    private(set) var variables = VariableTable()
    private var records: [String: RecordType] = [:]
    private var constants: [String: Value] = [:]
    private(set) var functions: [String: [FunctionOverload]] = [:]

    /// An environment with the standard functions and the libraries given.
    public init(libraries: [Library] = Library.all) {
        add(Library.standard)
        for library in libraries { add(library) }
    }

    /// Adds a library's functions and constants.
    public mutating func add(_ library: Library) {
        for (name, overload) in library.functions { functions[name, default: []].append(overload) }
        for (name, value) in library.constants { constants[name] = value }
    }

    /// Declares a variable; the name may have dots.
    public mutating func declare(_ name: String, _ type: CELType) {
        variables = variables.declaring(name, type)
    }

    /// Declares a record type.
    public mutating func declare(_ record: RecordType) {
        records[record.name] = record
        constants[record.name] = .type(.record(record.name))
    }

    /// Declares a constant, which is known when an expression is compiled.
    public mutating func declare(_ name: String, constant value: Value) {
        constants[name] = value
    }

    /// Adds a function that the caller implements; it is called with arguments that fit `overload`.
    ///
    /// The function must give the same result for the same arguments: calls with constant arguments are folded.
    public mutating func declare(
        function name: String,
        _ overload: Overload,
        _ body: @escaping @Sendable ([Value]) throws(EvaluationError) -> Value
    ) {
        let native: NativeFunction = { (arguments: [Value], meter: inout Meter) throws(EvaluationError) -> Value in
            try body(arguments)
        }
        functions[name, default: []].append(
            FunctionOverload(signature: overload, cost: .free, size: .unbounded, run: native)
        )
    }

    /// The names of the declared variables.
    public var variableNames: [String] { variables.names }

    // MARK: Looking up

    /// The names under which `name` may stand, in the order in which they are tried.
    private func candidates(_ name: String, isAbsolute: Bool) -> [String] {
        guard !isAbsolute, !container.isEmpty else { return [name] }
        var result: [String] = []
        var prefix = Substring(container)
        while true {
            result.append("\(prefix).\(name)")
            guard let dot = prefix.lastIndex(of: ".") else { break }
            prefix = prefix[..<dot]
        }
        return result + [name]
    }

    func lookUp(_ name: String, isAbsolute: Bool) -> (reference: Reference, type: CELType)? {
        if container.isEmpty || isAbsolute { return lookUp(name) }
        for candidate in candidates(name, isAbsolute: isAbsolute) {
            if let found = lookUp(candidate) { return found }
        }
        return nil
    }

    private func lookUp(_ name: String) -> (reference: Reference, type: CELType)? {
        if let index = variables.index(of: name) { return (.variable(index), variables.types[index]) }
        guard let constant = constants[name] ?? Self.typeNames[name].map({ .type($0) }) else { return nil }
        if case .type(let type) = constant { return (.constant(constant), .type(type)) }
        return (.constant(constant), constant.type)
    }

    func record(named name: String) -> RecordType? {
        guard !records.isEmpty else { return nil }
        let isAbsolute = name.hasPrefix(".")
        for candidate in candidates(isAbsolute ? String(name.dropFirst()) : name, isAbsolute: isAbsolute) {
            if let record = records[candidate] { return record }
        }
        return nil
    }

    func function(_ name: String, isAbsolute: Bool) -> (name: String, overloads: [FunctionOverload])? {
        for candidate in candidates(name, isAbsolute: isAbsolute) {
            if let overloads = functions[candidate] { return (candidate, overloads) }
        }
        return nil
    }

    // MARK: Suggestions

    var visibleNames: [String] { variables.names + constants.keys.sorted() }

    var globalFunctionNames: [String] { functionNames(isMember: false) }

    var memberFunctionNames: [String] {
        functionNames(isMember: true) + Node.Macro.allNames
    }

    private func functionNames(isMember: Bool) -> [String] {
        functions.filter { $0.value.contains { $0.signature.isMember == isMember } }.keys
            .filter { $0.utf8.first?.isIdentifierStart == true }.sorted()
    }

    private static let typeNames: [String: CELType] = [
        "bool": .bool, "int": .int, "uint": .uint, "double": .double, "string": .string, "bytes": .bytes,
        "list": .anyList, "map": .anyMap, "null_type": .null, "type": .type(.dyn), "optional_type": .optional(.dyn),
        "google.protobuf.Timestamp": .timestamp, "google.protobuf.Duration": .duration, "dyn": .dyn,
    ]
}

extension Node.Macro {
    static let allNames = forms.keys.sorted()

    /// How each macro is called, by its name.
    static let forms: [String: String] = [
        "all": "list.all(x, condition)", "exists": "list.exists(x, condition)",
        "exists_one": "list.exists_one(x, condition)", "existsOne": "list.existsOne(i, x, condition)",
        "filter": "list.filter(x, condition)", "map": "list.map(x, value) or list.map(x, condition, value)",
        "sortBy": "list.sortBy(x, key)", "transformList": "list.transformList(i, x, value)",
        "transformMap": "map.transformMap(k, v, value)",
        "transformMapEntry": "map.transformMapEntry(k, v, {key: value})",
        "optMap": "optional.optMap(x, value)", "optFlatMap": "optional.optFlatMap(x, optional)",
    ]

    static let namespacedForms: [String: String] = [
        "cel.bind": "cel.bind(x, value, expression)", "cel.block": "cel.block([values], expression)",
    ]
}

/// The variables of an environment, shared by its programs and activations.
final class VariableTable: Sendable {
    let names: [String]
    let types: [CELType]
    private let indices: [String: Int]

    convenience init() {
        self.init(names: [], types: [])
    }

    private init(names: [String], types: [CELType]) {
        self.names = names
        self.types = types
        var indices: [String: Int] = [:]
        for (index, name) in names.enumerated() { indices[name] = index }
        self.indices = indices
    }

    func index(of name: String) -> Int? { indices[name] }

    func declaring(_ name: String, _ type: CELType) -> VariableTable {
        guard let index = indices[name] else { return VariableTable(names: names + [name], types: types + [type]) }
        var types = types
        types[index] = type
        return VariableTable(names: names, types: types)
    }
}
