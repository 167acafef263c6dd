extension Library {
    /// Functions on strings; indices count Unicode scalars.
    public static let strings: Library = {
        var library = Library("strings")
        library.addSearching()
        library.addCutting()
        library.addCasing()
        library.add("format", [.string, .anyList], .string, member: true, cost: .metered) {
            (arguments, meter) throws(EvaluationError) in
            var formatter = StringFormatter(try arguments.string(0), try arguments.list(1))
            return .string(try formatter.format(&meter))
        }
        return library
    }()

    private mutating func addSearching() {
        add("charAt", [.string, .int], .string, member: true, cost: .traverse([0]), size: .atMost(4)) {
            (arguments, _) throws(EvaluationError) in
            let text = ScalarText(try arguments.string(0))
            let index = try text.checked(arguments.int(1))
            return .string(text[index..<min(index + 1, text.count)])
        }
        add("indexOf", [.string, .string], .int, member: true, cost: .product(0, 1)) {
            (arguments, _) throws(EvaluationError) in
            let text = ScalarText(try arguments.string(0))
            return .int(Int64(text.index(of: ScalarText(try arguments.string(1)), from: 0)))
        }
        add("indexOf", [.string, .string, .int], .int, member: true, cost: .product(0, 1)) {
            (arguments, _) throws(EvaluationError) in
            let text = ScalarText(try arguments.string(0))
            let start = try text.checked(arguments.int(2))
            return .int(Int64(text.index(of: ScalarText(try arguments.string(1)), from: start)))
        }
        add("lastIndexOf", [.string, .string], .int, member: true, cost: .product(0, 1)) {
            (arguments, _) throws(EvaluationError) in
            let text = ScalarText(try arguments.string(0))
            return .int(Int64(text.lastIndex(of: ScalarText(try arguments.string(1)), upTo: text.count)))
        }
        add("lastIndexOf", [.string, .string, .int], .int, member: true, cost: .product(0, 1)) {
            (arguments, _) throws(EvaluationError) in
            let text = ScalarText(try arguments.string(0))
            let last = try text.checked(arguments.int(2))
            return .int(Int64(text.lastIndex(of: ScalarText(try arguments.string(1)), upTo: last)))
        }
    }

    private mutating func addCutting() {
        add("substring", [.string, .int], .string, member: true, cost: .traverse([0]), size: .argument(0)) {
            (arguments, _) throws(EvaluationError) in
            let text = ScalarText(try arguments.string(0))
            return .string(text[try text.checked(arguments.int(1))..<text.count])
        }
        add("substring", [.string, .int, .int], .string, member: true, cost: .traverse([0]), size: .argument(0)) {
            (arguments, _) throws(EvaluationError) in
            let text = ScalarText(try arguments.string(0))
            let start = try text.checked(arguments.int(1))
            let end = try text.checked(arguments.int(2))
            guard start <= end else { throw .invalid("the substring ends at \(end), before it starts at \(start)") }
            return .string(text[start..<end])
        }
        add("trim", [.string], .string, member: true, cost: .traverse([0]), size: .argument(0)) {
            (arguments, _) throws(EvaluationError) in
            .string(ScalarText.trim(try arguments.string(0)))
        }
        add("replace", [.string, .string, .string], .string, member: true, cost: .metered) {
            (arguments, meter) throws(EvaluationError) in
            .string(try Self.replace(arguments, limit: .max, &meter))
        }
        add("replace", [.string, .string, .string, .int], .string, member: true, cost: .metered) {
            (arguments, meter) throws(EvaluationError) in
            let limit = try arguments.int(3)
            return .string(try Self.replace(arguments, limit: limit < 0 ? .max : limit, &meter))
        }
        add("split", [.string, .string], .list(.string), member: true, cost: .metered) {
            (arguments, meter) throws(EvaluationError) in
            try Self.split(arguments.string(0), by: arguments.string(1), limit: .max, &meter)
        }
        add("split", [.string, .string, .int], .list(.string), member: true, cost: .metered) {
            (arguments, meter) throws(EvaluationError) in
            let limit = try arguments.int(2)
            return try Self.split(
                arguments.string(0),
                by: arguments.string(1),
                limit: limit < 0 ? .max : limit,
                &meter
            )
        }
        add("join", [.list(.string)], .string, member: true, cost: .metered) {
            (arguments, meter) throws(EvaluationError) in
            .string(try Self.join(arguments.list(0), "", &meter))
        }
        add("join", [.list(.string), .string], .string, member: true, cost: .metered) {
            (arguments, meter) throws(EvaluationError) in
            .string(try Self.join(arguments.list(0), arguments.string(1), &meter))
        }
    }

    private mutating func addCasing() {
        let casings: [(String, ClosedRange<UInt8>)] = [
            ("lowerAscii", UInt8(ascii: "A")...UInt8(ascii: "Z")),
            ("upperAscii", UInt8(ascii: "a")...UInt8(ascii: "z")),
        ]
        for (name, letters) in casings {
            add(name, [.string], .string, member: true, cost: .traverse([0]), size: .argument(0)) {
                (arguments, _) throws(EvaluationError) in
                let bytes = try arguments.string(0).utf8.map { letters.contains($0) ? $0 ^ 0x20 : $0 }
                return .string(String(decoding: bytes, as: UTF8.self))
            }
        }
        add("reverse", [.string], .string, member: true, cost: .traverse([0]), size: .argument(0)) {
            (arguments, _) throws(EvaluationError) in
            var view = String.UnicodeScalarView()
            view.append(contentsOf: try arguments.string(0).unicodeScalars.reversed())
            return .string(String(view))
        }
        add("strings.quote", [.string], .string, cost: .traverse([0])) { (arguments, meter) throws(EvaluationError) in
            let quoted = ScalarText.quote(try arguments.string(0))
            try meter.checkString(bytes: quoted.utf8.count)
            return .string(quoted)
        }
    }

    private static func replace(
        _ arguments: [Value],
        limit: Int64,
        _ meter: inout Meter
    ) throws(EvaluationError) -> String {
        try meter.charge(CostRule.product(0, 1).cost(of: arguments))
        let text = Array(try arguments.string(0).utf8)
        let part = Array(try arguments.string(1).utf8)
        let replacement = Array(try arguments.string(2).utf8)
        var result: [UInt8] = []
        var place = 0
        var replaced: Int64 = 0
        while replaced < limit, let found = nextMatch(of: part, in: text, from: place, isFirst: replaced == 0) {
            result += text[place..<found]
            result += replacement
            place = found + part.count
            replaced += 1
            try meter.charge(1 + CostTable.traversal(replacement.count))
            try meter.checkString(bytes: result.count)
        }
        result += text[place...]
        try meter.checkString(bytes: result.count)
        return String(decoding: result, as: UTF8.self)
    }

    /// The next place of `part`; an empty one stands before every scalar and at the end.
    private static func nextMatch(of part: [UInt8], in text: [UInt8], from place: Int, isFirst: Bool) -> Int? {
        if part.isEmpty {
            if isFirst { return place }
            guard place < text.count else { return nil }
            var next = place + 1
            while next < text.count, text[next] & 0xC0 == 0x80 { next += 1 }
            return next
        }
        return text.withUnsafeBufferPointer { bytes in
            part.withUnsafeBufferPointer { firstIndex(of: $0, in: bytes, from: place) }
        }
    }

    private static func split(
        _ text: String,
        by separator: String,
        limit: Int64,
        _ meter: inout Meter
    ) throws(EvaluationError) -> Value {
        guard limit > 0 else { return .list([]) }
        try meter.charge(CostRule.product(0, 1).cost(of: [.string(text), .string(separator)]))
        if separator.isEmpty {
            let scalars = Array(text.unicodeScalars)
            try meter.checkElements(scalars.count)
            try meter.charge(UInt64(scalars.count))
            let whole = scalars.count <= limit ? scalars.count : Int(limit) - 1
            var parts = scalars[..<whole].map { Value.string(String($0)) }
            if whole < scalars.count {
                var rest = String.UnicodeScalarView()
                rest.append(contentsOf: scalars[whole...])
                parts.append(.string(String(rest)))
            }
            return .list(parts)
        }
        let bytes = Array(text.utf8)
        let part = Array(separator.utf8)
        var parts: [Value] = []
        var place = 0
        while Int64(parts.count) < limit - 1,
            let found = nextMatch(of: part, in: bytes, from: place, isFirst: false)
        {
            parts.append(.string(String(decoding: bytes[place..<found], as: UTF8.self)))
            place = found + part.count
            try meter.charge(1)
        }
        parts.append(.string(String(decoding: bytes[place...], as: UTF8.self)))
        try meter.checkElements(parts.count)
        return .list(parts)
    }

    private static func join(
        _ list: [Value],
        _ separator: String,
        _ meter: inout Meter
    ) throws(EvaluationError) -> String {
        var result = ""
        for (index, element) in list.enumerated() {
            if case .unknown = element { throw .metUnknown }
            guard case .string(let text) = element else {
                throw EvaluationError(.noSuchOverload, "join() needs strings, found \(element.typeName)")
            }
            let added = text.utf8.count + separator.utf8.count
            try meter.charge(1 + CostTable.traversal(added))
            try meter.checkString(bytes: result.utf8.count + added)
            if index > 0 { result += separator }
            result += text
        }
        return result
    }
}

