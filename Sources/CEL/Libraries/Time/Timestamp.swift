/// A point in time, from 0001-01-01T00:00:00Z through 9999-12-31T23:59:59.999999999Z, to the nanosecond.
public struct Timestamp: Sendable, Hashable, Comparable {
    /// Whole seconds since 1970-01-01T00:00:00Z, rounded down.
    public let seconds: Int64
    /// Nanoseconds past ``seconds``, 0 through 999,999,999.
    public let nanoseconds: Int32

    static let minimumSeconds: Int64 = -62_135_596_800
    static let maximumSeconds: Int64 = 253_402_300_799

    /// A point in time, or nil where it is out of range.
    ///
    /// - Parameters:
    ///   - seconds: Seconds since 1970-01-01T00:00:00Z.
    ///   - nanoseconds: 0 through 999,999,999, counted forward even before 1970.
    public init?(seconds: Int64, nanoseconds: Int32 = 0) {
        guard (Self.minimumSeconds...Self.maximumSeconds).contains(seconds), (0..<1_000_000_000).contains(nanoseconds)
        else { return nil }
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// Orders by time.
    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }

    /// The later time, or nil where it is out of range.
    func adding(_ span: TimeSpan) -> Timestamp? {
        shifted(seconds: span.seconds, nanoseconds: span.nanoseconds)
    }

    /// The earlier time, or nil where it is out of range.
    func subtracting(_ span: TimeSpan) -> Timestamp? {
        shifted(seconds: -span.seconds, nanoseconds: -span.nanoseconds)
    }

    /// The time from `other` to this, or nil where no ``TimeSpan`` holds it.
    func since(_ other: Timestamp) -> TimeSpan? {
        TimeSpan(seconds: seconds - other.seconds, nanoseconds: nanoseconds - other.nanoseconds)
    }

    /// The fields of the date and the clock at an offset from UTC in seconds.
    func civil(offset: Int32 = 0) -> CivilTime {
        CivilTime(secondsSinceEpoch: seconds + Int64(offset))
    }

    private func shifted(seconds delta: Int64, nanoseconds deltaNanoseconds: Int32) -> Timestamp? {
        var total = nanoseconds + deltaNanoseconds
        var whole = seconds + delta
        if total < 0 {
            total += 1_000_000_000
            whole -= 1
        } else if total >= 1_000_000_000 {
            total -= 1_000_000_000
            whole += 1
        }
        return Timestamp(seconds: whole, nanoseconds: total)
    }
}
