import Foundation
import HeadgateTestSupport
import Testing

/// A real controller, a real repository and a real step that leaves a report of a real tool.
@Suite struct VerdictExplanationTests {
    private static let manifests = """
        apiVersion: headgate.dev/v1
        kind: Model
        metadata: {name: wine}
        spec:
          pipeline:
            steps:
            - name: train
              command: [sh, train.sh]
              inputs: [train.sh, evidently.json]
              outputs: [model/]
              metrics: {file: metrics.json}
              reports: {drift: {file: drift.json, format: evidently}}
          artifact: model/
          serve: {command: [sleep, "1000"]}
          policies: [floor, drift-psi]
        ---
        apiVersion: headgate.dev/v1
        kind: Policy
        metadata: {name: floor}
        spec:
          at: [validate]
          params: {floor: 0.9}
          rules:
          - name: accuracy
            expression: restoring || candidate.metrics.accuracy >= params.floor
        ---
        apiVersion: headgate.dev/v1
        kind: Target
        metadata: {name: here}
        spec: {local: {}}
        ---
        apiVersion: headgate.dev/v1
        kind: Deployment
        metadata: {name: wine}
        spec: {model: wine, target: here}
        ---
        apiVersion: headgate.dev/v1
        kind: Model
        metadata: {name: beer}
        spec:
          pipeline: {steps: [{name: brew, command: [sh, train.sh], inputs: [train.sh], outputs: [model/]}]}
          artifact: model/
          serve: {command: [sleep, "1000"]}
          policies: [ticket]
        ---
        apiVersion: headgate.dev/v1
        kind: Policy
        metadata: {name: ticket}
        spec:
          at: [plan]
          rules: [{name: named, expression: "commit.message.contains('CELLAR-')", message: no ticket}]
        ---
        apiVersion: headgate.dev/v1
        kind: Deployment
        metadata: {name: ale}
        spec: {model: beer, target: here}

        """

    private static let train = """
        mkdir model && echo weights > model/model.txt
        echo '{"accuracy": 0.5}' > metrics.json
        cp evidently.json drift.json
        """

    @Test(.timeLimit(.minutes(3)))
    func `a verdict is explained with its parts and the origin of its evidence, by the API and from the ledger`()
        async throws
    {
        var root = URL(filePath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        func file(_ path: String) throws -> String {
            try String(contentsOf: root.appending(path: "policies/\(path)"), encoding: .utf8)
        }
        let repository = try await TemporaryRepository()
        _ = try await repository.commit(
            "Train a bad model",
            [
                "headgate.yaml": Self.manifests, "train.sh": Self.train,
                "drift-psi.yaml": try file("drift-psi/policy.yaml"),
                "evidently.json": try file("reports/evidently.json"),
            ])
        let state = try FileFolder(["keep": ""])
        let folder = state.url.appendingPathComponent("state").path
        let process = Process()
        process.executableURL = URL(fileURLWithPath: HeadgateExecutable.path)
        process.arguments = [
            "run", "--repo", repository.path, "--branch", "main", "--poll", "200ms", "--state", folder,
        ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        defer { if process.isRunning { process.terminate() } }
        func explain(_ verdict: String, _ options: [String] = []) throws -> Headgate {
            try Headgate(["policy", "explain", verdict, "--state", folder] + options)
        }
        var drift = try explain("wine/drift-psi")
        while !drift.output.contains("Outcome:") {
            try #require(process.isRunning)
            try await Task.sleep(for: .milliseconds(200))
            drift = try explain("wine/drift-psi")
        }
        #expect(drift.status == 1, "\(drift)")
        #expect(drift.output.contains("Message:   drifted: alcohol by 1.66"), "\(drift.output)")
        #expect(drift.output.contains("from the policy's params, drift-psi.yaml"))
        let floor = try explain("wine/floor@validate")
        #expect(floor.status == 1)
        for line in [
            "On:        Deployment/wine", "Rule accuracy: fail  headgate.yaml:25:17",
            "    candidate.metrics.accuracy >= params.floor → false",
            "candidate.metrics.accuracy = 0.5   from step train, run",
        ] {
            #expect(floor.output.contains(line), "\(floor.output)")
        }
        let ticket = try explain("beer/ticket")
        #expect(ticket.status == 1, "\(ticket)")
        for line in [
            "On:        Model/beer, at plan", "Message:   no ticket", "commit.message.contains('CELLAR-') → false",
            "commit.message = \"Train a bad model\\n\"   from the commit in force, main@sha1:",
        ] {
            #expect(ticket.output.contains(line), "\(ticket.output)")
        }
        let named = try #require(ticket.output.split(separator: "\n").first?.split(separator: " ").last)
        for (kind, name) in [("model", "beer"), ("deployment", "ale")] {
            let shown = try Headgate(["describe", kind, name, "--state", folder])
            #expect(shown.output.contains("ticket (plan): fail: no ticket  [\(named)]"), "\(shown)")
            #expect(shown.output.contains("`headgate policy explain ID`"), "\(shown)")
        }
        let events = try Headgate(["events", "--for", "model/beer", "--state", folder])
        #expect(events.output.contains("PolicyFail") && events.output.contains("policy explain \(named)"), "\(events)")
        let meant = try explain("ale/ticket")
        #expect(meant.status == 1 && meant.errors.contains("; there is beer/ticket@plan"), "\(meant)")
        process.terminate()
        process.waitUntilExit()
        #expect(try explain(String(named), ["--offline"]).output == ticket.output)
        let id = try #require(floor.output.split(separator: "\n").first?.split(separator: " ").last)
        #expect(try explain(String(id.prefix(8)), ["--offline"]).output == floor.output)
        #expect(try explain("wine/nothing", ["--offline"]).status == 1)
    }

    @Test func `without a ledger nothing is told, which is neither yes nor no`() throws {
        let state = try FileFolder(["keep": ""])
        let answer = try Headgate(["policy", "explain", "wine/floor", "--offline", "--state", state.url.path])
        #expect(answer.status == 2, "\(answer)")
    }
}
