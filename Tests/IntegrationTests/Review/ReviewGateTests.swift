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
            #expect(answer.code == 64 && answer.notes.contains("a change could touch them"), "\(answer)")
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
}
