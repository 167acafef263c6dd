extension Library {
    /// Regular expressions in RE2's syntax, matched in linear time.
    public static let regex: Library = {
        var library = Library("regex")
        library.addExtraction()
        library.addReplacement()
        library.addFinding()
        return library
    }()

    private mutating func addExtraction() {
        addMatching(
            "regex.extract", [.string, .string], .optional(.string), maximumGroups: 1,
            cost: .match(text: 0, pattern: 1)
        ) { (expression, arguments, _) throws(EvaluationError) in
            let text = try arguments.string(0)
            guard let captures = expression.firstMatch(in: text),
                let range = captures[expression.groupCount == 0 ? 0 : 1]
            else { return .none }
            return .optional(OptionalValue(.string(text.slice(range))))
        }
        addMatching("regex.extractAll", [.string, .string], .list(.string), maximumGroups: 1) {
            (expression, arguments, meter) throws(EvaluationError) in
            let text = try arguments.string(0)
            try Self.chargeMatch(arguments, &meter)
            let group = expression.groupCount == 0 ? 0 : 1
            var found: [Value] = []
            for match in expression.allMatches(in: text) {
                try meter.charge(1)
                if let range = match[group], group == 0 || !range.isEmpty { found.append(.string(text.slice(range))) }
            }
            return .list(found)
        }
    }

    private static func chargeMatch(_ arguments: [Value], _ meter: inout Meter) throws(EvaluationError) {
        try meter.charge(CostRule.match(text: 0, pattern: 1).cost(of: arguments))
    }

    private mutating func addReplacement() {
        addMatching("regex.replace", [.string, .string, .string], .string) {
            (expression, arguments, meter) throws(EvaluationError) in
            .string(try Self.replace(expression, arguments, limit: .max, &meter))
        }
        addMatching("regex.replace", [.string, .string, .string, .int], .string) {
            (expression, arguments, meter) throws(EvaluationError) in
            let limit = try arguments.int(3)
            return .string(try Self.replace(expression, arguments, limit: limit < 0 ? .max : Int(limit), &meter))
        }
    }

    private static func replace(
        _ expression: RE2,
        _ arguments: [Value],
        limit: Int,
        _ meter: inout Meter
    ) throws(EvaluationError) -> String {
        try chargeMatch(arguments, &meter)
        let text = try arguments.string(0)
        let replacement = try Replacement(arguments.string(2), groupCount: expression.groupCount)
        guard limit > 0 else { return text }
        var result = ""
        var place = 0
        for match in expression.allMatches(in: text, limit: limit) {
            guard let whole = match[0] else { continue }
            try meter.charge(1)
            result += text.slice(place..<whole.lowerBound)
            for part in replacement.parts {
                switch part {
                case .text(let literal): result += literal
                case .group(let index): if let range = match[index] { result += text.slice(range) }
                }
            }
            try meter.charge(CostTable.traversal(result.utf8.count - min(result.utf8.count, whole.lowerBound)))
            try meter.checkString(bytes: result.utf8.count)
            place = whole.upperBound
        }
        result += text.slice(place..<text.utf8.count)
        try meter.checkString(bytes: result.utf8.count)
        return result
    }

    private mutating func addFinding() {
        addMatching(
            "find", [.string, .string], .string, member: true, cost: .match(text: 0, pattern: 1), size: .argument(0)
        ) { (expression, arguments, _) throws(EvaluationError) in
            let text = try arguments.string(0)
            let match = expression.firstMatch(in: text)
            return .string(match?[0].map { text.slice($0) } ?? "")
        }
        addMatching("findAll", [.string, .string], .list(.string), member: true) {
            (expression, arguments, meter) throws(EvaluationError) in
            try Self.findAll(expression, arguments, limit: .max, &meter)
        }
        addMatching("findAll", [.string, .string, .int], .list(.string), member: true) {
            (expression, arguments, meter) throws(EvaluationError) in
            let limit = try arguments.int(2)
            return try Self.findAll(expression, arguments, limit: limit < 0 ? .max : Int(limit), &meter)
        }
    }

    private static func findAll(
        _ expression: RE2,
        _ arguments: [Value],
        limit: Int,
        _ meter: inout Meter
    ) throws(EvaluationError) -> Value {
        try chargeMatch(arguments, &meter)
        let text = try arguments.string(0)
        let matches = expression.allMatches(in: text, limit: limit)
        try meter.charge(UInt64(matches.count))
        return .list(matches.compactMap { match in match[0].map { .string(text.slice($0)) } })
    }
}

/// A replacement with `\1` for groups, `\0` for the whole match and `\\` for a backslash.
private struct Replacement {
    enum Part {
        case text(String)
        case group(Int)
    }

    private(set) var parts: [Part] = []

    init(_ template: String, groupCount: Int) throws(EvaluationError) {
        var literal: [UInt8] = []
        var isEscaped = false
        for byte in template.utf8 {
            if !isEscaped {
                if byte == UInt8(ascii: "\\") { isEscaped = true } else { literal.append(byte) }
                continue
            }
            isEscaped = false
            if byte == UInt8(ascii: "\\") {
                literal.append(byte)
            } else if byte.isDigit {
                let group = Int(byte - 0x30)
                guard group <= groupCount else { throw .invalid("the regular expression has no group \(group)") }
                parts.append(.text(String(decoding: literal, as: UTF8.self)))
                parts.append(.group(group))
                literal = []
            } else {
                throw .invalid("a backslash in a replacement needs a digit or a backslash after it")
            }
        }
        guard !isEscaped else { throw .invalid("the replacement ends in a backslash") }
        parts.append(.text(String(decoding: literal, as: UTF8.self)))
    }
}

extension String {
    /// The text of a range of UTF-8 bytes.
    func slice(_ range: Range<Int>) -> String {
        let start = utf8.index(utf8.startIndex, offsetBy: range.lowerBound)
        let end = utf8.index(start, offsetBy: range.count)
        return String(decoding: utf8[start..<end], as: UTF8.self)
    }
}
