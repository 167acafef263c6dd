import Foundation
import HeadgateTestSupport
import Testing

@Suite struct PolicyCommandTests {
    private static let library: URL = {
        var root = URL(filePath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        return root.appending(path: "policies")
    }()

    @Test func `the program carries the library as it is in the folder, and its tests pass where it is added`() throws {
        let folder = try FileFolder(["headgate.yaml": ""])
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.library.path).filter { name in
            FileManager.default.fileExists(atPath: Self.library.appending(path: "\(name)/policy.yaml").path)
        }
        #expect(names.count >= 20)
        let list = try Headgate(["policy", "list", "--library"], in: folder.url)
        for name in names.sorted() {
            #expect(list.output.contains("\(name) "))
            let added = try Headgate(["policy", "add", name], in: folder.url)
            #expect(added.status == 0, "\(added)")
            for path in added.output.split(separator: "\n") {
                let original = Self.library.deletingLastPathComponent().appending(path: String(path))
                #expect(
                    try folder.read(String(path)) == String(contentsOf: original, encoding: .utf8),
                    "run policies/embed.py: \(path) differs")
            }
        }
        let run = try Headgate(["policy", "test", ".", "--min-coverage", "100"], in: folder.url)
        #expect(run.status == 0, "\(run)")
        #expect(try Headgate(["policy", "add", "metric-floor"], in: folder.url).status == 1, "nothing is overwritten")
        let slip = try Headgate(["policy", "add", "metric-flor"], in: folder.url)
        #expect(slip.status == 1 && slip.errors.contains("did you mean \"metric-floor\"?"), "\(slip)")
    }

    private static let manifests = """
        apiVersion: headgate.dev/v1
        kind: Model
        metadata: {name: wine, labels: {tier: production}}
        spec:
          pipeline:
            steps:
            - {name: train, command: [sh, train.sh], inputs: [train.sh], outputs: [model/]}
          artifact: model/
          policies: [named]
        ---
        apiVersion: headgate.dev/v1
        kind: Policy
        metadata: {name: named}
        spec: {at: [validate], action: warn, rules: [{name: a, expression: candidate.size>1}]}
        ---
        apiVersion: headgate.dev/v1
        kind: Policy
        metadata: {name: matching}
        spec: {at: [validate], match: {labels: {tier: production}}, rules: [{name: a, expression: candidate.size > 1}]}
        ---
        apiVersion: headgate.dev/v1
        kind: Policy
        metadata: {name: lonely}
        spec: {at: [validate], match: {labels: {tier: staging}}, rules: [{name: a, expression: candidate.size > 1}]}

        """

    @Test(arguments: [("policies: [floor]", ""), ("", "match: {labels: {tier: gold}}")])
    func `check names a metric that a policy asks of a Model whose steps do not declare it`(
        _ named: String, _ match: String
    ) throws {
        let folder = try FileFolder([
            "headgate.yaml": """
            apiVersion: headgate.dev/v1
            kind: Model
            metadata: {name: wine, labels: {tier: gold}}
            spec:
              pipeline:
                steps:
                - {name: train, command: [train], outputs: [model/], metrics: {file: m.json, names: {accuracy: double}}}
              artifact: model/
              \(named)
            ---
            apiVersion: headgate.dev/v1
            kind: Policy
            metadata: {name: floor}
            spec:
              at: [validate]
              \(match)
              rules:
              - {name: good, expression: candidate.metrics.accuracy > 0.5}
              - {name: misspelt, expression: candidate.metrics.acuracy > 0.5}
            """
        ])
        let check = try Headgate(["check"], in: folder.url)
        #expect(check.status == 1)
        #expect(check.output.contains("headgate.yaml:19:34: error: no step declares the metric acuracy"), "\(check)")
        #expect(check.output.contains("did you mean \"accuracy\"?"))
        #expect(!check.output.contains("metric accuracy;"))
    }

    @Test func `a list says what each policy guards, and check warns of one that guards nothing`() throws {
        let folder = try FileFolder(["headgate.yaml": Self.manifests, "train.sh": ""])
        let list = try Headgate(["policy", "list", "-o", "json"], in: folder.url)
        let rows = try #require(
            try JSONSerialization.jsonObject(with: Data(list.output.utf8)) as? [[String: Any]])
        func guards(_ name: String) -> [String]? {
            rows.first { $0["name"] as? String == name }?["guards"] as? [String]
        }
        #expect(guards("named") == ["Model/wine"] && guards("matching") == ["Model/wine"] && guards("lonely") == [])
        #expect(guards("metric-floor") == [])
        let check = try Headgate(["check", "."], in: folder.url)
        #expect(check.status == 0, "\(check)")
        #expect(check.output.contains("warning: policy lonely guards nothing"))
        #expect(!check.output.contains("policy named guards") && !check.output.contains("policy matching guards"))
        #expect(!check.output.contains("which is unknown at"), "\(check)")
        try folder.write(
            "early.yaml",
            """
            apiVersion: headgate.dev/v1
            kind: Policy
            metadata: {name: early}
            spec: {at: [plan], match: {labels: {}}, rules: [{name: r, expression: candidate.size > 1}]}
            """)
        try folder.write(
            "wrong.yaml", "apiVersion: headgate.dev/v1\nkind: Policy\nmetadata: {name: w}\nspec: {ats: [plan]}")
        let wrong = try Headgate(["policy", "list"], in: folder.url)
        #expect(wrong.errors.contains("wrong.yaml:4:8: error: unknown field \"ats\""), "\(wrong)")
        #expect(wrong.status == 0 && wrong.output.contains("early "), "\(wrong)")
        try FileManager.default.removeItem(at: folder.url.appending(path: "wrong.yaml"))
        let early = try Headgate(["check", "."], in: folder.url)
        #expect(early.status == 0 && early.output.contains("policy early reads candidate, which is unknown at plan"))
        try folder.write(
            "t.yaml", "apiVersion: headgate.dev/v1\nkind: PolicyTest\nmetadata: {name: t}\nspec: {policys: named}")
        let broken = try Headgate(["check", "."], in: folder.url)
        #expect(broken.status == 1 && broken.output.contains("t.yaml:4:8: error: unknown field"), "\(broken)")
    }

    @Test func `an expression is evaluated on a report of a tool`() throws {
        let report = Self.library.appending(path: "reports/evidently.json").path
        let run = try Headgate([
            "policy", "eval", "columns.all(c, c.method != 'psi' || c.score < 0.2)", "--evidence", report, "--format",
            "evidently",
        ])
        #expect(run.status == 1 && run.output.hasPrefix("false\n"), "\(run)")
        let wrong = try Headgate(["policy", "eval", "true", "--evidence", report, "--format", "deepchecks"])
        #expect(wrong.status == 64 && wrong.errors.contains("is no report of the format deepchecks"), "\(wrong)")
    }

    @Test func `a change is judged on reports that are given by file`() async throws {
        let repository = try await TemporaryRepository()
        let policy = try String(contentsOf: Self.library.appending(path: "drift-psi/policy.yaml"), encoding: .utf8)
        _ = try await repository.commit("First", ["README.md": "a"])
        _ = try await repository.commit(
            "Add a model",
            [
                "headgate.yaml": Self.model(policies: "drift-psi"), "train.sh": "exit 1", "drift-psi.yaml": policy,
                "evidence.json": #"""
                {"candidates": {"wine": {"metrics": {}, "reports": {"drift": {"file": "drift.json", "format": "evidently"}}}},
                 "champions": {"wine": null}}
                """#,
                "drift.json": String(
                    contentsOf: Self.library.appending(path: "reports/evidently.json"), encoding: .utf8),
            ])
        let run = try Headgate(
            ["ci", "--base", "HEAD~1", "--train", "none", "--evidence", "evidence.json"],
            in: URL(fileURLWithPath: repository.path))
        #expect(run.status == 1, "\(run)")
        #expect(run.output.contains("drifted: alcohol by 1.66"), "\(run.output)")
    }

    private static func model(policies: String) -> String {
        """
        apiVersion: headgate.dev/v1
        kind: Model
        metadata: {name: wine}
        spec:
          pipeline:
            steps:
            - {name: train, command: [sh, train.sh], inputs: [train.sh], outputs: [model/]}
          artifact: model/
          serve: {command: [sleep, "1000"]}
          policies: [\(policies)]
        ---
        apiVersion: headgate.dev/v1
        kind: Target
        metadata: {name: here}
        spec: {local: {}}
        ---
        apiVersion: headgate.dev/v1
        kind: Deployment
        metadata: {name: wine}
        spec: {model: wine, target: here}

        """
    }

    @Test(arguments: ["policies", "examples"])
    func `what ships is in its usual form`(_ folder: String) throws {
        let path = Self.library.deletingLastPathComponent().appending(path: folder).path
        let check = try Headgate(["policy", "fmt", "--check", path])
        #expect(check.status == 0, "run headgate policy fmt, and policies/embed.py: \(check)")
    }

    @Test func `fmt writes expressions in their usual form, and says with --check that it would`() throws {
        let folder = try FileFolder(["headgate.yaml": Self.manifests])
        let check = try Headgate(["policy", "fmt", "--check"], in: folder.url)
        #expect(check.status == 1 && check.output == "headgate.yaml:14:68\n", "\(check)")
        #expect(try folder.read("headgate.yaml") == Self.manifests)
        #expect(try Headgate(["policy", "fmt"], in: folder.url).status == 0)
        #expect(
            try folder.read("headgate.yaml") == Self.manifests.replacing("candidate.size>1", with: "candidate.size > 1")
        )
        let again = try Headgate(["policy", "fmt", "--check"], in: folder.url)
        #expect(again.status == 0 && again.output.isEmpty)
    }
}
