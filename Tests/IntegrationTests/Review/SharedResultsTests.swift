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

    @Test(.timeLimit(.minutes(5)), .enabled(if: Validators.python != nil, "HEADGATE_VALIDATORS is not set"))
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
        #expect(!again.output.contains(" run "), "\(again)")
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

/// SeaweedFS, a real S3 server, with a bucket of its own.
private final class S3Server {
    let environment: [String: String]
    private let process = Process()
    private let folder: URL

    init() async throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("s3-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let identities = #"""
            {"identities": [{"name": "ci", "credentials": [{"accessKey": "test-key", "secretKey": "test-secret"}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"]}]}
            """#
        try identities.write(to: folder.appendingPathComponent("s3.json"), atomically: true, encoding: .utf8)
        let ports = try Self.freePorts(8)
        environment = [
            "AWS_ACCESS_KEY_ID": "test-key", "AWS_SECRET_ACCESS_KEY": "test-secret",
            "AWS_ENDPOINT_URL": "http://127.0.0.1:\(ports[0])",
        ]
        let home = ProcessInfo.processInfo.environment["HEADGATE_VALIDATORS"] ?? ""
        process.executableURL = URL(fileURLWithPath: "\(home)/bin/weed")
        process.arguments = [
            "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-dir=\(folder.path)", "-filer", "-s3",
            "-s3.config=\(folder.path)/s3.json", "-s3.port=\(ports[0])", "-s3.port.grpc=\(ports[1])",
            "-master.port=\(ports[2])", "-master.port.grpc=\(ports[3])", "-volume.port=\(ports[4])",
            "-volume.port.grpc=\(ports[5])", "-filer.port=\(ports[6])", "-filer.port.grpc=\(ports[7])",
            "-volume.max=64", "-master.volumeSizeLimitMB=64",
            // Servers that have ports of their own, which another SeaweedFS on the machine may hold.
            "-s3.port.iceberg=0", "-s3.port.lance=0",
        ]
        let log = folder.appendingPathComponent("log")
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        process.standardOutput = try FileHandle(forWritingTo: log)
        process.standardError = process.standardOutput
        try process.run()
        // curl signs by itself, so the bucket is made by a tool that is not ours.
        var hasBucket = false
        for _ in 0..<120 where process.isRunning {
            let made = try ReviewRepository.run(
                "/usr/bin/curl",
                [
                    "-sf", "-X", "PUT", "--aws-sigv4", "aws:amz:us-east-1:s3", "--user", "test-key:test-secret",
                    "http://127.0.0.1:\(ports[0])/shared",
                ], in: "/")
            hasBucket = hasBucket || made.code == 0
            // A bucket can stand before there is a volume that takes its objects.
            let assigned = try ReviewRepository.run(
                "/usr/bin/curl", ["-sf", "http://127.0.0.1:\(ports[2])/dir/assign?collection=shared"], in: "/")
            if hasBucket, assigned.output.contains("fid") { return }
            try await Task.sleep(for: .milliseconds(500))
        }
        throw NotStarted(log: (try? String(contentsOf: log, encoding: .utf8)) ?? "")
    }

    private struct NotStarted: Error { let log: String }

    /// At once: what it holds goes too, and asked to end it waits for minutes.
    func stop() {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }

    private static func freePorts(_ count: Int) throws -> [Int] {
        let answer = try ReviewRepository.run(
            "/usr/bin/env",
            [
                "python3", "-c",
                """
                import socket
                sockets = [socket.socket() for _ in range(\(count))]
                for s in sockets: s.bind(("127.0.0.1", 0))
                print(*[s.getsockname()[1] for s in sockets])
                """,
            ], in: "/")
        return answer.output.split(separator: " ").compactMap {
            Int($0.trimmingCharacters(in: .whitespacesAndNewlines))
        }
    }
}