/// A string indexed by Unicode scalars.
struct ScalarText {
    private let scalars: [UnicodeScalar]

    init(_ text: String) {
        scalars = Array(text.unicodeScalars)
    }

    var count: Int { scalars.count }

    subscript(range: Range<Int>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars[range])
        return String(view)
    }

    /// An index from 0 to the length, or an error.
    func checked(_ index: Int64) throws(EvaluationError) -> Int {
        guard index >= 0, index <= count else {
            throw EvaluationError(.indexOutOfRange, "index \(index) is outside the string of \(count)")
        }
        return Int(index)
    }

    private func matches(_ part: ScalarText, at place: Int) -> Bool {
        for offset in part.scalars.indices where scalars[place + offset] != part.scalars[offset] { return false }
        return true
    }

    func index(of part: ScalarText, from start: Int) -> Int {
        guard part.count > 0 else { return start }
        var place = start
        while place <= count - part.count {
            if matches(part, at: place) { return place }
            place += 1
        }
        return -1
    }

    func lastIndex(of part: ScalarText, upTo last: Int) -> Int {
        guard part.count > 0 else { return last }
        var place = min(last, count - part.count)
        while place >= 0 {
            if matches(part, at: place) { return place }
            place -= 1
        }
        return -1
    }

    static func trim(_ text: String) -> String {
        let scalars = text.unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        return String(scalars[first...last])
    }

    static func quote(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\u{07}": result += "\\a"
            case "\u{08}": result += "\\b"
            case "\u{0C}": result += "\\f"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{0B}": result += "\\v"
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
