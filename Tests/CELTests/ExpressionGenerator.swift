/// SplitMix64: the same seed gives the same expressions everywhere.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Writes random expressions that mostly, but not always, have the type asked for.
struct ExpressionGenerator {
    enum Kind: CaseIterable {
        case bool, int, uint, double, string, bytes, list, map, timestamp, duration, optional, any
    }

    var random: SeededGenerator
    private var locals: [String] = []

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    private mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }

    private mutating func pick(_ choices: String...) -> String { choices[below(choices.count)] }

    mutating func expression() -> String { write(Kind.allCases[below(Kind.allCases.count)], depth: 1 + below(5)) }

    /// Text that is mostly no expression at all.
    mutating func noise() -> String {
        if below(3) == 0 {
            return String(
                decoding: (0..<below(40)).map { _ in UInt8.random(in: 0...255, using: &random) }, as: UTF8.self)
        }
        var bytes = Array(expression().utf8)
        let fragments = [
            "(", ")", "[", "]", "{", "}", "?", ":", ".", "'", "\"", "\\", "0x", "1e", "r'", "b", "&&", "`", "@",
        ]
        for _ in 0...below(3) where !bytes.isEmpty {
            let place = below(bytes.count)
            switch below(3) {
            case 0: bytes.remove(at: place)
            case 1: bytes.insert(contentsOf: Array(fragments[below(fragments.count)].utf8), at: place)
            default: bytes.removeSubrange(place...)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private mutating func write(_ wanted: Kind, depth: Int) -> String {
        // Now and then another type than the one that fits.
        let kind = below(25) == 0 ? Kind.allCases[below(Kind.allCases.count)] : wanted
        if depth <= 0 { return leaf(kind) }
        if below(12) == 0 { return common(kind, depth - 1) }
        return compound(kind, depth - 1)
    }

    private mutating func leaf(_ kind: Kind) -> String {
        if !locals.isEmpty, below(3) == 0 { return locals[below(locals.count)] }
        switch kind {
        case .bool: return pick("true", "false", "flag", "later.flag", "soon.flag")
        case .int:
            return pick("0", "1", "-1", "7", "9223372036854775807", "-9223372036854775808", "count", "later.count")
        case .uint: return pick("0u", "3u", "18446744073709551615u", "total")
        case .double:
            return pick("0.0", "1.5", "-2.25", "1e308", "rate", "later.rate", "scores.auc", "scores.f1", "soon.auc")
        case .string:
            return pick("''", "'a'", "'abc'", "'ünï'", "name", "later.name", "record.title", "'2026-01-31T12:00:00Z'")
        case .bytes: return pick("b''", "b'ab\\xff'", "raw")
        case .list:
            return pick("[]", "[1, 2, 3]", "items", "words", "mixed", "later.items", "[later.count, 1]", "partial")
        case .map:
            return pick("{}", "{'a': 1, 'b': 2}", "scores", "anything", "{1: 'x', 2u: 'y', true: 'z'}", "later.map")
        case .timestamp: return pick("timestamp(0)", "timestamp('2026-01-31T12:00:00Z')", "moment", "later.moment")
        case .duration: return pick("duration('1h')", "duration('-90s')", "span")
        case .optional:
            return pick("optional.none()", "optional.of(1)", "scores.?auc", "anything.?missing", "items[?9]")
        case .any:
            return pick(
                "null", "anything.a", "anything.missing", "missing", "record.other", "int", "mixed[0]", "soon.x")
        }
    }

    /// Forms that any type may take.
    private mutating func common(_ kind: Kind, _ depth: Int) -> String {
        switch below(7) {
        case 0: return "(\(write(.bool, depth: depth)) ? \(write(kind, depth: depth)) : \(write(kind, depth: depth)))"
        case 1: return "dyn(\(write(kind, depth: depth)))"
        case 2:
            let name = "v\(locals.count)"
            let value = write(Kind.allCases[below(Kind.allCases.count)], depth: depth)
            locals.append(name)
            defer { locals.removeLast() }
            return "cel.bind(\(name), \(value), \(write(kind, depth: depth)))"
        case 3: return "[\(write(kind, depth: depth))][\(below(3) == 0 ? "1" : "0")]"
        case 4: return "{'k': \(write(kind, depth: depth))}.k"
        case 5: return "optional.of(\(write(kind, depth: depth))).\(pick("value()", "orValue(\(leaf(kind)))"))"
        default: return "cel.block([\(write(kind, depth: depth))], cel.index(0))"
        }
    }

    private mutating func loop(_ macro: String, _ range: String, variables: Int, _ body: Kind, _ depth: Int) -> String {
        let names = (0..<variables).map { "e\(locals.count + $0)" }
        locals += names
        defer { locals.removeLast(variables) }
        let filter =
            ["map", "transformList", "transformMap"].contains(macro) && below(3) == 0
            ? write(.bool, depth: depth) + ", " : ""
        return "\(range).\(macro)(\(names.joined(separator: ", ")), \(filter)\(write(body, depth: depth)))"
    }

    private mutating func range(_ depth: Int) -> String { write(below(3) == 0 ? .map : .list, depth: depth) }

    private mutating func compound(_ kind: Kind, _ depth: Int) -> String {
        switch kind {
        case .bool: return bool(depth)
        case .int: return int(depth)
        case .uint: return "\(write(.uint, depth: depth)) \(pick("+", "-", "*", "/", "%")) \(leaf(.uint))"
        case .double:
            return pick(
                "(\(write(.double, depth: depth)) \(pick("+", "-", "*", "/")) \(write(.double, depth: depth)))",
                "double(\(write(.int, depth: depth)))", "-(\(write(.double, depth: depth)))",
                "math.\(pick("ceil", "floor", "round", "trunc", "abs", "sqrt"))(\(write(.double, depth: depth)))",
                "math.greatest(\(write(.double, depth: depth)), \(write(.int, depth: depth)))"
            )
        case .string: return string(depth)
        case .bytes: return pick("(\(leaf(.bytes)) + \(leaf(.bytes)))", "bytes(\(write(.string, depth: depth)))")
        case .list: return list(depth)
        case .map: return map(depth)
        case .timestamp:
            return pick(
                "timestamp(\(write(.string, depth: depth)))", "timestamp(\(write(.int, depth: depth)))",
                "(\(write(.timestamp, depth: depth)) + \(write(.duration, depth: depth)))"
            )
        case .duration:
            return pick(
                "(\(write(.timestamp, depth: depth)) - \(write(.timestamp, depth: depth)))",
                "(\(write(.duration, depth: depth)) + \(leaf(.duration)))", "duration(\(write(.string, depth: depth)))"
            )
        case .optional:
            return pick(
                "\(write(.map, depth: depth)).?a", "\(write(.list, depth: depth))[?\(write(.int, depth: depth))]",
                "optional.ofNonZeroValue(\(write(.any, depth: depth)))",
                "\(write(.optional, depth: depth)).or(\(write(.optional, depth: depth)))",
                "\(write(.optional, depth: depth)).optMap(o, o)", "\(write(.list, depth: depth)).first()"
            )
        case .any: return write(Kind.allCases[below(Kind.allCases.count)], depth: depth)
        }
    }

    private mutating func bool(_ depth: Int) -> String {
        let kind = Kind.allCases[below(Kind.allCases.count)]
        switch below(12) {
        case 0, 1: return "(\(write(.bool, depth: depth)) \(pick("&&", "||")) \(write(.bool, depth: depth)))"
        case 2:
            return "(\(write(.bool, depth: depth)) && \(write(.bool, depth: depth)) && \(write(.bool, depth: depth)))"
        case 3: return "!\(write(.bool, depth: depth))"
        case 4: return "(\(write(kind, depth: depth)) \(pick("==", "!=")) \(write(kind, depth: depth)))"
        case 5, 6:
            let ordered: Kind = [.int, .double, .string, .uint, .timestamp, .duration, .bytes][below(7)]
            return "(\(write(ordered, depth: depth)) \(pick("<", "<=", ">", ">=")) \(write(ordered, depth: depth)))"
        case 7: return loop(pick("all", "exists", "exists_one"), range(depth), variables: 1, .bool, depth)
        case 8: return loop(pick("all", "exists", "existsOne"), range(depth), variables: 2, .bool, depth)
        case 9:
            return pick(
                "(\(write(.any, depth: depth)) in \(write(.list, depth: depth)))",
                "(\(write(.string, depth: depth)) in \(write(.map, depth: depth)))",
                "(\(write(.string, depth: depth)) in ['a','b','c','d','e','f','g','h','abc','j'])"
            )
        case 10:
            return pick(
                "has(\(leaf(.map)).a)", "has(anything.missing)", "has(scores.f1)", "has(record.title)", "has(soon.auc)",
                "has(later.map.x)"
            )
        default:
            return pick(
                "\(write(.string, depth: depth)).startsWith(\(leaf(.string)))",
                "\(write(.string, depth: depth)).contains(\(leaf(.string)))",
                "\(write(.string, depth: depth)).matches('^[a-c]+$')",
                "\(write(.string, depth: depth)).matches(\(leaf(.string)))",
                "sets.contains(\(write(.list, depth: depth)), \(write(.list, depth: depth)))",
                "\(write(.optional, depth: depth)).hasValue()", "math.isNaN(\(write(.double, depth: depth)))"
            )
        }
    }

    private mutating func int(_ depth: Int) -> String {
        pick(
            "(\(write(.int, depth: depth)) \(pick("+", "-", "*", "/", "%")) \(write(.int, depth: depth)))",
            "size(\(write([.list, .map, .string, .bytes][below(4)], depth: depth)))",
            "int(\(write([.double, .string, .uint, .timestamp][below(4)], depth: depth)))", "-\(leaf(.int))",
            "\(write(.list, depth: depth))[\(write(.int, depth: depth))]", "\(write(.map, depth: depth)).a",
            "\(write(.timestamp, depth: depth)).\(pick("getHours()", "getDayOfYear('Asia/Kathmandu')", "getFullYear()"))",
            "\(write(.string, depth: depth)).indexOf(\(leaf(.string)))",
            "\(write(.list, depth: depth)).\(pick("sum()", "min()", "max()", "indexOf(1)"))"
        )
    }

    private mutating func string(_ depth: Int) -> String {
        pick(
            "(\(write(.string, depth: depth)) + \(write(.string, depth: depth)))",
            "('a' + \(write(.string, depth: depth)) + name + \(leaf(.string)))",
            "string(\(write([.int, .double, .bool, .timestamp, .duration, .uint, .any][below(7)], depth: depth)))",
            "\(write(.string, depth: depth)).substring(\(below(3)))",
            "\(write(.string, depth: depth)).replace('a', \(leaf(.string)))",
            "\(write(.string, depth: depth)).\(pick("trim()", "upperAscii()", "reverse()", "charAt(0)"))",
            "'%s|%d'.format([\(write(.any, depth: depth)), \(write(.int, depth: depth))])",
            "\(write(.list, depth: depth)).join('-')", "regex.replace(\(write(.string, depth: depth)), '[ab]', 'x')",
            "\(write(.map, depth: depth))['a']"
        )
    }

    private mutating func list(_ depth: Int) -> String {
        let kind = Kind.allCases[below(Kind.allCases.count)]
        switch below(8) {
        case 0: return "[\(write(kind, depth: depth)), \(write(kind, depth: depth))]"
        case 1: return "[?\(write(.optional, depth: depth)), \(write(kind, depth: depth))]"
        case 2: return loop("map", range(depth), variables: 1, kind, depth)
        case 3: return loop("filter", range(depth), variables: 1, .bool, depth)
        case 4: return loop("transformList", range(depth), variables: 2, kind, depth)
        case 5: return "(\(write(.list, depth: depth)) + \(write(.list, depth: depth)))"
        case 6: return loop("sortBy", write(.list, depth: depth), variables: 1, .int, depth)
        default:
            let target = write(.list, depth: depth)
            return target + "."
                + pick("distinct()", "flatten()", "reverse()", "sort()", "slice(0, 1)", "flatten(2)")
        }
    }

    private mutating func map(_ depth: Int) -> String {
        let kind = Kind.allCases[below(Kind.allCases.count)]
        return pick(
            "{'a': \(write(kind, depth: depth)), 'b': \(write(kind, depth: depth))}",
            "{\(write(.int, depth: depth)): \(write(kind, depth: depth)), ?'a': \(write(.optional, depth: depth))}",
            loop("transformMap", range(depth), variables: 2, kind, depth)
        )
    }
}
