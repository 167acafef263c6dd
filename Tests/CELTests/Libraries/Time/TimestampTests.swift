import Testing

@testable import CEL

@Suite struct TimestampTests {
    @Test(
        arguments: [
            ("2009-02-13T23:31:30Z", 1_234_567_890, 0), ("1970-01-01T00:00:00Z", 0, 0),
            ("1969-12-31T23:59:59.5Z", -1, 500_000_000), ("2009-02-13T18:31:30-05:00", 1_234_567_890, 0),
            ("2009-02-14T05:16:30+05:45", 1_234_567_890, 0), ("2009-02-13T23:31:30-00:00", 1_234_567_890, 0),
            ("0001-01-01T00:00:00Z", -62_135_596_800, 0),
            ("9999-12-31T23:59:59.999999999Z", 253_402_300_799, 999_999_999),
            ("2000-02-29T12:00:00Z", 951_825_600, 0), ("2009-02-13T23:31:20.1234567899Z", 1_234_567_880, 123_456_789),
        ] as [(String, Int64, Int32)])
    func `RFC 3339 is read`(_ text: String, _ seconds: Int64, _ nanoseconds: Int32) {
        let time = Timestamp(rfc3339: text)
        #expect(time?.seconds == seconds)
        #expect(time?.nanoseconds == nanoseconds)
    }

    @Test(arguments: [
        "", "2009-02-13", "2009-02-13T23:31:30", "2009-02-13t23:31:30Z", "2009-02-13 23:31:30Z", "2009-02-30T00:00:00Z",
        "2009-13-01T00:00:00Z", "2009-00-01T00:00:00Z", "2009-01-00T00:00:00Z", "2009-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z", "2009-02-13T24:00:00Z", "2009-02-13T23:60:00Z", "2009-02-13T23:59:60Z",
        "2009-02-13T23:31:30.Z", "2009-02-13T23:31:30+0500", "2009-02-13T23:31:30+24:00", "2009-02-13T23:31:30ZZ",
        "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "10000-01-01T00:00:00Z",
        "-001-01-01T00:00:00Z", "2009-2-13T23:31:30Z", "２009-02-13T23:31:30Z",
    ])
    func `what is not RFC 3339 or out of range is refused`(_ text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test(
        arguments: [
            (1_234_567_890, 0, "2009-02-13T23:31:30Z"), (0, 120_000_000, "1970-01-01T00:00:00.120Z"),
            (0, 120_000, "1970-01-01T00:00:00.000120Z"), (-1, 1, "1969-12-31T23:59:59.000000001Z"),
            (-62_135_596_800, 0, "0001-01-01T00:00:00Z"),
            (253_402_300_799, 999_999_999, "9999-12-31T23:59:59.999999999Z"),
        ] as [(Int64, Int32, String)])
    func `it is written with 0, 3, 6 or 9 decimals`(_ seconds: Int64, _ nanoseconds: Int32, _ text: String) {
        #expect(Timestamp(seconds: seconds, nanoseconds: nanoseconds)?.rfc3339 == text)
        #expect(Timestamp(rfc3339: text)?.rfc3339 == text)
    }

    @Test func `the range is the years 1 to 9999`() {
        #expect(Timestamp(seconds: -62_135_596_801) == nil)
        #expect(Timestamp(seconds: 253_402_300_800) == nil)
        #expect(Timestamp(seconds: 0, nanoseconds: 1_000_000_000) == nil)
        #expect(Timestamp(seconds: 0, nanoseconds: -1) == nil)
    }

    @Test(
        arguments: [
            ("0001-01-01T00:00:01.000000001Z", "-999999999ns", "0001-01-01T00:00:00.000000002Z"),
            ("0001-01-01T00:00:01.999999999Z", "999999999ns", "0001-01-01T00:00:02.999999998Z"),
            ("2009-02-13T23:00:00Z", "240s", "2009-02-13T23:04:00Z"),
            ("2009-02-13T23:00:00Z", "-1ns", "2009-02-13T22:59:59.999999999Z"),
            ("9999-12-31T23:59:59.999999999Z", "1ns", nil), ("0001-01-01T00:00:00Z", "-1ns", nil),
        ] as [(String, String, String?)])
    func `a span moves it, within the range`(_ start: String, _ span: String, _ end: String?) throws {
        let start = try #require(Timestamp(rfc3339: start))
        let span = try #require(TimeSpan(text: span))
        let moved = start.adding(span)
        #expect(moved?.rfc3339 == end)
        if let moved {
            #expect(moved.subtracting(span) == start)
            #expect(moved.since(start) == span)
            #expect((moved > start) == (span > .zero))
        }
    }

    @Test func `a difference that no span holds is none`() throws {
        let first = try #require(Timestamp(rfc3339: "0001-01-01T00:00:00Z"))
        let last = try #require(Timestamp(rfc3339: "9999-12-31T23:59:59Z"))
        #expect(last.since(first) == nil)
        #expect(first.since(last) == nil)
    }

    @Test func `fields are those of the calendar`() throws {
        let civil = try #require(Timestamp(rfc3339: "2009-02-13T23:31:30Z")).civil()
        #expect((civil.year, civil.month, civil.day) == (2009, 2, 13))
        #expect((civil.hour, civil.minute, civil.second) == (23, 31, 30))
        #expect(civil.dayOfYear == 43)
        #expect(civil.dayOfWeek == 5)
        #expect(try #require(Timestamp(rfc3339: "2009-02-13T23:31:30Z")).civil(offset: 7200).day == 14)
    }

    @Test func `each day of the range follows the one before`() {
        var year = 1
        var month = 1
        var day = 1
        var mistakes = 0
        let first = CivilTime.daysSinceEpoch(year: 1, month: 1, day: 1)
        let last = CivilTime.daysSinceEpoch(year: 9999, month: 12, day: 31)
        // Every day of the first 401 years, then every hundred-and-first.
        for number in first...last {
            if number < first + 146_500 || number % 101 == 0 {
                let civil = CivilTime(secondsSinceEpoch: Int64(number) * 86_400 + 86_399)
                if (civil.year, civil.month, civil.day, civil.second) != (year, month, day, 59) { mistakes += 1 }
                if civil.daysSinceEpoch != number || civil.dayOfWeek != (number - first + 1) % 7 { mistakes += 1 }
            }
            day += 1
            if day > CivilTime.days(inMonth: month, of: year) { (month, day) = (month + 1, 1) }
            if month > 12 { (year, month) = (year + 1, 1) }
        }
        #expect(mistakes == 0)
        #expect(year == 10_000)
    }
}
