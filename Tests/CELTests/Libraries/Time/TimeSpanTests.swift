import Testing

@testable import CEL

@Suite struct TimeSpanTests {
    @Test(arguments: [
        ("0", 0), ("-0", 0), ("+0", 0), ("0s", 0), ("1s", 1_000_000_000), ("1h30m", 5_400_000_000_000),
        ("-1.5s", -1_500_000_000), ("+1.5s", 1_500_000_000), (".5s", 500_000_000), ("1.s", 1_000_000_000),
        ("250us", 250_000),
        ("250\u{B5}s", 250_000), ("250\u{3BC}s", 250_000), ("3ns", 3), ("1.9ns", 1), ("1h45m47s", 6_347_000_000_000),
        ("1m1ms", 60_001_000_000), ("0.1h", 360_000_000_000), ("9223372036854775807ns", Int64.max),
        ("-9223372036854775808ns", Int64.min), ("0.333333333333333333333h", 1_199_999_999_999),
    ])
    func `numbers with units are read`(_ text: String, _ nanoseconds: Int64) {
        #expect(TimeSpan(text: text)?.totalNanoseconds == nanoseconds)
    }

    @Test(arguments: [
        "", "-", "1", "s", ".s", "1 s", "1d", "1S", "1h-1m", "--1s", "9223372036854775808ns", "320000000000s",
        "-320000000000s", "99999999999999999999999999999999999999999999h", "1e3s", "1..5s", "1s ",
    ])
    func `what is no span or out of range is refused`(_ text: String) {
        #expect(TimeSpan(text: text) == nil)
    }

    @Test(arguments: [
        ("1h30m", "5400s"), ("1.5s", "1.5s"), ("-1ns", "-0.000000001s"), ("0", "0s"), ("1000000s", "1000000s"),
        ("1ms", "0.001s"), ("-90s", "-90s"), ("-9223372036854775808ns", "-9223372036.854775808s"),
    ])
    func `it is written in seconds`(_ text: String, _ expected: String) {
        #expect(TimeSpan(text: text)?.text == expected)
        #expect(TimeSpan(text: expected)?.text == expected)
    }

    @Test func `parts round towards zero`() throws {
        let span = try #require(TimeSpan(text: "-10000.25s"))
        #expect(span.wholeHours == -2)
        #expect(span.wholeMinutes == -166)
        #expect(span.wholeSeconds == -10000)
        #expect(span.milliseconds == -250)
        #expect(span.totalMilliseconds == -10_000_250)
        #expect(TimeSpan(seconds: 123, nanoseconds: 321_456_789)?.milliseconds == 321)
    }

    @Test func `sums past the range are none`() throws {
        let most = TimeSpan(totalNanoseconds: .max)
        let least = TimeSpan(totalNanoseconds: .min)
        let one = TimeSpan(totalNanoseconds: 1)
        #expect(most.adding(one) == nil)
        #expect(least.subtracting(one) == nil)
        #expect(least.negated() == nil)
        #expect(most.negated()?.adding(most) == .zero)
        #expect(TimeSpan(seconds: 9_223_372_037) == nil)
        #expect(TimeSpan(seconds: 1, nanoseconds: -1)?.totalNanoseconds == 999_999_999)
        #expect(least < .zero && .zero < most)
    }
}
