import HeadgateCore
import Testing

@testable import HeadgateManifest

struct SpecCheckTests {
    static let models = [
        BadInput(
            "paths that leave the repository",
            model(
                steps:
                    "{name: a, command: [x], inputs: [../../../x, /etc/passwd, .git/config], outputs: [../y, model/]}"),
            "6:34 path-escapes", "6:46 path-escapes", "6:59 path-escapes", "6:83 path-escapes"),
        BadInput(
            "data that is not pinned", model(steps: "{name: a, command: [x], inputs: ['s3://b/k'], outputs: [model/]}"),
            "6:34 unpinned-input"),
        BadInput(
            "a cycle",
            model(
                steps: "{name: a, command: [x], inputs: [c/], outputs: [model/]}",
                "{name: b, command: [x], inputs: [model/x], outputs: [b/]}",
                "{name: c, command: [x], inputs: [b/], outputs: [c/]}"), "6:33 cycle"),
        BadInput(
            "a step that reads its own output",
            model(steps: "{name: a, command: [x], inputs: [model/x], outputs: [model/]}"), "6:34 cycle"),
        BadInput(
            "steps of one name",
            model(
                steps: "{name: a, command: [x], outputs: [model/]}", "{name: a, command: [x], outputs: [b/]}"),
            "7:8 duplicate-name"),
        BadInput(
            "overlapping outputs",
            model(
                steps: "{name: a, command: [x], outputs: [model/, model/x]}",
                "{name: b, command: [x], outputs: [m], metrics: {file: model/m.json}}"),
            "6:43 overlapping-outputs", "7:55 overlapping-outputs"),
        BadInput(
            "an input that holds an output",
            model(
                steps: "{name: a, command: [x], outputs: [model/x]}",
                "{name: b, command: [x], inputs: [model/, ., ..], outputs: [b]}", artifact: "b"),
            "7:34 overlapping-outputs", "7:42 overlapping-outputs", "7:45 overlapping-outputs"),
        BadInput(
            "two inputs at one place",
            model(
                steps:
                    "{name: a, command: [x], inputs: [d, {uri: 'file:///d', sha256: \(String(repeating: "a", count: 64)), as: d}], outputs: [model/]}"
            ), "6:37 duplicate-name"),
        BadInput(
            "one metric of two steps",
            model(
                steps: "{name: a, command: [x], outputs: [model/], metrics: {file: a.json, names: {q: double}}}",
                "{name: b, command: [x], metrics: {file: b.json, names: {r: int, q: int}}}",
                "{name: c, command: [x], metrics: {file: a.json}}"), "7:68 duplicate-metric", "8:41 duplicate-metric"),
        BadInput(
            "an unknown param",
            model(steps: "{name: a, command: [x, $(params.tres), $(date)], params: {trees: 1}, outputs: [model/]}"),
            "6:24 unknown-placeholder", "6:40 unknown-placeholder"),
        BadInput(
            "an artifact that nobody makes",
            model(steps: "{name: a, command: [x], outputs: [model/]}", artifact: "modell/"), "8:13 unknown-artifact"),
        BadInput(
            "a folder as artifact that is declared as a file",
            model(steps: "{name: a, command: [x], outputs: [model]}"), "8:13 mismatched-output"),
        BadInput(
            "a folder that a step reads and another declares as a file",
            model(
                steps: "{name: a, command: [x], outputs: [data]}",
                "{name: b, command: [x], inputs: [data/], outputs: [model/]}"), "7:34 mismatched-output"),
        BadInput(
            "a part of an output as artifact",
            model(steps: "{name: a, command: [x], outputs: [model/]}", artifact: "model/x"), "8:13 unknown-artifact"),
        BadInput(
            "serving an output, with an unknown placeholder",
            model(
                steps: "{name: a, command: [x], outputs: [model/]}",
                more: "  serve: {inputs: [model/x], command: [x, $(prot)]}"),
            "9:20 overlapping-outputs", "9:43 unknown-placeholder"),
        BadInput(
            "a variable that is a secret too",
            model(steps: "{name: a, command: [x], outputs: [model/], variables: {K: v}, secrets: [K]}"),
            "6:59 duplicate-name"),
        BadInput(
            "a policy named twice",
            model(steps: "{name: a, command: [x], outputs: [model/]}", more: "  policies: [p, p]"),
            "9:17 duplicate-name"),
    ]

    static let others = [
        BadInput("downtime that nobody allowed", deployment(strategy: "{recreate: {}}"), "7:24 downtime"),
        BadInput(
            "weights that fall", deployment(strategy: "{canary: {steps: [{weight: 10}, {weight: 10}, {weight: 5}]}}"),
            "7:30 no-wait", "7:54 weight-order", "7:68 weight-order"),
        BadInput(
            "a weight above 100", deployment(strategy: "{canary: {steps: [{weight: 101}]}}"), "7:40 out-of-range"),
        BadInput(
            "checks of one name",
            deployment(
                strategy:
                    "{canary: {steps: [{analyse: 1m}], checks: [{name: a, expression: x}, {name: a, expression: x}]}}"),
            "7:89 duplicate-name"),
        BadInput(
            "checks that are never asked",
            deployment(strategy: "{blueGreen: {postChecks: [{name: a, expression: x}]}}"), "7:38 idle-checks"),
        BadInput(
            "more replicas at least than at most",
            deployment(strategy: "{}\n  autoscaling: {minReplicas: 3, maxReplicas: 2, targetConcurrency: 1}"),
            "8:30 out-of-range"),
        BadInput(
            "waiting for itself", deployment(strategy: "{}\n  dependsOn: [{kind: Deployment, name: wine}]"),
            "8:15 cycle"),
        BadInput(
            "rules and moments given twice",
            """
            apiVersion: headgate.dev/v1
            kind: Policy
            metadata: {name: p}
            spec:
              at: [plan, plan]
              rules: [{name: a, expression: x}, {name: a, expression: y}]
            """, "5:14 duplicate-name", "6:44 duplicate-name"),
    ]

    @Test(arguments: models + others) func `what contradicts itself is named with its place`(_ input: BadInput) throws {
        let parsed = try parse(input.text)
        #expect(parsed.diagnostics.map(\.place) == input.expected, "\(parsed.diagnostics)")
        #expect(parsed.objects.allSatisfy { $0.spec == nil })
    }

    @Test func `a cycle is named step by step`() throws {
        let parsed = try parse(Self.models[2].text)
        #expect(
            parsed.diagnostics.first?.message
                == #"steps wait for each other: "a" reads from "c" reads from "b" reads from "a""#)
    }

    @Test func `analysing without checks is only a warning`() throws {
        let parsed = try parse(deployment(strategy: "{canary: {steps: [{weight: 5}, {analyse: 1m}]}}"))
        #expect(parsed.diagnostics.map(\.severity) == [.warning])
        #expect(parsed.objects.first?.spec != nil)
    }

    @Test func `what is imported needs no pipeline`() throws {
        let pin = "{uri: 'https://x/m', sha256: \(String(repeating: "a", count: 64)), as: m.bin}"
        for (artifact, paths) in [("weights/", ["models/wine/weights"]), (pin, [])] {
            let parsed = try parse(
                "apiVersion: headgate.dev/v1\nkind: Model\nmetadata: {name: m}\nspec: {artifact: \(artifact)}")
            #expect(parsed.diagnostics == [])
            #expect(parsed.objects.first?.paths.map(\.path.text) == paths)
        }
    }
}
