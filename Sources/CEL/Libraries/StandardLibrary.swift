extension Library {
    /// The functions and operators of the language itself.
    static let standard: Library = {
        var library = Library("standard")
        library.addArithmetic()
        library.addComparisons()
        library.addConversions()
        library.addStandardText()
        library.addTimeAccessors()
        return library
    }()

    /// Every extension library.
    public static let all: [Library] = [
        .strings, .math, .lists, .sets, .encoders, .regex, .optionals, .network, .quantities, .semanticVersions, .urls,
    ]
}

extension Library {
    fileprivate mutating func addArithmetic() {
        let operators: [BinaryOperator] = [.add, .subtract, .multiply, .divide, .remainder]
        for sign in operators {
            add(sign.function, [.int, .int], .int) { (arguments, _) throws(EvaluationError) in
                .int(try Arithmetic.apply(sign, arguments.int(0), arguments.int(1)))
            }
            add(sign.function, [.uint, .uint], .uint) { (arguments, _) throws(EvaluationError) in
                .uint(try Arithmetic.apply(sign, arguments.uint(0), arguments.uint(1)))
            }
            if sign == .remainder { continue }
            add(sign.function, [.double, .double], .double) { (arguments, _) throws(EvaluationError) in
                .double(Arithmetic.apply(sign, try arguments.double(0), try arguments.double(1)))
            }
        }
        add("-_", [.int], .int) { (arguments, _) throws(EvaluationError) in
            .int(try Arithmetic.negate(arguments.int(0)))
        }
        add("-_", [.double], .double) { (arguments, _) throws(EvaluationError) in .double(-(try arguments.double(0))) }
        add("!_", [.bool], .bool) { (arguments, _) throws(EvaluationError) in .bool(!(try arguments.bool(0))) }
        add("_+_", [.string, .string], .string, cost: .traverse([0, 1]), size: .sum) {
            (arguments, meter) throws(EvaluationError) in
            let left = try arguments.string(0)
            let right = try arguments.string(1)
            try meter.checkString(bytes: left.utf8.count + right.utf8.count)
            return .string(left + right)
        }
        add("_+_", [.bytes, .bytes], .bytes, cost: .traverse([0, 1]), size: .sum) {
            (arguments, meter) throws(EvaluationError) in
            let joined = try arguments.bytes(0) + arguments.bytes(1)
            try meter.checkString(bytes: joined.count)
            return .bytes(joined)
        }
        let element = CELType.list(.parameter("A"))
        add("_+_", [element, element], element, cost: .traverse([0, 1]), size: .sum) {
            (arguments, meter) throws(EvaluationError) in
            let left = try arguments.list(0)
            let right = try arguments.list(1)
            try meter.checkElements(left.count + right.count)
            return .list(left + right)
        }
        addTimeArithmetic()
    }

    private mutating func addTimeArithmetic() {
        add("_+_", [.timestamp, .duration], .timestamp) { (arguments, _) throws(EvaluationError) in
            try Arithmetic.time(arguments.timestamp(0).adding(arguments.duration(1)))
        }
        add("_+_", [.duration, .timestamp], .timestamp) { (arguments, _) throws(EvaluationError) in
            try Arithmetic.time(arguments.timestamp(1).adding(arguments.duration(0)))
        }
        add("_+_", [.duration, .duration], .duration) { (arguments, _) throws(EvaluationError) in
            try Arithmetic.span(arguments.duration(0).adding(arguments.duration(1)))
        }
        add("_-_", [.timestamp, .timestamp], .duration) { (arguments, _) throws(EvaluationError) in
            try Arithmetic.span(arguments.timestamp(0).since(arguments.timestamp(1)))
        }
        add("_-_", [.timestamp, .duration], .timestamp) { (arguments, _) throws(EvaluationError) in
            try Arithmetic.time(arguments.timestamp(0).subtracting(arguments.duration(1)))
        }
        add("_-_", [.duration, .duration], .duration) { (arguments, _) throws(EvaluationError) in
            try Arithmetic.span(arguments.duration(0).subtracting(arguments.duration(1)))
        }
        add("-_", [.duration], .duration) { (arguments, _) throws(EvaluationError) in
            try Arithmetic.span(arguments.duration(0).negated())
        }
    }

    fileprivate mutating func addComparisons() {
        let any = CELType.parameter("A")
        add("_==_", [any, any], .bool, cost: .comparison) { (arguments, meter) throws(EvaluationError) in
            .bool(try Value.areEqual(arguments[0], arguments[1], &meter))
        }
        add("_!=_", [any, any], .bool, cost: .comparison) { (arguments, meter) throws(EvaluationError) in
            .bool(!(try Value.areEqual(arguments[0], arguments[1], &meter)))
        }
        let ordered: [CELType] = [.bool, .int, .uint, .double, .string, .bytes, .timestamp, .duration]
        let numbers: [CELType] = [.int, .uint, .double]
        for sign in [BinaryOperator.less, .lessOrEqual, .greater, .greaterOrEqual] {
            let run: NativeFunction = { (arguments, meter) throws(EvaluationError) in
                let order = try Value.order(arguments[0], arguments[1], sign.function, &meter)
                return .bool(Arithmetic.holds(sign, order))
            }
            for type in ordered { add(sign.function, [type, type], .bool, cost: .comparison, run) }
            for left in numbers {
                for right in numbers where left != right { add(sign.function, [left, right], .bool, run) }
            }
        }
        add("@in", [any, .list(any)], .bool, cost: .comparison) { (arguments, meter) throws(EvaluationError) in
            .bool(try Arithmetic.contains(arguments.list(1), arguments[0], &meter))
        }
        add("@in", [any, .map(any, .dyn)], .bool) { (arguments, _) throws(EvaluationError) in
            let map = try arguments.map(1)
            return map.presence(arguments[0]).map { .bool($0) } ?? map.unknownPresence(arguments[0])
        }
    }

