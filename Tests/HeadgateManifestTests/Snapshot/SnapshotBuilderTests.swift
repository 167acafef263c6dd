import HeadgateCore
import Testing

@testable import HeadgateManifest

struct SnapshotBuilderTests {
    private static func object(_ kind: String, _ name: String, _ spec: String) -> String {
        "apiVersion: headgate.dev/v1\nkind: \(kind)\nmetadata: {name: \(name)}\nspec: \(spec)\n"
    }

    private static func model(_ name: String, input: String = "data/", more: String = "") -> String {
        object(
            "Model", name,
            "{pipeline: {steps: [{name: s, command: [x], inputs: [\(input)], outputs: [out/]}]}, artifact: out/\(more)}"
        )
    }

    private static func deployment(_ name: String, model: String, more: String = "") -> String {
        object("Deployment", name, "{model: \(model), target: local\(more)}")
    }

    private static let policy = object("Policy", "floor", "{at: [plan], rules: [{name: r, expression: 'true'}]}")

    private static let good = [
        "wine/model.yaml": model("wine", more: ", policies: [floor]"), "wine/data/a.csv": "1",
        "wine/deployment.yaml": deployment("wine", model: "wine"), "floor.yaml": policy, "README.md": "hello",
        "k8s.yaml": "apiVersion: v1\nkind: Service\n",
    ]

    @Test func `a snapshot holds every object with what its paths name`() async throws {
        var following = try Following()
        let changed = try await following.take(Self.good)
        #expect(changed == ["Model/wine", "Deployment/wine", "Policy/floor"])
        #expect(following.desired.diagnostics == [])
        let model = try #require(following.desired.models.values.first)
        #expect(model.tracked.keys.map(\.text) == ["wine/data"])
        #expect(model.tracked.values.first?.mode == .directory)
        #expect(following.desired.targets.keys.map(\.text) == ["local"], "it is there without being declared")
    }

    @Test func `only what changed is read and looked up`() async throws {
        var following = try Following()
        var files = Self.good
        for index in 0..<50 {
            files["m\(index)/model.yaml"] = Self.model("m\(index)")
            files["m\(index)/data/a.csv"] = "1"
        }
        try await following.take(files)
        _ = following.repository.takeCounts()

        #expect(try await following.take(files) == [], "the same tree again")
        #expect(following.repository.takeCounts() == .init(comparisons: 1, listings: 0, blobs: 0))

        files["m7/data/a.csv"] = "2"
        files["README.md"] = "changed"
        #expect(try await following.take(files) == ["Model/m7"])
        #expect(following.repository.takeCounts() == .init(comparisons: 1, listings: 1, blobs: 0))

        let old = files["m8/model.yaml"]
        files["m8/model.yaml"] = Self.model("m8", input: "data/a.csv")
        #expect(try await following.take(files) == ["Model/m8"])
        #expect(following.repository.takeCounts() == .init(comparisons: 1, listings: 1, blobs: 1))

        files["m8/model.yaml"] = old
        #expect(try await following.take(files) == ["Model/m8"], "a revert")
        #expect(following.repository.takeCounts().blobs == 0, "it was decoded a short while ago")
    }

    @Test func `a bad object is quarantined, its last good spec stays, and the rest goes on`() async throws {
        var following = try Following()
        try await following.take(Self.good)
        let before = following.desired.models
        var files = Self.good
        files["wine/model.yaml"] = Self.model("wine", more: ", polices: [floor]")
        files["wine/data/a.csv"] = "2"
        files["new.yaml"] = Self.object("Target", "t", "{local: {port: 1}}")
        let changed = try await following.take(files)
        #expect(changed == ["Model/wine", "Target/t"])
        #expect(following.quarantined == ["Model/wine"])
        #expect(following.desired.models == before)
        #expect(following.desired.targets.count == 2)
        #expect(following.briefs == [#"wine/model.yaml:4:104 unknown-field [spec.polices]; did you mean "policies"?"#])

        files["wine/model.yaml"] = Self.model("wine")
        try await following.take(files)
        #expect(following.quarantined == [])
        #expect(following.desired.models != before)
        #expect(following.desired.diagnostics == [])
    }

