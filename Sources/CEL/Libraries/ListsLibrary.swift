extension Library {
    /// Functions on lists.
    public static let lists: Library = {
        var library = Library("lists")
        library.addRearranging()
        library.addEnds()
        library.addAggregates()
        return library
    }()

    private mutating func addRearranging() {
        let element = CELType.parameter("T")
        let list = CELType.list(element)
        add("distinct", [list], list, member: true, cost: .comparison, size: .argument(0)) {
            (arguments, meter) throws(EvaluationError) in
            var kept: [Value] = []
            for value in try arguments.list(0) where !(try Arithmetic.contains(kept, value, &meter)) {
                kept.append(value)
            }
            return .list(kept)
        }
        add("flatten", [.list(list)], list, member: true, cost: .metered) {
            (arguments, meter) throws(EvaluationError) in
            .list(try Self.flatten(arguments.list(0), depth: 1, &meter))
        }
        add("flatten", [.anyList], .anyList, member: true, cost: .metered) {
            (arguments, meter) throws(EvaluationError) in
            .list(try Self.flatten(arguments.list(0), depth: 1, &meter))
        }
        add("flatten", [.anyList, .int], .anyList, member: true, cost: .metered) {
            (arguments, meter) throws(EvaluationError) in
            let depth = try arguments.int(1)
            guard depth >= 0 else { throw .invalid("the depth of flatten() may not be negative") }
            return .list(try Self.flatten(arguments.list(0), depth: depth, &meter))
        }
        add("lists.range", [.int], .list(.int), cost: .metered) { (arguments, meter) throws(EvaluationError) in
            let count = max(0, try arguments.int(0))
            try meter.checkElements(Int(clamping: count))
            try meter.charge(CostTable.traversal(Int(count)))
            return .list((0..<count).map { .int($0) })
        }
        add("reverse", [list], list, member: true, cost: .traverse([0]), size: .argument(0)) {
            (arguments, _) throws(EvaluationError) in
            .list(try arguments.list(0).reversed())
        }
        add("slice", [list, .int, .int], list, member: true, cost: .traverse([0]), size: .argument(0)) {
            (arguments, _) throws(EvaluationError) in
            let elements = try arguments.list(0)
            let start = try arguments.int(1)
            let end = try arguments.int(2)
            guard start >= 0, start <= end, end <= Int64(elements.count) else {
                throw EvaluationError(
                    .indexOutOfRange,
                    "slice(\(start), \(end)) is outside the list of \(elements.count)"
                )
            }
            return .list(Array(elements[Int(start)..<Int(end)]))
        }
        add("sort", [list], list, member: true, cost: .metered, size: .argument(0)) {
            (arguments, meter) throws(EvaluationError) in
            let elements = try arguments.list(0)
            return .list(try Aggregates.sort(elements, by: elements, &meter))
        }
    }

    private static func flatten(
        _ list: [Value],
        depth: Int64,
        _ meter: inout Meter
    ) throws(EvaluationError) -> [Value] {
        var result: [Value] = []
        for element in list {
            try meter.chargeIteration()
            if case .unknown = element { throw .metUnknown }
            if depth > 0, case .list(let inner) = element {
                result += try flatten(inner, depth: depth - 1, &meter)
            } else {
                result.append(element)
            }
            try meter.checkElements(result.count)
        }
        return result
    }

    private mutating func addEnds() {
        let element = CELType.parameter("T")
        let list = CELType.list(element)
        add("first", [list], .optional(element), member: true) { (arguments, _) throws(EvaluationError) in
            Self.optional(try arguments.list(0).first)
        }
        add("last", [list], .optional(element), member: true) { (arguments, _) throws(EvaluationError) in
            Self.optional(try arguments.list(0).last)
        }
        add("indexOf", [list, element], .int, member: true, cost: .comparison) {
            (arguments, meter) throws(EvaluationError) in
            .int(try Self.index(of: arguments[1], in: arguments.list(0), fromEnd: false, &meter))
        }
        add("lastIndexOf", [list, element], .int, member: true, cost: .comparison) {
            (arguments, meter) throws(EvaluationError) in
            .int(try Self.index(of: arguments[1], in: arguments.list(0), fromEnd: true, &meter))
        }
    }

    private static func optional(_ value: Value?) -> Value {
        if case .unknown = value { return value ?? .none }
        return .optional(OptionalValue(value))
    }

    private static func index(
        of value: Value,
        in list: [Value],
        fromEnd: Bool,
        _ meter: inout Meter
    ) throws(EvaluationError) -> Int64 {
        for offset in list.indices {
            let index = fromEnd ? list.count - 1 - offset : offset
            try meter.chargeIteration()
            if try Value.areEqual(list[index], value, &meter) { return Int64(index) }
        }
        return -1
    }

    private mutating func addAggregates() {
        for type in [CELType.int, .uint, .double, .duration, .dyn] {
            add("sum", [.list(type)], type, member: true, cost: .elements([0])) {
                (arguments, meter) throws(EvaluationError) in
                try Self.sum(arguments.list(0), zero: Self.zero(of: type))
            }
        }
        let element = CELType.parameter("T")
        for (name, wanted) in [("min", -1), ("max", 1)] {
            add(name, [.list(element)], element, member: true, cost: .comparison) {
                (arguments, meter) throws(EvaluationError) in
                let list = try arguments.list(0)
                guard var best = list.first else { throw .invalid("\(name)() needs a list that is not empty") }
                for value in list {
                    try meter.chargeIteration()
                    if case .unknown = value { throw .metUnknown }
                    if let order = try Value.order(value, best, name, &meter), order.signum() == wanted { best = value }
                }
                return best
            }
        }
        add("isSorted", [.list(element)], .bool, member: true, cost: .comparison) {
            (arguments, meter) throws(EvaluationError) in
            let list = try arguments.list(0)
            for index in list.indices.dropFirst() {
                try meter.chargeIteration()
                if case .unknown = list[index] { throw .metUnknown }
                if case .unknown = list[index - 1] { throw .metUnknown }
                if let order = try Value.order(list[index - 1], list[index], "isSorted", &meter), order > 0 {
                    return .bool(false)
                }
            }
            return .bool(true)
        }
    }

    private static func zero(of type: CELType) -> Value {
        switch type {
        case .uint: .uint(0)
        case .double: .double(0)
        case .duration: .duration(.zero)
        default: .int(0)
        }
    }

    private static func sum(_ list: [Value], zero: Value) throws(EvaluationError) -> Value {
        guard var total = list.first else { return zero }
        if case .unknown = total { throw .metUnknown }
        guard total.isNumber || total.type == .duration else { throw .noSuchOverload("sum", total) }
        for value in list.dropFirst() {
            switch (total, value) {
            case (.int(let a), .int(let b)): total = .int(try Arithmetic.apply(.add, a, b))
            case (.uint(let a), .uint(let b)): total = .uint(try Arithmetic.apply(.add, a, b))
            case (.double(let a), .double(let b)): total = .double(a + b)
            case (.duration(let a), .duration(let b)): total = try Arithmetic.span(a.adding(b))
            case (_, .unknown): throw .metUnknown
            default: throw .noSuchOverload("sum", total, value)
            }
        }
        return total
    }
}
