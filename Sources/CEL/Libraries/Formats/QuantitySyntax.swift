/// The reader of ``Quantity``.
struct QuantitySyntax {
    let nanos: Int128
    let format: Quantity.Format

    private static let maximumLength = 256

    init?(_ text: String) {
        guard text.utf8.count <= Self.maximumLength else { return nil }
        var rest = Array(text.utf8)[...]
        var isNegative = false
        if let first = rest.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
            isNegative = first == UInt8(ascii: "-")
            rest.removeFirst()
        }
        let whole = rest.prefix(while: Self.isDigit)
        rest = rest[whole.endIndex...]
        var fraction: ArraySlice<UInt8> = []
        if rest.first == UInt8(ascii: ".") {
            fraction = rest.dropFirst().prefix(while: Self.isDigit)
            rest = rest[fraction.endIndex...]
        }
        guard whole.count + fraction.count > 0, let suffix = Suffix(rest) else { return nil }
        format = suffix.format

        var mantissa = BigUnsigned(0)
        for digit in whole + fraction {
            mantissa.multiply(by: 10)
            mantissa.add(UInt32(digit - UInt8(ascii: "0")))
        }
        let magnitude = Self.scaled(
            mantissa,
            byTwoTo: suffix.binaryExponent,
            tenTo: suffix.decimalExponent - fraction.count + 9
        )
        nanos = isNegative ? -magnitude : magnitude
    }

    /// Multiplies by powers, rounding up and stopping at the largest amount.
    private static func scaled(_ mantissa: BigUnsigned, byTwoTo binary: Int, tenTo decimal: Int) -> Int128 {
        guard !mantissa.isZero else { return 0 }
        // No amount that is not zero fits with an exponent past these.
        guard decimal <= 40 else { return .max }
        guard decimal >= -400 else { return 1 }
        var value = mantissa
        value.shiftLeft(by: binary)
        var isRounded = false
        if decimal >= 0 {
            value.multiply(by: 10, power: decimal)
        } else {
            for _ in 0..<(-decimal) where value.divide(by: 10) != 0 { isRounded = true }
        }
        if isRounded { value.add(1) }
        return value.wide ?? .max
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private struct Suffix {
        var format = Quantity.Format.decimal
        var binaryExponent = 0
        var decimalExponent = 0

        init?(_ bytes: ArraySlice<UInt8>) {
            switch String(decoding: bytes, as: UTF8.self) {
            case "": break
            case "n": decimalExponent = -9
            case "u": decimalExponent = -6
            case "m": decimalExponent = -3
            case "k": decimalExponent = 3
            case "M": decimalExponent = 6
            case "G": decimalExponent = 9
            case "T": decimalExponent = 12
            case "P": decimalExponent = 15
            case "E": decimalExponent = 18
            case "Ki": (format, binaryExponent) = (.binary, 10)
            case "Mi": (format, binaryExponent) = (.binary, 20)
            case "Gi": (format, binaryExponent) = (.binary, 30)
            case "Ti": (format, binaryExponent) = (.binary, 40)
            case "Pi": (format, binaryExponent) = (.binary, 50)
            case "Ei": (format, binaryExponent) = (.binary, 60)
            default:
                guard let exponent = Self.exponent(bytes) else { return nil }
                format = .exponent
                decimalExponent = exponent
            }
        }

        /// Reads `e6`, `E-3` or `e+2`; what is larger than any amount is cut short.
        private static func exponent(_ bytes: ArraySlice<UInt8>) -> Int? {
            guard let first = bytes.first, first | 0x20 == UInt8(ascii: "e") else { return nil }
            var digits = bytes.dropFirst()
            var isNegative = false
            if let sign = digits.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
                isNegative = sign == UInt8(ascii: "-")
                digits.removeFirst()
            }
            guard !digits.isEmpty, digits.allSatisfy(QuantitySyntax.isDigit) else { return nil }
            let value = digits.reduce(0) { min($0 * 10 + Int($1 - UInt8(ascii: "0")), 100_000) }
            return isNegative ? -value : value
        }
    }
}
