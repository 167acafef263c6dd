import Foundation
import FoundationXML
import Testing

@Suite struct PolicyTestCommandTests {
    private static let policy = """
        apiVersion: headgate.dev/v1
        kind: Policy
        metadata: {name: floor}
        spec:
          at: [validate]
          params: {floor: 0.9}
          rules:
          - name: accuracy
            expression: restoring || candidate.metrics.accuracy >= params.floor
        """

    private static func test(_ cases: String) -> String {
        "apiVersion: headgate.dev/v1\nkind: PolicyTest\nmetadata: {name: floor}\nspec:\n  policy: floor\n  cases:\n\(cases)"
    }

    private static let good = """
          - {name: good, evidence: {candidate: {metrics: {accuracy: 0.95}}}, expect: pass}
          - {name: bad, fixtures: [bad.json], expect: fail}
          - {name: back, evidence: {restoring: true}, expect: pass}
        """

    private static let bad = #"{"candidate": {"metrics": {"accuracy": 0.5}}}"#

    /// Cases of one file, options, exit code, what standard output and error hold.
    @Test(arguments: [
        (good, [], Int32(0), "100%", "3 passed, 0 failed"),
        (good, ["--min-coverage", "100"], 0, "6/6", "3 passed"),
        (good, ["--filter", "floor/ba"], 0, "bad", "2 cases (filtered)"),
        (good, ["--filter", "nothing"], 2, "", "no case is called"),
        ("  - {name: bad, fixtures: [bad.json], expect: pass}", [], 1, "expected pass, got fail", "1 failed"),
        (
            "  - {name: bad, fixtures: [bad.json], expect: fail}", ["--min-coverage", "60"], 1,
            "policy.yaml:9:17: never true: restoring", "the tests of floor cover 50%"
        ),
        (
            "  - {name: lost, fixtures: [lost.json], expect: fail}", [], 2, "there is no such file",
            "1 could not be asked"
        ),
        ("  - {name: a, evidence: {candidat: {}}, expect: pass}", [], 2, "test.yaml:7:26", "1 could not be asked"),
        ("  - {name: a, expects: pass}", [], 2, "", "unknown field \"expects\" [spec.cases[0].expects]; did you mean"),
        (good, ["--min-coverage", "101"], 64, "", "percentage"),
    ])
    func `the exit code says whether cases passed, conditions were covered and everything could be asked`(
        _ cases: String, _ options: [String], _ status: Int32, _ output: String, _ errors: String
    ) throws {
        let folder = try FileFolder([
            "policy.yaml": Self.policy, "test.yaml": Self.test(cases), "bad.json": Self.bad,
        ])
        let run = try Headgate(["policy", "test", folder.url.path] + options)
        #expect(run.status == status, "\(run)")
        #expect(output.isEmpty || run.output.contains(output), "\(run.output)")
        #expect(run.errors.contains(errors), "\(run.errors)")
    }

    @Test func `what is wrong with a case stands at its line, as it can be opened from here, and keeps its lines`()
        throws
    {
        let cases = """
              - name: slip
                evidence:
                  candidate: {metrics: {acuracy: 0.9}}
                expect: pass
              - name: never
                at: plan
                expect: pass
              - name: param
                params: {flor: 1}
                expect: pass
            """
        let test = Self.test(cases).replacing("policy: floor\n", with: "policy: floor\n  metrics: {accuracy: double}\n")
        let folder = try FileFolder(["rules/policy.yaml": Self.policy, "rules/test.yaml": test, "else/file": ""])
        let run = try Headgate(["policy", "test", "../rules"], in: folder.url.appending(path: "else"))
        #expect(run.status == 2, "\(run)")
        for line in [
            "../rules/test.yaml:10:29: error: no step declares the metric acuracy; declared are accuracy "
                + "[candidate.metrics.acuracy]; did you mean \"accuracy\"?",
            "../rules/test.yaml:13:5: error: policy floor is never asked at plan: its `at` is [validate] [spec.cases[1].at]",
            "../rules/test.yaml:16:5: error: policy floor has no param \"flor\" [spec.cases[2].params]; "
                + "did you mean \"floor\"?",
        ] {
            #expect(run.output.contains("\n  \(line)\n"), "\(run)")
        }
        let broken = try FileFolder([
            "policy.yaml": Self.policy.replacing("params.floor", with: "parms.floor"),
            "test.yaml": Self.test("  - {name: a, evidence: {restoring: true}, expect: pass}"),
        ])
        let wrong = try Headgate(["policy", "test", broken.url.path])
        #expect(wrong.status == 1 && wrong.output.contains("expected pass, got error: "), "\(wrong)")
        #expect(!wrong.output.contains(" | ") && wrong.errors.contains("\n | restoring || "), "\(wrong)")
    }

