import Foundation
import HeadgateTestSupport
import Testing

/// What counts of what gates are told, and what they say of this moment only.
@Suite struct ReviewGateTests {
    /// A policy with one rule, behind the others.
    private static func policy(
        _ name: String, at moment: String = "validate", _ expression: String, match: String? = "production"
    ) -> String {
        """
        ---
        apiVersion: headgate.dev/v1
        kind: Policy
        metadata: {name: \(name)}
        spec:
          at: [\(moment)]\(match.map { "\n  match: {labels: {tier: \($0)}}" } ?? "")
          rules:
          - name: \(name)
            expression: "\(expression)"
            message: \(name) says no

        """
    }

    @Test(arguments: [("staging", "production", "new"), ("production", "staging", "removed")])
    func `whom a policy guards is asked about though nothing else of it changed`(
        _ before: String, _ after: String, _ standing: String
    ) async throws {
        let review = try await ReviewRepository()
        func strict(_ tier: String) -> String {
            ReviewRepository.policies(rest: Self.policy("strict", "candidate.metrics.accuracy >= 0.99", match: tier))
        }
        try await review.repository.commit("Add", ["policies.yaml": strict(before)])
        try await review.change(["policies.yaml": strict(after)])
        let answer = try review.ci("--evidence", try review.given(#"{"candidates": {"wine": {"metrics": {}}}}"#))
        #expect(answer.code == 2, "\(answer)")
        #expect(answer.output.contains("strict at validate (\(standing)): inconclusive"), "\(answer)")
        #expect(answer.output.contains("match changed: what it guards is judged again"), "\(answer)")
    }

    @Test func `what a policy lost is named`() async throws {
        let review = try await ReviewRepository()
        try await review.change(["policies.yaml": ReviewRepository.policies(floor: "0.1", action: "audit")])
        let answer = try review.ci()
        #expect(answer.output.contains("action (from deny to audit), params.accuracy changed"), "\(answer)")
    }

    @Test func `what was measured counts before what is given, and the rest is filled in`() async throws {
        let review = try await ReviewRepository()
        try await review.change(["models/wine/headgate.yaml": ReviewRepository.model(accuracy: "0.50")])
        let given = try review.given(
            #"{"candidates": {"wine": {"metrics": {"accuracy": 0.99, "latency": {"p99_ms": 12.5, "p50_ms": 4}}}}}"#)
        let answer = try review.ci("--train", "changed", "--evidence", given)
        #expect(answer.code == 1 && answer.output.contains("the accuracy is below the floor"), "\(answer)")
        #expect(
            answer.output.contains(
                "note: the evidence file gives metrics.accuracy of Model wine; what its steps report counts\n"),
            "\(answer)")
        let rows = answer.output.split(separator: "\n").map { $0.split(separator: " ") }
        #expect(rows.contains { $0.first == "latency.p50_ms" && $0.last == "4" }, "\(answer)")
        #expect(
            answer.output.contains("gives Model wine the metric latency.p50_ms, which no step declares"), "\(answer)")
    }

    @Test(arguments: [
        (
            #"{"champions": {"wine": {"metrics": {}, "size": 3}}}"#,
            "champions.wine: unknown member size; known are metrics"
        ),
        (
            #"{"candidates": {"wine": {"metrics": {}, "metric": {}}}}"#,
            "candidates.wine: unknown member metric; known are metrics, reports"
        ),
        (
            #"{"candidates": {"wine": {"metrics": {"accuracy": "…"}}}}"#,
            "candidates.wine.metrics.accuracy: a value is to stand here in place of …"
        ),
    ])
    func `an evidence file that nothing would come of is refused`(_ text: String, _ problem: String) async throws {
        let review = try await ReviewRepository()
        let answer = try review.ci("--evidence", try review.given(text))
        #expect(answer.code == 64 && answer.notes.contains(problem), "\(answer)")
    }

    @Test(arguments: [
        ("0.95", 2, "late at validate: inconclusive: late says no; only to this moment"),
        ("0.50", 1, "floor at validate: fail"),
    ])
    func `a no to this moment is a doubt, and no other no is`(
        _ accuracy: String, _ code: Int32, _ text: String
    ) async throws {
        let review = try await ReviewRepository()
        let late = Self.policy("late", "now < timestamp('2020-01-01T00:00:00Z')")
        try await review.repository.commit("Freeze", ["policies.yaml": ReviewRepository.policies(rest: late)])
        try await review.change(["models/wine/headgate.yaml": ReviewRepository.model(accuracy: accuracy)])
        let answer = try review.ci("--train", "changed", "-o", "text", "-o", "json")
        #expect(answer.code == code && answer.output.contains(text), "\(answer)")
        #expect(
            answer.output.contains(code == 2 ? "1 deployment may move" : "1 deployment would not move"), "\(answer)")
    }

