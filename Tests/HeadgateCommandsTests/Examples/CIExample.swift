import Foundation
import HeadgateCore
import HeadgateTestSupport
import Testing
import Yams

/// One of `examples/ci`: its file, the shell steps in it, and the checkout and variables that its system gives them.
enum CIExample: String, CaseIterable, CustomTestStringConvertible {
    case github, gitlab, jenkins, circleci

    static let folder = "\(PythonTools.root)/examples/ci"

    var testDescription: String { rawValue }

    /// What is run in a shell, in order.
    struct Script {
        let shell: [String]
        let text: String
        var environment: [String: String] = [:]
    }

    /// The shell steps as the file has them, with the system's own expressions filled in.
    func scripts() throws -> [Script] {
        switch self {
        case .github:
            let action = try Self.yaml("github/action.yml")
            let inputs = try #require(action["inputs"] as? [String: [String: Any]])
            let steps = try #require((action["runs"] as? [String: Any])?["steps"] as? [[String: Any]])
            return try steps.map { step in
                #expect(step["shell"] as? String == "bash")
                let variables = try #require(step["env"] as? [String: String]).mapValues { text in
                    inputs.reduce(text) { text, input in
                        text.replacingOccurrences(
                            of: "${{ inputs.\(input.key) }}", with: input.value["default"] as? String ?? "")
                    }
                }
                let text = try #require(step["run"] as? String)
                #expect(!text.contains("${{"), "an expression in a script lets a title be run as a script")
                return Script(
                    shell: ["bash", "--noprofile", "--norc", "-eo", "pipefail"], text: text, environment: variables)
            }
        case .gitlab:
            let file = try Self.yaml("gitlab/headgate.gitlab-ci.yml")
            let train = (file["variables"] as? [String: [String: String]])?["HEADGATE_TRAIN"]?["value"]
            let lines = try #require((file["headgate"] as? [String: Any])?["script"] as? [String])
            let text = lines.joined(separator: "\n")
            return [
                Script(shell: ["bash", "-eo", "pipefail"], text: text, environment: ["HEADGATE_TRAIN": train ?? ""])
            ]
        case .jenkins:
            let text = try String(contentsOfFile: "\(Self.folder)/jenkins/Jenkinsfile", encoding: .utf8)
            let parts = text.components(separatedBy: "'''")
            return stride(from: 1, to: parts.count, by: 2).map { Script(shell: ["sh", "-xe"], text: parts[$0]) }
        case .circleci:
            let file = try Self.yaml("circleci/.circleci/config.yml")
            let parameters = try #require(file["parameters"] as? [String: [String: Any]])
            let job = try #require((file["jobs"] as? [String: [String: Any]])?["headgate"])
            let variables = (job["environment"] as? [String: String] ?? [:]).mapValues { text in
                parameters.reduce(text) { text, parameter in
                    text.replacingOccurrences(
                        of: "<< pipeline.parameters.\(parameter.key) >>",
                        with: parameter.value["default"] as? String ?? "")
                }
            }
            return try #require(job["steps"] as? [Any]).compactMap { step in
                guard let run = (step as? [String: Any])?["run"] as? [String: String] else { return nil }
                return Script(
                    shell: ["bash", "-eo", "pipefail"], text: run["command"] ?? "", environment: variables)
            }
        }
    }

    /// The JSON schemas that the system publishes, and the file of each.
    var schemas: [(arguments: [String], file: String)] {
        switch self {
        case .github:
            [
                (["--builtin-schema", "vendor.github-actions"], "github/action.yml"),
                (["--builtin-schema", "vendor.github-workflows"], "github/.github/workflows/headgate.yml"),
                (
                    ["--builtin-schema", "custom.github-workflows-require-timeout"],
                    "github/.github/workflows/headgate.yml"
                ),
            ]
        case .gitlab:
            [
                (
                    ["--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"],
                    "gitlab/headgate.gitlab-ci.yml"
                )
            ]
        case .jenkins: []
        case .circleci: [(["--builtin-schema", "vendor.circle-ci"], "circleci/.circleci/config.yml")]
        }
    }

    static func yaml(_ file: String) throws -> [String: Any] {
        try #require(
            try Yams.load(yaml: String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)) as? [String: Any])
    }
}

/// A repository on a host, a change that wants to be merged, and a checkout of it as a CI system makes one.
struct ProposedChange {
    let origin: TemporaryRepository
    let base: CommitID
    let topic: CommitID
    let merge: CommitID

    init(_ files: [String: String?], to base: [String: String?] = Toy.files(accuracy: "0.9")) async throws {
        origin = try await TemporaryRepository()
        try await origin.commit("Add a model", base)
        try await origin.git("checkout", "-q", "-b", "topic")
        topic = try await origin.commit("Change the model", files)
        try await origin.git("checkout", "-q", "main")
        // What others merged meanwhile is no part of the change.
        try await origin.commit("Say what this is", ["README.md": "Toys.\n"])
        self.base = try await origin.resolve("main~1")
        try await origin.git("checkout", "-q", "--detach", "main")
        try await origin.git("merge", "-q", "--no-ff", "-m", "Merge the change", "topic")
        merge = try await origin.resolve("HEAD")
        try await origin.git("update-ref", "refs/pull/7/merge", merge.hex)
        try await origin.git("update-ref", "refs/merge-requests/7/head", topic.hex)
        try await origin.git("checkout", "-q", "main")
    }