    @Test func `a reference to nothing is told at the referrer, and heals when the other appears`() async throws {
        var following = try Following()
        var files = Self.good
        files["wine/deployment.yaml"] = Self.deployment(
            "wine", model: "wina", more: ", policies: [flor], dependsOn: [{kind: Target, name: nil0}]")
        try await following.take(files)
        #expect(
            following.briefs == [
                #"wine/deployment.yaml:4:15 unknown-reference [spec.model]; did you mean "wine"?"#,
                #"wine/deployment.yaml:4:47 unknown-reference [spec.policies[0]]; did you mean "floor"?"#,
                "wine/deployment.yaml:4:87 unknown-reference [spec.dependsOn[0].name]; known names: local",
            ])
        #expect(following.quarantined == ["Deployment/wine"])
        #expect(following.desired.deployments.isEmpty)
        files["wina.yaml"] = Self.model("wina", input: "wine/data")
        files["other.yaml"] =
            Self.policy.replacing("floor", with: "flor") + "---\n" + Self.object("Target", "nil0", "{local: {}}")
        let changed = try await following.take(files)
        #expect(changed == ["Deployment/wine", "Model/wina", "Policy/flor", "Target/nil0"])
        #expect(following.desired.diagnostics == [])
        #expect(following.desired.deployments.count == 1)