    @Test func `no step runs that a policy refuses beforehand`() async throws {
        let review = try await ReviewRepository()
        let frozen = Self.policy("frozen", at: "plan", "commit.message.contains('approved')")
        try await review.repository.commit("Freeze", ["policies.yaml": ReviewRepository.policies(rest: frozen)])
        let mark = review.repository.folder + "/ran"
        try await review.change(["models/wine/train.sh": "touch \(mark); mkdir model; echo 0.9 > model/accuracy\n"])
        let answer = try review.ci("--train", "changed")
        #expect(answer.code == 1, "\(answer)")
        #expect(answer.output.contains("evaluate  not run: policy frozen at plan: frozen says no"), "\(answer)")
        #expect(answer.output.contains("2 steps were not run") && !answer.notes.contains("runs"), "\(answer)")
        #expect(!FileManager.default.fileExists(atPath: mark))
        try await review.repository.git("commit", "-q", "--amend", "-m", "Train, as approved")
        #expect(try review.ci("--train", "changed").code == 0)
        #expect(FileManager.default.fileExists(atPath: mark))
    }

    @Test func `base's no to this moment holds steps back, whatever head doubts`() async throws {
        let review = try await ReviewRepository()
        let closed = Self.policy("closed", at: "plan", "now < timestamp('2020-01-01T00:00:00Z')")
        try await review.repository.commit("Close", ["policies.yaml": ReviewRepository.policies(rest: closed)])
        let later = Self.policy("closed", at: "plan", "size(approvals) > 0")
        try await review.change([
            "policies.yaml": ReviewRepository.policies(rest: later),
            "models/wine/headgate.yaml": ReviewRepository.model(accuracy: "0.95"),
        ])
        let answer = try review.ci("--train", "changed")
        #expect(answer.code == 2 && answer.output.contains("2 steps were not run"), "\(answer)")
    }

    @Test func `what signs nothing and what is not there is said`() async throws {
        let review = try await ReviewRepository()
        let signed = Self.policy("signed", "commit.verified || true")
        let secret = ReviewRepository.model(accuracy: "0.95")
            .replacing("outputs: [model/]", with: "outputs: [model/]\n      secrets: [TOKEN]")
        try await review.change([
            "policies.yaml": ReviewRepository.policies(rest: signed), "models/wine/headgate.yaml": secret,
        ])
        let answer = try review.ci("--train", "changed")
        #expect(answer.output.contains("policies ask for commit.verified: without --allowed-signers FILE"), "\(answer)")
        #expect(answer.output.contains("there is no secret TOKEN: set HEADGATE_SECRET_TOKEN"), "\(answer)")
    }

