import Foundation
import HeadgateTestSupport
import Testing

/// What `headgate ci` tells of steps, stores, policies' tests and of what it could not know.
@Suite struct ReviewReportingTests {
    /// Makes a key and its public half; gives their files.
    private func key(_ name: String, _ review: ReviewRepository) throws -> (secret: String, known: String) {
        let file = "\(review.repository.folder)/\(name).pem"
        let made = try ReviewRepository.run(HeadgateExecutable.path, ["key", "generate", file], in: "/")
        try made.output.write(toFile: file + ".pub", atomically: true, encoding: .utf8)
        return (file, file + ".pub")
    }

    /// The report's files by name, as `--report` writes them.
    private func files(_ folder: String) throws -> [String: String] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0 != "plots" }
        return try Dictionary(
            uniqueKeysWithValues: names.map {
                ($0, try String(contentsOfFile: "\(folder)/\($0)", encoding: .utf8))
            })
    }

    // MARK: The shared store

    @Test func `what the store gave is told whether a step runs or not, and what it refused in every format`()
        async throws
    {
        let review = try await ReviewRepository()
        let (own, other) = (try key("own", review), try key("other", review))
        let store = review.repository.folder + "/store"
        try await review.change(["models/wine/headgate.yaml": ReviewRepository.model(accuracy: "0.95")])
        let first = try review.ci(
            "--train", "changed", "--store", store, "--signing-key", own.secret, "--trusted-key", own.known)
        #expect(first.code == 0 && first.output.contains("2 steps ran"), "\(first)")
        for train in ["changed", "none"] {
            let again = try review.ci("--train", train, "--store", store, "--trusted-key", own.known)
            #expect(again.code == 0, "\(again)")
            for step in ["train", "evaluate"] {
                let line = try Regex(
                    "Model/wine \(step) +taken from the shared store, made by urn:headgate:ci, signed with key [0-9a-f]{12}\n"
                )
                #expect(again.output.contains(line), "\(again)")
            }
            #expect(again.output.contains("2 results were taken"), "\(again)")
            // Nothing was trained, so nothing is missing at the store.
            #expect(!again.output.contains("not published"), "\(again)")
        }
        let folder = review.repository.folder + "/report"
        let refused = try review.ci(
            "--train", "changed", "--store", store, "--trusted-key", other.known, "--report", folder, "-o", "text",
            "-o", "github")
        let words = try Regex(
            #"wine train \(key [0-9a-f]{12}\): not taken from [^:]+: its result there is not signed by a trusted key"#)
        #expect(refused.output.matches(of: words).count == 2, "\(refused)")
        #expect(refused.output.contains("no signing key was given"), "\(refused)")
        for (name, text) in try files(folder) where name != "gl-code-quality-report.json" {
            let plain = text.replacing("\\(", with: "(").replacing("\\)", with: ")")
            #expect(plain.contains(words), "\(name): \(text)")
        }
    }

    @Test func `variables of a store that is not given are named`() async throws {
        let review = try await ReviewRepository()
        try await review.change(["README.md": "Words.\n"])
        let answer = try review.ci(environment: ["HEADGATE_SIGNING_KEY": "x", "HEADGATE_TRUSTED_KEYS": "/a.pub"])
        #expect(answer.code == 0, "\(answer)")
        let note = "note: HEADGATE_SIGNING_KEY, HEADGATE_TRUSTED_KEYS: no effect, since no shared store is given"
        #expect(answer.output.contains(note), "\(answer)")
    }

    // MARK: Steps

    @Test func `a failed step shows the end of its log with its lines, and names what does not run or move`()
        async throws
    {
        let review = try await ReviewRepository()
        let script = """
            echo 'Traceback (most recent call last):' >&2
            echo '  File "train.py", line 3, in <module>' >&2
            echo "token $TOKEN" >&2
            echo 'ValueError: no rows' >&2
            exit 1

            """
        try await review.change([
            "models/wine/train.sh": script,
            "models/wine/headgate.yaml": ReviewRepository.model().replacing(
                "outputs: [model/]", with: "outputs: [model/]\n      secrets: [TOKEN]"),
        ])
        let folder = review.repository.folder + "/report"
        let answer = try review.ci(
            "--train", "changed", "--report", folder, environment: ["HEADGATE_SECRET_TOKEN": "hunter2-hunter2"])
        #expect(answer.code == 1, "\(answer)")
        let lines = [
            "Traceback (most recent call last):", #"  File "train.py", line 3, in <module>"#, "token <secret>",
            "ValueError: no rows",
        ]
        #expect(answer.output.contains(lines.map { "    | \($0)\n" }.joined()), "\(answer)")
        #expect(answer.output.contains("error: Model/wine train failed: exited with 1: ValueError: no rows\n"))
        let files = try files(folder)
        #expect(files["report.md"]?.contains("```text\n\(lines.joined(separator: "\n"))\n```") == true, "\(files)")
        let escaped = lines.joined(separator: "&#10;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
        #expect(files["junit.xml"]?.contains(escaped) == true, "\(files)")
        #expect(files["junit.xml"]?.contains(#"<skipped message="train has no result"/>"#) == true, "\(files)")
        #expect(!files.values.contains { $0.contains("hunter2") })
        #expect(answer.output.contains("would not move: step train of model wine has no result"), "\(answer)")
        #expect(answer.output.contains("1 deployment would not move"), "\(answer)")
        #expect(answer.output.contains(try Regex("Model/wine evaluate +not run: train has no result")), "\(answer)")
    }

    @Test func `a declared metric that is not reported is named at its step`() async throws {
        let review = try await ReviewRepository()
        try await review.change([
            "models/wine/evaluate.sh": #"echo '{"accuracy": 0.9, "latency": {"p98_ms": 9.5}}' > metrics.json"#
        ])
        let folder = review.repository.folder + "/report"
        let answer = try review.ci("--train", "changed", "--report", folder)
        // Its policy does not ask for it, so it is no reason to fail.
        #expect(answer.code == 0, "\(answer)")
        let sentence =
            "did not report the metric latency.p99_ms, which it declares; metrics.json has \"latency.p98_ms\""
        #expect(
            answer.output.contains("models/wine/headgate.yaml:12:7: warning: Model/wine evaluate \(sentence)"),
            "\(answer)")
        let files = try files(folder)
        #expect(files["junit.xml"]?.contains(sentence.replacing("\"", with: "&quot;")) == true)
        #expect(files["headgate.sarif"]?.contains(#"\"latency.p98_ms\""#) == true)
        #expect(files["report.json"]?.contains("\"remarks\" : [\n") == true)
    }

    @Test func `a metrics file of another name is told beside the one that is missing`() async throws {
        let review = try await ReviewRepository()
        try await review.change(["models/wine/evaluate.sh": "echo '{\"accuracy\": 1}' > metric.json\n"])
        let answer = try review.ci("--train", "changed")
        #expect(answer.code == 1, "\(answer)")
        let words =
            "declared but not written: metrics.json; written but not declared as an output: metric.json; "
            + "is metric.json meant to be metrics.json?"
        #expect(answer.output.contains(words), "\(answer)")
    }

    // MARK: Policies and their tests

    @Test func `a policy whose expression is in error is kept, blocks, and is judged by nobody`() async throws {
        let review = try await ReviewRepository()
        let slip = ReviewRepository.policies().replacing("params.accuracy", with: "params.acuracy")
        try await review.change(["policies.yaml": slip])
        let answer = try review.ci("--base", "main")
        #expect(answer.code == 1, "\(answer)")
        let line = try Regex("Policy/floor +keep +its expressions are in error: it blocks what it guards until")
        #expect(answer.output.contains(line) && !answer.output.contains("judge"), "\(answer)")
        let plan = try ReviewRepository.run(
            HeadgateExecutable.path, ["plan", "--base", "main"], in: review.repository.path)
        #expect(plan.code == 2 && plan.output.contains(line), "\(plan)")
    }

    @Test func `a Deployment whose check is in error stays as it is`() async throws {
        let review = try await ReviewRepository()
        func model(_ expression: String) -> String {
            ReviewRepository.model().replacing(
                "spec: {model: wine, target: local}",
                with: """
                    spec:
                      model: wine
                      target: local
                      strategy:
                        canary:
                          steps: [{weight: 10}, {analyse: 2m}]
                          checks: [{name: errors, expression: "candidate.\(expression) <= 0.1"}]
                    """)
        }
        let line = try Regex("Deployment/wine +keep +in error: the last good spec stays\n")
        try await review.change(["models/wine/headgate.yaml": model("erorRate")])
        let answer = try review.ci("--base", "main")
        #expect(answer.code == 1 && answer.output.contains(line), "\(answer)")
        #expect(answer.output.contains("no field 'erorRate'") && !answer.output.contains("→ analyse"), "\(answer)")
        let plan = try ReviewRepository.run(
            HeadgateExecutable.path, ["plan", "--base", "main"], in: review.repository.path)
        #expect(plan.code == 2 && plan.output.contains(line), "\(plan)")
        try await review.change(["models/wine/headgate.yaml": model("errorRate")])
        let right = try review.ci("--base", "main")
        #expect(right.code == 0 && right.output.contains("by the new strategy; canary"), "\(right)")
    }

    @Test func `a change of policies alone is told what to pass, and passes with it`() async throws {
        let review = try await ReviewRepository()
        try await review.change([
            "policies.yaml": ReviewRepository.policies(floor: "0.80", rest: ReviewRepository.notWorse)
        ])
        let answer = try review.ci("--base", "main")
        #expect(answer.code == 2, "\(answer)")
        let file =
            #"{"candidates":{"wine":{"metrics":{"accuracy":"…"}}},"champions":{"wine":{"metrics":{"accuracy":"…"}}}}"#
        let note =
            "gates wait for results that did not change and are not known here: give --store URL with the --trusted-key "
            + "FILE of who publishes there, or --evidence FILE that holds \(file)"
        #expect(answer.output.contains("note: \(note)"), "\(answer)")
        let given = try review.given(file.replacing("\"…\"", with: "0.9"))
        let told = try review.ci("--base", "main", "--evidence", given)
        #expect(told.code == 0, "\(told)")
    }

    /// Two tests of one policy, of which one reads a fixture.
    private static let tests = """
        apiVersion: headgate.dev/v1
        kind: PolicyTest
        metadata: {name: floor}
        spec:
          policy: floor
          cases:
          - name: high
            evidence: {candidate: {metrics: {accuracy: 0.9}}}
            expect: {verdict: pass}
          - name: low
            evidence: {candidate: {metrics: {accuracy: 0.84}}}
            expect: {verdict: fail}
        ---
        apiVersion: headgate.dev/v1
        kind: PolicyTest
        metadata: {name: fixture}
        spec:
          policy: floor
          fixtures: [given.yaml]
          cases:
          - name: given
            expect: {verdict: pass}

        """

    @Test func `tests of policies run where the change touches them, their policy or what they read`() async throws {
        let review = try await ReviewRepository()
        let fixture = "candidate: {metrics: {accuracy: 0.9}}\n"
        try await review.repository.commit("Test", ["tests/floor.yaml": Self.tests, "tests/given.yaml": fixture])
        // The policy: a case does not hold any more.
        try await review.change(["policies.yaml": ReviewRepository.policies(floor: "0.80")])
        let folder = review.repository.folder + "/report"
        let answer = try review.ci("--base", "main", "--report", folder, "-o", "text", "-o", "github")
        #expect(answer.code == 1, "\(answer)")
        #expect(
            answer.output.contains("tests/floor.yaml:10:5: error: floor/low does not hold: expected fail, got pass"),
            "\(answer)")
        #expect(answer.output.contains("::error file=tests/floor.yaml,line=10,"), "\(answer)")
        #expect(answer.output.contains("2 policy tests pass, 1 policy test fails"), "\(answer)")
        let junit = try files(folder)["junit.xml"]
        #expect(junit?.contains(#"<testcase name="low" classname="floor.floor""#) == true, "\(junit ?? "")")
        let none = try review.ci("--base", "main", "--no-policy-tests")
        #expect(none.code == 2 && !none.output.contains("policy test"), "\(none)")
        // A fixture: only the test that reads it.
        try await review.change(["tests/given.yaml": fixture.replacing("0.9", with: "0.1")])
        let read = try review.ci("--base", "main")
        #expect(read.code == 1 && read.output.contains("fixture/given does not hold"), "\(read)")
        #expect(read.output.contains("This change does not pass: 1 policy test fails."), "\(read)")
        // Neither: none.
        try await review.change(["README.md": "Words.\n"])
        let other = try review.ci("--base", "main")
        #expect(other.code == 0 && !other.output.contains("policy test"), "\(other)")
    }

    @Test func `tests of a policy that head has no more cannot be asked`() async throws {
        let review = try await ReviewRepository()
        try await review.repository.commit(
            "Test", ["tests/floor.yaml": Self.tests, "tests/given.yaml": "candidate: {metrics: {accuracy: 0.9}}\n"])
        try await review.change([
            "policies.yaml": nil, "models/wine/headgate.yaml": ReviewRepository.model(policies: "[]"),
        ])
        let answer = try review.ci("--base", "main")
        #expect(answer.output.contains("warning: floor/high could not be asked: there is no policy floor"), "\(answer)")
        #expect(answer.code == 2 && answer.output.contains("3 policy tests cannot be asked"), "\(answer)")
    }
}
