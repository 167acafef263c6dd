import Testing

@testable import CEL

@Suite struct SemanticVersionTests {
    @Test(arguments: [
        "0.0.0", "1.2.3", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-0.3.7", "1.0.0-x-y-z.--", "1.0.0-alpha+001",
        "1.0.0+20130313144700",
        "1.0.0-beta+exp.sha.5114f85", "1.0.0+21AF26D3----117B344092BD", "9223372036854775807.0.0", "1.0.0--",
        "1.0.0-99999999999999999999",
    ])
    func `versions are read and written`(_ text: String) {
        #expect(SemanticVersion(text)?.text == text)
        #expect(SemanticVersion(text, normalizing: true)?.text == text)
    }

    @Test(arguments: [
        "", "1", "1.2", "1.2.3.4", "v1.2.3", "01.2.3", "1.02.3", "1.2.3-", "1.2.3+", "1.2.3-01", "1.2.3-a..b",
        "1.2.3-a_b", "-1.2.3", "1.2.x",
        " 1.2.3", "1.2.3 ", "9223372036854775808.0.0", "1.2.3-é", "200K", "Three", "+1.2.3", "1.2.3+a+b", "1..3",
    ])
    func `what is no version is refused`(_ text: String) {
        #expect(SemanticVersion(text) == nil)
    }

    @Test(
        arguments: [
            ("v1.0.0", "1.0.0"), ("1.0", "1.0.0"), ("v1", "1.0.0"), ("01.01.01", "1.1.1"),
            ("1.2.003-rc.1", "1.2.3-rc.1"), ("00.0.0", "0.0.0"),
            ("vv1.0.0", nil), ("1.0-rc", nil), ("1+b", nil), ("", nil), ("1.2.3-01", nil), ("V1.0.0", nil),
            (" 1.0", nil), ("1..0", nil),
            ("1.2.00-x", "1.2.0-x"),
        ] as [(String, String?)])
    func `normalising adds what is missing`(_ text: String, _ expected: String?) {
        #expect(SemanticVersion(text, normalizing: true)?.text == expected)
    }

    @Test func `precedence is that of the specification`() throws {
        let ordered = [
            "0.9.9", "1.0.0-1", "1.0.0-2", "1.0.0-10", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta",
            "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.1.0", "2.0.0-a", "2.0.0", "10.0.0",
        ].compactMap { SemanticVersion($0) }
        #expect(ordered.count == 17)
        for (left, first) in ordered.enumerated() {
            for (right, second) in ordered.enumerated() {
                #expect(first.compare(to: second) == (left - right).signum(), "\(first.text) \(second.text)")
            }
        }
        let plain = try #require(SemanticVersion("1.0.0"))
        let built = try #require(SemanticVersion("1.0.0+b"))
        #expect(plain == built && plain.compare(to: built) == 0 && plain.hashValue == built.hashValue)
    }
}
