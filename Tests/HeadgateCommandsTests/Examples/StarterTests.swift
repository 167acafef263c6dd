import Foundation
import HeadgateTestSupport
import Testing
import Yams

/// The repository of `docs/starter.md`, made of what stands there and nothing else.
@Suite(.timeLimit(.minutes(5))) struct StarterTests {
    /// Text behind a file's name, and what a person types.
    private struct Page {
        var files: [String: String] = [:]
        var commands: [String] = []

        init() throws {
            let text = try String(contentsOfFile: "\(PythonTools.root)/docs/starter.md", encoding: .utf8)
            for match in text.matches(of: /(?m)^`(?<name>[^`\n]+)`\n\n```\w+\n(?<text>(?s:.*?))^```$/) {
                files[String(match.name)] = String(match.text)
            }
            for match in text.matches(of: /(?m)^```sh\n(?<text>(?s:.*?))^```$/) { commands.append(String(match.text)) }
        }
    }

    private let page: Page

    init() throws { page = try Page() }

    @Test func `what a person types works as pasted, and a worse change ends with 1`() async throws {
        let repository = try await TemporaryRepository()
        try repository.write(page.files.mapValues { .some($0) })
        let program = URL(fileURLWithPath: HeadgateExecutable.path).deletingLastPathComponent().path
        let path = "\(program):\(ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")"
        let shell = HeadgateProgram(
            in: repository.path,
            environment: [
                "PATH": path, "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org",
                "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.org",
            ])
        try #require(page.commands.count == 2)
        let good = try await shell.run(["-ec", page.commands[0]], program: "sh")
        #expect(good.status == 0, "\(good)")
        #expect(good.output.contains("0 errors, 0 warnings") || good.errors.contains("0 errors, 0 warnings"), "\(good)")
        #expect(good.output.contains("accuracy at validate: pass"), "\(good)")
        let worse = try await shell.run(["-ec", page.commands[1]], program: "sh")
        #expect(worse.status == 1 && worse.output.contains("accuracy 0.625 is below 0.75"), "\(worse)")
        let fmt = try await shell.run(["-ec", "git checkout -q main && headgate policy fmt --check"], program: "sh")
        #expect(fmt.status == 0, "\(fmt)")
    }

    @Test func `its job of CI judges a pull request`() async throws {
        let file = try #require(page.files[".github/workflows/headgate.yml"])
        let workflow = try #require(try Yams.load(yaml: file) as? [String: Any])
        let job = try #require((workflow["jobs"] as? [String: [String: Any]])?["headgate"])
        let steps = try #require(job["steps"] as? [[String: Any]]).compactMap { $0["run"] as? String }
        let scripts = steps.map { text in
            CIExample.Script(shell: ["bash", "--noprofile", "--norc", "-eo", "pipefail"], text: text)
        }
        #expect(!scripts.isEmpty)
        let manifest = try #require(page.files["headgate.yaml"])
        let proposed = try await ProposedChange(
            ["headgate.yaml": manifest.replacing("smoothing: 1.0", with: "smoothing: 0.5")],
            to: page.files.mapValues { .some($0) })
        let (result, folder) = try await proposed.run(.github, scripts)
        #expect(result.status == 0, "\(result)")
        let report = try String(contentsOfFile: "\(folder)/headgate-report/report.md", encoding: .utf8)
        #expect(report.contains("param smoothing changed from 1.0 to 0.5"), "\(report)")
        let path = "\(proposed.origin.folder)/headgate.yml"
        try Data(file.utf8).write(to: URL(fileURLWithPath: path))
        let checked = try await PythonTools.run(
            "check-jsonschema", ["--builtin-schema", "vendor.github-workflows", path], in: proposed.origin.folder)
        #expect(checked.status == 0, "\(checked)")
    }

    @Test func `a controller serves it`() async throws {
        let repository = try await TemporaryRepository()
        try await repository.commit("Say the mood of a sentence", page.files.mapValues { .some($0) })
        let arguments = ["--repo", repository.path, "--branch", "main", "--poll", "200ms"]
        try await TestController.during(arguments, in: repository.folder) { controller in
            var address: String?
            let serves = try await eventually {
                let rows = JSON.list(try await controller.headgate("get", "deployments", "-o", "json").output)
                guard rows.first?["version"] is String else { return false }
                address = rows.first?["address"] as? String
                return address != nil
            }
            try #require(serves, "\(controller.log)")
            let answer = try await TemporaryRepository.run(
                "curl", ["-s", "--data", "a lovely evening", try #require(address)])
            #expect(answer == #"{"mood": "good"}"#)
        }
    }
}
