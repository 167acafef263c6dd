/// `string.format(list)`.
struct StringFormatter {
    private let template: [UInt8]
    private let arguments: [Value]
    private var result: [UInt8] = []
    private var used = 0

    /// Digits after the point, at most.
    private static let maximumPrecision = 1000

    init(_ template: String, _ arguments: [Value]) {
        self.template = Array(template.utf8)
        self.arguments = arguments
    }

    mutating func format(_ meter: inout Meter) throws(EvaluationError) -> String {
        try meter.charge(CostTable.traversal(template.count))
        var place = 0
        while place < template.count {
            guard template[place] == UInt8(ascii: "%") else {
                result.append(template[place])
                place += 1
                continue
            }
            place += 1
            if place < template.count, template[place] == UInt8(ascii: "%") {
                result.append(UInt8(ascii: "%"))
                place += 1
                continue
            }
            let precision = try readPrecision(&place)
            guard place < template.count else { throw .invalid("the format ends inside a '%' clause") }
            let verb = template[place]
            place += 1
            guard used < arguments.count else {
                throw .invalid("the format wants argument \(used), which is not there")
            }
            let argument = arguments[used]
            used += 1
            if case .unknown = argument { throw .metUnknown }
            let text = try clause(verb, argument, precision, &meter)
            result += Array(text.utf8)
            try meter.charge(CostTable.traversal(text.utf8.count))
            try meter.checkString(bytes: result.count)
        }
        try meter.checkString(bytes: result.count)
        return String(decoding: result, as: UTF8.self)
    }

    private func readPrecision(_ place: inout Int) throws(EvaluationError) -> Int? {
        guard place < template.count, template[place] == UInt8(ascii: ".") else { return nil }
        place += 1
        var precision = 0
        let start = place
        while place < template.count, template[place].isDigit {
            precision = precision * 10 + Int(template[place] - 0x30)
            guard precision <= Self.maximumPrecision else { throw .invalid("the precision is too large") }
            place += 1
        }
        guard place > start else { throw .invalid("the precision is missing after '.'") }
        return precision
    }

    private func clause(
        _ verb: UInt8,
        _ argument: Value,
        _ precision: Int?,
        _ meter: inout Meter
    ) throws(EvaluationError) -> String {
        switch verb {
        case UInt8(ascii: "s"): return try FormattedText.describe(argument, &meter)
        case UInt8(ascii: "d"): return try decimal(argument)
        case UInt8(ascii: "f"): return NumberText.fixed(try number(argument, "%f"), precision: precision ?? 6)
        case UInt8(ascii: "e"): return NumberText.scientific(try number(argument, "%e"), precision: precision ?? 6)
        case UInt8(ascii: "b"): return try radix(argument, 2, "%b")
        case UInt8(ascii: "o"): return try radix(argument, 8, "%o")
        case UInt8(ascii: "x"): return try hexadecimal(argument, uppercase: false)
        case UInt8(ascii: "X"): return try hexadecimal(argument, uppercase: true)
        default: throw .invalid("the format has an unknown clause")
        }
    }

    private func decimal(_ argument: Value) throws(EvaluationError) -> String {
        switch argument {
        case .int(let number): return String(number)
        case .uint(let number): return String(number)
        case .double(let number): return FormattedText.describe(number)
        default: throw .invalid("%d takes numbers, found \(argument.typeName)")
        }
    }

    private func number(_ argument: Value, _ clause: String) throws(EvaluationError) -> Double {
        switch argument {
        case .int(let number): return Double(number)
        case .uint(let number): return Double(number)
        case .double(let number): return number
        default: throw .invalid("\(clause) takes numbers, found \(argument.typeName)")
        }
    }

    private func radix(_ argument: Value, _ radix: Int, _ clause: String) throws(EvaluationError) -> String {
        switch argument {
        case .int(let number): return NumberText.radix(number, radix)
        case .uint(let number): return NumberText.radix(number, radix)
        case .bool(let flag) where radix == 2: return flag ? "1" : "0"
        default: throw .invalid("\(clause) takes integers, found \(argument.typeName)")
        }
    }

    private func hexadecimal(_ argument: Value, uppercase: Bool) throws(EvaluationError) -> String {
        switch argument {
        case .int(let number): return NumberText.radix(number, 16, uppercase: uppercase)
        case .uint(let number): return NumberText.radix(number, 16, uppercase: uppercase)
        case .string(let text): return NumberText.hex(text.utf8, uppercase: uppercase)
        case .bytes(let bytes): return NumberText.hex(bytes, uppercase: uppercase)
        default: throw .invalid("%x takes integers, strings and bytes, found \(argument.typeName)")
        }
    }
}

/// The text of values as `%s` gives it.
enum FormattedText {
    static func describe(_ number: Double) -> String { NumberText.plain(number) }

    static func describe(_ value: Value, _ meter: inout Meter) throws(EvaluationError) -> String {
        try meter.charge(1)
        switch value {
        case .null: return "null"
        case .bool(let flag): return flag ? "true" : "false"
        case .int(let number): return String(number)
        case .uint(let number): return String(number)
        case .double(let number): return describe(number)
        case .string(let text):
            try meter.charge(CostTable.traversal(text.utf8.count))
            return text
        case .bytes(let bytes):
            try meter.charge(CostTable.traversal(bytes.count))
            return String(decoding: bytes, as: UTF8.self)
        case .timestamp(let time): return time.rfc3339
        case .duration(let span): return span.text
        case .type(let type): return type.runtimeName
        case .list(let elements):
            var parts: [String] = []
            var size = 0
            for element in elements {
                let text = try describe(element, &meter)
                size += text.utf8.count
                try meter.checkString(bytes: size)
                parts.append(text)
            }
            return "[\(parts.joined(separator: ", "))]"
        case .map(let map):
            try map.requireComplete()
            var parts: [(key: String, text: String)] = []
            var size = 0
            for (key, value) in map.entries {
                let name = try describe(key, &meter)
                let text = try describe(value, &meter)
                size += name.utf8.count + text.utf8.count
                try meter.checkString(bytes: size)
                parts.append((name, "\(name): \(text)"))
            }
            parts.sort { utf8Compare($0.key, $1.key) < 0 }
            return "{\(parts.map(\.text).joined(separator: ", "))}"
        case .unknown: throw .metUnknown
        case .opaque(let opaque):
            if let text = opaque.describedText { return text }
            throw .invalid("%s does not take \(value.typeName)")
        case .record, .optional: throw .invalid("%s does not take \(value.typeName)")
        }
    }
}