    /// Runs an example's steps, or others on its system; gives how the first that failed ended, or the last.
    func run(_ example: CIExample, _ scripts: [CIExample.Script]? = nil) async throws -> (
        result: CommandResult, folder: String
    ) {
        let folder = "\(origin.folder)/\(example)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let git = HeadgateProgram(in: folder, environment: ["GIT_CONFIG_GLOBAL": "/dev/null"])
        func run(_ arguments: [String]) async throws {
            let result = try await git.run(arguments, program: "git")
            try #require(result.status == 0, "\(arguments): \(result)")
        }
        try await run(["init", "-q", "."])
        try await run(["remote", "add", "origin", origin.url])
        // Each fetches what its system fetches, and no more.
        switch example {
        case .github:
            try await run([
                "fetch", "-q", "origin", "+refs/heads/*:refs/remotes/origin/*",
                "+refs/pull/7/merge:refs/remotes/pull/7/merge",
            ])
            try await run(["checkout", "-q", "--detach", "refs/remotes/pull/7/merge"])
        case .gitlab:
            try await run(["fetch", "-q", "origin", "+refs/merge-requests/7/head:refs/pipelines/7"])
            try await run(["checkout", "-q", "--detach", "refs/pipelines/7"])
        case .jenkins:
            // The file's own ref spec, beside the one of the branch source.
            let file = try String(contentsOfFile: "\(CIExample.folder)/jenkins/Jenkinsfile", encoding: .utf8)
            let given = try #require(file.firstMatch(of: /refspec: remote\.refspec\s+\+ " (.+)"/)).1
            let target = String(given).replacing("${env.CHANGE_TARGET}", with: "main")
            try await run(["fetch", "-q", "origin", "+refs/heads/topic:refs/remotes/origin/PR-7", target])
            try await run(["checkout", "-q", "--detach", "refs/remotes/origin/PR-7"])
        case .circleci:
            try await run(["fetch", "-q", "origin", "+refs/heads/topic:refs/remotes/origin/topic"])
            try await run(["checkout", "-q", "-B", "topic", "refs/remotes/origin/topic"])
        }
        var last = CommandResult(status: 0, output: "", errors: "")
        for script in try scripts ?? example.scripts() {
            let file = "\(origin.folder)/step-\(UUID().uuidString)"
            try Data(script.text.utf8).write(to: URL(fileURLWithPath: file))
            var environment = try variables(example, in: folder)
            environment.merge(script.environment.mapValues { .some($0) }) { $1 }
            last = try await HeadgateProgram(in: folder, environment: environment)
                .run(Array(script.shell.dropFirst()) + [file], program: script.shell[0])
            if last.status != 0 { break }
        }
        return (last, folder)
    }

    /// What each system tells its jobs, and nothing of the one that these tests may run in.
    private func variables(_ example: CIExample, in folder: String) throws -> [String: String?] {
        let program = URL(fileURLWithPath: HeadgateExecutable.path).deletingLastPathComponent().path
        var variables: [String: String?] = [:]
        for name in ProcessInfo.processInfo.environment.keys
        where ["GITHUB_", "CI_", "GITLAB_", "CIRCLE", "JENKINS_", "CHANGE_", "BRANCH_"].contains(where: name.hasPrefix)
        {
            variables[name] = .some(nil)
        }
        variables["PATH"] = "\(program):\(ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")"
        variables["HOME"] = origin.folder
        variables["CI"] = "true"
        let given: [String: String]
        switch example {
        case .github:
            let event = "\(origin.folder)/event.json"
            let text = #"{"pull_request": {"number": 7, "base": {"ref": "main", "sha": "\#(base.hex)"}}}"#
            try Data(text.utf8).write(to: URL(fileURLWithPath: event))
            given = [
                "GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": event,
                "GITHUB_REF": "refs/pull/7/merge", "GITHUB_BASE_REF": "main", "GITHUB_HEAD_REF": "topic",
                "GITHUB_SHA": merge.hex, "GITHUB_REPOSITORY": "cellar/models", "GITHUB_WORKSPACE": folder,
                "GITHUB_OUTPUT": "\(origin.folder)/output", "GITHUB_STEP_SUMMARY": "\(origin.folder)/summary.md",
            ]
        case .gitlab:
            given = [
                "GITLAB_CI": "true", "CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_IID": "7",
                "CI_MERGE_REQUEST_DIFF_BASE_SHA": base.hex, "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
                "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "topic", "CI_COMMIT_SHA": topic.hex,
                "CI_DEFAULT_BRANCH": "main", "CI_PROJECT_DIR": folder, "CI_PROJECT_NAME": "models", "GIT_DEPTH": "0",
            ]
        case .jenkins:
            given = [
                "JENKINS_URL": "https://jenkins.example/", "BRANCH_NAME": "PR-7", "CHANGE_ID": "7",
                "CHANGE_TARGET": "main", "CHANGE_BRANCH": "topic", "GIT_COMMIT": topic.hex, "GIT_URL": origin.url,
                "WORKSPACE": folder,
            ]
        case .circleci:
            given = [
                "CIRCLECI": "true", "CIRCLE_BRANCH": "topic", "CIRCLE_SHA1": topic.hex,
                "CIRCLE_PROJECT_REPONAME": "models", "CIRCLE_PULL_REQUEST": "https://git.example/cellar/models/pull/7",
                "CIRCLE_WORKING_DIRECTORY": folder,
            ]
        }
        return variables.merging(given.mapValues { .some($0) }) { $1 }
    }
}
