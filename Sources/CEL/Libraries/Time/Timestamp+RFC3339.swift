extension Timestamp {
    /// Reads RFC 3339, such as `2009-02-13T23:31:30.5Z` or `2009-02-13T18:31:30-05:00`.
    ///
    /// Digits past the nanosecond are dropped. Nil where the text is not RFC 3339, names a day or an hour that does not
    /// exist (leap seconds included), or lies out of range.
    ///
    /// - Parameter text: The date, the time and the offset, with upper-case `T` and `Z`.
    public init?(rfc3339 text: String) {
        var reader = DigitReader(text)
        guard let year = reader.number(digits: 4), reader.skip("-"),
            let month = reader.number(digits: 2, in: 1...12), reader.skip("-"),
            let day = reader.number(digits: 2, in: 1...31), day <= CivilTime.days(inMonth: month, of: year),
            reader.skip("T"),
            let hour = reader.number(digits: 2, in: 0...23), reader.skip(":"),
            let minute = reader.number(digits: 2, in: 0...59), reader.skip(":"),
            let second = reader.number(digits: 2, in: 0...59)
        else { return nil }
        var nanoseconds: Int32 = 0
        if reader.skip(".") {
            guard let fraction = reader.nanoseconds() else { return nil }
            nanoseconds = fraction
        }
        guard let offset = reader.offset(), reader.isAtEnd else { return nil }
        let civil = CivilTime(year: year, month: month, day: day, hour: hour, minute: minute, second: second)
        self.init(seconds: civil.secondsSinceEpoch - offset, nanoseconds: nanoseconds)
    }

    /// RFC 3339 in UTC with 0, 3, 6 or 9 digits of a second, as many as are needed.
    public var rfc3339: String {
        let civil = civil()
        var bytes: [UInt8] = []
        bytes.reserveCapacity(30)
        bytes.append(civil.year, digits: 4)
        bytes.append(UInt8(ascii: "-"))
        bytes.append(civil.month, digits: 2)
        bytes.append(UInt8(ascii: "-"))
        bytes.append(civil.day, digits: 2)
        bytes.append(UInt8(ascii: "T"))
        bytes.append(civil.hour, digits: 2)
        bytes.append(UInt8(ascii: ":"))
        bytes.append(civil.minute, digits: 2)
        bytes.append(UInt8(ascii: ":"))
        bytes.append(civil.second, digits: 2)
        if nanoseconds != 0 {
            bytes.append(UInt8(ascii: "."))
            if nanoseconds % 1_000_000 == 0 {
                bytes.append(Int(nanoseconds) / 1_000_000, digits: 3)
            } else if nanoseconds % 1000 == 0 {
                bytes.append(Int(nanoseconds) / 1000, digits: 6)
            } else {
                bytes.append(Int(nanoseconds), digits: 9)
            }
        }
        bytes.append(UInt8(ascii: "Z"))
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension [UInt8] {
    /// Appends a number that is not negative, with leading zeros up to a width.
    fileprivate mutating func append(_ value: Int, digits: Int) {
        var divisor = 1
        for _ in 1..<digits { divisor *= 10 }
        while divisor > 0 {
            append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
            divisor /= 10
        }
    }
}

/// Reads fixed runs of digits from ASCII text.
private struct DigitReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    var isAtEnd: Bool { position == bytes.count }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    mutating func number(digits: Int, in range: ClosedRange<Int> = 0...9999) -> Int? {
        guard bytes.count - position >= digits else { return nil }
        var value = 0
        for _ in 0..<digits {
            guard let digit = nextDigit() else { return nil }
            value = value * 10 + digit
        }
        return range.contains(value) ? value : nil
    }

    mutating func nanoseconds() -> Int32? {
        var value: Int32 = 0
        var count = 0
        while let digit = nextDigit() {
            if count < 9 { value = value * 10 + Int32(digit) }
            count += 1
        }
        guard count > 0 else { return nil }
        while count < 9 {
            value *= 10
            count += 1
        }
        return value
    }

    mutating func offset() -> Int64? {
        if skip("Z") { return 0 }
        let sign: Int64
        if skip("+") {
            sign = 1
        } else if skip("-") {
            sign = -1
        } else {
            return nil
        }
        guard let hours = number(digits: 2, in: 0...23), skip(":"), let minutes = number(digits: 2, in: 0...59)
        else { return nil }
        return sign * Int64(hours * 3600 + minutes * 60)
    }

    private mutating func nextDigit() -> Int? {
        guard position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position])
        else { return nil }
        defer { position += 1 }
        return Int(bytes[position] - UInt8(ascii: "0"))
    }
}
