/// Prints a syntax tree as source text with no more parentheses than needed.
struct Unparser {
    let tree: SyntaxTree

    func print(_ id: NodeID) -> String {
        switch tree[id].kind {
        case .literal(let value): value.literalText ?? "?"
        case .identifier(let name, let isAbsolute): identifier(name, isAbsolute: isAbsolute)
        case .select(let operand, let field): "\(operandText(operand)).\(Self.fieldText(field))"
        case .optionalSelect(let operand, let field): "\(operandText(operand)).?\(Self.fieldText(field))"
        case .has(let operand, let field): "has(\(operandText(operand)).\(Self.fieldText(field)))"
        case .index(let operand, let key): "\(operandText(operand))[\(print(key))]"
        case .optionalIndex(let operand, let key): "\(operandText(operand))[?\(print(key))]"
        case .call(let name, let arguments): "\(name)(\(joined(arguments)))"
        case .memberCall(let target, let name, let arguments): "\(operandText(target)).\(name)(\(joined(arguments)))"
        case .unary(let sign, let operand): sign.rawValue + operandOfSign(sign, operand)
        case .binary(let sign, let left, let right):
            "\(text(left, above: sign.precedence)) \(sign.rawValue) \(text(right, above: sign.precedence + 1))"
        case .logical(let sign, let operands):
            operands.map { text($0, above: precedence(id) + 1) }.joined(separator: " \(sign.rawValue) ")
        case .conditional(let condition, let whenTrue, let whenFalse):
            "\(text(condition, above: 1)) ? \(text(whenTrue, above: 1)) : \(text(whenFalse, above: 0))"
        case .list(let elements):
            "[" + elements.map { ($0.isOptional ? "?" : "") + print($0.value) }.joined(separator: ", ") + "]"
        case .map(let entries):
            "{"
                + entries.map { ($0.isOptional ? "?" : "") + "\(print($0.key)): \(print($0.value))" }
                .joined(separator: ", ") + "}"
        case .record(let name, let fields):
            "\(name){"
                + fields.map { ($0.isOptional ? "?" : "") + "\(Self.fieldText($0.name)): \(print($0.value))" }
                .joined(separator: ", ") + "}"
        case .comprehension(let loop): comprehension(loop)
        case .bind(let name, let value, let body): "cel.bind(\(name), \(print(value)), \(print(body)))"
        case .optionalMap(let target, let variable, let body, let isFlat):
            "\(operandText(target)).\(isFlat ? "optFlatMap" : "optMap")(\(variable), \(print(body)))"
        case .block(let values, let body): "cel.block([\(joined(values))], \(print(body)))"
        }
    }

    private func comprehension(_ loop: Node.Comprehension) -> String {
        let arguments = variables(of: loop) + [loop.filter, loop.body].compactMap(\.self).map(print)
        return "\(operandText(loop.range)).\(name(of: loop))(\(arguments.joined(separator: ", ")))"
    }

    /// The macro's name.
    func name(of loop: Node.Comprehension) -> String {
        loop.second != nil && loop.macro == .existsOne ? "existsOne" : loop.macro.rawValue
    }

    /// The variables that the macro binds.
    func variables(of loop: Node.Comprehension) -> [String] {
        [loop.first, loop.second].compactMap(\.self).map(variable)
    }

    /// Whatever begins with a digit needs parentheses behind a minus, which would be taken for the number's sign.
    private func operandOfSign(_ sign: UnaryOperator, _ operand: NodeID) -> String {
        let text = text(operand, above: 6)
        return sign == .negate && text.utf8.first?.isDigit == true ? "(\(text))" : text
    }

    private func joined(_ ids: [NodeID]) -> String {
        ids.map { print($0) }.joined(separator: ", ")
    }

    private func identifier(_ name: String, isAbsolute: Bool) -> String {
        isAbsolute ? "." + name : variable(name)
    }

    private func variable(_ name: String) -> String {
        guard name.hasPrefix("@") else { return name }
        let parts = name.dropFirst().split(separator: ":")
        return "cel.\(parts[0])(\(parts.dropFirst().joined(separator: ", ")))"
    }

    /// The text of what a dot or bracket follows.
    func operandText(_ id: NodeID) -> String { text(id, above: 7) }

    func text(_ id: NodeID, above minimum: Int) -> String {
        let text = print(id)
        return precedence(id) < minimum ? "(\(text))" : text
    }

    /// 0 conditional, 1 or, 2 and, 3 relation, 4 sum, 5 product, 6 unary, 8 what a dot may follow.
    func precedence(_ id: NodeID) -> Int {
        switch tree[id].kind {
        case .conditional: 0
        case .logical(let sign, _): sign == .or ? 1 : 2
        case .binary(let sign, _, _): sign.precedence
        case .unary: 6
        case .literal(let value): value.isNegativeNumber ? 6 : 8
        default: 8
        }
    }

