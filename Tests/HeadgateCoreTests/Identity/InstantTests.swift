import HeadgateCore
import Testing

struct InstantTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"), (999, "1970-01-01T00:00:00Z"), (-1, "1969-12-31T23:59:59Z"),
        (-1000, "1969-12-31T23:59:59Z"), (951_782_399_999, "2000-02-28T23:59:59Z"),
        (951_782_400_000, "2000-02-29T00:00:00Z"), (1_772_366_400_000, "2026-03-01T12:00:00Z"),
        (253_402_300_799_000, "9999-12-31T23:59:59Z"), (Int64.max, "292278994-08-17T07:12:55Z"),
    ])
    func `a time is written in UTC to the second`(_ milliseconds: Int64, _ text: String) {
        #expect(Instant(milliseconds: milliseconds).rfc3339 == text)
    }
}
