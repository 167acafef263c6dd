/// A whole number of any size, with the few operations that exact decimals need.
struct BigUnsigned: Sendable, Hashable {
    /// Least significant first, without leading zeros.
    private var limbs: [UInt32]

    init(_ value: UInt64) {
        limbs = [UInt32(truncatingIfNeeded: value), UInt32(truncatingIfNeeded: value >> 32)]
        trim()
    }

    var isZero: Bool { limbs.isEmpty }

    /// The value where 127 bits hold it.
    var wide: Int128? {
        guard limbs.count < 4 || (limbs.count == 4 && limbs[3] >> 31 == 0) else { return nil }
        return limbs.reversed().reduce(Int128(0)) { $0 << 32 | Int128($1) }
    }

    mutating func multiply(by factor: UInt32) {
        var carry: UInt64 = 0
        for index in limbs.indices {
            let product = UInt64(limbs[index]) * UInt64(factor) + carry
            limbs[index] = UInt32(truncatingIfNeeded: product)
            carry = product >> 32
        }
        if carry != 0 { limbs.append(UInt32(carry)) }
        trim()
    }

    mutating func multiply(by base: UInt32, power: Int) {
        var rest = power
        // The ninth power of 5 and of 10 still fits a limb.
        let ninth = (0..<9).reduce(UInt32(1)) { result, _ in result &* base }
        while rest >= 9 {
            multiply(by: ninth)
            rest -= 9
        }
        for _ in 0..<rest { multiply(by: base) }
    }

    mutating func add(_ addend: UInt32) {
        var carry = UInt64(addend)
        for index in limbs.indices {
            guard carry != 0 else { return }
            let sum = UInt64(limbs[index]) + carry
            limbs[index] = UInt32(truncatingIfNeeded: sum)
            carry = sum >> 32
        }
        if carry != 0 { limbs.append(UInt32(carry)) }
    }

    mutating func shiftLeft(by bits: Int) {
        guard !isZero else { return }
        let high = bits % 32
        if high > 0 { multiply(by: 1 << UInt32(high)) }
        limbs.insert(contentsOf: repeatElement(0, count: bits / 32), at: 0)
    }

    /// Divides and returns the remainder.
    mutating func divide(by divisor: UInt32) -> UInt32 {
        var remainder: UInt64 = 0
        for index in limbs.indices.reversed() {
            let value = remainder << 32 | UInt64(limbs[index])
            limbs[index] = UInt32(value / UInt64(divisor))
            remainder = value % UInt64(divisor)
        }
        trim()
        return UInt32(remainder)
    }

    /// Decimal digits, 0 through 9, most significant first; none for zero.
    func decimalDigits() -> [UInt8] {
        var rest = self
        var digits: [UInt8] = []
        while !rest.isZero {
            var group = rest.divide(by: 1_000_000_000)
            for _ in 0..<9 {
                digits.append(UInt8(group % 10))
                group /= 10
            }
        }
        while digits.last == 0 { digits.removeLast() }
        digits.reverse()
        return digits
    }

    private mutating func trim() {
        while limbs.last == 0 { limbs.removeLast() }
    }
}
