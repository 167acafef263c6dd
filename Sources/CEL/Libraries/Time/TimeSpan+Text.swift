extension TimeSpan {
    /// Reads numbers with units, such as `1h30m`, `-1.5s` or `250us`.
    ///
    /// Units are `h`, `m`, `s`, `ms`, `us` (also `µs`) and `ns`; a sign may lead; `0` needs no unit. Digits past the
    /// nanosecond are dropped. Nil where the text is something else or the span is out of range.
    ///
    /// - Parameter text: The numbers and units, without spaces.
    public init?(text: String) {
        var rest = Array(text.utf8)[...]
        var isNegative = false
        if let first = rest.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
            isNegative = first == UInt8(ascii: "-")
            rest.removeFirst()
        }
        if rest.elementsEqual("0".utf8) {
            self = .zero
            return
        }
        guard !rest.isEmpty else { return nil }
        var total: Int128 = 0
        while !rest.isEmpty {
            guard let term = Self.term(&rest) else { return nil }
            total += term
            guard total <= Self.limit else { return nil }
        }
        guard let nanoseconds = Int64(exactly: isNegative ? -total : total) else { return nil }
        self.init(totalNanoseconds: nanoseconds)
    }

    /// Seconds with as many decimals as are needed, such as `5400s`, `1.5s` or `-0.000000001s`.
    public var text: String {
        let magnitude = totalNanoseconds.magnitude
        var text = totalNanoseconds < 0 ? "-" : ""
        text += String(magnitude / 1_000_000_000)
        let fraction = magnitude % 1_000_000_000
        if fraction != 0 {
            // The leading one keeps the zeros of the fraction.
            var digits = String(1_000_000_000 + fraction).dropFirst()
            while digits.utf8.last == UInt8(ascii: "0") { digits.removeLast() }
            text += "." + digits
        }
        return text + "s"
    }

    private static let limit = Int128(Int64.max) + 1

    /// One number with its unit, in nanoseconds.
    private static func term(_ rest: inout ArraySlice<UInt8>) -> Int128? {
        var whole: Int128 = 0
        var digits = 0
        while let digit = rest.popDigit() {
            whole = min(whole * 10 + digit, limit)
            digits += 1
        }
        var fraction: Int128 = 0
        var scale: Int128 = 1
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            while let digit = rest.popDigit() {
                // Sixteen digits are past the nanosecond even of an hour.
                if scale < 10_000_000_000_000_000 {
                    fraction = fraction * 10 + digit
                    scale *= 10
                }
                digits += 1
            }
        }
        guard digits > 0, let unit = unit(&rest) else { return nil }
        return whole * unit + fraction * unit / scale
    }

    /// The nanoseconds of the unit that stands next.
    private static func unit(_ rest: inout ArraySlice<UInt8>) -> Int128? {
        let end = rest.firstIndex { $0 == UInt8(ascii: ".") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        let name = rest[..<(end ?? rest.endIndex)]
        rest = rest[(end ?? rest.endIndex)...]
        return switch String(decoding: name, as: UTF8.self) {
        case "ns": 1
        case "us", "\u{B5}s", "\u{3BC}s": 1000
        case "ms": 1_000_000
        case "s": 1_000_000_000
        case "m": 60_000_000_000
        case "h": 3_600_000_000_000
        default: nil
        }
    }
}

extension ArraySlice<UInt8> {
    fileprivate mutating func popDigit() -> Int128? {
        guard let first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return nil }
        removeFirst()
        return Int128(first - UInt8(ascii: "0"))
    }
}
