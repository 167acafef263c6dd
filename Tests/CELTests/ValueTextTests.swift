import Testing

@testable import CEL

/// Values as text are source text of the language.
@Suite struct ValueTextTests {
    private static func value(_ source: String) throws -> Value {
        var environment = Environment()
        environment.declare(RecordType(name: "Point", fields: ["x": .int, "in": .double]))
        let result = try environment.compile(source).evaluate(Activation(environment)).result
        guard case .value(let value) = result else { throw EvaluationError(.invalidArgument, "\(result)") }
        return value
    }

    @Test(arguments: [
        "null", "true", "-1", "7u", "1.5", "3.0", "1e+20", "-0.0", #""a\"b\\c\n\t'\x01\x85é😀""#,
        #""\u202e\u2028\u2029\ufeff\U000e0001""#, #"b"a\x00\xff\"""#,
        #"timestamp("2026-03-01T12:00:00.500Z")"#, #"duration("3.5s")"#, #"duration("-5400s")"#, "[1, [2u, \"a\"]]",
        #"{"a": {1: true}, 2u: []}"#, "optional.of(1)", "optional.none()", "int", "list", "google.protobuf.Timestamp",
        #"double("NaN")"#, #"double("-Infinity")"#, #"Point{x: 1, `in`: 2.0}"#, #"ip("10.0.0.1")"#,
        #"cidr("10.0.0.0/8")"#, #"quantity("1Gi")"#, #"semver("1.2.3")"#, #"url("https://example.com/a?b=c")"#,
        "[optional.of({\"a\": b\"\"})]",
    ])
    func `a value's text is source that gives the value again`(source: String) throws {
        let value = try Self.value(source)
        let text = value.literal()
        #expect(text == source)
        #expect(try Self.value(text).literal() == text)
        #expect(try Self.value(value.description).literal() == text)
    }

    @Test func `long values are cut, and not built whole before`() throws {
        let long = Value.list(Array(repeating: .string(String(repeating: "x", count: 1_000)), count: 100_000))
        #expect(long.literal(limit: 200).utf8.count <= 200)
        #expect(long.literal(limit: 200).hasSuffix("…"))
        #expect(Value.bytes(Array(repeating: 0, count: 1_000_000)).literal(limit: 50).utf8.count <= 50)
        #expect(Value.int(1).literal(limit: 200) == "1")
    }
}