    /// What is tested, what else there is, and what is advised.
    @Test(arguments: [
        ("tests/test.yaml", ["rules/floor.yaml": policy], "rules/floor.yaml has it: write `from: ../rules/floor.yaml`"),
        ("tests/test.yaml", ["a/b/p.yaml": policy], "a/b/p.yaml has it: write `from: ../a/b/p.yaml`"),
        ("tests", [:], "name its file, as `from: ../policy.yaml`"),
        ("tests", ["tests/p.yaml": policy.replacing("floor}", with: "flor}")], "did you mean \"flor\"?"),
    ])
    func `where the policy is not in what is tested, it is said how to name it`(
        _ path: String, _ files: [String: String], _ advice: String
    ) throws {
        let two = "  - {name: a, expect: pass}\n  - {name: b, expect: pass}"
        let folder = try FileFolder(files.merging(["tests/test.yaml": Self.test(two)]) { $1 })
        let run = try Headgate(["policy", "test", path], in: folder.url)
        #expect(run.status == 2 && run.output.contains("there is no policy floor; "), "\(run)")
        #expect(run.output.components(separatedBy: advice).count == 2, "advice is given once: \(run)")
        guard let from = advice.split(separator: "`").first(where: { $0.hasPrefix("from: ") }), !files.isEmpty else {
            return
        }
        try folder.write(
            "tests/test.yaml", Self.test(two).replacing("policy: floor\n", with: "policy: floor\n  \(from)\n"))
        let named = try Headgate(["policy", "test", path], in: folder.url)
        #expect(!named.output.contains("there is no policy") && named.status == 1, "\(named)")
    }

    @Test func `a test that is run alone finds its policy beside it`() throws {
        let folder = try FileFolder([
            "rules/policy.yaml": Self.policy, "rules/test.yaml": Self.test(Self.good), "rules/bad.json": Self.bad,
            "rules/other.yaml": Self.policy.replacing("floor}", with: "other}"), "rules/odd.yaml": "apiVersion: [",
        ])
        let run = try Headgate(["policy", "test", "rules/test.yaml", "--min-coverage", "100"], in: folder.url)
        #expect(run.status == 0 && run.output.contains("6/6") && !run.output.contains("other"), "\(run)")
    }

    @Test func `a path that is not there is usage, and no test to be found is no pass`() throws {
        let folder = try FileFolder(["policy.yaml": Self.policy, "empty/file": ""])
        for arguments in [
            ["list", "gone"], ["list", "policy.yaml"], ["test", "gone"], ["fmt", "gone"], ["fmt", ".", "gone"],
            ["eval", "true", "--policy", "gone"], ["eval", "true", "--evidence", "gone"],
        ] {
            let run = try Headgate(["policy"] + arguments, in: folder.url)
            #expect(run.status == 64 && run.output.isEmpty, "\(run)")
            #expect(run.errors.contains(arguments.last ?? ""), "\(run)")
        }
        for path in [".", "empty", "policy.yaml"] {
            let run = try Headgate(["policy", "test", path], in: folder.url)
            #expect(run.status == 2 && run.errors.contains("there is no PolicyTest below \(path)"), "\(run)")
        }
    }

    /// Where the command is given, whether a repository begins there, what it is told, and how the place is printed.
    @Test(
        arguments: [
            (".", nil, "rules", "rules/policy.yaml:9:17: "), ("rules", nil, ".", "policy.yaml:9:17: "),
            ("other", nil, "../rules", "../rules/policy.yaml:9:17: "),
            (".", ".git", "rules", "rules/policy.yaml:9:17: "),
            ("rules", ".git", ".", "policy.yaml:9:17: "), ("other", ".git", "../rules", "../rules/policy.yaml:9:17: "),
        ] as [(String, String?, String, String)])
    func `places can be opened from the current folder`(
        _ current: String, _ repository: String?, _ path: String, _ place: String
    ) throws {
        let test = "  - {name: bad, fixtures: [bad.json], expect: fail}"
        let folder = try FileFolder([
            "rules/policy.yaml": Self.policy, "rules/test.yaml": Self.test(test), "rules/bad.json": Self.bad,
            "rules/odd.yaml": Self.policy.replacing("floor}", with: "odd}").replacing("params.", with: "parms."),
            "other/file": "",
        ])
        if let repository { try folder.write("\(repository)/HEAD", "") }
        let run = try Headgate(["policy", "test", path], in: folder.url.appending(path: current))
        #expect(run.output.contains("\n\(place)never true: restoring"), "\(run)")
        let odd = place.replacing("policy.yaml:9:17: ", with: "odd.yaml:9:60: error: ")
        #expect(run.errors.hasPrefix(odd) || run.errors.contains("\n\(odd)"), "\(run)")
        let formatted = try Headgate(["policy", "fmt", "--check", path], in: folder.url.appending(path: current))
        #expect(formatted.status == 0 && formatted.output.isEmpty, "\(formatted)")
    }

