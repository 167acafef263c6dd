/// Numbers as text, the way CEL's conversions and `format` write them.
enum NumberText {
    /// The fewest digits that read back as the same double, with an exponent below 1e-4 and from 1e6 on, as the
    /// reference implementation writes them: `0.5`, `1e+06`, `6.02214e+23`, `NaN`, `+Inf`.
    static func shortest(_ value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? "NaN" : value < 0 ? "-Inf" : "+Inf" }
        let expansion = DecimalExpansion(shortest: value.magnitude)
        let exponent = expansion.digits.isEmpty ? 0 : expansion.pointPosition - 1
        let text =
            (-4..<6).contains(exponent)
            ? plain(expansion) : scientific(expansion, precision: expansion.digits.count - 1)
        return sign(of: value) + text
    }

    /// The fewest digits that read back as the same double, never with an exponent: `0.5`, `1000000`, `Infinity`.
    static func plain(_ value: Double) -> String {
        guard value.isFinite else { return special(value) }
        return sign(of: value) + plain(DecimalExpansion(shortest: value.magnitude))
    }

    /// C's `%f`: the exact value rounded half to even; `NaN`, `Infinity` and `-Infinity` otherwise.
    static func fixed(_ value: Double, precision: Int) -> String {
        guard value.isFinite else { return special(value) }
        var expansion = DecimalExpansion(exactly: value.magnitude)
        expansion.round(toDigits: expansion.pointPosition + precision)
        return sign(of: value) + plain(expansion, precision: precision)
    }

    /// C's `%e`: the exact value rounded half to even; `NaN`, `Infinity` and `-Infinity` otherwise.
    static func scientific(_ value: Double, precision: Int) -> String {
        guard value.isFinite else { return special(value) }
        var expansion = DecimalExpansion(exactly: value.magnitude)
        expansion.round(toDigits: precision + 1)
        return sign(of: value) + scientific(expansion, precision: precision)
    }

    /// A whole number in base 2, 8 or 16, with `-` in front where it is negative.
    static func radix(_ value: some BinaryInteger, _ radix: Int, uppercase: Bool = false) -> String {
        String(value, radix: radix, uppercase: uppercase)
    }

    /// Two hexadecimal digits a byte.
    static func hex(_ bytes: some Sequence<UInt8>, uppercase: Bool = false) -> String {
        let digits = Array((uppercase ? "0123456789ABCDEF" : "0123456789abcdef").utf8)
        var text: [UInt8] = []
        text.reserveCapacity(bytes.underestimatedCount * 2)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func special(_ value: Double) -> String {
        value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity"
    }

    private static func sign(of value: Double) -> String {
        value.sign == .minus ? "-" : ""
    }

    private static func plain(_ expansion: DecimalExpansion, precision: Int? = nil) -> String {
        let decimals = precision ?? max(expansion.digits.count - expansion.pointPosition, 0)
        let wholeDigits = max(expansion.pointPosition, 1)
        var text: [UInt8] = []
        text.reserveCapacity(wholeDigits + decimals + 1)
        for place in stride(from: wholeDigits - 1, through: -decimals, by: -1) {
            if place == -1 { text.append(UInt8(ascii: ".")) }
            text.append(UInt8(ascii: "0") + expansion.digit(at: place))
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func scientific(_ expansion: DecimalExpansion, precision: Int) -> String {
        let exponent = expansion.digits.isEmpty ? 0 : expansion.pointPosition - 1
        var text: [UInt8] = []
        for index in 0...precision {
            if index == 1 { text.append(UInt8(ascii: ".")) }
            text.append(UInt8(ascii: "0") + expansion.digit(at: exponent - index))
        }
        text.append(UInt8(ascii: "e"))
        text.append(UInt8(ascii: exponent < 0 ? "-" : "+"))
        if abs(exponent) < 10 { text.append(UInt8(ascii: "0")) }
        text.append(contentsOf: String(abs(exponent)).utf8)
        return String(decoding: text, as: UTF8.self)
    }
}
