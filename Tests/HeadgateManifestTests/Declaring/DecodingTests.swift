import HeadgateCore
import Testing

@testable import HeadgateManifest

struct DecodingTests {
    @Test func `a model is decoded with every field`() throws {
        let parsed = try parse(ManifestExample.text(.model), at: "wine/model.yaml")
        #expect(parsed.diagnostics == [])
        let object = try #require(parsed.objects.first)
        guard case .model(let spec)? = object.spec else { throw Unexpected() }
        #expect(object.id.description == "Model/wine-quality")
        #expect(object.meta.labels == ["team": "cellar", "tier": "production"])
        #expect(object.meta.location.description == "wine/model.yaml:2:1")
        let steps = try #require(spec.pipeline?.steps)
        #expect(steps.map(\.name.text) == ["prepare", "train", "evaluate"])
        #expect(steps[0].inputs.map(\.path) == ["prepare.py", "data/", "more/2024.csv"])
        #expect(steps[1].params == ["trees": .integer(200)])
        #expect(steps[1].timeout == .seconds(1800))
        #expect(steps[0].timeout == StepSpec.defaultTimeout)
        #expect(steps[2].metrics?.names == ["accuracy": .double, "latency_p99_ms": .double])
        #expect(spec.artifact == "model/")
        #expect(spec.serve?.ready == ReadySpec(path: "/v2/health/ready", within: .seconds(30)))
        #expect(spec.policies.map(\.text) == ["not-worse-than-champion"])
        let tracked = [
            "wine/data", "wine/evaluate.py", "wine/prepare.py", "wine/requirements.txt", "wine/serve.py",
            "wine/train.py",
        ]
        #expect(object.paths.map(\.path.text).sorted() == tracked)
    }

    static let strategies: [(String, StrategySpec.Method)] = [
        ("{}", .rolling), ("{rolling: {}}", .rolling), ("{rolling: }", .rolling),
        ("{recreate: {allowDowntime: true}}", .recreate(allowDowntime: true)),
        (
            "{canary: {steps: [{weight: 10}, {analyse: 2m}, {pause: 5m}, {pause: {until: approved, deadline: 1d}}]}}",
            .canary(
                CanarySpec(steps: [
                    .weight(10), .analyse(.seconds(120)), .pause(.seconds(300)),
                    .pauseUntilApproved(deadline: .seconds(86400)),
                ]))
        ),
        (
            "{blueGreen: {analyse: 1m, approve: true, delay: 5s, checks: [{name: c, expression: 'true'}]}}",
            .blueGreen(
                BlueGreenSpec(
                    analyse: .seconds(60), approve: true,
                    checks: [CheckSpec(name: "c", expression: PolicyExpression("true"))], delay: .seconds(5)))
        ),
        (
            "{ab: {match: {header: {name: x-beta, value: 1}}, analyse: 1h}}",
            .ab(ABSpec(match: .header(name: "x-beta", value: "1"), analyse: .seconds(3600)))
        ),
        (
            "{ab: {match: {hash: {field: user, percent: 5}}, analyse: 1h, approve: true}}",
            .ab(ABSpec(match: .hashOfField(name: "user", percent: 5), analyse: .seconds(3600), approve: true))
        ),
        ("{shadow: {percent: 20, analyse: 1m}}", .shadow(ShadowSpec(percent: 20, analyse: .seconds(60)))),
        (
            "{shadow: {percent: 20, analyse: 1m, compare: {tolerance: 1e-3}}}",
            .shadow(ShadowSpec(percent: 20, analyse: .seconds(60), compare: .tolerance(0.001)))
        ),
        (
            "{shadow: {percent: 20, analyse: 1m, compare: {label: outputs.0}}}",
            .shadow(ShadowSpec(percent: 20, analyse: .seconds(60), compare: .label("outputs.0")))
        ),
    ]

    @Test(arguments: strategies)
    func `every strategy is decoded`(_ text: String, _ method: StrategySpec.Method) throws {
        let parsed = try parse(deployment(strategy: text))
        #expect(parsed.diagnostics.filter { $0.severity == .error } == [])
        guard case .deployment(let spec)? = parsed.objects.first?.spec else { throw Unexpected() }
        #expect(spec.strategy.method == method)
    }

