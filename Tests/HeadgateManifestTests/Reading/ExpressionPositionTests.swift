import HeadgateCore
import Testing

@testable import HeadgateManifest

struct ExpressionPositionTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        /// As it stands in the manifest after `- expression: `, which ends at column 16 of line 7.
        let text: String
        let value: String
        /// The place of each part of the value.
        let places: [(part: String, line: Int, column: Int)]
        var testDescription: String { name }
    }

    static let cases = [
        Case(name: "plain", text: "aé <= bb", value: "aé <= bb", places: [("a", 7, 17), ("<=", 7, 20), ("bb", 7, 23)]),
        Case(
            name: "plain over lines", text: "aa <=\n      bb &&\n\n        cc", value: "aa <= bb &&\ncc",
            places: [("aa", 7, 17), ("bb", 8, 7), ("cc", 10, 9)]),
        Case(
            name: "single quotes", text: "'a == ''x'' + b'", value: "a == 'x' + b",
            places: [
                ("a", 7, 18), ("'x", 7, 23), ("x'", 7, 25), ("b", 7, 31),
            ]),
        Case(
            name: "double quotes", text: #""a == \"x\" + \u00e9 + b""#, value: "a == \"x\" + é + b",
            places: [
                ("a", 7, 18), ("x", 7, 25), ("é", 7, 31), ("b", 7, 40),
            ]),
        Case(
            name: "double quotes over lines", text: "\"aa\n      + \\\n      bb\"", value: "aa + bb",
            places: [
                ("aa", 7, 18), ("+", 8, 7), ("bb", 9, 7),
            ]),
        Case(
            name: "literal", text: "|\n      aa ||\n        bb\n      + cc", value: "aa ||\n  bb\n+ cc\n",
            places: [
                ("aa", 8, 7), ("||", 8, 10), ("bb", 9, 9), ("+", 10, 7), ("cc", 10, 9),
            ]),
        Case(
            name: "literal with header", text: "|2- # why\n\n        aa\n        bb", value: "\n  aa\n  bb",
            places: [
                ("aa", 9, 9), ("bb", 10, 9),
            ]),
        Case(
            name: "folded", text: ">-\n      aa\n      bb\n\n      cc", value: "aa bb\ncc",
            places: [
                ("aa", 8, 7), ("bb", 9, 7), ("cc", 11, 7),
            ]),
    ]

    @Test(arguments: cases) func `each part of an expression is found where it stands`(_ test: Case) throws {
        let parsed = try parse(policy(expression: test.text))
        #expect(parsed.diagnostics == [])
        guard case .policy(let spec)? = parsed.objects.first?.spec else { throw Unexpected() }
        let expression = try #require(spec.rules.first?.expression)
        #expect(expression.source == test.value)
        #expect(expression.location?.line == test.places[0].line)
        #expect(expression.location?.column == test.places[0].column)
        for place in test.places {
            let range = try #require(expression.source.range(of: place.part))
            let offset = expression.source.utf8.distance(from: expression.source.startIndex, to: range)
            let found = try #require(expression.location(atOffset: offset))
            #expect(found.line == place.line, "line of \(place.part)")
            #expect(found.column == place.column, "column of \(place.part)")
        }
    }

    private struct Unexpected: Error {}
}

extension String {
    /// Where a part begins.
    fileprivate func range(of part: String) -> String.Index? {
        indices.first { self[$0...].hasPrefix(part) }
    }
}
