/// A length of time, positive or negative, to the nanosecond: at most 2^63 - 1 nanoseconds, about 292 years.
public struct TimeSpan: Sendable, Hashable, Comparable {
    /// All of it in nanoseconds.
    let totalNanoseconds: Int64

    static let zero = TimeSpan(totalNanoseconds: 0)

    init(totalNanoseconds: Int64) {
        self.totalNanoseconds = totalNanoseconds
    }

    /// A length of time, or nil where it is out of range.
    ///
    /// - Parameters:
    ///   - seconds: Whole seconds.
    ///   - nanoseconds: Added to the seconds; either may be negative.
    public init?(seconds: Int64, nanoseconds: Int32 = 0) {
        let total = Int128(seconds) * 1_000_000_000 + Int128(nanoseconds)
        guard let total = Int64(exactly: total) else { return nil }
        totalNanoseconds = total
    }

    /// Whole seconds, rounded towards zero.
    public var seconds: Int64 { totalNanoseconds / 1_000_000_000 }

    /// What ``seconds`` leaves, with the same sign.
    public var nanoseconds: Int32 { Int32(totalNanoseconds % 1_000_000_000) }

    /// Whole hours, rounded towards zero.
    var wholeHours: Int64 { totalNanoseconds / 3_600_000_000_000 }

    /// Whole minutes, rounded towards zero.
    var wholeMinutes: Int64 { totalNanoseconds / 60_000_000_000 }

    /// Whole seconds, rounded towards zero.
    var wholeSeconds: Int64 { seconds }

    /// Milliseconds past the whole seconds, with the sign of the span.
    var milliseconds: Int64 { totalNanoseconds / 1_000_000 % 1000 }

    /// Whole milliseconds, rounded towards zero.
    var totalMilliseconds: Int64 { totalNanoseconds / 1_000_000 }

    /// Orders by length, negative ones first.
    public static func < (left: TimeSpan, right: TimeSpan) -> Bool {
        left.totalNanoseconds < right.totalNanoseconds
    }

    /// The sum, or nil where it is out of range.
    func adding(_ other: TimeSpan) -> TimeSpan? {
        let (sum, overflow) = totalNanoseconds.addingReportingOverflow(other.totalNanoseconds)
        return overflow ? nil : TimeSpan(totalNanoseconds: sum)
    }

    /// The difference, or nil where it is out of range.
    func subtracting(_ other: TimeSpan) -> TimeSpan? {
        let (difference, overflow) = totalNanoseconds.subtractingReportingOverflow(other.totalNanoseconds)
        return overflow ? nil : TimeSpan(totalNanoseconds: difference)
    }

    /// The opposite, or nil where it is out of range.
    func negated() -> TimeSpan? {
        TimeSpan.zero.subtracting(self)
    }
}
