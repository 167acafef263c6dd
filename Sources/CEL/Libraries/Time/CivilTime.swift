/// A date and a time of day on the proleptic Gregorian calendar, without a zone.
struct CivilTime: Sendable, Hashable {
    var year: Int
    /// 1 through 12.
    var month: Int
    /// 1 through 31.
    var day: Int
    var hour: Int
    var minute: Int
    var second: Int

    static let secondsPerDay: Int64 = 86_400

    init(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
        self.year = year
        self.month = month
        self.day = day
        self.hour = hour
        self.minute = minute
        self.second = second
    }

    /// Reads the fields of a count of seconds since 1970-01-01T00:00:00.
    init(secondsSinceEpoch seconds: Int64) {
        var days = seconds / Self.secondsPerDay
        var rest = seconds % Self.secondsPerDay
        if rest < 0 {
            rest += Self.secondsPerDay
            days -= 1
        }
        let date = Self.date(daysSinceEpoch: Int(days))
        self.init(
            year: date.year,
            month: date.month,
            day: date.day,
            hour: Int(rest / 3600),
            minute: Int(rest / 60 % 60),
            second: Int(rest % 60)
        )
    }

    /// Seconds since 1970-01-01T00:00:00 on the same clock.
    var secondsSinceEpoch: Int64 {
        Int64(daysSinceEpoch) * Self.secondsPerDay + Int64(hour * 3600 + minute * 60 + second)
    }

    /// Days since 1970-01-01.
    var daysSinceEpoch: Int {
        Self.daysSinceEpoch(year: year, month: month, day: day)
    }

    /// 0 is Sunday.
    var dayOfWeek: Int {
        let shifted = (daysSinceEpoch + 4) % 7
        return shifted < 0 ? shifted + 7 : shifted
    }

    /// 0 is the first of January.
    var dayOfYear: Int {
        daysSinceEpoch - Self.daysSinceEpoch(year: year, month: 1, day: 1)
    }

    static func isLeap(_ year: Int) -> Bool {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

    static func days(inMonth month: Int, of year: Int) -> Int {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    // The calendar repeats every 400 years of 146,097 days. Years are counted from March, so that the leap day is the
    // last of its year and the lengths of months follow (153 m + 2) / 5.
    static func daysSinceEpoch(year: Int, month: Int, day: Int) -> Int {
        let shiftedYear = month > 2 ? year : year - 1
        let cycle = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfCycle = shiftedYear - cycle * 400
        let monthFromMarch = (month + 9) % 12
        let dayOfShiftedYear = (153 * monthFromMarch + 2) / 5 + day - 1
        let dayOfCycle = yearOfCycle * 365 + yearOfCycle / 4 - yearOfCycle / 100 + dayOfShiftedYear
        return cycle * 146_097 + dayOfCycle - daysFromMarchOfYearZeroToEpoch
    }

    private static func date(daysSinceEpoch days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + daysFromMarchOfYearZeroToEpoch
        let cycle = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfCycle = shifted - cycle * 146_097
        let yearOfCycle = (dayOfCycle - dayOfCycle / 1460 + dayOfCycle / 36_524 - dayOfCycle / 146_096) / 365
        let dayOfShiftedYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
        let monthFromMarch = (5 * dayOfShiftedYear + 2) / 153
        let day = dayOfShiftedYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (cycle * 400 + yearOfCycle + (month <= 2 ? 1 : 0), month, day)
    }

    private static let daysFromMarchOfYearZeroToEpoch = 719_468
}
