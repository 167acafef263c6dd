import Foundation
import HeadgateTestSupport
import Testing

/// What `check`, `plan` and `schema` say of a checkout, with no controller.
@Suite(.timeLimit(.minutes(10))) struct CheckTests {
    static let head = "apiVersion: headgate.dev/v1\n"

    static let bad: [(files: [String: String], message: String)] = [
        (["m.yaml": head + "kind: Model\nmetadata: {name: x\nspec:\n"], "m.yaml:4:5: error: not valid YAML"),
        (["m.yaml": head + "kind: Target\nmetadata:\n\tname: x\n"], "indent with spaces"),
        (
            ["m.yaml": head + "kind: Modle\nmetadata: {name: x}\n"],
            #"m.yaml:2:7: error: unknown kind "Modle" [kind]; did you mean "Model"?"#
        ),
        (
            ["m.yaml": head + "kind: Target\nmetadata: {name: x}\nspec: {locl: {}}\n"],
            #"unknown field "locl" [spec.locl]"#
        ),
        (
            ["m.yaml": head + "kind: Deployment\nmetadata: {name: x}\nspec: {model: gone, target: local}\n"],
            #"m.yaml:4:15: error: there is no Model "gone" [spec.model]"#
        ),
        (
            [
                "m.yaml": head + """
                    kind: Model
                    metadata: {name: x}
                    spec:
                      pipeline:
                        steps:
                        - {name: a, command: [sh], inputs: [b/], outputs: [a/]}
                        - {name: b, command: [sh], inputs: [a/], outputs: [b/]}
                      artifact: a/
                    """
            ], #"steps wait for each other: "a" reads from "b" reads from "a""#
        ),
        (
            ["m.yaml": head + "kind: Model\nmetadata: {name: x}\nspec: {artifact: ../../etc/passwd}\n"],
            "is not a path within the repository"
        ),
        (
            ["m.yaml": head + "kind: Model\nmetadata: {name: x}\nspec: {artifact: gone.bin}\n"],
            "is not tracked at this commit"
        ),
        (
            ["m.yaml": head + "kind: Model\nmetadata: {name: x}\nspec: {a: &a [x], b: [*a, *a], artifact: m.yaml}\n"],
            "aliases are not supported"
        ),
        (
            [
                "p.yaml": head + """
                    kind: Policy
                    metadata: {name: p}
                    spec:
                      at: [validate]
                      rules: [{name: r, expression: candidate.metrcs.accuracy > 0.5}]
                    """
            ], "did you mean 'metrics'?"
        ),
    ]

    @Test(arguments: bad.indices)
    func `a mistake is named with its file, line and column by check and by plan`(_ index: Int) async throws {
        let repository = try await TemporaryRepository()
        try await repository.commit("Try it", Self.bad[index].files.mapValues { .some($0) })
        let headgate = HeadgateProgram(in: repository.path, environment: ["HEADGATE_STATE": nil])
        let check = try await headgate("check")
        #expect(check.status == 1 && check.output.contains(Self.bad[index].message), "\(check)")
        #expect(check.errors.contains(" object") && check.errors.contains("error"), "\(check)")
        let plan = try await headgate("plan")
        #expect(plan.status == 2 && plan.errors.contains(Self.bad[index].message), "\(plan)")
        #expect(!plan.errors.contains("nothing would happen"), "\(plan)")
        let json = try await headgate("check", "-o", "json")
        #expect(json.status == 1 && JSON.list(json.output).contains { $0["severity"] as? String == "error" }, "\(json)")
    }

    @Test func `a repository of nothing has nothing wrong with it, and nothing would happen`() async throws {
        let repository = try await TemporaryRepository()
        try await repository.commit("Begin")
        let headgate = HeadgateProgram(in: repository.path, environment: ["HEADGATE_STATE": nil])
        let check = try await headgate("check")
        #expect(
            check.status == 0 && check.output.isEmpty && check.errors == "0 objects, 0 errors, 0 warnings\n", "\(check)"
        )
        #expect(try await headgate("check", "-o", "json").output == "[]\n")
        let plan = try await headgate("plan")
        #expect(plan.status == 0 && plan.errors == "nothing would happen\n", "\(plan)")
    }

    @Test func `objects in error are counted among the objects, each once`() async throws {
        let repository = try await TemporaryRepository()
        func target(_ name: String, _ spec: String) -> String {
            Self.head + "kind: Target\nmetadata: {name: \(name)}\nspec: \(spec)\n"
        }
        try await repository.commit(
            "Try it",
            [
                "good.yaml": target("good", "{local: {}}"), "spec.yaml": target("spec", "{locl: {}, remote: {}}"),
                "one.yaml": target("twice", "{local: {}}"), "two.yaml": target("twice", "{local: {}}"),
                "kind.yaml": Self.head + "kind: Deployment\nmetadata: {name: d}\nspec: {model: gone, target: good}\n",
            ])
        let check = try await HeadgateProgram(in: repository.path, environment: ["HEADGATE_STATE": nil])("check")
        #expect(check.status == 1 && check.errors == "4 objects, 3 in error, 5 errors, 0 warnings\n", "\(check)")
    }

    @Test(arguments: [
        "a: [\n", "\u{1}\u{2}", Toy.manifest.replacingOccurrences(of: "target: local", with: "targt: local"),
    ])
    func `a plan keeps what a file in error may hold, however little of it can be recognised`(
        _ text: String
    ) async throws {
        let repository = try await TemporaryRepository()
        try await repository.commit("Add the toy model", Toy.files(accuracy: "0.9"))
        try await repository.commit("Break it", ["headgate.yaml": text])
        let headgate = HeadgateProgram(in: repository.path, environment: ["HEADGATE_STATE": nil])
        let plan = try await headgate("plan", "--base", "HEAD~1")
        #expect(plan.status == 2 && plan.errors.contains("headgate.yaml:"), "\(plan)")
        #expect(plan.output.contains("keep") && !plan.output.contains("prune"), "\(plan)")
    }

    @Test func `a plan of a new commit says what runs, what waits and what moves`() async throws {
        let repository = try await TemporaryRepository()
        try await repository.commit("Begin")
        try await repository.commit("Add the toy model", Toy.files(accuracy: "0.9"))
        let headgate = HeadgateProgram(in: repository.path, environment: ["HEADGATE_STATE": nil])
        #expect(try await headgate("check").status == 0)
        let plan = try await headgate("plan", "--base", "HEAD~1")
        #expect(plan.status == 1, "\(plan)")
        for line in ["Model/toy train", "Model/toy evaluate", "waits for train", "Deployment/toy", "Policy/floor"] {
            #expect(plan.output.contains(line), "\(line) is missing: \(plan)")
        }
    }

    @Test(
        arguments: [
            (["plan", "/nonexistent"], "/nonexistent does not exist", 2),
            (["plan", "--head", "gone"], "no commit is called 'gone'", 2),
            (["plan", "--base", "gone"], "no commit is called 'gone'", 2),
            (["plan", "--path", "gone"], "there is no folder gone", 2),
            (["plan", "--path", "../x"], "../x is not a path within", 64),
            (["check", "/nonexistent"], "/nonexistent is not a folder", 2),
            (["check", "--path", "gone"], "/gone is not a folder", 2),
            (["check", "--path", "/x"], "/x is not a path within", 64),
            (["plan", "--state", "/nonexistent"], "/nonexistent/ledger.sqlite does not exist", 2),
            (["schema", "Modle"], "Modle is not a kind", 64), (["policy", "eval", "1 +"], "1 +", 64),
        ] as [([String], String, Int32)])
    func `what cannot be read is an error that names it`(_ arguments: [String], _ message: String, _ code: Int32)
        async throws
    {
        let repository = try await TemporaryRepository()
        try await repository.commit("Begin")
        let headgate = HeadgateProgram(in: repository.path, environment: ["HEADGATE_STATE": nil])
        let result = try await headgate.run(arguments)
        #expect(result.status == code && result.errors.contains(message) && result.output.isEmpty, "\(result)")
    }

    @Test(arguments: ["Model", "Policy", "Deployment", "Target", "model"])
    func `a kind's schema is JSON that an editor can use`(_ kind: String) async throws {
        let result = try await HeadgateProgram(in: "/")("schema", kind)
        #expect(result.status == 0 && JSON(result.output)?["$schema"] is String, "\(result)")
    }

    private static let misplaced = """
        apiVersion: headgate.dev/v1
        kind: Policy
        metadata: {name: p}
        spec:
          at: [validate]
          match: {labels: {}}
          rules:
          - name: block
            expression: |
              candidate.size > 1 &&
                candidate.digst == ''
          - name: folded
            expression: >-
              candidate.size > 1 &&
              candidate.formts == []
          - {name: quoted, expression: "candidate.version == \\"é\\" && candidate.fils > 1"}
          - {name: pattern, expression: "commit.message.matches('a(b')"}
          - {name: time, expression: "now > timestamp('2026-99-01T00:00:00Z')"}
          - {name: span, expression: "now - candidate.created < duration('3 days')"}
        """

    @Test(arguments: [
        "p.yaml:11:19: error: Version has no field 'digst'", "p.yaml:15:17: error: Version has no field 'formts'",
        "p.yaml:16:73: error: Version has no field 'fils'",
        "p.yaml:17:59: error: the regular expression is wrong: missing closing )",
        "p.yaml:18:47: error: '2026-99-01T00:00:00Z' is no timestamp",
        "p.yaml:19:66: error: '3 days' is no duration",
    ])
    func `what is wrong in a policy's expression is told where it stands in the manifest`(_ line: String) async throws {
        let repository = try await TemporaryRepository()
        try await repository.commit("Begin", ["p.yaml": Self.misplaced])
        let check = try await HeadgateProgram(in: repository.path)("check")
        #expect(check.status == 1 && check.output.contains(line), "\(check)")
    }
}