    @Test func `protected policies are no part of what is judged`() async throws {
        let review = try await ReviewRepository()
        let fair = ReviewRepository.policies().replacing("name: floor", with: "name: fair")
        try await review.change(["protected/fair.yaml": fair, "README.md": "Words.\n"])
        for folder in ["protected", "."] {
            let answer = try review.ci("--protected-policies", folder)
            #expect(answer.code == 64 && answer.notes.contains("a change could touch it"), "\(answer)")
        }
        // A checkout of another repository within this one's work tree.
        let other = review.repository.path + "/elsewhere"
        try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: true)
        try fair.write(toFile: other + "/p.yaml", atomically: true, encoding: .utf8)
        #expect(try review.ci("--protected-policies", "elsewhere").code == 0)
    }

    @Test func `a base that has gone on is named`() async throws {
        let review = try await ReviewRepository()
        try await review.change(["README.md": "Words.\n"])
        #expect(!(try review.ci("--base", "main").output.contains("has gone on")))
        try await review.repository.git("checkout", "-q", "main")
        try await review.repository.commit("Tighten", ["policies.yaml": ReviewRepository.policies(floor: "0.99")])
        try await review.repository.git("checkout", "-q", "change")
        #expect(try review.ci("--base", "main").output.contains("note: main has gone on since "))
        #expect(try review.ci().output.contains("note: main has gone on since "))
    }

    @Test func `an output without a place is refused before anything is done`() async throws {
        let review = try await ReviewRepository()
        try await review.change(["models/wine/headgate.yaml": ReviewRepository.model(accuracy: "0.95")])
        let answer = try review.ci("--train", "changed", "-o", "github-summary")
        #expect(answer.code == 64 && !answer.notes.contains("runs"), "\(answer)")
    }

    @Test(arguments: ["named", "selected", "protected"])
    func `another Model is no way out for a Deployment that policies guard`(_ way: String) async throws {
        let review = try await ReviewRepository()
        let strict = Self.policy("strict", "candidate.metrics.accuracy >= 0.85")
        if way == "selected" {
            try await review.repository.commit("Add", ["policies.yaml": ReviewRepository.policies(rest: strict)])
        }
        let parts = ReviewRepository.model(accuracy: "0.5", policies: way == "named" ? "[floor]" : "[]")
            .components(separatedBy: "---\n")
        let other = parts[0].replacing("name: wine, labels: {tier: production}", with: "name: other")
            .replacing("policies: [floor]", with: "policies: []")
        let served = parts[1].replacing("model: wine", with: "model: other")
        let before = ReviewRepository.model(accuracy: "0.9", policies: way == "named" ? "[floor]" : "[]")
        try await review.repository.commit("Base", ["models/wine/headgate.yaml": before])
        try await review.change([
            "models/wine/headgate.yaml": "\(before.components(separatedBy: "---\n")[0])---\n\(other)---\n\(served)"
        ])
        let folder = review.repository.folder + "/protected"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try strict.write(toFile: folder + "/strict.yaml", atomically: true, encoding: .utf8)
        let answer = try review.ci(
            way == "protected"
                ? ["--train", "changed", "--protected-policies", folder] : ["--train", "changed"])
        #expect(answer.code == 1, "\(answer)")
        let standing = way == "protected" ? "protected" : "removed"
        let name = way == "named" ? "floor" : "strict"
        #expect(answer.output.contains("\(name) at validate (\(standing)): fail"), "\(answer)")
    }

    @Test func `a Model that reports other metrics is no way out either`() async throws {
        let review = try await ReviewRepository()
        let model = ReviewRepository.model(accuracy: "0.9")
        let parts = model.components(separatedBy: "---\n")
        let other = parts[0].replacing("name: wine, labels: {tier: production}", with: "name: other")
            .replacing("policies: [floor]", with: "policies: []").replacing("{accuracy: double, ", with: "{")
        try await review.repository.commit(
            "Base", ["models/wine/headgate.yaml": "\(parts[0])---\n\(other)---\n\(parts[1])"])
        let served = parts[1].replacing("model: wine", with: "model: other")
        try await review.change(["models/wine/headgate.yaml": "\(parts[0])---\n\(other)---\n\(served)"])
        let answer = try review.ci("--train", "changed")
        #expect(answer.code != 0 && answer.output.contains("floor at validate (removed)"), "\(answer)")
    }

    @Test func `a rule that is put off does not hide what base asks now`() async throws {
        let review = try await ReviewRepository()
        let later = ReviewRepository.policies()
            .replacing("candidate.metrics.accuracy >= params.accuracy", with: "size(approvals) >= 1")
        try await review.change([
            "policies.yaml": later, "models/wine/headgate.yaml": ReviewRepository.model(accuracy: "0.95"),
        ])
        let answer = try review.ci()
        #expect(answer.code == 2, "\(answer)")
    }

    @Test func `what guards nothing is noted`() async throws {
        let review = try await ReviewRepository()
        let free = ReviewRepository.model(policies: "[]").replacing("name: wine", with: "name: free")
            .replacing("model: wine", with: "model: free")
        try await review.change(["free/headgate.yaml": free, "free/train.sh": "true\n", "free/evaluate.sh": "true\n"])
        let answer = try review.ci()
        #expect(answer.output.contains("no policy guards Deployment/free, though there are policies"), "\(answer)")
    }

    @Test func `what a change is judged by is no part of it`() async throws {
        let review = try await ReviewRepository()
        try await review.change(["allowed": "", "ctl.yaml": "protectedPolicies: x\n"])
        for options in [["--allowed-signers", "allowed"], ["--config", "ctl.yaml"]] {
            let answer = try review.ci(options)
            #expect(answer.code == 64 && answer.notes.contains("a change could touch it"), "\(answer)")
        }
        let outside = review.repository.folder + "/ctl.yaml"
        try "sources: []\n".write(toFile: outside, atomically: true, encoding: .utf8)
        let open = try review.ci("--config", outside)
        #expect(open.output.contains("names no protectedPolicies: nothing is protected"), "\(open)")
    }

    @Test func `a state folder that is kept holds no results for the next call`() async throws {
        let review = try await ReviewRepository()
        let state = review.repository.folder + "/state"
        // What fails once may be well the next time, and what a step wrote about others is not believed.
        let count = review.repository.folder + "/count"
        try await review.change([
            "models/wine/train.sh": """
            echo x >> \(count)
            test $(wc -l < \(count)) -gt 1 || exit 1
            mkdir model && echo "$1" > model/accuracy

            """
        ])
        #expect(try review.ci("--train", "changed", "--state", state).code == 1)
        #expect(try review.ci("--train", "changed", "--state", state).code == 0)
        #expect(try review.ci("--train", "changed", "--state", state).code == 0)
        #expect(try String(contentsOfFile: count, encoding: .utf8).count == 6)
    }

    @Test func `a step cannot read the signing key, and what prints it shows it to nobody`() async throws {
        let review = try await ReviewRepository()
        let made = try ReviewRepository.run(
            HeadgateExecutable.path, ["key", "generate", "k.pem"], in: review.repository.folder)
        #expect(made.code == 0)
        let key = try String(contentsOfFile: review.repository.folder + "/k.pem", encoding: .utf8)
        try await review.change([
            "models/wine/train.sh": """
            for file in /proc/[0-9]*/environ; do tr '\\0' '\\n' < "$file" 2>/dev/null; done
            echo the end >&2; exit 1

            """
        ])
        let folder = review.repository.folder + "/report"
        let answer = try review.ci(
            "--train", "changed", "--report", folder, "-o", "text", "-o", "json", "--store",
            review.repository.folder + "/store", environment: ["HEADGATE_SIGNING_KEY": key])
        #expect(answer.code == 1 && answer.output.contains("the end"), "\(answer)")
        let secret = try #require(key.split(separator: "\n").dropFirst().first)
        #expect(!answer.output.contains(secret) && !answer.notes.contains(secret))
        for file in try FileManager.default.subpathsOfDirectory(atPath: folder) {
            let text = try? String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)
            #expect(text?.contains(secret) != true, "\(file)")
        }
    }

    @Test func `results that another Model had at base are made when a Deployment waits for them`() async throws {
        let review = try await ReviewRepository()
        let challenger = ReviewRepository.model(accuracy: "0.95").components(separatedBy: "---\n")[0]
            .replacing("name: wine", with: "name: challenger")
        try await review.repository.commit(
            "Challenge",
            ["models/wine/headgate.yaml": "\(challenger)---\n\(ReviewRepository.model(accuracy: "0.90"))"])
        try await review.change([
            "models/wine/headgate.yaml": "\(challenger)---\n\(ReviewRepository.model(accuracy: "0.95"))"
        ])
        let answer = try review.ci("--train", "changed")
        #expect(answer.code == 0 && answer.output.contains("floor at validate: pass"), "\(answer)")
    }

    @Test func `what leaves is named, and why`() async throws {
        let review = try await ReviewRepository()
        try await review.change([
            "models/wine/headgate.yaml": nil, "models/wine/manifest.txt": ReviewRepository.model(),
        ])
        try FileManager.default.createSymbolicLink(
            atPath: review.repository.path + "/models/wine/headgate.yaml", withDestinationPath: "manifest.txt")
        try await review.repository.git("add", "-A")
        try await review.repository.git("commit", "-q", "-m", "Link")
        let answer = try review.ci()
        #expect(answer.output.contains("Model/wine"), "\(answer)")
        #expect(
            answer.output.contains("headgate.yaml:1:1: warning: this is a symbolic link now, which is not followed"),
            "\(answer)")
    }

    @Test func `a policy that base could not ask is named`() async throws {
        let review = try await ReviewRepository()
        let slip = ReviewRepository.policies().replacing(
            "candidate.metrics.accuracy", with: "candidat.metrics.accuracy")
        try await review.repository.commit("Slip", ["policies.yaml": slip])
        try await review.change(["policies.yaml": ReviewRepository.policies(floor: "0.1")])
        let answer = try review.ci(
            "--evidence", try review.given(#"{"candidates": {"wine": {"metrics": {"accuracy": 0.9}}}}"#))
        #expect(
            answer.output.contains("base has policy floor in error, so that head's text of it is asked"), "\(answer)")
    }
}
