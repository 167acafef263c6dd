import Foundation
import HeadgateTestSupport
import Testing

/// Policies from outside of the repository, where a controller's configuration says that they are.
@Suite(.timeLimit(.minutes(5))) struct ProtectedPolicyTests {
    private static let strict = Toy.manifest.components(separatedBy: "---\n")[1]
        .replacing("{floor: 0.5}", with: "{floor: 0.95}")

    private func folder(_ repository: TemporaryRepository) throws -> (policies: URL, configuration: String) {
        let policies = URL(fileURLWithPath: "\(repository.folder)/protected")
        try FileManager.default.createDirectory(at: policies, withIntermediateDirectories: true)
        // As a ConfigMap is mounted: a link to a file beside it that nobody looks for.
        try Data(Self.strict.utf8).write(to: policies.appendingPathComponent(".floor"))
        try FileManager.default.createSymbolicLink(
            atPath: policies.appendingPathComponent("floor.yaml").path, withDestinationPath: ".floor")
        let configuration = "\(repository.folder)/controller.yaml"
        try Data(
            """
            sources: [{name: toy, url: "\(repository.path)", branch: main, poll: 200ms}]
            protectedPolicies: \(policies.path)

            """.utf8
        ).write(to: URL(fileURLWithPath: configuration))
        return (policies, configuration)
    }

    @Test func `a repository's own policy of the same name does not weaken a protected one`() async throws {
        let repository = try await TemporaryRepository()
        try await repository.commit("Add the toy model", Toy.files(accuracy: "0.9"))
        let (policies, configuration) = try folder(repository)
        try await TestController.during(["--config", configuration], in: repository.folder) { controller in
            func says(_ reason: String, _ text: String) async throws -> Bool {
                try await eventually {
                    let events = try await controller.headgate("events", "--for", "deployment/toy")
                    return events.output.split(separator: "\n").contains { $0.contains(reason) && $0.contains(text) }
                }
            }
            #expect(try await says("GateDenied", "accuracy 0.9 is below 0.95"), "\(controller.log)")
            let policy = try await controller.headgate("describe", "policy", "floor")
            #expect(policy.output.contains("protected/floor.yaml:"), "\(policy)")
            let why = try await controller.headgate("policy", "explain", "toy/floor")
            #expect(why.status == 1 && why.output.contains("fail  protected/floor.yaml:"), "\(why)")
            #expect(why.output.contains("candidate.metrics.accuracy = 0.9   from step"), "\(why)")
            #expect(
                why.output.contains("params.floor = 0.95   from the policy's params, protected/floor.yaml"), "\(why)")
            let plan = try await HeadgateProgram(in: repository.path)(
                "plan", "--state", controller.state, "--config", configuration)
            #expect(plan.output.contains("accuracy 0.9 is below 0.95"), "\(plan)")
            #expect(!plan.output.contains("Policy/floor"), "\(plan)")
            // What is protected is read at each commit.
            try Data(Self.strict.replacing("0.95", with: "0.8").utf8).write(
                to: policies.appendingPathComponent(".floor"))
            try await repository.commit("Touch", ["note.txt": "x"])
            #expect(try await says("Promoted", "serves"), "\(controller.log)")
        }
    }

    @Test func `ci asks the same protected policies by the same configuration`() async throws {
        let repository = try await TemporaryRepository()
        try await repository.commit("Add the toy model", Toy.files(accuracy: "0.9"))
        let (policies, configuration) = try folder(repository)
        let headgate = HeadgateProgram(in: repository.path)
        let answer = try await headgate("ci", "--train", "changed", "--config", configuration)
        #expect(answer.status == 1, "\(answer)")
        #expect(answer.output.contains("floor at validate (protected): fail: accuracy 0.9 is below 0.95"), "\(answer)")
        #expect(answer.output.contains("\n    protected, protected/floor.yaml:"), "\(answer)")
        #expect(answer.output.contains("candidate.metrics.accuracy = 0.9, params.floor = 0.95\n"), "\(answer)")
        #expect(!answer.output.contains(policies.path), "\(answer)")
        for (text, message) in [("protectedPolicys: x", "did you mean \"protectedPolicies\"?"), ("- x", "expected")] {
            try Data(text.utf8).write(to: URL(fileURLWithPath: configuration))
            let wrong = try await headgate("ci", "--config", configuration)
            #expect(wrong.status == 64 && wrong.errors.contains(message), "\(wrong)")
        }
        try FileManager.default.removeItem(at: policies.appendingPathComponent("floor.yaml"))
        let empty = try await headgate("ci", "--protected-policies", policies.path)
        #expect(empty.status == 2 && empty.errors.contains("holds no policy"), "\(empty)")
    }
}
