extension Library {
    /// Functions on numbers and bits.
    public static let math: Library = {
        var library = Library("math")
        library.addExtremes()
        library.addRounding()
        library.addBits()
        return library
    }()

    private mutating func addExtremes() {
        for (name, wanted) in [("math.greatest", 1), ("math.least", -1)] {
            let ofArguments: NativeFunction = { (arguments, meter) throws(EvaluationError) in
                try Self.extreme(arguments, wanted, name, &meter)
            }
            let ofList: NativeFunction = { (arguments, meter) throws(EvaluationError) in
                try Self.extreme(arguments.list(0), wanted, name, &meter)
            }
            for type in [CELType.int, .uint, .double] {
                add(name, [type], type, variadic: true, cost: .metered, ofArguments)
                add(name, [.list(type)], type, cost: .elements([0]), ofList)
            }
            add(name, [.anyList], .dyn, cost: .elements([0]), ofList)
            add(name, [.dyn, .dyn], .dyn, variadic: true, cost: .metered, ofArguments)
        }
    }

    private static func extreme(
        _ values: [Value],
        _ wanted: Int,
        _ name: String,
        _ meter: inout Meter
    ) throws(EvaluationError) -> Value {
        guard var best = values.first else { throw .invalid("\(name)() needs an argument") }
        for value in values {
            if case .unknown = value { throw .metUnknown }
            guard value.isNumber else { throw .noSuchOverload(name, value) }
            if let order = compareNumbers(value, best), order == wanted { best = value }
        }
        return best
    }

    private mutating func addRounding() {
        let roundings: [(String, @Sendable (Double) -> Double)] = [
            ("math.ceil", { $0.rounded(.up) }),
            ("math.floor", { $0.rounded(.down) }),
            ("math.round", { $0.rounded(.toNearestOrAwayFromZero) }),
            ("math.trunc", { $0.rounded(.towardZero) }),
        ]
        for (name, body) in roundings {
            add(name, [.double], .double) { (arguments, _) throws(EvaluationError) in
                .double(body(try arguments.double(0)))
            }
        }
        let tests: [(String, @Sendable (Double) -> Bool)] = [
            ("math.isNaN", { $0.isNaN }), ("math.isInf", { $0.isInfinite }), ("math.isFinite", { $0.isFinite }),
        ]
        for (name, body) in tests {
            add(name, [.double], .bool) { (arguments, _) throws(EvaluationError) in
                .bool(body(try arguments.double(0)))
            }
        }
        add("math.abs", [.int], .int) { (arguments, _) throws(EvaluationError) in
            let number = try arguments.int(0)
            return .int(number < 0 ? try Arithmetic.negate(number) : number)
        }
        add("math.abs", [.uint], .uint) { (arguments, _) throws(EvaluationError) in arguments[0] }
        add("math.abs", [.double], .double) { (arguments, _) throws(EvaluationError) in
            .double(try arguments.double(0).magnitude)
        }
        add("math.sign", [.int], .int) { (arguments, _) throws(EvaluationError) in .int(try arguments.int(0).signum()) }
        add("math.sign", [.uint], .uint) { (arguments, _) throws(EvaluationError) in
            .uint(try arguments.uint(0).signum())
        }
        add("math.sign", [.double], .double) { (arguments, _) throws(EvaluationError) in
            let number = try arguments.double(0)
            return .double(number > 0 ? 1 : number < 0 ? -1 : number)
        }
        add("math.sqrt", [.double], .double) { (arguments, _) throws(EvaluationError) in
            .double(try arguments.double(0).squareRoot())
        }
        add("math.sqrt", [.int], .double) { (arguments, _) throws(EvaluationError) in
            .double(Double(try arguments.int(0)).squareRoot())
        }
        add("math.sqrt", [.uint], .double) { (arguments, _) throws(EvaluationError) in
            .double(Double(try arguments.uint(0)).squareRoot())
        }
    }

    private mutating func addBits() {
        addBitwise("math.bitAnd", { $0 & $1 }, { $0 & $1 })
        addBitwise("math.bitOr", { $0 | $1 }, { $0 | $1 })
        addBitwise("math.bitXor", { $0 ^ $1 }, { $0 ^ $1 })
        add("math.bitNot", [.int], .int) { (arguments, _) throws(EvaluationError) in .int(~(try arguments.int(0))) }
        add("math.bitNot", [.uint], .uint) { (arguments, _) throws(EvaluationError) in .uint(~(try arguments.uint(0))) }
        for isLeft in [true, false] {
            let name = isLeft ? "math.bitShiftLeft" : "math.bitShiftRight"
            add(name, [.int, .int], .int) { (arguments, _) throws(EvaluationError) in
                let offset = try Self.shift(arguments)
                // Bits move without regard to the sign.
                let bits = UInt64(bitPattern: try arguments.int(0))
                return .int(Int64(bitPattern: isLeft ? bits << offset : bits >> offset))
            }
            add(name, [.uint, .int], .uint) { (arguments, _) throws(EvaluationError) in
                let offset = try Self.shift(arguments)
                let bits = try arguments.uint(0)
                return .uint(isLeft ? bits << offset : bits >> offset)
            }
        }
    }

    private mutating func addBitwise(
        _ name: String,
        _ ints: @escaping @Sendable (Int64, Int64) -> Int64,
        _ uints: @escaping @Sendable (UInt64, UInt64) -> UInt64
    ) {
        add(name, [.int, .int], .int) { (arguments, _) throws(EvaluationError) in
            .int(ints(try arguments.int(0), try arguments.int(1)))
        }
        add(name, [.uint, .uint], .uint) { (arguments, _) throws(EvaluationError) in
            .uint(uints(try arguments.uint(0), try arguments.uint(1)))
        }
    }

    private static func shift(_ arguments: [Value]) throws(EvaluationError) -> Int64 {
        let offset = try arguments.int(1)
        guard offset >= 0 else { throw .invalid("bits cannot be shifted by \(offset)") }
        return min(offset, 64)
    }
}
