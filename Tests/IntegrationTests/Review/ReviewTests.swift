import Foundation
import HeadgateTestSupport
import Testing

/// `headgate ci` on real repositories.
@Suite struct ReviewTests {
    @Test func `a change that touches nothing passes and says so`() async throws {
        let review = try await ReviewRepository()
        try await review.change(["README.md": "Words.\n"])
        let answer = try review.ci()
        #expect(answer.code == 0, "\(answer)")
        #expect(answer.output.contains("nothing would happen"))
    }

    @Test func `without training what the gates wait for is named and nothing is a pass`() async throws {
        let review = try await ReviewRepository()
        try await review.change(["models/wine/headgate.yaml": ReviewRepository.model(accuracy: "0.95")])
        let answer = try review.ci("--base", "main")
        #expect(answer.code == 2, "\(answer)")
        #expect(answer.output.contains("param accuracy changed from \"0.90\" to \"0.95\""))
        #expect(answer.output.contains("still asks accuracy: candidate.metrics.accuracy >= 0.85"))
        #expect(answer.output.contains("note: gates wait for what steps would make"), "\(answer)")
    }

    @Test(arguments: [("0.95", 0, "floor at validate: pass"), ("0.50", 1, "the accuracy is below the floor")])
    func `a trained change passes or fails by its metrics`(
        _ accuracy: String, _ code: Int32, _ text: String
    ) async throws {
        let review = try await ReviewRepository()
        try await review.change(["models/wine/headgate.yaml": ReviewRepository.model(accuracy: accuracy)])
        let folder = review.repository.folder + "/report"
        let answer = try review.ci("--train", "changed", "--report", folder)
        #expect(answer.code == code, "\(answer)")
        #expect(answer.output.contains(text))
        // Without a champion the plot shows how far the candidate is from what the gates ask.
        let plot = try String(contentsOfFile: "\(folder)/plots/deployment-wine.svg", encoding: .utf8)
        #expect(plot.contains("asked ≥ 0.85"), "\(plot)")
    }