    static func fieldText(_ name: String) -> String {
        let isPlain =
            name.utf8.first?.isIdentifierStart == true && name.utf8.allSatisfy(\.isIdentifierPart)
            && !["true", "false", "null", "in"].contains(name)
        return isPlain ? name : "`\(name)`"
    }
}

extension Value {
    var isNegativeNumber: Bool {
        switch self {
        case .int(let number): number < 0
        case .double(let number): number.sign == .minus
        default: false
        }
    }

    /// Source text that denotes the value, or nil where the language has none.
    var literalText: String? { literalText(.single) }

    func literalText(_ quote: QuotedText.Quote) -> String? {
        func call(_ function: String, _ text: String) -> String { "\(function)(\(QuotedText.quote(text, quote)))" }
        switch self {
        case .null: return "null"
        case .bool(let flag): return flag ? "true" : "false"
        case .int(let number): return "\(number)"
        case .uint(let number): return "\(number)u"
        case .double(let number):
            guard number.isFinite else {
                return call("double", number.isNaN ? "NaN" : number > 0 ? "Infinity" : "-Infinity")
            }
            return "\(number)"
        case .string(let text): return QuotedText.quote(text, quote)
        case .bytes(let bytes): return "b" + QuotedText.quote(bytes: bytes, quote)
        case .timestamp(let time): return call("timestamp", time.rfc3339)
        case .duration(let span): return call("duration", span.text)
        case .list(let elements): return Self.joinedLiterals(elements, quote).map { "[\($0)]" }
        case .map(let map):
            // Reading an absent key of a literal is an error, which it is not here.
            guard map.absence == .error else { return nil }
            var parts: [String] = []
            for (key, value) in map.entries {
                guard let key = key.literalText(quote), let value = value.literalText(quote) else { return nil }
                parts.append("\(key): \(value)")
            }
            return "{\(parts.joined(separator: ", "))}"
        case .optional(let optional):
            guard let wrapped = optional.wrapped else { return "optional.none()" }
            return wrapped.literalText(quote).map { "optional.of(\($0))" }
        case .type(let type): return type.runtimeName
        case .record, .opaque, .unknown: return nil
        }
    }

    private static func joinedLiterals(_ values: [Value], _ quote: QuotedText.Quote) -> String? {
        var parts: [String] = []
        for value in values {
            guard let text = value.literalText(quote) else { return nil }
            parts.append(text)
        }
        return parts.joined(separator: ", ")
    }
}

/// Quoted literals.
enum QuotedText {
    enum Quote: UInt8 {
        case single = 0x27
        case double = 0x22

        fileprivate var scalar: UnicodeScalar { UnicodeScalar(rawValue) }
    }

    static func quote(_ text: String, _ quote: Quote = .single) -> String {
        var result = String.UnicodeScalarView()
        result.append(quote.scalar)
        for scalar in text.unicodeScalars {
            switch scalar {
            case quote.scalar, "\\": result += ["\\", scalar]
            case "\n": result += "\\n".unicodeScalars
            case "\r": result += "\\r".unicodeScalars
            case "\t": result += "\\t".unicodeScalars
            case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value):
                result += "\\x\(hex(UInt8(scalar.value)))".unicodeScalars
            case _ where scalar.value > 0x9F && isInvisible(scalar):
                let digits = String(scalar.value, radix: 16)
                let (sign, width) = scalar.value > 0xFFFF ? ("U", 8) : ("u", 4)
                result += "\\\(sign)\(String(repeating: "0", count: width - digits.count))\(digits)".unicodeScalars
            default: result.append(scalar)
            }
        }
        result.append(quote.scalar)
        return String(result)
    }

    /// Whether a character only breaks lines, or turns or joins those beside it, so that a text is not what it seems.
    private static func isInvisible(_ scalar: UnicodeScalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }

    static func quote(bytes: [UInt8], _ quote: Quote = .single) -> String {
        var result = String.UnicodeScalarView()
        result.append(quote.scalar)
        for byte in bytes {
            switch byte {
            case quote.rawValue, UInt8(ascii: "\\"): result += ["\\", UnicodeScalar(byte)]
            case 0x20...0x7E: result.append(UnicodeScalar(byte))
            default: result += "\\x\(hex(byte))".unicodeScalars
            }
        }
        result.append(quote.scalar)
        return String(result)
    }

    private static func hex(_ byte: UInt8) -> String {
        let text = String(byte, radix: 16)
        return text.count == 1 ? "0" + text : text
    }
}
