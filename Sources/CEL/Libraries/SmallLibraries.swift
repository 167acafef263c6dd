extension Library {
    /// Lists as sets: order and repetition do not count.
    public static let sets: Library = {
        var library = Library("sets")
        let list = CELType.list(.parameter("T"))
        library.add("sets.contains", [list, list], .bool, cost: .comparison) {
            (arguments, meter) throws(EvaluationError) in
            .bool(try includes(arguments.list(0), arguments.list(1), &meter))
        }
        library.add("sets.equivalent", [list, list], .bool, cost: .comparison) {
            (arguments, meter) throws(EvaluationError) in
            let a = try arguments.list(0)
            let b = try arguments.list(1)
            guard try includes(a, b, &meter) else { return .bool(false) }
            return .bool(try includes(b, a, &meter))
        }
        library.add("sets.intersects", [list, list], .bool, cost: .comparison) {
            (arguments, meter) throws(EvaluationError) in
            let a = try arguments.list(0)
            for element in try arguments.list(1) where try Arithmetic.contains(a, element, &meter) {
                return .bool(true)
            }
            return .bool(false)
        }
        return library
    }()

    private static func includes(
        _ whole: [Value],
        _ part: [Value],
        _ meter: inout Meter
    ) throws(EvaluationError) -> Bool {
        for element in part {
            try meter.chargeIteration()
            guard try Arithmetic.contains(whole, element, &meter) else { return false }
        }
        return true
    }

    /// Base64.
    public static let encoders: Library = {
        var library = Library("encoders")
        library.add("base64.encode", [.bytes], .string, cost: .traverse([0])) {
            (arguments, meter) throws(EvaluationError) in
            let bytes = try arguments.bytes(0)
            try meter.checkString(bytes: bytes.count / 3 * 4 + 4)
            return .string(Base64.encode(bytes))
        }
        library.add("base64.decode", [.string], .bytes, cost: .traverse([0]), size: .argument(0)) {
            (arguments, _) throws(EvaluationError) in
            guard let bytes = Base64.decode(try arguments.string(0)) else { throw .invalid("the text is not base64") }
            return .bytes(bytes)
        }
        return library
    }()

    /// Values that may be missing.
    public static let optionals: Library = {
        var library = Library("optionals")
        let value = CELType.parameter("T")
        let optional = CELType.optional(value)
        library.add("optional.of", [value], optional) { (arguments, _) throws(EvaluationError) in
            .optional(OptionalValue(arguments[0]))
        }
        library.add("optional.ofNonZeroValue", [value], optional) { (arguments, _) throws(EvaluationError) in
            guard arguments[0].isZero else { return .optional(OptionalValue(arguments[0])) }
            try arguments[0].fields?.requireComplete()
            return .none
        }
        library.add("optional.none", [], optional) { (_, _) throws(EvaluationError) in .none }
        library.add("hasValue", [optional], .bool, member: true) { (arguments, _) throws(EvaluationError) in
            .bool(try arguments.optional(0) != nil)
        }
        library.add("value", [optional], value, member: true) { (arguments, _) throws(EvaluationError) in
            guard let wrapped = try arguments.optional(0) else { throw .invalid("value() of optional.none()") }
            return wrapped
        }
        // The evaluators see to these two themselves, since they may leave their argument alone.
        library.add("or", [optional, optional], optional, member: true) { (arguments, _) throws(EvaluationError) in
            try arguments.optional(0) == nil ? arguments[1] : arguments[0]
        }
        library.add("orValue", [optional, value], value, member: true) { (arguments, _) throws(EvaluationError) in
            try arguments.optional(0) ?? arguments[1]
        }
        for name in ["optional.unwrap", "unwrapOpt"] {
            let isMember = name == "unwrapOpt"
            library.add(name, [.list(optional)], .list(value), member: isMember, cost: .elements([0])) {
                (arguments, _) throws(EvaluationError) in
                var result: [Value] = []
                for element in try arguments.list(0) {
                    if case .unknown = element { throw .metUnknown }
                    guard case .optional(let optional) = element else { throw .noSuchOverload(name, element) }
                    if let wrapped = optional.wrapped { result.append(wrapped) }
                }
                return .list(result)
            }
        }
        return library
    }()
}

extension Value {
    /// Whether the value is its type's zero or empty value.
    var isZero: Bool {
        switch self {
        case .null: true
        case .bool(let flag): !flag
        case .int(let number): number == 0
        case .uint(let number): number == 0
        case .double(let number): number == 0
        case .string(let text): text.isEmpty
        case .bytes(let bytes): bytes.isEmpty
        case .list(let elements): elements.isEmpty
        case .map(let map): map.count == 0
        case .record(let record): record.fields.count == 0
        case .duration(let span): span == .zero
        case .optional(let optional): optional.wrapped == nil
        case .timestamp, .type, .opaque, .unknown: false
        }
    }
}
