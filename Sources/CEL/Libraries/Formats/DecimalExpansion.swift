/// The decimal digits of a number that is finite and not negative: `0.d1 d2 d3 … × 10^pointPosition`.
struct DecimalExpansion: Sendable, Hashable {
    /// 0 through 9; the first is not 0, and there is none for zero.
    private(set) var digits: [UInt8]
    /// How many digits stand before the decimal point; negative for zeros after it.
    private(set) var pointPosition: Int

    /// Every digit of the exact value.
    init(exactly value: Double) {
        let fraction = value.significandBitPattern
        let isSubnormal = value.exponentBitPattern == 0
        let significand = isSubnormal ? fraction : fraction | 1 << UInt64(Double.significandBitCount)
        let exponent = (isSubnormal ? 1 : Int(value.exponentBitPattern)) - 1075
        var number = BigUnsigned(significand)
        if exponent >= 0 {
            number.shiftLeft(by: exponent)
            digits = number.decimalDigits()
            pointPosition = digits.count
        } else {
            // m / 2^k = m × 5^k / 10^k
            number.multiply(by: 5, power: -exponent)
            digits = number.decimalDigits()
            pointPosition = digits.count + exponent
        }
        if digits.isEmpty { pointPosition = 0 }
        trim()
    }

    /// The fewest digits that read back as the same value.
    init(shortest value: Double) {
        digits = []
        pointPosition = 0
        var exponent = 0
        var isFraction = false
        // Swift prints the shortest digits, as 123.456 or 1.5e-07.
        let text = value.description.utf8
        for (index, byte) in zip(text.indices, text) {
            switch byte {
            case UInt8(ascii: "."):
                isFraction = true
            case UInt8(ascii: "e"):
                exponent = Int(String(text[text.index(after: index)...]) ?? "") ?? 0
            default:
                digits.append(byte - UInt8(ascii: "0"))
                if !isFraction { pointPosition += 1 }
            }
            if byte == UInt8(ascii: "e") { break }
        }
        pointPosition += exponent
        let zeros = digits.prefix { $0 == 0 }.count
        digits.removeFirst(zeros)
        pointPosition = digits.isEmpty ? 0 : pointPosition - zeros
        trim()
    }

    /// Keeps a number of digits, rounding half to even.
    mutating func round(toDigits count: Int) {
        guard count < digits.count else { return }
        guard count >= 0 else {
            digits = []
            pointPosition = 0
            return
        }
        let next = digits[count]
        let isTie = next == 5 && count + 1 == digits.count
        let isOdd = count > 0 && digits[count - 1] % 2 == 1
        let roundsUp = next > 5 || (next == 5 && (!isTie || isOdd))
        digits.removeSubrange(count...)
        if roundsUp {
            var index = count - 1
            while index >= 0, digits[index] == 9 { index -= 1 }
            if index >= 0 {
                digits[index] += 1
                digits.removeSubrange((index + 1)...)
            } else {
                digits = [1]
                pointPosition += 1
            }
        }
        if digits.isEmpty { pointPosition = 0 }
        trim()
    }

    /// The digit at a place left (not negative) or right (negative) of the decimal point; 0 outside.
    func digit(at place: Int) -> UInt8 {
        let index = pointPosition - 1 - place
        return digits.indices.contains(index) ? digits[index] : 0
    }

    private mutating func trim() {
        while digits.last == 0 { digits.removeLast() }
    }
}