    @Test func `a gate that says no is named with its rule's place and with who asked for it`() async throws {
        let review = try await ReviewRepository()
        try await review.change(["models/wine/headgate.yaml": ReviewRepository.model(accuracy: "0.50")])
        let answer = try review.ci("--train", "changed")
        #expect(
            answer.output.contains(
                """
                  floor at validate: fail: the accuracy is below the floor
                    policies.yaml:10:17: rule accuracy
                      candidate.metrics.accuracy = 0.5, params.accuracy = 0.85
                    models/wine/headgate.yaml:2:1: named by Model/wine

                """), "\(answer)")
        #expect(answer.output.contains("\nDeployment/wine  models/wine/headgate.yaml:23:1\n"), "\(answer)")
        #expect(answer.output.contains("would not move: policy floor says no"), "\(answer)")
        #expect(answer.output.contains("2 steps ran,") && !answer.output.contains("would run"), "\(answer)")
    }

    @Test func `a Deployment in error leaves nothing to happen, and the first commit starts from nothing`() async throws
    {
        let review = try await ReviewRepository()
        let broken = ReviewRepository.model().replacing("target: local", with: "targt: local")
        try await review.change(["models/wine/headgate.yaml": broken])
        let answer = try review.ci("--base", "main")
        #expect(answer.output.contains("nothing would happen: what is in error stays as it was"), "\(answer)")
        try await review.repository.git("checkout", "-q", "main")
        let first = try review.ci()
        #expect(first.output.hasPrefix("nothing → "), "\(first)")
    }

    @Test func `a key is never made over a file`() async throws {
        let review = try await ReviewRepository()
        let made = try ReviewRepository.run(
            HeadgateExecutable.path, ["key", "generate", "k.pem"], in: review.repository.path)
        #expect(made.code == 0, "\(made)")
        let again = try ReviewRepository.run(
            HeadgateExecutable.path, ["key", "generate", "k.pem"], in: review.repository.path)
        #expect(again.code == 1 && again.notes == "headgate: k.pem is there already\n", "\(again)")
    }

    @Test func `a step that fails fails the change`() async throws {
        let review = try await ReviewRepository()
        try await review.change(["models/wine/train.sh": "echo the data is broken >&2; exit 3\n"])
        let folder = review.repository.folder + "/report"
        let answer = try review.ci("--train", "changed", "-o", "text", "-o", "github", "--report", folder)
        #expect(answer.code == 1, "\(answer)")
        let line = "models/wine/headgate.yaml:7:7: error: Model/wine train failed: exited with 3: the data is broken"
        #expect(answer.output.contains(line), "\(answer)")
        #expect(answer.output.contains("::error file=models/wine/headgate.yaml,line=7,col=7,"))
        func read(_ file: String) throws -> String {
            try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)
        }
        #expect(try read("junit.xml").contains(#"file="models/wine/headgate.yaml" line="7""#))
        #expect(try read("report.md").contains("`models/wine/headgate.yaml:7:7`"))
        for file in ["headgate.sarif", "gl-code-quality-report.json"] {
            #expect(try read(file).contains(/"(startLine|begin)"\s*:\s*7\b/), "\(file)")
        }
    }

    @Test(arguments: [
        ("train.sh", "true", 1, "error", "did not give what it declares: declared but not written: model/"),
        ("train.sh", "mkdir model; touch other", 1, "error", "did not give what it declares: written but not declared"),
        (
            "evaluate.sh", "echo '{\"accuracy\": 1' > metrics.json", 1, "error",
            "did not give what it declares: metrics file metrics.json is not JSON"
        ),
        ("evaluate.sh", "true", 1, "error", "did not give what it declares: metrics file metrics.json was not written"),
        ("program", "", 1, "error", "could not be started: "), ("timeout", "sleep 600", 2, "warning", "did not end: "),
        ("train.sh", "kill -KILL $$", 2, "warning", "did not end: killed by signal 9"),
    ])
    func `a step without its result is the change's slip, unless it did not end`(
        _ file: String, _ text: String, _ code: Int32, _ level: String, _ words: String
    ) async throws {
        let review = try await ReviewRepository()
        var model = ReviewRepository.model()
        switch file {
        case "program":
            model = model.replacing("command: [sh, train.sh, $(params.accuracy)]", with: "command: [no-such-program]")
            try await review.change(["models/wine/headgate.yaml": model])
        case "timeout":
            model = model.replacing("outputs: [model/]", with: "outputs: [model/]\n      timeout: 1s")
            try await review.change(["models/wine/headgate.yaml": model, "models/wine/train.sh": text + "\n"])
        default: try await review.change(["models/wine/\(file)": text + "\n"])
        }
        let answer = try review.ci("--train", "changed", "-o", "text", "-o", "github")
        #expect(answer.code == code, "\(answer)")
        let step = file == "evaluate.sh" ? "evaluate" : "train"
        #expect(answer.output.contains("\(level): Model/wine \(step) \(words)"), "\(answer)")
        #expect(answer.output.contains("::\(level) file=models/wine/headgate.yaml"), "\(answer)")
        #expect(answer.output.contains(code == 1 ? "1 step failed" : "1 step has no result"), "\(answer)")
        #expect(!answer.output.contains("could not be run"), "\(answer)")
    }

    @Test func `a manifest in error is named by its line`() async throws {
        let review = try await ReviewRepository()
        try await review.change([
            "models/wine/headgate.yaml": ReviewRepository.model().replacing("target: local", with: "targt: local")
        ])
        let answer = try review.ci("--output", "github")
        #expect(answer.code == 1, "\(answer)")
        #expect(answer.output.contains("::error file=models/wine/headgate.yaml,line=25,col=21"))
    }

    @Test func `a metric that no step declares fails the change where the rule asks for it`() async throws {
        let review = try await ReviewRepository()
        let slip = ReviewRepository.policies().replacing(
            "candidate.metrics.accuracy", with: "candidate.metrics.acuracy")
        try await review.change(["policies.yaml": slip])
        let folder = review.repository.folder + "/report"
        let answer = try review.ci("--report", folder, "-o", "text", "-o", "github")
        #expect(answer.code == 1, "\(answer)")
        let message = "no step declares the metric acuracy; declared are accuracy, latency.p99_ms, by Model wine"
        #expect(
            answer.output.contains("policies.yaml:10:17: error: \(message); did you mean \"accuracy\"?"), "\(answer)")
        let annotations = answer.output.split(separator: "\n").filter { $0.hasPrefix("::") }
        #expect(annotations.count == 1, "\(annotations)")
        #expect(annotations[0].hasPrefix("::error file=policies.yaml,line=10,col=17,"), "\(annotations)")
        let junit = try String(contentsOfFile: folder + "/junit.xml", encoding: .utf8)
        #expect(
            junit.contains(#"file="policies.yaml" line="10""#) && !junit.contains(#"file="policies.yaml" line="1""#))
        let sarif = try JSONDecoder().decode(
            Log.self, from: Data(contentsOf: URL(fileURLWithPath: folder + "/headgate.sarif")))
        let result = try #require(sarif.runs.first?.results.first)
        #expect(result.level == "error" && result.message.text.contains("did you mean \"accuracy\"?"))
        #expect(result.locations.first?.physicalLocation.region.startLine == 10)
    }

    /// What is read of SARIF.
    private struct Log: Decodable {
        struct Run: Decodable { let results: [Result] }
        struct Result: Decodable {
            let level: String
            let message: Text
            let locations: [Location]
        }
        struct Text: Decodable { let text: String }
        struct Location: Decodable { let physicalLocation: Physical }
        struct Physical: Decodable { let region: Region }
        struct Region: Decodable { let startLine: Int }

        let runs: [Run]
    }

    @Test(arguments: ["candidate.metrics.acuracy", "candidate.metric.accuracy", "candidate.metrics.["])
    func `a change that puts a policy right is not held up by the slip`(_ expression: String) async throws {
        let review = try await ReviewRepository()
        let slip = ReviewRepository.policies().replacing("candidate.metrics.accuracy", with: expression)
        try await review.repository.commit("Slip", ["policies.yaml": slip])
        try await review.change(["policies.yaml": ReviewRepository.policies()])
        let answer = try review.ci(
            "--train", "changed", "--evidence",
            try review.given(#"{"candidates": {"wine": {"metrics": {"accuracy": 0.9}}}}"#))
        #expect(answer.code == 0, "\(answer)")
    }

    @Test func `a metric that a protected policy asks for and no step declares fails the change`() async throws {
        let review = try await ReviewRepository()
        try await review.change(["README.md": "Words.\n"])
        let folder = review.repository.folder + "/protected"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try ReviewRepository.policies().replacing("name: floor", with: "name: fair")
            .replacing("candidate.metrics.accuracy", with: "candidate.metrics.parity").write(
                toFile: folder + "/fair.yaml", atomically: true, encoding: .utf8)
        let answer = try review.ci("--protected-policies", folder)
        #expect(answer.code == 1, "\(answer)")
        let text = "models/wine/headgate.yaml:2:1: error: protected policy fair cannot be asked of Model wine: no step"
        #expect(answer.output.contains(text), "\(answer)")
    }

    @Test func `a store that is away is told once and waited for once`() async throws {
        let review = try await ReviewRepository()
        let key = review.repository.folder + "/key.pem"
        let made = try ReviewRepository.run(HeadgateExecutable.path, ["key", "generate", key], in: "/")
        try made.output.write(toFile: key + ".pub", atomically: true, encoding: .utf8)
        try await review.change(["models/wine/headgate.yaml": ReviewRepository.model(accuracy: "0.95")])
        // Nobody may listen at port 1.
        let answer = try review.ci(
            "--store", "s3://bucket/x", "--trusted-key", key + ".pub",
            environment: ["AWS_ENDPOINT_URL": "http://127.0.0.1:1"])
        let why = "results in the shared store are not known: s3://bucket/x/results/"
        #expect(answer.code == 2 && answer.output.contains("note: \(why)"), "\(answer)")
        #expect(answer.output.contains("The champion is not known: \(why)"), "\(answer)")
    }

    // MARK: Usage and secrets

    @Test(arguments: [
        ["--output", "pdf"], ["--train", "all"], ["--path", "../x"], ["--evidence", "/nowhere.json"],
        ["--store", "ftp://x"], ["--concurrent-steps", "0"],
    ])
    func `wrong usage is told apart from a failed change`(_ arguments: [String]) async throws {
        let review = try await ReviewRepository()
        let answer = try ReviewRepository.run(
            HeadgateExecutable.path, ["ci"] + arguments, in: review.repository.path)
        #expect(answer.code == 64, "\(answer)")
        #expect(answer.notes.contains("Usage: headgate ci [<options>] [<path>]"), "\(answer)")
        #expect(answer.notes.contains("See 'headgate ci --help'"), "\(answer)")
    }

    @Test func `no secret reaches any output`() async throws {
        let review = try await ReviewRepository()
        let key = review.repository.folder + "/key.pem"
        _ = try ReviewRepository.run(HeadgateExecutable.path, ["key", "generate", key], in: "/")
        let secret = try String(contentsOfFile: key, encoding: .utf8)
        try await review.change([
            "models/wine/headgate.yaml": ReviewRepository.model().replacing(
                "outputs: [model/]", with: "outputs: [model/]\n      secrets: [TOKEN]")
        ])
        let folder = review.repository.folder + "/report"
        let answer = try review.ci(
            "--train", "changed", "--store", review.repository.folder + "/store", "--report", folder, "--output",
            "text", "--output", "json", "--output", "github",
            environment: [
                "HEADGATE_SIGNING_KEY": secret, "HEADGATE_SECRET_TOKEN": "hunter2-hunter2",
                "AWS_SECRET_ACCESS_KEY": "aws-secret-aws-secret",
            ])
        #expect(answer.code == 0, "\(answer)")
        var all = answer.output + answer.notes
        for file in FileManager.default.enumerator(atPath: folder)?.compactMap({ $0 as? String }) ?? [] {
            all += (try? String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)) ?? ""
        }
        let body = secret.split(separator: "\n")[1]
        for text in ["hunter2-hunter2", "aws-secret-aws-secret", String(body)] { #expect(!all.contains(text)) }
    }
}
