import Foundation
import HeadgateCore
import HeadgateTestSupport
import Testing
import Yams

/// What people see of a controller that lives; nothing here changes it.
@Suite(.living, .timeLimit(.minutes(10))) struct LookingTests {
    static let kinds = ["models", "versions", "deployments", "runs", "targets", "policies", "sources"]

    @Test(arguments: kinds, ["table", "wide", "json", "yaml"])
    func `every kind is listed in every format`(_ kind: String, _ format: String) async throws {
        let result = try await world().headgate("get", kind, "-o", format)
        #expect(result.status == 0 && result.errors.isEmpty, "\(result)")
        switch format {
        case "json": #expect(JSON.list(result.output).count >= 1, "\(result)")
        case "yaml":
            let read = try Yams.load(yaml: result.output) as? [[String: Any]] ?? []
            let json = JSON.list(try await world().headgate("get", kind, "-o", "json").output)
            #expect(!read.isEmpty && read.map { Set($0.keys) } == json.map { Set($0.keys) }, "\(result)")
        default:
            let lines = result.output.split(separator: "\n")
            #expect(lines.count >= 2 && lines[0].allSatisfy { $0.isUppercase || $0 == " " }, "\(result)")
        }
        #expect(!result.lines.contains { $0.hasSuffix(" ") }, "spaces at the end of a line: \(result)")
    }

    @Test func `wide has columns that a table has not`() async throws {
        for kind in Self.kinds where kind != "sources" {
            let table = try await world().headgate("get", kind),
                wide = try await world().headgate("get", kind, "-o", "wide")
            #expect(wide.lines[0].count > table.lines[0].count, "\(kind)")
        }
    }

    @Test(arguments: [
        ("model", "toy"), ("deployment", "toy"), ("target", "local"), ("policy", "floor"), ("source", "models"),
        ("run", "toy/train"), ("deployment", "models/toy"), ("models", "models/toy"),
    ])
    func `what is named is described with its facts aligned`(_ kind: String, _ name: String) async throws {
        for verb in ["get", "describe"] {
            let result = try await world().headgate(verb, kind, name)
            #expect(result.status == 0 && result.errors.isEmpty, "\(verb) \(result)")
            #expect(!result.lines.contains { $0.hasSuffix(" ") }, "spaces at the end of a line: \(result)")
            #expect(!result.output.contains("  \n"))
        }
        let json = try await world().headgate("describe", kind, name, "-o", "json")
        #expect(JSON(json.output) != nil, "\(json)")
    }

    @Test func `a version is named by the beginning of its digest`() async throws {
        let versions = JSON.list(try await world().headgate("get", "versions", "-o", "json").output)
        let digest = try #require(versions.first?["version"] as? String)
        for name in [digest, String(digest.dropFirst(7).prefix(6)), String(digest.prefix(14))] {
            let result = try await world().headgate("describe", "version", name)
            #expect(result.status == 0 && result.output.contains(digest), "\(name): \(result)")
        }
    }

    @Test(arguments: [
        ["get", "model", "nope"], ["get", "deployment", "nope"], ["get", "run", "nope"], ["get", "version", "nope"],
        ["describe", "model", "nope"], ["describe", "deployment", "nope"], ["describe", "version", "abcdef"],
        ["describe", "run", "nope"], ["describe", "target", "nope"], ["describe", "policy", "nope"],
        ["describe", "source", "nope"], ["history", "nope"], ["trace", "nope"], ["logs", "nope"], ["logs", "toy/nope"],
        ["logs", "deployment/nope"], ["logs", "deployment/toy", "--version", "abcdef"],
        ["rollback", "nope"], ["hold", "nope"], ["release", "nope"], ["suspend", "nope"], ["resume", "nope"],
        ["pause", "nope"], ["promote", "nope"], ["abort", "nope"], ["approve", "nope"], ["retry", "model/nope"],
        ["retry", "deployment/nope"], ["reconcile", "nope"], ["prune", "nope"],
        ["adopt", "nope", "--version", "abcdef"], ["rollback", "toy", "--to", "abcdef"],
        ["override", "floor", "--deployment", "nope", "--reason", "x", "--expires", "1h"],
    ])
    func `what does not exist is said so in a line, with exit code 1`(_ arguments: [String]) async throws {
        let result = try await world().headgate.run(arguments)
        #expect(result.status == 1, "\(result)")
        #expect(result.output.isEmpty)
        #expect(result.errors.hasPrefix("headgate: there is no ") && result.lines.count == 1, "\(result)")
    }

    @Test(arguments: [
        ["get", "bogus"], ["get"], ["get", "runs", "--limit", "0"], ["describe", "bogus", "x"], ["describe", "model"],
        ["events", "--for", "toy"], ["events", "--limit", "-1"], ["history"], ["logs"], ["retry", "toy"],
        ["logs", "toy", "--replica", "1"], ["logs", "toy", "--tail", "-1"],
        ["retry", "policy/floor"], ["rollback", "toy", "--to", "xyz"], ["hold", "toy", "--wait", "--timeout", "soon"],
        ["override", "floor", "--deployment", "toy", "--reason", "", "--expires", "1h"],
        ["override", "floor", "--deployment", "toy", "--reason", "x", "--expires", "31d"],
        ["override", "floor", "--deployment", "toy", "--reason", "x"], ["get", "models", "-o", "toml"], ["frobnicate"],
        ["get", "models", "--address", "nowhere"], ["get", "models", "--token-file", "/nonexistent"],
    ])
    func `what is not understood is usage, with exit code 64`(_ arguments: [String]) async throws {
        let result = try await world().headgate.run(arguments)
        #expect(result.status == 64 && result.output.isEmpty && !result.errors.isEmpty, "\(result)")
    }

    @Test func `numbers in YAML are written as people write them`() async throws {
        let result = try await world().headgate("get", "versions", "-o", "yaml")
        #expect(result.output.contains("accuracy: 0.9\n"), "\(result)")
    }

    @Test func `logs are those of a run, of a step, or of a model's newest run`() async throws {
        let step = try await world().headgate("logs", "toy/train")
        #expect(step.status == 0 && step.output == "training on 0.9\n", "\(step)")
        #expect(step.errors.contains("of toy/train: succeeded"), "\(step)")
        let runs = JSON.list(try await world().headgate("get", "runs", "toy/train", "-o", "json").output)
        let run = try #require(runs.first?["run"] as? String)
        let exact = try await world().headgate("logs", run, "-f")
        #expect(exact.output == step.output && exact.errors.isEmpty, "\(exact)")
        let newest = try await world().headgate("logs", "toy")
        #expect(newest.output.isEmpty && newest.errors.contains("of toy/evaluate: succeeded"), "\(newest)")
    }

    @Test func `the log of a Deployment's server is that of its champion, or of a version that is named`() async throws
    {
        let world = try world()
        let server = try await world.headgate("logs", "deployment/toy")
        #expect(server.status == 0 && server.output == "loading 0.9\nserving 0.9\n", "\(server)")
        let deployments = JSON.list(try await world.headgate("get", "deployments", "-o", "json").output)
        let version = try #require(deployments.first?["version"] as? String)
        let short = String(version.dropFirst(7).prefix(12))
        #expect(server.errors == "server 0 of version \(short), champion\n", "\(server)")
        let last = try await world.headgate("logs", "deploy/models/toy", "--tail", "1", "--version", short)
        #expect(last.status == 0 && last.output == "serving 0.9\n", "\(last)")
        let none = try await world.headgate("logs", "deployment/toy", "--replica", "4")
        #expect(none.status == 1 && none.errors.contains("has no replica 4: there is 0"), "\(none)")
        let run = try await world.headgate("logs", "toy/train", "--tail", "0")
        #expect(run.status == 0 && run.output.isEmpty, "\(run)")
        let socket = "\(world.controller.state)/api.sock"
        for (query, code) in [("after=x", "400"), ("tail=-1", "400"), ("replica=-1", "400"), ("version=abcd", "404")] {
            let url = "http://x/api/v1/deployments/toy/log?\(query)"
            let answer = try await TemporaryRepository.run(
                "curl", ["-s", "-o", "/dev/null", "-w", "%{http_code}", "--unix-socket", socket, url])
            #expect(answer == code, "\(query)")
        }
    }

    @Test func `events stand in columns and are told apart by object`() async throws {
        let all = try await world().headgate("events")
        let lines = all.output.split(separator: "\n")
        #expect(all.status == 0 && lines.count > 5, "\(all)")
        let starts = Set(
            lines.compactMap { line in
                line.range(of: "Model/toy").map { line.distance(from: line.startIndex, to: $0.lowerBound) }
            })
        #expect(starts.count == 1, "columns do not stand below each other: \(all)")
        let model = try await world().headgate("events", "--for", "model/toy", "-o", "json", "--limit", "3")
        #expect(model.status == 0 && model.output.contains("\"StepSucceeded\"") && !model.output.contains("Promoted"))
        let none = try await world().headgate("events", "--for", "policy/nope")
        #expect(none.status == 0 && none.output.isEmpty && none.errors.contains("there are no events"), "\(none)")
    }

    @Test func `a trace leads back from what serves to commit, data, metrics and verdicts`() async throws {
        let commit = try await world().repository.resolve("HEAD")
        let result = try await world().headgate("trace", "toy")
        #expect(result.status == 0)
        for word in [
            "main@sha1:\(commit.hex)", "Add the toy model", "Ada <ada@example.org>", "data.txt", "accuracy:  0.9",
            "floor (validate): pass", "train:", "evaluate:",
        ] { #expect(result.output.contains(word), "\(word) is missing: \(result)") }
        #expect(JSON(try await world().headgate("trace", "toy", "-o", "json").output) != nil)
    }

    @Test func `history shows champions, and wide their whole digests`() async throws {
        let table = try await world().headgate("history", "toy")
        #expect(table.status == 0 && table.lines[0].hasPrefix("VERSION"), "\(table)")
        let wide = try await world().headgate("history", "toy", "-o", "wide")
        #expect(wide.output.contains("sha256:"))
    }

    @Test func `a plan next to a controller that has it all says that nothing would happen`() async throws {
        let headgate = HeadgateProgram(in: try world().repository.path, environment: try world().headgate.environment)
        let plan = try await headgate("plan")
        #expect(plan.status == 0 && plan.output.isEmpty && plan.errors == "nothing would happen\n", "\(plan)")
        let all = try await headgate("plan", "--all")
        #expect(all.status == 0 && all.output.contains("cached"), "\(all)")
        let wide = try await headgate("plan", "--all", "-o", "wide")
        #expect(wide.output.contains("headgate.yaml:2:1"), "\(wide)")
        let whole = try await headgate("plan", "--base", "HEAD", "-o", "json")
        #expect(!JSON.list(whole.output).isEmpty, "\(whole)")
    }

    @Test func `a doctor finds a living controller well`() async throws {
        let result = try await world().headgate("doctor")
        #expect(result.status == 0 && result.output.contains("✔ the controller answers"), "\(result)")
        #expect(result.output.contains("✔ source models is at main@"), "\(result)")
    }

    @Test func `health, metrics and unknown routes are answered`() async throws {
        let socket = "\(try world().controller.state)/api.sock"
        func ask(_ path: String) async throws -> String {
            try await TemporaryRepository.run(
                "curl", ["-s", "-w", " %{http_code}", "--unix-socket", socket, "http://headgate\(path)"])
        }
        #expect(try await ask("/healthz") == "ok\n 200")
        #expect(try await ask("/readyz") == "ok\n 200")
        #expect(try await ask("/metrics").contains("headgate_deployment_ready{source=\"models\",deployment=\"toy\"} 1"))
        #expect(try await ask("/api/v1/nope").contains("there is no route /api/v1/nope"))
        #expect(try await ask("/api/v1/nope").hasSuffix(" 404"))
        #expect(try await ask("/hooks/nope").hasSuffix(" 404"))
        #expect(try await ask("/api/v1/deployments/models%2Ftoy/history").hasSuffix(" 200"))
    }

    @Test(arguments: [
        (["get", "deployments", ""], "toy"), (["get", "policy", ""], "floor"), (["history", ""], "toy"),
        (["describe", "source", ""], "models"),
    ])
    func `a shell completes names that the controller knows`(_ words: [String], _ name: String) async throws {
        let script = try await world().headgate("--generate-completion-script", "bash")
        let headgate = try world().headgate
        let file = "\(headgate.folder)/completion-\(UUID().uuidString).bash"
        try Data(script.output.utf8).write(to: URL(fileURLWithPath: file))
        let folder = URL(fileURLWithPath: HeadgateExecutable.path).deletingLastPathComponent().path
        let shell = """
            export PATH=\(folder):$PATH
            . \(file)
            COMP_WORDS=(headgate \(words.map { "'\($0)'" }.joined(separator: " "))); COMP_CWORD=\(words.count)
            COMP_LINE="headgate \(words.joined(separator: " "))"; COMP_POINT=${#COMP_LINE}
            _headgate headgate '' '\(words[words.count - 2])' 2>/dev/null
            printf '%s\\n' "${COMPREPLY[@]}"
            """
        let result = try await headgate.run(["-c", shell], program: "bash")
        #expect(result.lines.contains(name), "\(result)")
    }
}
