import Testing

@testable import CEL

@Suite struct NumberTextTests {
    @Test(arguments: [
        (123.456, "123.456"), (-4.5e-3, "-0.0045"), (0, "0"), (-0.0, "-0"), (1, "1"), (-987.654, "-987.654"),
        (6.02214e23, "6.02214e+23"), (1e6, "1e+06"), (999_999, "999999"), (1_234_567, "1.234567e+06"), (1e-5, "1e-05"),
        (0.0001, "0.0001"), (.leastNonzeroMagnitude, "5e-324"), (1.7976931348623157e308, "1.7976931348623157e+308"),
        (.nan, "NaN"),
        (.infinity, "+Inf"), (-.infinity, "-Inf"), (0.1 + 0.2, "0.30000000000000004"), (100_000, "100000"),
        (1e100, "1e+100"),
    ])
    func `the shortest text reads back`(_ value: Double, _ text: String) {
        #expect(NumberText.shortest(value) == text)
        if value.isFinite { #expect(Double(text)?.bitPattern == value.bitPattern) }
    }

    @Test(arguments: [
        (1e21, "1000000000000000000000"), (3.14, "3.14"), (1e-7, "0.0000001"), (.infinity, "Infinity"), (-2, "-2"),
        (-.infinity, "-Infinity"), (.nan, "NaN"), (0, "0"), (123456789.5, "123456789.5"),
    ])
    func `plain text has no exponent`(_ value: Double, _ text: String) {
        #expect(NumberText.plain(value) == text)
    }

    @Test(
        arguments: [
            (1.2345, 3, "1.234"), (2.71828, 6, "2.718280"), (3, 6, "3.000000"), (3.5001, 0, "4"), (3.4999, 0, "3"),
            (1.5, 0, "2"),
            (2.5, 0, "2"), (0.5, 0, "0"), (-0.5, 0, "-0"), (123.4999, 3, "123.500"), (-123.4999, 3, "-123.500"),
            (-123.4994, 3, "-123.499"),
            (-1.2, 5, "-1.20000"), (0, 2, "0.00"), (1e21, 1, "1000000000000000000000.0"),
            (0.1, 20, "0.10000000000000000555"),
            (.leastNonzeroMagnitude, 3, "0.000"), (0.05, 1, "0.1"), (0.95, 1, "0.9"), (9.99, 1, "10.0"),
            (0.999, 2, "1.00"),
            (.nan, 2, "NaN"),
            (.infinity, 2, "Infinity"), (-.infinity, 2, "-Infinity"),
        ] as [(Double, Int, String)])
    func `fixed text rounds the exact value half to even`(_ value: Double, _ precision: Int, _ text: String) {
        #expect(NumberText.fixed(value, precision: precision) == text)
    }

    @Test(
        arguments: [
            (1052.032911275, 6, "1.052033e+03"), (2.71828, 6, "2.718280e+00"), (2, 6, "2.000000e+00"),
            (0, 3, "0.000e+00"),
            (-0.00012345, 2, "-1.23e-04"), (9.9999, 2, "1.00e+01"), (1e100, 0, "1e+100"),
            (.leastNonzeroMagnitude, 4, "4.9407e-324"),
            (2.5, 0, "2e+00"),
            (3.5, 0, "4e+00"), (.nan, 2, "NaN"), (.infinity, 6, "Infinity"), (-.infinity, 6, "-Infinity"),
        ] as [(Double, Int, String)])
    func `scientific text has two digits of exponent at least`(_ value: Double, _ precision: Int, _ text: String) {
        #expect(NumberText.scientific(value, precision: precision) == text)
    }

    @Test func `radixes and bytes`() {
        #expect(NumberText.radix(Int64(5), 2) == "101")
        #expect(NumberText.radix(Int64(-11), 8) == "-13")
        #expect(NumberText.radix(Int64.min, 16) == "-8000000000000000")
        #expect(NumberText.radix(UInt64.max, 16, uppercase: true) == "FFFFFFFFFFFFFFFF")
        #expect(NumberText.hex(Array("Hello world!".utf8), uppercase: true) == "48656C6C6F20776F726C6421")
        #expect(NumberText.hex([0x0F, 0xA0]) == "0fa0")
    }

    @Test func `random doubles survive every exact text`() {
        var state: UInt64 = 42
        for _ in 0..<2000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let value = Double(bitPattern: state)
            guard value.isFinite else { continue }
            #expect(Double(NumberText.shortest(value)) == value)
            #expect(Double(NumberText.scientific(value, precision: 16)) == value)
            #expect(Double(NumberText.plain(value)) == value)
        }
    }
}
