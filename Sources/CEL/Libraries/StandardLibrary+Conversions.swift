// Conversions between types.
extension Library {
    mutating func addConversions() {
        add("dyn", [.parameter("A")], .dyn) { (arguments, _) throws(EvaluationError) in arguments[0] }
        add("type", [.parameter("A")], .type(.parameter("A"))) { (arguments, _) throws(EvaluationError) in
            .type(arguments[0].type)
        }
        let identities: [(String, CELType)] = [
            ("bool", .bool), ("int", .int), ("uint", .uint), ("double", .double), ("string", .string),
            ("bytes", .bytes), ("timestamp", .timestamp), ("duration", .duration),
        ]
        for (name, type) in identities {
            add(name, [type], type, size: .argument(0)) { (arguments, _) throws(EvaluationError) in arguments[0] }
        }
        addNumberConversions()
        addTextConversions()
        addTimeConversions()
    }

    private mutating func addNumberConversions() {
        add("int", [.uint], .int) { (arguments, _) throws(EvaluationError) in
            .int(try Conversion.exactly(arguments.uint(0), "int"))
        }
        add("int", [.double], .int) { (arguments, _) throws(EvaluationError) in
            .int(try Conversion.int(arguments.double(0)))
        }
        add("int", [.string], .int, cost: .traverse([0])) { (arguments, _) throws(EvaluationError) in
            .int(try Conversion.parse(arguments.string(0), "int", Int64.init))
        }
        add("int", [.timestamp], .int) { (arguments, _) throws(EvaluationError) in
            .int(try arguments.timestamp(0).seconds)
        }
        add("int", [.duration], .int) { (arguments, _) throws(EvaluationError) in
            .int(try arguments.duration(0).seconds)
        }
        add("uint", [.int], .uint) { (arguments, _) throws(EvaluationError) in
            .uint(try Conversion.exactly(arguments.int(0), "uint"))
        }
        add("uint", [.double], .uint) { (arguments, _) throws(EvaluationError) in
            .uint(try Conversion.uint(arguments.double(0)))
        }
        add("uint", [.string], .uint, cost: .traverse([0])) { (arguments, _) throws(EvaluationError) in
            .uint(try Conversion.parse(arguments.string(0), "uint", UInt64.init))
        }
        add("double", [.int], .double) { (arguments, _) throws(EvaluationError) in .double(Double(try arguments.int(0)))
        }
        add("double", [.uint], .double) { (arguments, _) throws(EvaluationError) in
            .double(Double(try arguments.uint(0)))
        }
        add("double", [.string], .double, cost: .traverse([0])) { (arguments, _) throws(EvaluationError) in
            .double(try Conversion.double(arguments.string(0)))
        }
    }

    private mutating func addTextConversions() {
        add("bool", [.string], .bool) { (arguments, _) throws(EvaluationError) in
            .bool(try Conversion.bool(arguments.string(0)))
        }
        add("string", [.bool], .string, size: .atMost(5)) { (arguments, _) throws(EvaluationError) in
            .string(try arguments.bool(0) ? "true" : "false")
        }
        add("string", [.int], .string, size: .atMost(20)) { (arguments, _) throws(EvaluationError) in
            .string(String(try arguments.int(0)))
        }
        add("string", [.uint], .string, size: .atMost(20)) { (arguments, _) throws(EvaluationError) in
            .string(String(try arguments.uint(0)))
        }
        add("string", [.double], .string, size: .atMost(32)) { (arguments, _) throws(EvaluationError) in
            .string(NumberText.shortest(try arguments.double(0)))
        }
        add("string", [.timestamp], .string, size: .atMost(40)) { (arguments, _) throws(EvaluationError) in
            .string(try arguments.timestamp(0).rfc3339)
        }
        add("string", [.duration], .string, size: .atMost(40)) { (arguments, _) throws(EvaluationError) in
            .string(try arguments.duration(0).text)
        }
        add("string", [.bytes], .string, cost: .traverse([0]), size: .argument(0)) {
            (arguments, _) throws(EvaluationError) in
            guard let text = String(validating: try arguments.bytes(0), as: UTF8.self) else {
                throw .invalid("the bytes are not UTF-8")
            }
            return .string(text)
        }
        add("bytes", [.string], .bytes, cost: .traverse([0]), size: .argument(0)) {
            (arguments, _) throws(EvaluationError) in
            .bytes(Array(try arguments.string(0).utf8))
        }
    }

