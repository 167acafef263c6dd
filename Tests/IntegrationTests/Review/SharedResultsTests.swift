import Foundation
import HeadgateTestSupport
import Testing

/// What CI trained, the controller does not train again: with a real controller, and real stores.
@Suite struct SharedResultsTests {
    /// CI's key and the controller's.
    private struct Keys {
        let folder: String

        init(_ folder: String) throws {
            self.folder = folder
            for name in ["ci", "controller"] {
                let made = try ReviewRepository.run(
                    HeadgateExecutable.path, ["key", "generate", "\(folder)/\(name).pem"], in: folder)
                #expect(made.code == 0, "\(made)")
                try made.output.write(toFile: "\(folder)/\(name).pub", atomically: true, encoding: .utf8)
            }
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `CI trains, the controller takes it, and CI compares with the champion`() async throws {
        let review = try await ReviewRepository()
        try await story(review, store: review.repository.folder + "/store", environment: [:])
        // The attestations are what other tools take for such.
        guard Validators.python != nil else { return }
        let folder = review.repository.folder
        for kind in ["results", "champions/wine"] {
            let names = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/store/\(kind)")
            let key = kind == "results" ? "ci" : "controller"
            for name in names {
                #expect(
                    try Validators.problem(
                        "attestation", "\(folder)/store/\(kind)/\(name)", "\(folder)/\(key).pub") == "")
            }
        }
    }

    @Test(.timeLimit(.minutes(5)), .enabled(if: S3Server.isInstalled, "HEADGATE_VALIDATORS is not set"))
    func `an S3 server does as a folder does`() async throws {
        let server = try await S3Server()
        defer { server.stop() }
        let review = try await ReviewRepository()
        try await story(review, store: "s3://shared/team", environment: server.environment)
        let wrong = server.environment.merging(["AWS_SECRET_ACCESS_KEY": "wrong-wrong-wrong"]) { _, new in new }
        let refused = try review.ci(
            "--base", "main", "--store", "s3://shared/team", "--trusted-key", review.repository.folder + "/ci.pub",
            environment: wrong)
        #expect(refused.output.contains("SignatureDoesNotMatch"), "\(refused)")
        #expect(!(refused.output + refused.notes).contains("wrong-wrong-wrong"))
    }

    private func story(
        _ review: ReviewRepository, store: String, environment: [String: String]
    ) async throws {
        let folder = review.repository.folder
        _ = try Keys(folder)
        try await review.repository.commit(
            "Compare", ["policies.yaml": ReviewRepository.policies(rest: ReviewRepository.notWorse)])
        func ci(_ arguments: String...) throws -> ReviewRepository.Answer {
            let shared = [
                "ci", "--source", "wine", "--store", store, "--signing-key", "\(folder)/ci.pem", "--trusted-key",
                "\(folder)/ci.pub", "--trusted-key", "\(folder)/controller.pub",
            ]
            return try ReviewRepository.run(
                HeadgateExecutable.path, shared + arguments, in: review.repository.path, environment: environment)
        }
        // Everything is trained once, by CI.
        let root = try await review.repository.git("rev-list", "--max-parents=0", "HEAD")
        let first = try ci("--head", root, "--train", "changed", "--evidence", try never(folder))
        #expect(first.code == 0, "\(first)")
        #expect(first.notes.contains("wine train: succeeded"), "\(first)")

        let controller = try Controller(review, store: store, environment: environment)
        defer { controller.stop() }
        let serves = try await controller.serves()
        #expect(serves, "\(controller.log)")
        #expect(controller.log.contains("taken from"), "\(controller.log)")
        #expect(controller.runs.isEmpty, "\(controller.runs)")

        // The controller says who is champion, so a change can be compared.
        try await review.change(["models/wine/headgate.yaml": ReviewRepository.model(accuracy: "0.87")])
        var answer = try ci("--train", "changed")
        for _ in 0..<60 where answer.output.contains("The champion is not known") {
            try await Task.sleep(for: .seconds(1))
            answer = try ci("--train", "changed")
        }
        #expect(answer.code == 1, "\(answer)")
        #expect(answer.output.contains("worse than the champion"), "\(answer)")
        #expect(answer.output.contains("0.9") && answer.output.contains("−3.33 %"), "\(answer)")
        // A second run of the same change takes what the first one published.
        let again = try ci("--train", "changed")
        #expect(again.code == 1 && again.output.contains("worse than the champion"), "\(again)")
        #expect(again.output.contains(": 2 results were taken, "), "\(again)")
        #expect(!again.notes.contains("train: succeeded"), "\(again)")
        #expect(!again.output.contains("no signing key was given"), "\(again)")
        // A fork has no key: it is judged all the same, and as nothing was trained it is told of none.
        let fork = try ReviewRepository.run(
            HeadgateExecutable.path,
            [
                "ci", "--source", "wine", "--store", store, "--trusted-key", "\(folder)/ci.pub", "--train", "changed",
            ], in: review.repository.path, environment: environment)
        #expect(fork.output.contains("2 results were taken"), "\(fork)")
        #expect(!fork.output.contains("no signing key was given"), "\(fork)")
    }