    @Test func `a policy without a test is not covered, and one that is in error is named once`() throws {
        let folder = try FileFolder([
            "policy.yaml": Self.policy, "test.yaml": Self.test(Self.good), "bad.json": Self.bad,
        ])
        try folder.write("other.yaml", Self.policy.replacing("floor}", with: "other}"))
        let run = try Headgate(["policy", "test", folder.url.path, "--min-coverage", "1"])
        #expect(run.status == 1 && run.errors.contains("the tests of other cover 0%"), "\(run)")
        try folder.write(
            "other.yaml", "apiVersion: headgate.dev/v1\nkind: Policy\nmetadata: {name: other}\nspec: {ats: 1}")
        let broken = try Headgate(["policy", "test", folder.url.path])
        #expect(broken.status == 2 && broken.errors.contains("other.yaml:4:8: error: unknown field"), "\(broken)")
    }

    @Test func `JUnit has a suite for each test and one for coverage, with files and lines`() throws {
        let folder = try FileFolder([
            "policy.yaml": Self.policy, "bad.json": Self.bad,
            "test.yaml": Self.test("  - {name: wrong <&>, fixtures: [bad.json], expect: pass}"),
        ])
        let run = try Headgate(["policy", "test", folder.url.path, "-o", "junit", "--min-coverage", "100"])
        #expect(run.status == 1)
        let document = try XMLReader.read(run.output)
        #expect(document.count { $0.name == "testsuite" } == 2)
        let item = try #require(document.first { $0.name == "testcase" })
        #expect(item.attributes["name"] == "wrong <&>" && item.attributes["file"] == "test.yaml")
        #expect(item.attributes["line"] == "7")
        #expect(document.count { $0.name == "failure" } == 2)
    }

    @Test func `JSON has cases and coverage, and nothing leads out of the folder`() throws {
        let folder = try FileFolder([
            "in/policy.yaml": Self.policy, "bad.json": Self.bad,
            "in/test.yaml": Self.test("  - {name: out, fixtures: [link.json], expect: fail}"),
        ])
        let link = folder.url.appendingPathComponent("in/link.json")
        try FileManager.default.createSymbolicLink(
            at: link, withDestinationURL: folder.url.appendingPathComponent("bad.json"))
        let run = try Headgate(["policy", "test", folder.url.appendingPathComponent("in").path, "-o", "json"])
        #expect(run.status == 2)
        let document = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]
        let cases = try #require(document?["cases"] as? [[String: Any]])
        #expect(cases.first?["status"] as? String == "errored")
        #expect("\(cases)".contains("not a plain file of the repository"))
        #expect((document?["coverage"] as? [[String: Any]])?.first?["percent"] as? Double == 0)
    }

    @Test func `the library's policies pass their own tests, which cover every condition`() throws {
        var root = URL(filePath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        let run = try Headgate(["policy", "test", root.appending(path: "policies").path, "--min-coverage", "100"])
        #expect(run.status == 0, "\(run.output)\n\(run.errors)")
        #expect(!run.output.contains(": never "))
        let folders = try FileManager.default.contentsOfDirectory(atPath: root.appending(path: "policies").path)
        for folder in folders where !folder.contains(".") && folder != "reports" {
            for file in ["policy.yaml", "test.yaml", "README.md"] {
                let path = root.appending(path: "policies/\(folder)/\(file)").path
                #expect(FileManager.default.fileExists(atPath: path), "\(path)")
            }
            #expect(run.output.contains("\(folder) "), "\(folder) is not tested")
        }
    }
}

/// Elements of an XML document in document order, read by libxml2.
final class XMLReader: NSObject, XMLParserDelegate {
    struct Element {
        let name: String
        let attributes: [String: String]
    }

    private var elements: [Element] = []

    static func read(_ text: String) throws -> [Element] {
        let reader = XMLReader()
        let parser = XMLParser(data: Data(text.utf8))
        parser.delegate = reader
        guard parser.parse() else { throw parser.parserError ?? CocoaError(.fileReadCorruptFile) }
        return reader.elements
    }

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        elements.append(Element(name: name, attributes: attributes))
    }
}