        files["floor.yaml"] = nil
        try await following.take(files)
        #expect(following.quarantined == ["Model/wine"], "a missing policy blocks, it never vanishes")
        #expect(following.desired.models.count == 2, "what was in force stays")
        files["floor.yaml"] = Self.object("Policy", "floor", "{at: [nothing]}")
        try await following.take(files)
        #expect(following.quarantined == ["Policy/floor"], "a policy in error is there, and blocks where it is asked")
    }

    @Test func `a duplicate flags both, and the one in force stands`() async throws {
        var following = try Following()
        var files = Self.good
        try await following.take(files)
        files["copy/again.yaml"] = Self.policy.replacing("plan", with: "validate")
        try await following.take(files)
        #expect(
            following.briefs == [
                "copy/again.yaml:2:1 duplicate-object; what was in force from floor.yaml stays",
                "floor.yaml:2:1 duplicate-object; what was in force from floor.yaml stays",
            ])
        #expect(following.quarantined == ["Policy/floor"])
        #expect(following.desired.policies.values.map(\.spec.at) == [[.plan]])
        files["floor.yaml"] = nil
        #expect(try await following.take(files) == ["Policy/floor"])
        #expect(following.desired.policies.values.map(\.spec.at) == [[.validate]])
        #expect(following.quarantined == [])

        files["two.yaml"] =
            Self.object("Target", "t", "{local: {}}") + "---\n" + Self.object("Target", "t", "{local: {}}")
        try await following.take(files)
        #expect(following.briefs.map { $0.prefix(13) } == ["two.yaml:2:1 ", "two.yaml:7:1 "])
        #expect(following.desired.targets.keys.map(\.text) == ["local"], "none was in force, so none is")
    }

    @Test func `a file that cannot be read removes nothing that was last seen in it`() async throws {
        var following = try Following()
        var files = Self.good
        try await following.take(files)
        files["wine/deployment.yaml"] = "apiVersion: headgate.dev/v1\nkind: [\n"
        #expect(try await following.take(files) == ["Deployment/wine"])
        #expect(following.desired.unreadable.map(\.text) == ["wine/deployment.yaml"])
        #expect(following.desired.deployments.count == 1)
        #expect(following.quarantined == ["Deployment/wine"])
        files["README.md"] = "unrelated"
        try await following.take(files)
        #expect(following.desired.deployments.count == 1)
        files["wine/deployment.yaml"] = nil
        #expect(try await following.take(files) == ["Deployment/wine"])
        #expect(following.desired.deployments.isEmpty, "now it is gone indeed")
        #expect(following.desired.unreadable.isEmpty)
    }

    @Test func `YAML that cannot be read removes nothing where objects stood, whether or not it names our version`()
        async throws
    {
        var following = try Following()
        var files = Self.good
        let broken = "apiVersion: [\n"
        files["other.yaml"] = broken
        try await following.take(files)
        #expect(following.briefs == [], "what never held an object of ours is none of our business")
        files["wine/deployment.yaml"] = broken
        #expect(try await following.take(files) == ["Deployment/wine"])
        #expect(following.desired.deployments.count == 1 && following.desired.unreadable.count == 1)
        files["wine/deployment.yaml"] = "{" + broken
        try await following.take(files)
        #expect(following.desired.deployments.count == 1, "still in error, otherwise")
        files["wine/deployment.yaml"] = Self.good["wine/deployment.yaml"]
        try await following.take(files)
        #expect(following.desired.unreadable.isEmpty && following.quarantined == [])
        files["floor.yaml"] = "# nothing\n"
        try await following.take(files)
        #expect(following.desired.policies.isEmpty, "a file that can be read and holds nothing removes what it held")

        // A controller that starts knows where objects stood by what is in force.
        files["wine/deployment.yaml"] = broken
        var restarted = SnapshotBuilder(source: try source(), folder: .root, lastGood: following.desired)
        let commit = try following.repository.commit(files)
        _ = try restarted.commit(try await restarted.prepare(commit, from: following.repository))
        #expect(restarted.desired.deployments.count == 1)
    }

    @Test func `a rename with a slip in it removes nothing`() async throws {
        var following = try Following()
        var files = Self.good
        try await following.take(files)
        files["floor.yaml"] = nil
        files["policies/floor.yaml"] = Self.policy.replacing("kind: Policy", with: "kind: Polcy")
        try await following.take(files)
        #expect(following.desired.policies.count == 1)
        #expect(following.quarantined == ["Policy/floor"])
        files["policies/floor.yaml"] = Self.policy
        #expect(try await following.take(files) == ["Policy/floor"], "it stands elsewhere now")
        #expect(following.quarantined == [])
    }

    @Test func `what paths name is checked against the commit`() async throws {
        var following = try Following()
        let spec = """
            {pipeline: {environment: {python: {requirements: req}}, steps: [
            {name: s, command: [x], inputs: [data/, gone.py, link], outputs: [out/]}]}, artifact: out/,
            serve: {command: [x], inputs: [also-gone]}}
            """
        var files = ["m/a.yaml": Self.object("Model", "m", spec), "m/data/x": "1", "m/link": "-> data", "m/req/x": "1"]
        try await following.take(files)
        #expect(
            following.desired.diagnostics.map { "\($0.place) \($0.field ?? "")" } == [
                "4:56 not-a-file spec.pipeline.environment.python.requirements",
                "5:41 missing-path spec.pipeline.steps[0].inputs[1]",
                "5:50 symbolic-link spec.pipeline.steps[0].inputs[2]",
                "6:32 missing-path spec.serve.inputs[0]",
            ])
        #expect(following.desired.models.isEmpty)
        files = [
            "m/a.yaml": files["m/a.yaml"] ?? "", "m/data/x": "1", "m/gone.py": "", "m/link": "", "m/req": "",
            "m/also-gone": "",
        ]
        #expect(try await following.take(files) == ["Model/m"])
        #expect(following.desired.models.values.first?.tracked.count == 5)
    }

    @Test func `models may read files from outside the manifests' folder`() async throws {
        var following = try Following(folder: "deploy")
        var files = ["deploy/m.yaml": Self.model("m", input: "../data/"), "data/x": "1", "other.yaml": Self.policy]
        #expect(try await following.take(files) == ["Model/m"])
        files["data/x"] = "2"
        files["other.yaml"] = nil
        #expect(try await following.take(files) == ["Model/m"])
    }

    @Test func `a missing folder is an error, not an empty repository`() async throws {
        var following = try Following(folder: "deploy")
        try await following.take(["deploy/m.yaml": Self.policy])
        let before = following.desired
        for files in [["deploy2/m.yaml": Self.policy], ["deploy": "a file"], [:]] {
            await #expect(throws: SourceError.self) { try await following.take(files) }
            #expect(following.desired == before)
        }
        #expect(try await following.take(["deploy/m.yaml": Self.policy, "deploy/readme": ""]) == [])
    }

    @Test func `a file that is too large stops no other`() async throws {
        var following = try Following()
        var files = Self.good
        files["huge.yaml"] = String(repeating: "#", count: ManifestParser.maxFileSize + 1)
        try await following.take(files)
        #expect(following.desired.objectCount == 4)
        #expect(following.desired.diagnostics.map(\.severity) == [.warning], "nobody knows what it is")
        files["floor.yaml"] = Self.policy + String(repeating: "#", count: ManifestParser.maxFileSize + 1)
        try await following.take(files)
        #expect(following.quarantined == ["Policy/floor"])
        #expect(following.desired.policies.count == 1)
    }

    @Test func `deployments that wait for each other in a circle are all told`() async throws {
        var following = try Following()
        var files = Self.good
        func waiting(_ name: String, _ other: String) -> String {
            Self.deployment(name, model: "wine", more: ", dependsOn: [{kind: Deployment, name: \(other)}]")
        }
        files["a.yaml"] = waiting("a", "b")
        files["b.yaml"] = waiting("b", "c")
        files["c.yaml"] = Self.deployment("c", model: "wine")
        try await following.take(files)
        #expect(following.desired.diagnostics == [])
        files["c.yaml"] = waiting("c", "a")
        try await following.take(files)
        #expect(following.desired.diagnostics.map(\.code) == ["cycle", "cycle", "cycle"])
        #expect(following.desired.deployments.count == 4, "what was in force stays")
        files["b.yaml"] = Self.deployment("b", model: "wine")
        #expect(try await following.take(files) == ["Deployment/a", "Deployment/b", "Deployment/c"])
        #expect(following.desired.diagnostics == [])
    }

    @Test func `a declared local target takes the built-in one's place and gives it back`() async throws {
        var following = try Following()
        try await following.take(Self.good)
        #expect(following.desired.targets.values.first?.spec.identity == "local:0")
        var files = Self.good
        files["local.yaml"] = Self.object("Target", "local", "{local: {port: 8080}}")
        #expect(try await following.take(files) == ["Target/local"])
        #expect(following.desired.targets.values.first?.spec.identity == "local:8080")
        #expect(try await following.take(Self.good) == ["Target/local"])
        #expect(following.desired.targets.values.first?.spec.identity == "local:0")
    }

    @Test func `a restart forgets no good spec`() async throws {
        var following = try Following()
        try await following.take(Self.good)
        let kept = following.desired
        var files = Self.good
        files["wine/model.yaml"] = Self.model("wine", more: ", polices: [floor]")
        files["floor.yaml"] = nil
        let commit = try following.repository.commit(files)
        var again = SnapshotBuilder(source: try source(), lastGood: kept)
        _ = try again.commit(try await again.prepare(commit, from: following.repository))
        #expect(again.desired.models == kept.models)
        #expect(again.desired.quarantined.keys.map(\.description) == ["Model/wine"])
        #expect(again.desired.policies.isEmpty)
    }
}

extension String {
    fileprivate func replacing(_ part: String, with other: String) -> String {
        split(separator: part, omittingEmptySubsequences: false).joined(separator: other)
    }
}
