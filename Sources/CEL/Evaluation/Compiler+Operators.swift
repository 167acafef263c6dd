// Operators and the functions that policies call most.
extension Compiler {
    func unaryOperator(_ id: NodeID, _ sign: UnaryOperator, _ operand: NodeID) -> Code {
        guard sign == .not else { return call(id, [operand]) }
        let operand = code(operand)
        if case .bool(let condition) = operand {
            return .bool { (frame: inout Frame) throws(EvaluationError) in
                let flag = try condition(&frame)
                try frame.meter.charge(CostTable.call)
                return !flag
            }
        }
        let value = operand.asValue
        return .bool { (frame: inout Frame) throws(EvaluationError) in
            let value = try value(&frame)
            try frame.meter.charge(CostTable.call)
            guard case .bool(let flag) = value else { throw .noSuchOverload(sign.function, value) }
            return !flag
        }
    }

    func binaryOperator(_ id: NodeID, _ sign: BinaryOperator, _ left: NodeID, _ right: NodeID) -> Code {
        switch sign {
        case .less, .lessOrEqual, .greater, .greaterOrEqual: return comparison(sign, code(left), code(right))
        case .equal, .notEqual: return equality(code(left), code(right), wanted: sign == .equal)
        case .in: return membership(left, code(right))
        case .add where isConcatenation(id): return concatenation(id)
        default: return arithmetic(id, sign, left, right)
        }
    }

    // MARK: Comparisons

    private func comparison(_ sign: BinaryOperator, _ left: Code, _ right: Code) -> Code {
        if case .constant(let bound, 0) = right, bound.isNumber {
            if case .path(let path) = left { return comparison(path, with: bound, sign) }
            return comparison(left.asValue, with: bound, sign)
        }
        let left = left.asValue
        let right = right.asValue
        return .bool { (frame: inout Frame) throws(EvaluationError) in
            let a = try left(&frame)
            let b = try right(&frame)
            try frame.meter.charge(CostTable.call)
            if case .double(let x) = a, case .double(let y) = b { return Self.holds(sign, x, y) }
            return Arithmetic.holds(sign, try Value.order(a, b, sign.function, &frame.meter))
        }
    }

    /// A comparison of a path with a constant, without a copy of what lies at the path's end.
    private func comparison(_ path: FieldPath, with bound: Value, _ sign: BinaryOperator) -> Code {
        let number: Double? = if case .double(let number) = bound { number } else { nil }
        let integer: Int64? = if case .int(let integer) = bound { integer } else { nil }
        let cost = path.cost + CostTable.call
        return .bool { (frame: inout Frame) throws(EvaluationError) in
            if let place = path.place(&frame) {
                if let number, case .double(let found) = place.pointee {
                    try frame.meter.charge(cost)
                    return Self.holds(sign, found, number)
                }
                if let integer, case .int(let found) = place.pointee {
                    try frame.meter.charge(cost)
                    return Self.holds(sign, found, integer)
                }
            }
            let value = try path.read(&frame)
            try frame.meter.charge(CostTable.call)
            return Arithmetic.holds(sign, try Value.order(value, bound, sign.function, &frame.meter))
        }
    }

    private func comparison(_ left: @escaping ValueCode, with bound: Value, _ sign: BinaryOperator) -> Code {
        .bool { (frame: inout Frame) throws(EvaluationError) in
            let value = try left(&frame)
            try frame.meter.charge(CostTable.call)
            if case .int(let found) = value, case .int(let integer) = bound { return Self.holds(sign, found, integer) }
            return Arithmetic.holds(sign, try Value.order(value, bound, sign.function, &frame.meter))
        }
    }

    @inline(__always)
    private static func holds<N: Comparable>(_ sign: BinaryOperator, _ a: N, _ b: N) -> Bool {
        switch sign {
        case .less: a < b
        case .lessOrEqual: a <= b
        case .greater: a > b
        default: a >= b
        }
    }

    private func equality(_ left: Code, _ right: Code, wanted: Bool) -> Code {
        let left = left.asValue
        let right = right.asValue
        return .bool { (frame: inout Frame) throws(EvaluationError) in
            let a = try left(&frame)
            let b = try right(&frame)
            try frame.meter.charge(CostTable.call)
            return try Value.areEqual(a, b, &frame.meter) == wanted
        }
    }

