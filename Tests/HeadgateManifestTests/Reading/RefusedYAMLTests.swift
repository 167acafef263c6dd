import HeadgateCore
import Testing

@testable import HeadgateManifest

struct RefusedYAMLTests {
    private static let head = "apiVersion: headgate.dev/v1\nkind: Target\nmetadata: {name: t}\n"

    static let cases = [
        BadInput(
            "alias and anchor", head + "spec: {local: &x {port: 1}, other: *x}",
            "4:15 yaml-anchor", "4:29 unknown-field", "4:36 yaml-alias"),
        BadInput("merge key", head + "spec:\n  <<: {a: 1}\n  local: {}", "5:3 yaml-merge-key"),
        BadInput("key that is a list", head + "spec:\n  [a, b]: 1\n  local: {}", "5:3 yaml-key"),
        BadInput("alias as key", head + "spec:\n  *x : 1\n  local: {}", "5:3 yaml-alias"),
        BadInput("tag", head + "spec: {local: {port: !!int 1}}", "4:22 yaml-tag"),
        BadInput("field given twice", head + "spec: {local: {}, local: {}}", "4:19 duplicate-field"),
        BadInput("tab as indentation", head + "spec:\n\tlocal: {}", "5:1 yaml-syntax"),
        BadInput("quote that is never closed", head + "spec: {local: {address: \"x}}", "4:25 yaml-syntax"),
        BadInput("bracket that is never closed", head + "spec: {local: {}", "5:1 yaml-syntax"),
        BadInput("control character", head + "spec: {local: {address: a\u{1}}}", "4:26 yaml-encoding"),
    ]

    @Test(arguments: cases) func `what YAML or we refuse is named with its place`(_ input: BadInput) throws {
        let parsed = try parse(input.text)
        #expect(parsed.diagnostics.map(\.place) == input.expected)
        #expect(parsed.objects.allSatisfy { $0.spec == nil }, "an object in error has no spec")
    }

    @Test func `bytes that are not UTF-8 are named with their place`() throws {
        let bytes = Array(Self.head.utf8) + Array("spec: {local: {address: ".utf8) + [0xFF, 0xFE]
        let file = try #require(RepositoryPath("a.yaml"))
        let parsed = ManifestParser.parse(bytes, file: file, source: try source())
        #expect(parsed.diagnostics.map(\.place) == ["4:25 yaml-encoding"])
    }

    @Test func `a document that breaks off is told apart from its neighbours by its name`() throws {
        let parsed = try parse(
            Self.head + "spec: {local: {address: \"x\n---\n" + Self.head + "spec: {local: {}}\n---\nkind: [\n")
        #expect(parsed.objects.map(\.id.name) == ["t", "t"])
        #expect(parsed.objects.map { $0.spec != nil } == [false, true])
        #expect(parsed.diagnostics.first?.object?.description == "Target/t")
        #expect(parsed.diagnostics.count == 1, "the third document mentions no API version, so it is not ours")
    }

    struct Hostile: CustomTestStringConvertible, Sendable {
        let name: String
        let text: String
        let code: String
        var testDescription: String { name }
    }

    static let hostile: [Hostile] = {
        let bomb = (1...30).map { "b\($0): &b\($0) [*b\($0 - 1), *b\($0 - 1), *b\($0 - 1)]\n" }.joined()
        func fill(_ unit: String) -> String { String(repeating: unit, count: (1 << 20) / unit.utf8.count - 100) }
        return [
            Hostile(name: "bomb of aliases", text: "b0: &b0 x\n" + bomb, code: "yaml-alias"),
            Hostile(
                name: "alias as key", text: "a: &a [x]\n" + String(repeating: "*a : 1\n", count: 50_000),
                code: "yaml-alias"),
            Hostile(name: "nested lists", text: "a: " + fill("["), code: "too-deep"),
            Hostile(name: "nested mappings", text: "a: " + fill("{a: "), code: "too-deep"),
            Hostile(name: "nested block lists", text: "a:\n  " + fill("- "), code: "too-deep"),
            Hostile(name: "many values", text: "a: [" + fill("a,") + "]", code: "too-many-values"),
            Hostile(name: "many fields", text: "spec: {" + fill("a,b,") + "}", code: "duplicate-field"),
            Hostile(name: "many documents", text: fill("---\na: 1\n"), code: "too-many-documents"),
            Hostile(name: "too large", text: fill("# nothing\n") + fill("# nothing\n"), code: "too-large"),
        ]
    }()

    @Test(arguments: hostile)
    func `a hostile file costs no more than a moment`(_ hostile: Hostile) throws {
        var parsed: ParsedFile?
        let time = try ContinuousClock().measure {
            parsed = try parse("apiVersion: headgate.dev/v1\n" + hostile.text)
        }
        let result = try #require(parsed)
        #expect(result.diagnostics.contains { $0.code == hostile.code })
        #expect(result.diagnostics.count <= YAMLLimits.diagnostics + 1)
        #expect(time < .seconds(20), "generous, since this machine may be busy and this build slow")
        #expect(result.diagnostics.allSatisfy { $0.description.unicodeScalars.count < 400 })
    }

    @Test func `spaces without end in an expression cost no more than a moment`() throws {
        let spaces = String(repeating: " ", count: 15_000)
        let rules = (0..<60).map { "  - {name: r\($0), expression: \"1\(spaces)== 1\"}\n" }.joined()
        let text = "apiVersion: headgate.dev/v1\nkind: Policy\nmetadata: {name: p}\nspec:\n  at: [plan]\n  rules:\n"
        let time = try ContinuousClock().measure {
            let parsed = try parse(text + rules)
            #expect(parsed.diagnostics.isEmpty)
        }
        #expect(time < .seconds(20))
    }

    @Test func `an excerpt shows at most 120 columns around the place`() throws {
        let line = String(repeating: "x", count: 300) + "!" + String(repeating: "y", count: 300)
        let shown = try #require(SourceExcerpt.render(Array("a\n\(line)\nb".utf8), line: 2, column: 301))
        let lines = shown.split(separator: "\n")
        #expect(lines[0].count == 120)
        let caret = try #require(lines[1].firstIndex(of: "^"))
        #expect(Array(lines[0])[lines[1].distance(from: lines[1].startIndex, to: caret)] == "!")
        #expect(SourceExcerpt.render([], line: 2, column: 1) == nil)
    }
}
