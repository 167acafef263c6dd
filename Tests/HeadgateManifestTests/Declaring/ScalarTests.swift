import HeadgateCore
import Testing

@testable import HeadgateManifest

struct ScalarTests {
    @Test(arguments: [
        ("0s", 0), ("500ms", 500), ("30s", 30_000), ("5m", 300_000), ("1h30m", 5_400_000), ("7d", 604_800_000),
        ("1d2h3m4s5ms", 93_784_005),
    ])
    func `durations are whole numbers with units, largest first`(_ text: String, _ milliseconds: Int64) {
        #expect(DurationText.parse(text)?.milliseconds == milliseconds)
        #expect(DurationText.format(.milliseconds(milliseconds)) == text)
    }

    @Test(arguments: ["", "0", "30", "s", "1.5h", "-5m", "5m1h", "5m5m", "1h ", "99999999999999999999s", "9999999d"])
    func `other texts are no durations`(_ text: String) {
        #expect(DurationText.parse(text) == nil)
    }

    static let params: [(String, JSONValue)] = [
        ("yes", .string("yes")), ("1:30", .string("1:30")), ("true", .bool(true)), ("False", .bool(false)),
        ("~", .null), ("null", .null), ("12", .integer(12)), ("-7", .integer(-7)), ("0o17", .integer(15)),
        ("0x1F", .integer(31)), ("010", .integer(10)), ("1.50", .number(1.5)), ("-.5", .number(-0.5)),
        ("1e3", .number(1000)), ("1.e2", .number(100)), ("2024-01-01", .string("2024-01-01")), ("'12'", .string("12")),
        ("0x1p3", .string("0x1p3")), ("nan", .string("nan")), ("1_000", .string("1_000")), (".", .string(".")),
        ("[1, a]", .array([.integer(1), .string("a")])), ("{a: {b: 1.0}}", .object(["a": .object(["b": .number(1)])])),
    ]

    @Test(arguments: params)
    func `params follow the YAML 1.2 core schema`(_ text: String, _ value: JSONValue) throws {
        let step = "{name: a, command: [x], outputs: [model/], params: {p: \(text)}}"
        guard case .model(let spec)? = try parse(model(steps: step)).objects.first?.spec else {
            Issue.record("refused")
            return
        }
        #expect(spec.pipeline?.steps.first?.params == ["p": value])
    }

    @Test func `declared texts are read as they are written`() throws {
        let text = model(
            steps:
                "{name: no, command: [python3, 1.10, true, 0x1F, ''], outputs: [model/], variables: {ON: yes, OFF: ''}}"
        )
        guard case .model(let spec)? = try parse(text).objects.first?.spec else {
            Issue.record("refused")
            return
        }
        let step = try #require(spec.pipeline?.steps.first)
        #expect(step.name.text == "no")
        #expect(step.command == ["python3", "1.10", "true", "0x1F", ""])
        #expect(step.variables == ["ON": "yes", "OFF": ""])
    }

    @Test(arguments: [
        ("comand", "command"), ("min_samples", "minSamples"), ("Model", "model"), ("polcy", "policy"),
        ("temout", "timeout"),
    ])
    func `a slip finds the name that was meant`(_ slip: String, _ meant: String) {
        let names = ["command", "minSamples", "model", "policy", "timeout", "name", "inputs"]
        #expect(Spelling.nearest(to: slip, among: names) == meant)
    }

    @Test(arguments: ["x", "replicas", "as", ""]) func `what resembles nothing finds nothing`(_ name: String) {
        #expect(Spelling.nearest(to: name, among: ["command", "inputs", "name"]) == nil)
    }
}