    private mutating func addTimeConversions() {
        let isTimestamp = ConstantRule.text { (text) throws(EvaluationError) in _ = try Conversion.timestamp(text) }
        add("timestamp", [.string], .timestamp, cost: .traverse([0]), constant: isTimestamp) {
            (arguments, _) throws(EvaluationError) in
            .timestamp(try Conversion.timestamp(arguments.string(0)))
        }
        add("timestamp", [.int], .timestamp) { (arguments, _) throws(EvaluationError) in
            try Arithmetic.time(Timestamp(seconds: arguments.int(0)))
        }
        let isDuration = ConstantRule.text { (text) throws(EvaluationError) in _ = try Conversion.duration(text) }
        add("duration", [.string], .duration, cost: .traverse([0]), constant: isDuration) {
            (arguments, _) throws(EvaluationError) in
            .duration(try Conversion.duration(arguments.string(0)))
        }
        add("duration", [.int], .duration) { (arguments, _) throws(EvaluationError) in
            try Arithmetic.span(TimeSpan(seconds: arguments.int(0)))
        }
    }
}

enum Conversion {
    static func exactly<N: FixedWidthInteger>(_ number: some BinaryInteger, _ type: String) throws(EvaluationError) -> N
    {
        guard let result = N(exactly: number) else { throw .overflow("the \(type)") }
        return result
    }

    /// Truncates.
    ///
    /// The ends of the range are excluded, as doubles cannot tell them from their neighbours.
    static func int(_ number: Double) throws(EvaluationError) -> Int64 {
        guard number > -0x1p63, number < 0x1p63 else { throw .overflow("the int") }
        return Int64(number)
    }

    static func uint(_ number: Double) throws(EvaluationError) -> UInt64 {
        guard number > -1, number < 0x1p64 else { throw .overflow("the uint") }
        return UInt64(number)
    }

    static func parse<N>(_ text: String, _ type: String, _ parser: (String) -> N?) throws(EvaluationError) -> N {
        guard text.utf8.first != UInt8(ascii: "+"), let number = parser(text) else {
            throw .invalid("'\(text.clipped)' is no \(type)")
        }
        return number
    }

    static func double(_ text: String) throws(EvaluationError) -> Double {
        switch text {
        case "NaN": return .nan
        case "Infinity", "+Infinity", "Inf", "+Inf", "inf", "+inf": return .infinity
        case "-Infinity", "-Inf", "-inf": return -.infinity
        default: break
        }
        let allowed = text.utf8.allSatisfy { $0.isDigit || "+-.eE".utf8.contains($0) }
        guard allowed, let number = Double(text) else { throw .invalid("'\(text.clipped)' is no double") }
        return number
    }

    static func bool(_ text: String) throws(EvaluationError) -> Bool {
        switch text {
        case "1", "t", "T", "true", "TRUE", "True": return true
        case "0", "f", "F", "false", "FALSE", "False": return false
        default: throw .invalid("'\(text.clipped)' is no bool")
        }
    }

    static func duration(_ text: String) throws(EvaluationError) -> TimeSpan {
        guard let span = TimeSpan(text: text) else {
            throw .invalid("'\(text.clipped)' is no duration such as 1h30m, 45s or 250ms, or out of range")
        }
        return span
    }

    static func timestamp(_ text: String) throws(EvaluationError) -> Timestamp {
        guard let time = Timestamp(rfc3339: text) else {
            throw .invalid("'\(text.clipped)' is no timestamp such as 2026-01-31T12:00:00Z")
        }
        return time
    }
}

extension String {
    /// The text, cut for a message.
    var clipped: String {
        utf8.count <= 80 ? self : String(decoding: utf8.prefix(80), as: UTF8.self) + "…"
    }
}