    @Test func `queries of every provider are decoded`() throws {
        let queries = """
            {canary: {steps: [{analyse: 1m}], checks: [{name: c, expression: 'queries.a < 1', queries: [
                {name: a, prometheus: {address: 'http://p:9090', query: up, range: 5m}},
                {name: b, json: {url: 'https://j/x', pointer: /a/0}}, {name: d, command: [./ask, 1]}]}]}}
            """
        guard case .deployment(let spec)? = try parse(deployment(strategy: queries)).objects.first?.spec,
            case .canary(let canary) = spec.strategy.method
        else { throw Unexpected() }
        #expect(
            canary.checks.first?.queries.map(\.provider) == [
                .prometheus(address: "http://p:9090", query: "up", range: .seconds(300)),
                .json(url: "https://j/x", pointer: "/a/0"), .command(["./ask", "1"]),
            ])
    }

    @Test(arguments: Kind.allCases) func `the example of each kind decodes without a word`(_ kind: Kind) throws {
        let parsed = try parse(ManifestExample.text(kind))
        #expect(parsed.diagnostics == [])
        #expect(parsed.objects.map(\.id.kind) == [kind])
        #expect(parsed.objects.allSatisfy { $0.spec != nil })
    }

    @Test(arguments: [
        "v1", "apps/v1", "argoproj.io/v1alpha1", "kubeflow.org/v1", "serving.kserve.io/v1beta1", "heads.dev",
    ])
    func `a document of another system is left to it, whatever its kind is called`(_ version: String) throws {
        let parsed = try parse("apiVersion: \(version)\nkind: Deployment\nmetadata: {name: a}\nspec: {replicas: x}")
        #expect(parsed.isEmpty)
    }

    @Test(arguments: ["headgat.dev/v1alpha", "headgate/v1", "Headgate.dev/v1", "'headgate.io/v1'  # ours"])
    func `a new file with a slip in its version is told of, and left to others`(_ version: String) throws {
        let slip = "apiVersion: \(version)\nkind: Policy\nmetadata: {name: a}\nspec: {at: x}"
        let parsed = try parse("# A file.\n---\n" + slip + "\n---\napiVersion: apps/v1\nkind: Deployment\n")
        #expect(parsed.objects.isEmpty && !parsed.isUnreadable)
        #expect(parsed.diagnostics.map(\.code) == ["not-a-manifest"])
        #expect(parsed.diagnostics.map(\.severity) == [.warning])
        let text = parsed.diagnostics.first?.description ?? ""
        #expect(text.contains("model.yaml:3:13: warning: API version"))
        #expect(text.hasSuffix("did you mean \"headgate.dev/v1\"?"))
    }

    @Test func `a slip in a document beside manifests is told of, and other kinds are others'`() throws {
        let beside = try parse(
            ManifestExample.text(.target) + "\n---\napiVersion: headgate/v1\nkind: Model\nmetadata: {name: b}\n")
        #expect(beside.objects.count == 1 && beside.diagnostics.map(\.code) == ["not-a-manifest"])
        #expect(try parse("apiVersion: headgate/v1\nkind: ConfigMap\n").isEmpty)
    }

    @Test(arguments: ["headgate.dve/v1", "headgate.dev:v1", "headgat.dev/v1"])
    func `a slip in the version of what stood in a file before is an error, and nothing has left`(
        _ version: String
    ) throws {
        let text = "apiVersion: \(version)\nkind: Target\nmetadata: {name: a}\nspec: {local: {}}"
        let parsed = ManifestParser.parse(
            Array(text.utf8), file: try #require(RepositoryPath("a.yaml")), source: try #require(SourceName("models")),
            heldObjects: true)
        #expect(parsed.objects.map(\.id.name) == ["a"] && parsed.objects.allSatisfy { $0.spec == nil })
        #expect(parsed.diagnostics.map(\.code) == ["unknown-version"])
    }

    @Test func `files and documents of others are left alone`() throws {
        let other = "apiVersion: v1\nkind: Model\nspec: *what\n: ["
        #expect(try parse(other).isEmpty)
        let parsed = try parse(
            other + "\n---\n" + ManifestExample.text(.target) + "\n---\napiVersion: v1\nkind: Model\n")
        #expect(parsed.diagnostics == [])
        #expect(parsed.objects.count == 1)
        let test = try parse("apiVersion: headgate.dev/v1\nkind: PolicyTest\nwhatever: [1]\n")
        #expect(test.isEmpty, "policy tests are read where policies are tested")
    }

    @Test func `paths are taken in their shortest form`() throws {
        let step = "{name: a, command: [x], inputs: [./a//b/../c.py, ../wine/d/, ../up.txt], outputs: [./model/]}"
        let parsed = try parse(model(steps: step, artifact: "../wine/model"))
        guard case .model(let spec)? = parsed.objects.first?.spec else { throw Unexpected() }
        #expect(spec.pipeline?.steps.first?.inputs.map(\.path) == ["a/c.py", "d/", "../up.txt"])
        #expect(spec.pipeline?.steps.first?.outputs == ["model/"])
        #expect(spec.artifact == "model")
        #expect(
            parsed.objects.first?.paths.map(\.path.text) == ["models/wine/a/c.py", "models/wine/d", "models/up.txt"])
    }

    @Test func `line ends and byte order marks of other systems are read`() throws {
        let text = ManifestExample.text(.policy).split(separator: "\n", omittingEmptySubsequences: false)
        let parsed = try parse("\u{FEFF}%YAML 1.2\r\n---\r\n" + text.joined(separator: "\r\n"))
        #expect(parsed.diagnostics == [])
        #expect(parsed.objects.first?.meta.location.line == 4)
    }

    private struct Unexpected: Error {}
}
