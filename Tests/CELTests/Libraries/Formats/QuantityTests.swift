import Testing

@testable import CEL

@Suite struct QuantityTests {
    static let rows = [
        Row("0", "0", 0),
        Row("12", "12", 12),
        Row("-3", "-3", -3),
        Row("+3", "3", 3),
        Row("1.5G", "1500M", 1_500_000_000),
        Row("200k", "200k", 200_000),
        Row("1000m", "1", 1),
        Row("1500m", "1500m", nil),
        Row("0.5", "500m", nil),
        Row("1Ki", "1Ki", 1024),
        Row("1.5Gi", "1536Mi", 1_610_612_736),
        Row("1000Ki", "1000Ki", 1_024_000),
        Row("512", "512", 512),
        Row("0.5Ki", "512", 512),
        Row("1e3", "1e3", 1000),
        Row("12E-1", "1200e-3", nil),
        Row("1E", "1E", 1_000_000_000_000_000_000),
        Row("10E", "10E", nil),
        Row("5.", "5", 5),
        Row(".5k", "500", 500),
        Row("1n", "1n", nil),
        Row("0.1n", "1n", nil),
        Row("-0.1n", "-1n", nil),
        Row("1.0000000001", "1000000001n", nil),
        Row("0.0001Ki", "102400u", nil),
        Row("8Ei", "8Ei", nil),
        Row("50000000G", "50P", 50_000_000_000_000_000),
        Row("1u", "1u", nil),
        Row("7e-400", "1e-9", nil),
        Row("0e99999999999", "0", 0),
        Row("1e+2", "100", 100),
    ]

    @Test(arguments: rows)
    func `amounts are read exactly`(_ row: Row) throws {
        let amount = try #require(Quantity(row.text))
        #expect(amount.asInteger == row.integer)
        #expect(amount.isInteger == (row.integer != nil))
        #expect(amount.text == row.canonical)
        #expect(Quantity(amount.text) == amount)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let text: String
        let canonical: String
        let integer: Int64?

        init(_ text: String, _ canonical: String, _ integer: Int64?) {
            self.text = text
            self.canonical = canonical
            self.integer = integer
        }

        var testDescription: String { text }
    }

    @Test(arguments: [
        "", "200K", "Three", "Mi", "1,3G", "1.2.3", "--1", "1 ", " 1", "1e", "1e1.5", "1Kib", "1eE", "1mm", "+", ".",
        "1e-", "１",
        String(repeating: "1", count: 300),
    ])
    func `what is no amount is refused`(_ text: String) {
        #expect(Quantity(text) == nil)
    }

    @Test(arguments: [
        ("200M", "0.2G", 0), ("50M", "50Mi", -1), ("50Mi", "50M", 1), ("-1", "1n", -1), ("1", "1000m", 0),
        ("1k", "1e3", 0),
    ])
    func `amounts compare by value`(_ left: String, _ right: String, _ order: Int) throws {
        let left = try #require(Quantity(left))
        let right = try #require(Quantity(right))
        #expect(left.compare(to: right) == order)
        #expect(right.compare(to: left) == -order)
        #expect((left == right) == (order == 0))
        if order == 0 { #expect(left.hashValue == right.hashValue) }
    }

    @Test func `sums are exact and keep the format`() throws {
        let fifty = try #require(Quantity("50k"))
        let hundred = try #require(Quantity("100k"))
        #expect(fifty.adding(try #require(Quantity("20k"))) == Quantity("70k"))
        #expect(fifty.adding(Quantity(integer: 20)) == Quantity("50020"))
        #expect(
            fifty.adding(Quantity(integer: 20)).subtracting(hundred).subtracting(Quantity(integer: -50_000))
                == Quantity("20"))
        #expect(try #require(Quantity("1Gi")).adding(try #require(Quantity("1Gi"))).text == "2Gi")
        #expect(fifty.subtracting(Quantity(integer: 20_000)).asApproximateFloat == 30_000)
        #expect(fifty.sign == 1 && Quantity(integer: 0).sign == 0 && Quantity(integer: -2).sign == -1)
    }

    @Test func `what is too large stays at the bound`() throws {
        let huge = try #require(Quantity("9999999999999999999999999999999999999G"))
        #expect(!huge.isInteger)
        #expect(huge.adding(huge) == huge)
        #expect(huge.asApproximateFloat > 1e29)
        let low = try #require(Quantity("-1e999999999999999999999"))
        #expect(low < huge && low.sign == -1)
        #expect(low.subtracting(huge).sign == -1)
        #expect(try #require(Quantity("1.5")).asApproximateFloat == 1.5)
        #expect(try #require(Quantity("-2500m")).asApproximateFloat == -2.5)
    }
}
