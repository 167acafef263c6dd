/// The rule of a POSIX `TZ` value, which the footer of a time zone file states for times after its last transition.
struct PosixTimeRule: Sendable, Hashable {
    /// Seconds east of UTC.
    let standardOffset: Int32
    private let daylight: Daylight?

    private struct Daylight: Sendable, Hashable {
        let offset: Int32
        let start: Change
        let end: Change
    }

    /// When a change happens: a day of the year and seconds past its midnight, which may be negative.
    private struct Change: Sendable, Hashable {
        let day: Day
        let time: Int64

        enum Day: Sendable, Hashable {
            /// 1 through 365, where the 29th of February is never counted.
            case julian(Int)
            /// 0 through 365.
            case ofYear(Int)
            /// Weekday 0 (Sunday) through 6; week 5 is the month's last.
            case weekday(month: Int, week: Int, day: Int)
        }

        /// Seconds from the epoch on the local clock.
        func seconds(in year: Int) -> Int64 {
            let newYear = CivilTime.daysSinceEpoch(year: year, month: 1, day: 1)
            let date: Int
            switch day {
            case .julian(let number):
                date = newYear + number - 1 + (CivilTime.isLeap(year) && number >= 60 ? 1 : 0)
            case .ofYear(let number):
                date = newYear + number
            case .weekday(let month, let week, let day):
                let first = CivilTime(year: year, month: month, day: 1)
                var number = 1 + (day - first.dayOfWeek + 7) % 7 + (week - 1) * 7
                if number > CivilTime.days(inMonth: month, of: year) { number -= 7 }
                date = first.daysSinceEpoch + number - 1
            }
            return Int64(date) * CivilTime.secondsPerDay + time
        }
    }

    /// Reads a rule such as `EST5EDT,M3.2.0,M11.1.0` or `<+0545>-5:45`.
    init?(_ text: some Sequence<UInt8>) {
        var reader = Reader(text)
        guard reader.name(), let west = reader.time(hours: 24) else { return nil }
        standardOffset = Int32(-west)
        guard !reader.isAtEnd else {
            daylight = nil
            return
        }
        guard reader.name() else { return nil }
        var offset = standardOffset + 3600
        if reader.peek != UInt8(ascii: ",") {
            guard let west = reader.time(hours: 24) else { return nil }
            offset = Int32(-west)
        }
        guard reader.skip(","), let start = reader.change(), reader.skip(","), let end = reader.change(), reader.isAtEnd
        else { return nil }
        daylight = Daylight(offset: offset, start: start, end: end)
    }

    /// Seconds east of UTC at a time.
    func offset(atSeconds seconds: Int64) -> Int32 {
        guard let daylight else { return standardOffset }
        let year = CivilTime(secondsSinceEpoch: seconds + Int64(standardOffset)).year
        let start = daylight.start.seconds(in: year) - Int64(standardOffset)
        let end = daylight.end.seconds(in: year) - Int64(daylight.offset)
        let isDaylight = start < end ? start <= seconds && seconds < end : !(end <= seconds && seconds < start)
        return isDaylight ? daylight.offset : standardOffset
    }

    private struct Reader {
        private let bytes: [UInt8]
        private var position = 0

        init(_ text: some Sequence<UInt8>) {
            bytes = Array(text)
        }

        var isAtEnd: Bool { position >= bytes.count }
        var peek: UInt8? { isAtEnd ? nil : bytes[position] }

        mutating func skip(_ character: Unicode.Scalar) -> Bool {
            guard peek == UInt8(ascii: character) else { return false }
            position += 1
            return true
        }

        mutating func name() -> Bool {
            let isQuoted = skip("<")
            let start = position
            while let byte = peek, byte != UInt8(ascii: ">"), isQuoted || isLetter(byte) { position += 1 }
            let count = position - start
            return count >= 3 && (!isQuoted || skip(">"))
        }

        mutating func number(in range: ClosedRange<Int>) -> Int? {
            var value = 0
            let start = position
            while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte), position - start < 4 {
                value = value * 10 + Int(byte - UInt8(ascii: "0"))
                position += 1
            }
            return position > start && range.contains(value) ? value : nil
        }

        mutating func time(hours limit: Int) -> Int64? {
            let sign: Int64 = skip("-") ? -1 : 1
            if sign == 1 { _ = skip("+") }
            guard let hours = number(in: 0...limit) else { return nil }
            var total = Int64(hours * 3600)
            if skip(":") {
                guard let minutes = number(in: 0...59) else { return nil }
                total += Int64(minutes * 60)
                if skip(":") {
                    guard let seconds = number(in: 0...59) else { return nil }
                    total += Int64(seconds)
                }
            }
            return sign * total
        }

        mutating func change() -> Change? {
            guard let day = day() else { return nil }
            var time: Int64 = 7200
            if skip("/") {
                // A week and a day either way, as RFC 8536 extends POSIX.
                guard let stated = self.time(hours: 167) else { return nil }
                time = stated
            }
            return Change(day: day, time: time)
        }

        private mutating func day() -> Change.Day? {
            if skip("J") { return number(in: 1...365).map { .julian($0) } }
            guard skip("M") else { return number(in: 0...365).map { .ofYear($0) } }
            guard let month = number(in: 1...12), skip("."), let week = number(in: 1...5), skip("."),
                let day = number(in: 0...6)
            else { return nil }
            return .weekday(month: month, week: week, day: day)
        }

        private func isLetter(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
        }
    }
}