    /// `x in list` or `x in map`.
    private func membership(_ needle: NodeID, _ container: Code) -> Code {
        let needle = code(needle)
        if case .constant(.string(let name), 0) = needle {
            let key = FieldKey(name)
            let container = container.asValue
            return .bool { (frame: inout Frame) throws(EvaluationError) in
                let value = try container(&frame)
                try frame.meter.charge(CostTable.call)
                if case .map(let map) = value, map.shape.index(of: key) != nil { return true }
                return try Self.contains(value, .string(name), &frame.meter)
            }
        }
        let needleCode = needle.asValue
        if case .constant(.list(let elements), let cost) = container, let set = ConstantSet(elements) {
            return .bool { (frame: inout Frame) throws(EvaluationError) in
                let value = try needleCode(&frame)
                try frame.meter.charge(cost)
                try frame.meter.charge(CostTable.call)
                return try set.contains(value, &frame.meter)
            }
        }
        let container = container.asValue
        return .bool { (frame: inout Frame) throws(EvaluationError) in
            let value = try needleCode(&frame)
            let whole = try container(&frame)
            try frame.meter.charge(CostTable.call)
            return try Self.contains(whole, value, &frame.meter)
        }
    }

    private static func contains(
        _ container: Value,
        _ value: Value,
        _ meter: inout Meter
    ) throws(EvaluationError) -> Bool {
        switch container {
        case .list(let list): return try Arithmetic.contains(list, value, &meter)
        case .map(let map):
            guard let present = map.presence(value) else { throw .metUnknown }
            return present
        default: throw .noSuchOverload("@in", value, container)
        }
    }

    // MARK: Arithmetic

    private func arithmetic(_ id: NodeID, _ sign: BinaryOperator, _ left: NodeID, _ right: NodeID) -> Code {
        guard case .function(let function) = program.references[id] else { return call(id, [left, right]) }
        let left = code(left).asValue
        let right = code(right).asValue
        return .value { (frame: inout Frame) throws(EvaluationError) in
            let a = try left(&frame)
            let b = try right(&frame)
            switch (a, b) {
            case (.double(let x), .double(let y)) where sign != .remainder:
                try frame.meter.charge(CostTable.call)
                return .double(Arithmetic.apply(sign, x, y))
            case (.int(let x), .int(let y)):
                try frame.meter.charge(CostTable.call)
                return .int(try Arithmetic.apply(sign, x, y))
            case (.timestamp(let x), .timestamp(let y)) where sign == .subtract:
                try frame.meter.charge(CostTable.call)
                return try Arithmetic.span(x.since(y))
            default:
                return try Self.known(function.call([a, b], &frame.meter))
            }
        }
    }

    // MARK: Text

    /// Whether a sum can only be one of strings.
    private func isConcatenation(_ id: NodeID) -> Bool {
        guard case .function(let function) = program.references[id] else { return false }
        return function.candidates.count == 1 && function.candidates[0].signature.parameters == [.string, .string]
    }

    /// A chain of `+` on strings, joined in one go.
    private func concatenation(_ id: NodeID) -> Code {
        var parts: [NodeID] = []
        var current = id
        while case .binary(.add, let left, let right) = program.tree[current].kind, isConcatenation(current) {
            if current != id, isConstant(current) { break }
            parts.append(right)
            current = left
        }
        parts.append(current)
        let codes = parts.reversed().map { ValueElement(run: code($0).asValue) }
        return .value { (frame: inout Frame) throws(EvaluationError) in
            var text = ""
            for (index, code) in codes.enumerated() {
                let value = try code.run(&frame)
                guard case .string(let part) = value else {
                    if index == 0 {
                        // The plain evaluator looks at the right operand before it sees that the left is no string.
                        _ = try codes[1].run(&frame)
                    }
                    try frame.meter.charge(CostTable.call)
                    throw .noSuchOverload("_+_", value)
                }
                if index == 0 {
                    text = part
                    continue
                }
                try frame.meter.charge(CostTable.call)
                try frame.meter.charge(CostTable.traversal(text.utf8.count) + CostTable.traversal(part.utf8.count))
                try frame.meter.checkString(bytes: text.utf8.count + part.utf8.count)
                if index == 1 { text.reserveCapacity(64) }
                text += part
            }
            return .string(text)
        }
    }

    // MARK: Functions

