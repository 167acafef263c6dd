import Foundation
import HeadgateTestSupport

/// A repository with a model whose accuracy is a parameter, and what `headgate ci` says of it.
struct ReviewRepository {
    let repository: TemporaryRepository

    struct Answer {
        let code: Int32
        let output: String
        let notes: String
    }

    init() async throws {
        repository = try await TemporaryRepository("wine")
        try await repository.commit(
            "Add the wine model",
            [
                "models/wine/headgate.yaml": Self.model(), "policies.yaml": Self.policies(),
                "models/wine/train.sh": "mkdir model && echo \"$1\" > model/accuracy\n",
                "models/wine/evaluate.sh": """
                printf '{"accuracy": %s, "latency": {"p99_ms": 12.5}}' "$(cat model/accuracy)" > metrics.json

                """,
            ])
    }

    static func model(accuracy: String = "0.90", policies: String = "[floor]", labels: String = "production") -> String
    {
        """
        apiVersion: headgate.dev/v1
        kind: Model
        metadata: {name: wine, labels: {tier: \(labels)}}
        spec:
          pipeline:
            steps:
            - name: train
              command: [sh, train.sh, $(params.accuracy)]
              params: {accuracy: "\(accuracy)"}
              inputs: [train.sh]
              outputs: [model/]
            - name: evaluate
              command: [sh, evaluate.sh]
              inputs: [evaluate.sh, model/]
              metrics: {file: metrics.json, names: {accuracy: double, latency.p99_ms: double}}
          artifact: model/
          serve:
            command: [python3, -m, http.server, $(port), --bind, 127.0.0.1]
            ready: {path: /, within: 60s}
          policies: \(policies)
        ---
        apiVersion: headgate.dev/v1
        kind: Deployment
        metadata: {name: wine}
        spec: {model: wine, target: local}

        """
    }

    static func policies(floor: String = "0.85", action: String = "deny", rest: String = "") -> String {
        """
        apiVersion: headgate.dev/v1
        kind: Policy
        metadata: {name: floor}
        spec:
          at: [validate]
          action: \(action)
          params: {accuracy: \(floor)}
          rules:
          - name: accuracy
            expression: candidate.metrics.accuracy >= params.accuracy
            message: the accuracy is below the floor
        \(rest)
        """
    }

    /// A policy that compares with the champion, for models in production.
    static let notWorse = """
        ---
        apiVersion: headgate.dev/v1
        kind: Policy
        metadata: {name: not-worse}
        spec:
          at: [validate]
          match: {labels: {tier: production}}
          rules:
          - name: accuracy
            expression: champion == null || candidate.metrics.accuracy >= champion.metrics.accuracy
            message: worse than the champion
        """

    /// Commits on a branch of its own.
    func change(_ files: [String: String?], _ message: String = "Change the model") async throws {
        try await repository.git("checkout", "-q", "-B", "change", "main")
        try await repository.commit(message, files)
    }

    /// A file of evidence beside the checkout.
    func given(_ text: String) throws -> String {
        let file = repository.folder + "/evidence.json"
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        return file
    }

    /// Runs `headgate ci` in the checkout, with no variable of this machine's own CI system.
    func ci(
        _ arguments: String..., in path: String? = nil, environment: [String: String] = [:]
    ) throws -> Answer {
        try Self.run(
            HeadgateExecutable.path, ["ci"] + arguments, in: path ?? repository.path, environment: environment)
    }

    func ci(_ arguments: [String]) throws -> Answer {
        try Self.run(HeadgateExecutable.path, ["ci"] + arguments, in: repository.path)
    }

    static func run(
        _ program: String, _ arguments: [String], in path: String, environment: [String: String] = [:]
    ) throws -> Answer {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: path)
        let kept = ProcessInfo.processInfo.environment.filter { ["PATH", "HOME", "TMPDIR"].contains($0.key) }
        process.environment = kept.merging(environment) { _, new in new }
        // Files, since a pipe that is full would stop the program.
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("review-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let files = ["out", "err"].map { folder.appendingPathComponent($0) }
        for file in files { _ = FileManager.default.createFile(atPath: file.path, contents: nil) }
        process.standardOutput = try FileHandle(forWritingTo: files[0])
        process.standardError = try FileHandle(forWritingTo: files[1])
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        let texts = try files.map { try String(contentsOf: $0, encoding: .utf8) }
        return Answer(code: process.terminationStatus, output: texts[0], notes: texts[1])
    }
}

/// Tools that are not ours, in a Python of their own that `Tests/run` makes.
enum Validators {
    static let python = ProcessInfo.processInfo.environment["HEADGATE_VALIDATORS"].map { "\($0)/bin/python" }

    private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Validators/validate").path

    /// What is wrong with a file; empty when nothing is.
    static func problem(_ format: String, _ files: String...) throws -> String {
        let answer = try ReviewRepository.run(python ?? "python3", [script, format] + files, in: "/")
        return answer.code == 0 ? "" : answer.output + answer.notes
    }
}
