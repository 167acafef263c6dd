import HeadgateCore
import Testing

@testable import HeadgateStore

struct RecordCodingTests {
    private let samples: Samples

    init() throws { samples = try #require(Samples()) }

    private func expectRoundTrip<Record: Codable & Equatable>(_ record: Record) throws {
        let text = try RecordEncoder().encode(record)
        #expect(try RecordDecoder().decode(Record.self, from: text) == record, "\(text)")
    }

    @Test func `every record comes back as it was written`() throws {
        try expectRoundTrip(
            SourceRecord(
                name: samples.source, revision: samples.revision, commit: samples.commit, problem: "gone",
                diagnostics: [Diagnostic(.error, code: "unknown-field", "no such field", field: "spec.x", hint: "y")]))
        try expectRoundTrip(samples.object(1))
        for state in [
            Run.State.running, .cancelling, .succeeded, .failed(exitCode: 3, message: "no"),
            .errored(StepError(.timedOut, "too long", mayRetry: true)), .cancelled,
        ] { try expectRoundTrip(samples.run("a", state: state)) }
        try expectRoundTrip(samples.step("a"))
        try expectRoundTrip(samples.refusal("a"))
        try expectRoundTrip(samples.version("v"))
        try expectRoundTrip(samples.assessment("v"))
        try expectRoundTrip(samples.verdict(.fail))
        try expectRoundTrip(samples.status(1, "v"))
    }

    @Test func `a deployment in the middle of a rollout comes back as it was written`() throws {
        let version = ServedVersion(version: samples.versionID("v"), replicas: 2, bundle: samples.bundle("v"))
        let strategy = StrategySpec(
            method: .canary(
                CanarySpec(
                    steps: [
                        .weight(10), .analyse(.seconds(120)), .pauseUntilApproved(deadline: .seconds(9)), .pause(.zero),
                    ],
                    checks: [
                        CheckSpec(
                            name: "errors", expression: PolicyExpression("candidate.errorRate <= 0.01"),
                            queries: [
                                MetricQuery(
                                    name: "q",
                                    provider: .prometheus(address: "http://p", query: "up", range: .seconds(60)))
                            ])
                    ])))
        var record = samples.record(0, champions: [samples.champion("u", since: Samples.start)])
        record.rollout = Rollout(
            id: RolloutID(3), deployment: record.id, champion: nil, candidate: version, strategy: strategy)
        record.applied = ServingState(
            deployment: record.id, versions: [version], weights: [version.version: 100], stable: version.version,
            mirror: .init(version: version.version, percent: 5, compare: .tolerance(0.5)))
        record.warm = [WarmVersion(version: version, until: Samples.start)]
        record.holds = [
            Hold(
                desired: DesiredDigest(Samples.digest("d")), version: version.version, stay: nil, by: "ada",
                reason: "slow", at: Samples.start)
        ]
        record.approvals = [Approval(by: "ada", at: Samples.start, digest: "x")]
        try expectRoundTrip(record)
    }

    /// An integral double that came back as an integer would change a step's key after a restart (I2).
    @Test func `numbers keep their kind and every bit`() throws {
        let numbers: [JSONValue] = [
            .number(1), .number(-0.0), .number(0.1), .number(1e300), .number(.leastNonzeroMagnitude), .number(1e16),
            .integer(1),
            .integer(.max), .integer(.min), .integer(0), .number(.infinity), .number(-.infinity),
        ]
        for number in numbers {
            let text = try RecordEncoder().encode(["n": number])
            let back = try RecordDecoder().decode([String: JSONValue].self, from: text)
            #expect(back["n"]?.canonicalText == number.canonicalText, "\(text)")
        }
        let text = try RecordEncoder().encode([Double.nan])
        #expect(try RecordDecoder().decode([Double].self, from: text).first?.isNaN == true)
        try expectRoundTrip([UInt64.max, 0])
        try expectRoundTrip(JSONValue.object(["a": .array([.null, .bool(true), .object([:]), .array([])])]))
    }

    @Test(arguments: [
        "", "plain", "\"quoted\" \\ and / slashes", "line\nbreak\r\ttab", "\u{0}\u{1}\u{1f}\u{7f}", "ünïcödé 日本 🚦",
        "e\u{301} is not é", #"\u0041 stays"#, "sixteen characters and more, so that it is shared",
    ])
    func `every text comes back byte for byte, as a value and as a name`(_ text: String) throws {
        let body = try RecordEncoder().encode([text: text])
        let back = try RecordDecoder().decode([String: String].self, from: body)
        #expect(back.first.map { Array($0.key.utf8) } == Array(text.utf8))
        #expect(back.first.map { Array($0.value.utf8) } == Array(text.utf8))
    }

    @Test func `members are found in any order, and unknown ones are passed over`() throws {
        struct Two: Codable, Equatable {
            var a: Int
            var b: String?
        }
        let decoder = RecordDecoder()
        #expect(try decoder.decode(Two.self, from: #"{"x":{"a":9},"b":"t","a":1}"#) == Two(a: 1, b: "t"))
        #expect(try decoder.decode(Two.self, from: #"{"a":1,"b":null}"#) == Two(a: 1, b: nil))
        #expect(throws: DecodingError.self) { try decoder.decode(Two.self, from: #"{"b":"t"}"#) }
        #expect(throws: DecodingError.self) { try decoder.decode(Two.self, from: "{}") }
    }

    @Test(arguments: [
        "", "{", "}", "[1,", #"{"a"}"#, #"{"a":}"#, #""open"#, #""\"#, "nul", "-", "[1]]", "{,}", "[1 2]", "tru",
        "\u{1}",
        String(repeating: "[", count: 100_000),
    ])
    func `damaged text is an error, never a crash`(_ text: String) {
        #expect(throws: DecodingError.self) { try RecordDecoder().decode(JSONValue.self, from: text) }
        #expect(throws: DecodingError.self) { try RecordDecoder().decode(Run.self, from: text) }
    }

    @Test(arguments: UInt64(0)..<200)
    func `a body with one byte changed is read or refused, never a crash`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var bytes = Array(try RecordEncoder().encode(samples.run("a")).utf8)
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 32...126, using: &random)
        _ = bytes.withUnsafeBufferPointer { try? RecordDecoder().decode(Run.self, from: $0) }
    }
}