    /// Calls of well-known functions whose arguments have the right types are made without a list of arguments; any
    /// other arguments go the usual way.
    func specialCall(_ function: ResolvedFunction, _ arguments: [NodeID]) -> Code? {
        switch (function.name, arguments.count) {
        case ("matches", 2): return matching(function, arguments)
        case ("size", 1):
            return single(function, arguments[0]) { (value, meter) throws(EvaluationError) in
                switch value {
                case .list(let elements):
                    try meter.charge(CostTable.call)
                    return .int(Int64(elements.count))
                case .map(let map):
                    try map.requireComplete()
                    try meter.charge(CostTable.call)
                    return .int(Int64(map.count))
                default: return nil
                }
            }
        case ("timestamp", 1) where !isConstant(arguments[0]):
            return single(function, arguments[0]) { (value, meter) throws(EvaluationError) in
                guard case .string(let text) = value else { return nil }
                try meter.charge(CostTable.call)
                try meter.charge(CostTable.traversal(text.utf8.count))
                return .timestamp(try Conversion.timestamp(text))
            }
        case ("string", 1):
            return single(function, arguments[0]) { (value, meter) throws(EvaluationError) in
                switch value {
                case .double(let number):
                    try meter.charge(CostTable.call)
                    return .string(NumberText.shortest(number))
                case .int(let number):
                    try meter.charge(CostTable.call)
                    return .string(String(number))
                case .string:
                    try meter.charge(CostTable.call)
                    return value
                default: return nil
                }
            }
        default: return nil
        }
    }

    private func single(
        _ function: ResolvedFunction,
        _ argument: NodeID,
        _ quick: @escaping @Sendable (Value, inout Meter) throws(EvaluationError) -> Value?
    ) -> Code? {
        let isStandard = Set(function.candidates.map(\.signature.parameters.count)) == [1]
        guard isStandard else { return nil }
        let argument = code(argument).asValue
        return .value { (frame: inout Frame) throws(EvaluationError) in
            let value = try argument(&frame)
            if let result = try quick(value, &frame.meter) { return result }
            return try Self.known(function.call([value], &frame.meter))
        }
    }

    /// `text.matches(pattern)` with a constant pattern, prepared once.
    private func matching(_ function: ResolvedFunction, _ arguments: [NodeID]) -> Code? {
        guard case .constant(.string(let pattern), 0) = code(arguments[1]),
            let expression = constantPattern(function, arguments)
        else { return nil }
        let rule = CostRule.match(text: 0, pattern: 1)
        let text = code(arguments[0]).asValue
        let patternSize = UInt64(pattern.utf8.count)
        return .bool { (frame: inout Frame) throws(EvaluationError) in
            let value = try text(&frame)
            try frame.meter.charge(CostTable.call)
            guard case .string(let subject) = value else { throw .noSuchOverload("matches", value) }
            let size = UInt64(subject.utf8.count)
            try frame.meter.charge(rule.cost { $0 == 0 ? size : patternSize })
            return expression.isMatch(subject)
        }
    }
}

/// A constant list that `in` asks, with its strings in a hash table.
///
/// The cost is that of a search through the list.
struct ConstantSet: Sendable {
    private let elements: [Value]
    private let shape: MapShape
    /// The index in the list of each distinct string.
    private let firsts: [Int]
    /// For each length, the indices of the strings of that length.
    private let byLength: [Int: [Int]]

    /// Nil where a search is as good: few elements, or not only strings.
    init?(_ elements: [Value]) {
        guard elements.count > 8 else { return nil }
        var builder = MapBuilder()
        var firsts: [Int] = []
        var byLength: [Int: [Int]] = [:]
        for (index, element) in elements.enumerated() {
            guard case .string(let text) = element else { return nil }
            byLength[text.utf8.count, default: []].append(index)
            if builder.insert(element, .null) { firsts.append(index) }
        }
        self.elements = elements
        self.firsts = firsts
        self.byLength = byLength
        shape = builder.shape()
    }

    func contains(_ value: Value, _ meter: inout Meter) throws(EvaluationError) -> Bool {
        guard case .string(let text) = value else { return try Arithmetic.contains(elements, value, &meter) }
        let found = shape.index(of: value).map { firsts[$0] }
        let searched = found.map { $0 + 1 } ?? elements.count
        let compared = byLength[text.utf8.count]?.prefix { $0 < searched }.count ?? 0
        try meter.charge(UInt64(searched))
        try meter.charge(UInt64(compared) * CostTable.traversal(text.utf8.count))
        return found != nil
    }
}
