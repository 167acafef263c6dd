import HeadgateCore
import Testing

@testable import HeadgateManifest

struct BadFieldTests {
    private static let step = "outputs: [model/], command: [x]"

    static let cases = [
        BadInput(
            "unknown field", model(steps: "{nmae: a, \(step)}"),
            #"6:2 unknown-field [spec.pipeline.steps[0].nmae]; did you mean "name"?"#),
        BadInput(
            "unknown field that resembles none", model(steps: "{name: a, \(step), wherever: 1}"),
            "6:44 unknown-field [spec.pipeline.steps[0].wherever]; known fields: name, command, params, inputs, outputs,"
                + " metrics, timeout, variables, secrets, environment, reports"),
        BadInput(
            "missing field", model(steps: "{name: a, outputs: [model/]}"),
            "6:1 missing-field [spec.pipeline.steps[0].command]"),
        BadInput(
            "field without a value", model(steps: "{name: , \(step)}"),
            "6:8 missing-field [spec.pipeline.steps[0].name]"),
        BadInput(
            "text for a list", model(steps: "{name: a, outputs: [model/], command: x}"),
            "6:39 wrong-type [spec.pipeline.steps[0].command]; write [x]"),
        BadInput(
            "list for a text", model(steps: "{name: [a], \(step)}"),
            "6:8 wrong-type [spec.pipeline.steps[0].name]"),
        BadInput(
            "several errors at once", model(steps: "{name: A, \(step), timeout: 30, secrets: [a-b]}"),
            "6:8 bad-name [spec.pipeline.steps[0].name]; 1 to 63 of a-z, 0-9 and -",
            "6:53 bad-value [spec.pipeline.steps[0].timeout]; add a unit: 30s",
            "6:67 bad-value [spec.pipeline.steps[0].secrets[0]]; letters, digits and _, not first a digit"),
        BadInput(
            "short timeout", model(steps: "{name: a, \(step), timeout: 5ms}"),
            "6:53 out-of-range [spec.pipeline.steps[0].timeout]"),
        BadInput(
            "infinite param", model(steps: "{name: a, \(step), params: {x: .inf}}"),
            "6:56 bad-value [spec.pipeline.steps[0].params.x]"),
        BadInput(
            "digest of the wrong length",
            model(steps: "{name: a, \(step), inputs: [{uri: 'file:///x', sha256: abc, as: x}]}"),
            "6:80 bad-value [spec.pipeline.steps[0].inputs[0].sha256]; 64 hex digits"),
        BadInput(
            "option that does not exist", model(steps: "{name: a, \(step)}", more: "  supersede: cancle"),
            #"9:14 bad-value [spec.supersede]; did you mean "cancel"?"#),
        BadInput(
            "unknown kind", "apiVersion: headgate.dev/v1\nkind: Modle\nmetadata: {name: a}\nspec: {}",
            #"2:7 unknown-kind [kind]; did you mean "Model"?"#),
        BadInput(
            "missing kind", "apiVersion: headgate.dev/v1\nmetadata: {name: a}\nspec: {}", "1:1 missing-field [kind]"),
        BadInput(
            "missing name", "apiVersion: headgate.dev/v1\nkind: Target\nmetadata: {}\nspec: {local: {}}",
            "3:11 missing-field [metadata.name]"),
        BadInput(
            "unknown version", "apiVersion: headgate.dev/v2\nkind: Target\nmetadata: {name: a}\nspec: {local: {}}",
            "1:13 unknown-version [apiVersion]; this version of headgate reads headgate.dev/v1"),
        BadInput(
            "unknown field of the document",
            "apiVersion: headgate.dev/v1\nkind: Target\nmetadata: {name: a}\nspecs: {local: {}}",
            #"4:1 unknown-field [specs]; did you mean "spec"?"#),
        BadInput(
            "none of the providers", "apiVersion: headgate.dev/v1\nkind: Target\nmetadata: {name: a}\nspec: {}",
            "4:7 missing-field [spec]"),
        BadInput(
            "two strategies", deployment(strategy: "{rolling: {}, canary: {steps: [{weight: 5}]}}"),
            "7:27 conflicting-fields [spec.strategy.canary]"),
        BadInput(
            "misspelt strategy", deployment(strategy: "{canery: {}}"),
            #"7:14 unknown-field [spec.strategy.canery]; did you mean "canary"?"#),
        BadInput(
            "neither a pause nor a duration", deployment(strategy: "{canary: {steps: [{pause: [1]}]}}"),
            "7:39 wrong-type [spec.strategy.canary.steps[0].pause]"),
        BadInput(
            "truth that is none", deployment(strategy: "{recreate: {allowDowntime: yes}}"),
            "7:40 wrong-type [spec.strategy.recreate.allowDowntime]"),
        BadInput(
            "empty expression", policy(expression: "''"),
            "7:17 bad-value [spec.rules[0].expression]"),
    ]

    @Test(arguments: cases)
    func `every error says where it is, in which field, and what was meant`(_ input: BadInput) throws {
        let parsed = try parse(input.text)
        #expect(parsed.diagnostics.map(\.brief) == input.expected)
        #expect(parsed.diagnostics.allSatisfy { $0.severity == .error })
        #expect(parsed.objects.allSatisfy { $0.spec == nil })
    }

    @Test func `a document that cannot be identified makes its file unreadable and keeps what it mentions`() throws {
        let parsed = try parse("apiVersion: headgate.dev/v1\nkind: Modle\nmetadata: {name: wine-quality}\nspec: {}")
        #expect(parsed.isUnreadable)
        #expect(parsed.mentionedNames.contains("wine-quality"))
        let missing = try parse(ManifestExample.text(.target) + "\n---\nkind: Policy\nmetadata: {name: p}\nspec: {}\n")
        #expect(missing.isUnreadable)
        #expect(missing.diagnostics.map(\.code) == ["missing-field"])
    }
}
