/// An amount as Kubernetes writes them: a decimal number with a suffix, such as `1.5Gi`, `200m` or `12e6`.
///
/// It is exact to the ninth decimal; finer ones are rounded away from zero. Past about 1.7e29 it stays at the bound.
/// Amounts are equal and ordered by value, however they are written.
struct Quantity: Sendable, Hashable, Comparable {
    /// Billionths.
    private let nanos: Int128
    private let format: Format

    private static let one: Int128 = 1_000_000_000

    /// Which suffixes ``text`` uses.
    enum Format: Sendable, Hashable {
        case binary
        case decimal
        case exponent
    }

    /// A whole amount.
    init(integer: Int64) {
        self.init(nanos: Int128(integer) * Self.one, format: .decimal)
    }

    private init(nanos: Int128, format: Format) {
        self.nanos = nanos
        self.format = format
    }

    /// Reads an amount, or nil where the text is none or longer than 256 bytes.
    init?(_ text: String) {
        guard let parsed = QuantitySyntax(text) else { return nil }
        nanos = parsed.nanos
        format = parsed.format
    }

    /// -1, 0 or 1.
    var sign: Int { nanos.signum() == 0 ? 0 : nanos < 0 ? -1 : 1 }

    /// Whether ``asInteger`` has a value.
    var isInteger: Bool { asInteger != nil }

    /// The amount where it is whole and fits, else nil.
    var asInteger: Int64? {
        guard nanos % Self.one == 0 else { return nil }
        return Int64(exactly: nanos / Self.one)
    }

    /// The nearest double, or close to it.
    var asApproximateFloat: Double {
        Double(nanos / Self.one) + Double(nanos % Self.one) / 1e9
    }

    /// The sum, written in this amount's format unless this is zero.
    func adding(_ other: Quantity) -> Quantity {
        let (sum, overflow) = nanos.addingReportingOverflow(other.nanos)
        return Quantity(
            nanos: overflow ? (nanos < 0 ? .min : .max) : sum,
            format: nanos == 0 ? other.format : format
        )
    }

    /// The difference, written in this amount's format unless this is zero.
    func subtracting(_ other: Quantity) -> Quantity {
        let (difference, overflow) = nanos.subtractingReportingOverflow(other.nanos)
        return Quantity(
            nanos: overflow ? (nanos < 0 ? .min : .max) : difference,
            format: nanos == 0 ? other.format : format
        )
    }

    /// -1, 0 or 1 as this is less than, equal to or greater than the other.
    func compare(to other: Quantity) -> Int {
        self < other ? -1 : other < self ? 1 : 0
    }

    static func == (left: Quantity, right: Quantity) -> Bool { left.nanos == right.nanos }

    static func < (left: Quantity, right: Quantity) -> Bool { left.nanos < right.nanos }

    func hash(into hasher: inout Hasher) { hasher.combine(nanos) }

    /// The canonical form: no decimals, and the largest suffix for which that is so.
    var text: String {
        if nanos == 0 { return "0" }
        let whole = nanos / Self.one
        // Binary suffixes say nothing below their first step, nor of fractions.
        if format == .binary, nanos % Self.one == 0, whole.magnitude >= 1024 {
            var rest = whole
            var step = 0
            while step < 6, rest % 1024 == 0 {
                rest /= 1024
                step += 1
            }
            return "\(rest)" + ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"][step]
        }
        var rest = nanos
        var step = -3
        while step < 6, rest % 1000 == 0 {
            rest /= 1000
            step += 1
        }
        if format == .exponent { return step == 0 ? "\(rest)" : "\(rest)e\(step * 3)" }
        return "\(rest)" + ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"][step + 3]
    }
}
