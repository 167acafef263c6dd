import Foundation
import HeadgateTestSupport
import Testing

/// What `headgate ci` asks of base's policies, of head's and of those from outside.
@Suite struct ReviewPolicyTests {
    @Test(arguments: [
        // Head lowers the floor, relaxes the policy, stops naming it, removes it: base's still counts.
        (ReviewRepository.policies(floor: "0.10"), ReviewRepository.model(accuracy: "0.5"), "changed"),
        (ReviewRepository.policies(action: "warn"), ReviewRepository.model(accuracy: "0.5"), "changed"),
        (ReviewRepository.policies(), ReviewRepository.model(accuracy: "0.5", policies: "[]"), "removed"),
        (nil, ReviewRepository.model(accuracy: "0.5", policies: "[]"), "removed"),
        // Head raises the floor: head's counts.
        (ReviewRepository.policies(floor: "0.99"), ReviewRepository.model(accuracy: "0.95"), "changed"),
    ])
    func `a change cannot slip past base's policies nor past its own`(
        _ policies: String?, _ model: String, _ mark: String
    ) async throws {
        let review = try await ReviewRepository()
        try await review.change(["policies.yaml": policies, "models/wine/headgate.yaml": model])
        let answer = try review.ci("--train", "changed")
        #expect(answer.code == 1, "\(answer)")
        #expect(
            answer.output.contains("floor at validate (\(mark)): fail: the accuracy is below the floor"), "\(answer)")
    }

    @Test(arguments: [
        ("# Words.\n\n\n" + ReviewRepository.policies(floor: "0.10"), "file=policies.yaml,line=5,col=1"),
        (nil, "file=models/wine/headgate.yaml,line=23,col=1"),
    ])
    func `what base's policy says stands at a line of head`(_ policies: String?, _ place: String) async throws {
        let review = try await ReviewRepository()
        try await review.change([
            "policies.yaml": policies,
            "models/wine/headgate.yaml": ReviewRepository.model(
                accuracy: "0.5", policies: policies == nil ? "[]" : "[floor]"),
        ])
        let answer = try review.ci("--train", "changed", "-o", "text", "-o", "github", "-o", "junit")
        #expect(answer.output.contains("\n::error \(place),"), "\(answer)")
        #expect(answer.output.contains("    at base, policies.yaml:10:17: rule accuracy\n"), "\(answer)")
        #expect(!answer.output.contains(#"line="10""#) && answer.output.contains("&#10;at base, policies.yaml:10:17: "))
    }

    @Test func `a policy at plan is asked of a change whose steps ran`() async throws {
        let review = try await ReviewRepository()
        let ticket = """
            ---
            apiVersion: headgate.dev/v1
            kind: Policy
            metadata: {name: ticket}
            spec:
              at: [plan]
              match: {labels: {tier: production}}
              rules:
              - name: named
                expression: commit.message.contains('CELLAR-')
                message: no ticket

            """
        try await review.change([
            "models/wine/headgate.yaml": ReviewRepository.model(accuracy: "0.95"),
            "policies.yaml": ReviewRepository.policies(rest: ticket),
        ])
        for train in ["none", "changed"] {
            let answer = try review.ci("--train", train)
            #expect(answer.code == 1, "\(answer)")
            #expect(answer.output.contains("ticket at plan (new): fail: no ticket"), "\(answer)")
        }
    }

    @Test func `a policy that is new at head is judged by head alone and marked`() async throws {
        let review = try await ReviewRepository()
        try await review.change(["policies.yaml": ReviewRepository.policies(rest: ReviewRepository.notWorse)])
        let evidence = try review.given(
            #"{"candidates": {"wine": {"metrics": {"accuracy": 0.9}}}, "champions": {"wine": {"metrics": {"accuracy": 0.8}}}}"#
        )
        let answer = try review.ci("--evidence", evidence)
        #expect(answer.code == 0, "\(answer)")
        #expect(answer.output.contains("not-worse at validate (new): pass"))
    }

    @Test func `a protected policy guards whatever the repository says`() async throws {
        let review = try await ReviewRepository()
        try await review.change(["models/wine/headgate.yaml": ReviewRepository.model(accuracy: "0.88")])
        let folder = review.repository.folder + "/protected"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try ReviewRepository.policies(floor: "0.99").write(
            toFile: folder + "/floor.yaml", atomically: true, encoding: .utf8)
        let answer = try review.ci("--train", "changed", "--protected-policies", folder)
        #expect(answer.code == 1, "\(answer)")
        #expect(answer.output.contains("floor at validate (protected): fail"))
    }

    @Test(arguments: [("0.90", 2), ("0.5", 1)])
    func `a label is no way out of a protected policy`(_ accuracy: String, _ code: Int32) async throws {
        let review = try await ReviewRepository()
        try await review.change([
            "models/wine/headgate.yaml": ReviewRepository.model(accuracy: accuracy, labels: "experiment")
        ])
        let folder = review.repository.folder + "/protected"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try ReviewRepository.policies().replacing("name: floor", with: "name: strict")
            .replacing("at: [validate]", with: "at: [validate]\n  match: {labels: {tier: production}}").write(
                toFile: folder + "/strict.yaml", atomically: true, encoding: .utf8)
        let answer = try review.ci("--train", "changed", "--protected-policies", folder)
        #expect(answer.code == code && answer.output.contains("strict at validate (protected): "), "\(answer)")
    }

    @Test func `a champion that nobody published is unknown and the verdict inconclusive`() async throws {
        let review = try await ReviewRepository()
        try await review.repository.commit(
            "Compare", ["policies.yaml": ReviewRepository.policies(rest: ReviewRepository.notWorse)])
        try await review.change(["models/wine/headgate.yaml": ReviewRepository.model(accuracy: "0.95")])
        let unknown = try review.ci("--train", "changed")
        #expect(unknown.code == 2, "\(unknown)")
        #expect(unknown.output.contains("The champion is not known"))
        let never = try review.ci(
            "--train", "changed", "--evidence", try review.given(#"{"champions": {"wine": null}}"#))
        #expect(never.code == 0, "\(never)")
    }

    @Test(arguments: [
        ("policies: [floor]", "policies: []", "removed"), ("policies: [floor]", "policies: [floor, also]", "new"),
    ])
    func `who guards a Model is told when nothing else changes, and what is as it was is not asked`(
        _ old: String, _ new: String, _ mark: String
    ) async throws {
        let review = try await ReviewRepository()
        let also = "---\n" + ReviewRepository.policies().replacing("name: floor", with: "name: also")
        try await review.repository.commit("Another", ["policies.yaml": ReviewRepository.policies(rest: also)])
        try await review.change(["models/wine/headgate.yaml": ReviewRepository.model().replacing(old, with: new)])
        let evidence = try review.given(#"{"candidates": {"wine": {"metrics": {"accuracy": 0.9}}}}"#)
        let answer = try review.ci("--base", "main", "--evidence", evidence)
        #expect(answer.code == 0 && answer.output.contains(" at validate (\(mark)): pass"), "\(answer)")
        #expect(answer.output.split(separator: "\n").count { $0.contains(" at validate") } == 1, "\(answer)")
    }

    @Test func `replicas and targets that change are told, and ask no gate`() async throws {
        let review = try await ReviewRepository()
        let target = "apiVersion: headgate.dev/v1\nkind: Target\nmetadata: {name: here}\nspec: {local: {capacity: 4}}\n"
        try await review.repository.commit("A target", ["target.yaml": target])
        let model = ReviewRepository.model().replacing("target: local}", with: "target: local, replicas: 2}")
        try await review.change([
            "target.yaml": target.replacing("4", with: "8"), "models/wine/headgate.yaml": model,
        ])
        let answer = try review.ci()
        #expect(answer.code == 0, "\(answer)")
        #expect(answer.output.contains("Deployment/wine  resize  from 1 to 2 replicas"), "\(answer)")
        #expect(answer.output.contains("Target/here      apply   its spec changed"), "\(answer)")
        #expect(
            answer.output.hasSuffix("This change passes: 1 deployment would move, 1 target would change.\n"),
            "\(answer)")
    }

    @Test func `a strategy that changes alone is told`() async throws {
        let review = try await ReviewRepository()
        let canary = "spec: {model: wine, target: local, strategy: {canary: {steps: [{weight: 10}, {pause: 5m}]}}}"
        let model = ReviewRepository.model().replacing("spec: {model: wine, target: local}", with: canary)
        try await review.change(["models/wine/headgate.yaml": model])
        let answer = try review.ci()
        #expect(answer.code == 0 && answer.output.contains("its next rollout is by the new strategy; canary: 10 %"))
        #expect(answer.output.contains("This change passes: 1 strategy would change."), "\(answer)")
    }

    @Test func `a change of policies alone says where the results may come from that it waits for`() async throws {
        let review = try await ReviewRepository()
        try await review.change([
            "policies.yaml": nil, "models/wine/headgate.yaml": ReviewRepository.model(policies: "[]"),
        ])
        let answer = try review.ci("--train", "changed")
        #expect(answer.code == 2, "\(answer)")
        #expect(
            answer.output.contains("Policy/floor  prune  left the repository; it is not asked any more"), "\(answer)")
        #expect(answer.output.contains("note: gates wait for results that did not change"), "\(answer)")
    }

    @Test(arguments: [
        ("[1", "it is not valid JSON"), (#"{"champions": {"wine": 3}}"#, "champions.wine: another kind of value"),
        (#"{"approvals": {"wine": [{}]}}"#, "approvals.wine[0]: the member by is missing"),
        (#"{"champion": {}}"#, "unknown member champion"),
        (#"{"approvals": {"wine": [{"by": "ann", "at": "noon"}]}}"#, "approvals.wine[0].at: noon is not a time"),
    ])
    func `evidence that is not as it should be is usage, and named`(_ text: String, _ message: String) async throws {
        let review = try await ReviewRepository()
        let answer = try review.ci("--evidence", try review.given(text))
        #expect(answer.code == 64 && answer.notes.contains(message), "\(answer)")
    }

    @Test func `evidence of what is not there is told, and a test of a policy in error fails the change`() async throws
    {
        let review = try await ReviewRepository()
        let test = "apiVersion: headgate.dev/v1\nkind: PolicyTest\nmetadata: {name: t}\nspec: {policys: floor}\n"
        try await review.change(["t.yaml": test])
        let answer = try review.ci("--evidence", try review.given(#"{"champions": {"wines": null}}"#))
        #expect(answer.code == 1, "\(answer)")
        #expect(answer.output.contains("t.yaml:4:8: error: unknown field \"policys\""), "\(answer)")
        #expect(answer.output.contains("names Deployment wines, which head does not have; did you mean \"wine\"?"))
    }
}