    fileprivate mutating func addStandardText() {
        add("size", [.string], .int, cost: .traverse([0])) { (arguments, _) throws(EvaluationError) in
            .int(Int64(scalarCount(try arguments.string(0))))
        }
        add("size", [.string], .int, member: true, cost: .traverse([0])) { (arguments, _) throws(EvaluationError) in
            .int(Int64(scalarCount(try arguments.string(0))))
        }
        for isMember in [false, true] {
            for type in [CELType.bytes, .list(.parameter("A")), .map(.parameter("A"), .parameter("B"))] {
                add("size", [type], .int, member: isMember) { (arguments, _) throws(EvaluationError) in
                    try arguments[0].fields?.requireComplete()
                    return .int(Int64(clamping: arguments[0].size))
                }
            }
        }
        add("contains", [.string, .string], .bool, member: true, cost: .product(0, 1)) {
            (arguments, _) throws(EvaluationError) in
            let text = try arguments.string(0)
            let part = try arguments.string(1)
            return .bool(withBytes(text) { bytes in withBytes(part) { firstIndex(of: $0, in: bytes) != nil } })
        }
        add("startsWith", [.string, .string], .bool, member: true, cost: .traverse([1])) {
            (arguments, _) throws(EvaluationError) in
            .bool(Arithmetic.starts(try arguments.string(0), with: try arguments.string(1)))
        }
        add("endsWith", [.string, .string], .bool, member: true, cost: .traverse([1])) {
            (arguments, _) throws(EvaluationError) in
            .bool(Arithmetic.ends(try arguments.string(0), with: try arguments.string(1)))
        }
        for isMember in [false, true] {
            addMatching("matches", [.string, .string], .bool, member: isMember, cost: .match(text: 0, pattern: 1)) {
                (expression, arguments, _) throws(EvaluationError) in .bool(expression.isMatch(try arguments.string(0)))
            }
        }
    }
}

/// Compiled regular expressions.
enum RegularExpressions {
    static func compile(_ pattern: String, maximumGroups: Int = .max) throws(EvaluationError) -> RE2 {
        let expression: RE2
        do throws(RE2.SyntaxError) {
            expression = try RE2(pattern)
        } catch {
            throw .invalid("the regular expression is wrong at byte \(error.offset): \(error.message)")
        }
        guard expression.groupCount <= maximumGroups else {
            throw .invalid("the regular expression may have one capturing group, not \(expression.groupCount)")
        }
        return expression
    }
}

/// Operators on Swift values, for both evaluators.
enum Arithmetic {
    static func apply<N: FixedWidthInteger>(_ sign: BinaryOperator, _ a: N, _ b: N) throws(EvaluationError) -> N {
        let (result, overflow): (N, Bool)
        switch sign {
        case .add: (result, overflow) = a.addingReportingOverflow(b)
        case .subtract: (result, overflow) = a.subtractingReportingOverflow(b)
        case .multiply: (result, overflow) = a.multipliedReportingOverflow(by: b)
        case .divide:
            guard b != 0 else { throw EvaluationError(.divisionByZero, "division by zero") }
            (result, overflow) = a.dividedReportingOverflow(by: b)
        default:
            guard b != 0 else { throw EvaluationError(.divisionByZero, "remainder by zero") }
            (result, overflow) = a.remainderReportingOverflow(dividingBy: b)
        }
        guard !overflow else { throw .overflow("the result of '\(sign.rawValue)'") }
        return result
    }

    static func apply(_ sign: BinaryOperator, _ a: Double, _ b: Double) -> Double {
        switch sign {
        case .add: a + b
        case .subtract: a - b
        case .multiply: a * b
        default: a / b
        }
    }

    static func negate(_ number: Int64) throws(EvaluationError) -> Int64 {
        guard number != .min else { throw .overflow("the result of '-'") }
        return -number
    }

    static func time(_ time: Timestamp?) throws(EvaluationError) -> Value {
        guard let time else { throw .overflow("the timestamp") }
        return .timestamp(time)
    }

    static func span(_ span: TimeSpan?) throws(EvaluationError) -> Value {
        guard let span else { throw .overflow("the duration") }
        return .duration(span)
    }

    @inline(__always)
    static func holds(_ sign: BinaryOperator, _ order: Int?) -> Bool {
        guard let order else { return false }
        return switch sign {
        case .less: order < 0
        case .lessOrEqual: order <= 0
        case .greater: order > 0
        default: order >= 0
        }
    }

    /// Whether a list has an element equal to `value`; an unknown element leaves a "no" unknown.
    static func contains(_ list: [Value], _ value: Value, _ meter: inout Meter) throws(EvaluationError) -> Bool {
        var sawUnknown = false
        for element in list {
            try meter.chargeIteration()
            do throws(EvaluationError) {
                if try Value.areEqual(element, value, &meter) { return true }
            } catch {
                guard error.isUnknown else { throw error }
                sawUnknown = true
            }
        }
        if sawUnknown { throw .metUnknown }
        return false
    }

    static func starts(_ text: String, with prefix: String) -> Bool {
        withBytes(text) { bytes in
            withBytes(prefix) { start in
                bytes.count >= start.count && bytesEqual(UnsafeBufferPointer(rebasing: bytes[..<start.count]), start)
            }
        }
    }

    static func ends(_ text: String, with suffix: String) -> Bool {
        withBytes(text) { bytes in
            withBytes(suffix) { end in
                bytes.count >= end.count
                    && bytesEqual(UnsafeBufferPointer(rebasing: bytes[(bytes.count - end.count)...]), end)
            }
        }
    }
}
