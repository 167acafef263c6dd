import HeadgateCore
import Testing

@testable import HeadgateManifest

struct PolicyTestKindTests {
    private static let file = RepositoryPath("policies/floor.test.yaml")

    private func read(_ spec: String) throws -> (tests: [ParsedPolicyTest], diagnostics: [Diagnostic]) {
        let text = "apiVersion: headgate.dev/v1\nkind: PolicyTest\nmetadata: {name: t}\nspec:\n\(spec)"
        return PolicyTestParser.parse(Array(text.utf8), file: try #require(Self.file))
    }

    @Test func `a test's cases come with their places, and so do the parts of their evidence`() throws {
        let (tests, diagnostics) = try read(
            """
              policy: floor
              cases:
              - name: good
                evidence: {candidate: {metrics: {accuracy: 0.9}}}
                expect: pass
              - name: bad
                reports: {drift: {file: ../drift.json, format: evidently}}
                expect: {verdict: fail, message: too low, rules: {floor: fail}}
                cost: 10
            """)
        #expect(diagnostics.isEmpty)
        let test = try #require(tests.first)
        let spec = try #require(test.spec)
        #expect(test.name == "t" && spec.policy.text == "floor")
        #expect(test.caseLocations.map(\.line) == [7, 10])
        #expect(spec.cases[0].evidence.place(of: "candidate.metrics.accuracy")?.line == 8)
        #expect(spec.cases[0].evidence.place(of: "candidate.metrics.nothing")?.column == 28)
        #expect(spec.cases[1].expect == PolicyExpectation(verdict: .fail, message: "too low", rules: ["floor": .fail]))
        #expect(spec.cases[1].reports["drift"] == ReportSpec(file: "../drift.json", format: .evidently))
    }

    @Test(arguments: [
        ("  policy: p\n  cases: [{name: a, expect: pass, evidense: {}}]", "unknown field \"evidense\"", "evidence"),
        ("  policy: p\n  cases: [{name: a, expect: passs}]", "expected one of pass, fail", "pass"),
        ("  policy: p\n  cases: []", "some cases", ""),
        ("  policy: p\n  cases: [{name: a, expect: pass}, {name: a, expect: fail}]", "another case is called", ""),
        ("  policy: p\n  cases: [{name: a, expect: pass, fixtures: [../../../x.json]}]", "not a path within", ""),
        ("  policy: p\n  cases: [{name: a, expect: pass, evidence: [1]}]", "expected a mapping", ""),
    ])
    func `what is wrong with a test is said with its place and hint`(
        _ spec: String, _ message: String, _ hint: String
    ) throws {
        let (tests, diagnostics) = try read(spec)
        #expect(tests.count == 1 && tests.first?.spec == nil)
        #expect(
            diagnostics.contains {
                $0.message.contains(message) && $0.location != nil && (hint.isEmpty || $0.hint?.contains(hint) == true)
            }, "\(diagnostics)")
    }

    @Test(arguments: [
        "apiVersion: headgate.dev/v1\nkind: PolicyTest\nmetadata: {name: t}\nspec: {nonsense: 1}",
        "apiVersion: headgate.dev/v1\nkind: PolicyTest\nmetadata: {name: t}\nspec: {a: *b}",
        "apiVersion: headgate.dev/v1\nkind: PolicyTest\nmetadata: {name: t}\nspec:\n  a: {\n",
    ])
    func `a test is nothing to a controller, whatever is wrong with it`(_ text: String) throws {
        let parsed = ManifestParser.parse(
            Array(text.utf8), file: try #require(Self.file), source: try #require(SourceName("s")))
        #expect(parsed.isEmpty, "\(parsed.diagnostics)")
    }

    @Test func `the example decodes, and its schema knows every field`() throws {
        let (tests, diagnostics) = PolicyTestParser.parse(
            Array(ManifestExample.policyTest.utf8), file: try #require(Self.file))
        #expect(diagnostics.isEmpty && tests.first?.spec?.cases.count == 3)
        let schema = ManifestSchema.policyTestSchema()
        for field in ["fixtures", "evidence", "cases", "expect", "verdict", "cost", "reports"] {
            #expect(schema.contains("\"\(field)\""))
        }
    }
}