    @Test func `a change of the evaluation alone has its gates before it, however often its result is asked for`()
        async throws
    {
        let review = try await ReviewRepository()
        let folder = review.repository.folder
        _ = try Keys(folder)
        try await review.change([
            "models/wine/evaluate.sh": #"echo '{"accuracy": 0.5, "latency": {"p99_ms": 9.5}}' > metrics.json"#
        ])
        for train in ["changed", "changed", "none"] {
            let answer = try review.ci(
                "--base", "main", "--train", train, "--store", folder + "/store", "--signing-key", folder + "/ci.pem",
                "--trusted-key", folder + "/ci.pub")
            #expect(answer.code == 1 && answer.output.contains("0.5"), "\(train): \(answer)")
        }
    }

    @Test func `keys without a store are wrong usage`() async throws {
        let review = try await ReviewRepository()
        for option in ["--signing-key", "--trusted-key"] {
            let answer = try review.ci(option, "/nowhere.pem")
            #expect(answer.code == 64 && answer.notes.contains("give --store"), "\(answer)")
        }
    }

    private func never(_ folder: String) throws -> String {
        let file = folder + "/never.json"
        try #"{"champions": {"wine": null}}"#.write(toFile: file, atomically: true, encoding: .utf8)
        return file
    }
}

/// A controller as a process, on a repository's main branch.
private final class Controller {
    private let process = Process()
    private let state: String
    private let output: URL

    init(_ review: ReviewRepository, store: String, environment: [String: String]) throws {
        let folder = review.repository.folder
        state = folder + "/state"
        let configuration = """
            sources: [{name: wine, url: "\(review.repository.path)", branch: main, poll: 500ms}]
            state: \(state)
            shared:
              url: "\(store)"
              keyFile: \(folder)/controller.pem
              trustedKeys: [\(folder)/ci.pub]

            """
        try configuration.write(toFile: folder + "/controller.yaml", atomically: true, encoding: .utf8)
        output = URL(fileURLWithPath: folder + "/controller.log")
        _ = FileManager.default.createFile(atPath: output.path, contents: nil)
        process.executableURL = URL(fileURLWithPath: HeadgateExecutable.path)
        process.arguments = ["run", "--config", folder + "/controller.yaml"]
        let kept = ProcessInfo.processInfo.environment.filter { ["PATH", "HOME", "TMPDIR"].contains($0.key) }
        process.environment = kept.merging(environment) { _, new in new }
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = process.standardOutput
        try process.run()
    }

    var log: String { (try? String(contentsOf: output, encoding: .utf8)) ?? "" }

    /// Folders of steps that were run here.
    var runs: [String] { (try? FileManager.default.contentsOfDirectory(atPath: state + "/runs")) ?? [] }

    /// Waits until the Deployment has a champion; false when it never gets one.
    func serves() async throws -> Bool {
        for _ in 0..<240 {
            let answer = try ReviewRepository.run(
                HeadgateExecutable.path, ["get", "deployments", "--state", state, "-o", "json"], in: "/")
            let list = try? JSONSerialization.jsonObject(with: Data(answer.output.utf8)) as? [[String: Any]]
            if list?.first?["version"] is String { return true }
            try await Task.sleep(for: .milliseconds(500))
        }
        return false
    }

    /// Ends it and what it left running for its successor.
    func stop() {
        process.terminate()
        process.waitUntilExit()
        for pid in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] where Int32(pid) != nil {
            guard let line = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline"),
                String(decoding: line, as: UTF8.self).contains(state), let id = Int32(pid)
            else { continue }
            kill(id, SIGKILL)
        }
    }
}
