import Foundation
import HeadgateTestSupport
import Testing

/// How the base of a change is found, with the variables that CI systems set.
@Suite struct ReviewBaseTests {
    /// A clone whose branch `change` has two commits more than `main`, as CI systems check one out.
    private func clone(depth: Int? = nil) async throws -> (ReviewRepository, path: String, head: String, base: String) {
        let review = try await ReviewRepository()
        let base = try await review.repository.git("rev-parse", "main")
        try await review.change(["models/wine/headgate.yaml": ReviewRepository.model(accuracy: "0.95")])
        try await review.repository.commit("Say more", ["README.md": "Words.\n"])
        let head = try await review.repository.git("rev-parse", "HEAD")
        let path = review.repository.folder + "/clone"
        let deep = depth.map { ["--depth", String($0), "--no-single-branch"] } ?? []
        _ = try ReviewRepository.run(
            "/usr/bin/git", ["clone", "-q"] + deep + ["--branch", "change", review.repository.url, path], in: "/")
        return (review, path, head, base)
    }

    @Test func `every CI system's variables lead to the commit where the change parted`() async throws {
        let (review, path, head, base) = try await clone()
        let event = review.repository.folder + "/event.json"
        try #"{"before": "\#(base)"}"#.write(toFile: event, atomically: true, encoding: .utf8)
        // A push before this one is no base: what it weakened, this one could use.
        let parent = try await review.repository.git("rev-parse", "HEAD~1")
        let push = review.repository.folder + "/push.json"
        try #"{"before": "\#(parent)", "ref": "refs/heads/change", "repository": {"default_branch": "main"}}"#
            .write(toFile: push, atomically: true, encoding: .utf8)
        let zeros = String(repeating: "0", count: 40)
        let systems: [[String: String]] = [
            ["GITHUB_ACTIONS": "true", "GITHUB_BASE_REF": "main", "GITHUB_REF": "refs/pull/7/head"],
            ["GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": event],
            ["GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": push, "GITHUB_REF": "refs/heads/change"],
            [
                "GITLAB_CI": "true", "CI_COMMIT_BEFORE_SHA": parent, "CI_COMMIT_BRANCH": "change",
                "CI_DEFAULT_BRANCH": "main",
            ],
            [
                "JENKINS_URL": "http://ci", "BRANCH_NAME": "change", "GIT_PREVIOUS_SUCCESSFUL_COMMIT": parent,
                "GIT_PREVIOUS_COMMIT": parent,
            ],
            ["CIRCLECI": "true", "CIRCLE_BASE_REVISION": parent, "CIRCLE_BRANCH": "change"],
            ["GITLAB_CI": "true", "CI_MERGE_REQUEST_DIFF_BASE_SHA": base],
            ["GITLAB_CI": "true", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"],
            [
                "GITLAB_CI": "true", "CI_COMMIT_BEFORE_SHA": zeros, "CI_COMMIT_BRANCH": "change",
                "CI_DEFAULT_BRANCH": "main",
            ],
            ["JENKINS_URL": "http://ci", "CHANGE_TARGET": "main"],
            ["JENKINS_URL": "http://ci", "GIT_PREVIOUS_SUCCESSFUL_COMMIT": base],
            ["CIRCLECI": "true", "CIRCLE_BASE_REVISION": base], ["CIRCLECI": "true"], [:],
        ]
        for system in systems {
            let answer = try review.ci("--output", "text", in: path, environment: system)
            #expect(answer.output.hasPrefix("\(base.prefix(12)) → \(head.prefix(12))"), "\(system): \(answer)")
        }
    }

    @Test func `the merge commit of a pull request is compared with its first parent`() async throws {
        let (review, path, _, base) = try await clone()
        _ = try ReviewRepository.run("/usr/bin/git", ["checkout", "-q", "origin/main"], in: path)
        let merged = try ReviewRepository.run(
            "/usr/bin/git",
            [
                "-c", "user.name=CI", "-c", "user.email=ci@example.org", "merge", "-q", "--no-ff", "-m", "Merge",
                "change",
            ],
            in: path)
        #expect(merged.code == 0, "\(merged)")
        let answer = try review.ci(
            in: path,
            environment: ["GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/pull/7/merge", "GITHUB_BASE_REF": "main"])
        #expect(answer.output.hasPrefix(base.prefix(12)), "\(answer)")
        #expect(answer.output.contains("param accuracy changed"))
    }

    @Test(arguments: [(3, true), (1, false)])
    func `a shallow clone is used where it reaches and named where it does not`(
        _ depth: Int, _ reaches: Bool
    ) async throws {
        let (review, path, _, base) = try await clone(depth: depth)
        let answer = try review.ci(
            in: path,
            environment: ["GITHUB_ACTIONS": "true", "GITHUB_BASE_REF": "main", "GITHUB_REF": "refs/pull/7/head"])
        if reaches {
            #expect(answer.output.hasPrefix(base.prefix(12)), "\(answer)")
        } else {
            #expect(answer.code == 2)
            #expect(answer.notes.contains("shallow clone"), "\(answer)")
            #expect(answer.notes.contains("fetch-depth: 0"))
        }
    }

    @Test(arguments: [
        (["--depth", "1"], "main", "git fetch --unshallow origin main:refs/remotes/origin/main"),
        ([], "main", "git fetch origin main:refs/remotes/origin/main"),
        ([], "origin/main~0", "git fetch origin main:refs/remotes/origin/main"),
        ([], "refs/remotes/origin/main", "git fetch origin main:refs/remotes/origin/main"),
        (["--depth", "1"], "HEAD~1", "git fetch --unshallow origin"),
    ])
    func `a base that is not here is told with the command that brings it, which does`(
        _ options: [String], _ base: String, _ command: String
    ) async throws {
        let (review, _, _, commit) = try await clone()
        let path = review.repository.folder + "/narrow"
        _ = try ReviewRepository.run(
            "/usr/bin/git",
            ["clone", "-q", "--single-branch", "--branch", "change"] + options + [review.repository.url, path], in: "/")
        let answer = try review.ci("--base", base, in: path)
        #expect(
            answer.code == 2 && answer.notes.contains("there is no \(base) in this checkout: run `\(command)`"),
            "\(answer)")
        let github = try review.ci("--base", base, in: path, environment: ["GITHUB_ACTIONS": "true"])
        #expect(
            github.notes.contains("set `fetch-depth: 0` at actions/checkout, or run `\(command)`"), "\(github)")
        let fetched = try ReviewRepository.run("/bin/sh", ["-c", command + " -q"], in: path)
        #expect(fetched.code == 0, "\(fetched)")
        let given = base == "main" ? "origin/main" : base
        #expect(answer.notes.contains("give --base origin/main") == (base == "main"), "\(answer)")
        let known = try review.ci("--base", given, in: path)
        #expect(known.output.hasPrefix(commit.prefix(12)) || base == "HEAD~1", "\(known)")
        #expect(known.output.contains(" → "), "\(known)")
        // The branch is here now, by the name of its origin.
        if base == "main" {
            let again = try review.ci("--base", base, in: path)
            #expect(again.notes.contains("there is no main in this checkout: give --base origin/main"), "\(again)")
        }
    }

    @Test func `the first commit of a repository is all new`() async throws {
        let review = try await ReviewRepository()
        let answer = try review.ci("--output", "json")
        #expect(answer.code == 2, "\(answer)")
        #expect(answer.output.contains("first version of model wine"))
        #expect(answer.output.contains("is the first commit: it is compared with nothing"), "\(answer)")
    }

    @Test func `where nothing says what a change is merged into, no commit is taken for it`() async throws {
        let review = try await ReviewRepository()
        try await review.repository.git("branch", "-m", "main", "develop")
        let first = try review.ci()
        #expect(first.output.contains("is the first commit: it is compared with nothing"), "\(first)")
        let base = try await review.repository.git("rev-parse", "HEAD")
        try await review.repository.git("checkout", "-q", "-b", "change")
        try await review.repository.commit(
            "Change the model", ["models/wine/headgate.yaml": ReviewRepository.model(accuracy: "0.95")])
        try await review.repository.commit("Say more", ["README.md": "Words.\n"])
        // A clone of one branch has no other to compare with.
        let alone = review.repository.folder + "/alone"
        let shallow = review.repository.folder + "/shallow"
        for (path, options) in [(alone, []), (shallow, ["--depth", "1"])] {
            let made = try ReviewRepository.run(
                "/usr/bin/git",
                ["clone", "-q", "--single-branch", "--branch", "change"] + options + [review.repository.url, path],
                in: "/")
            #expect(made.code == 0, "\(made)")
            // Git names the branch that was checked out at the origin, which is none that changes are merged into.
            _ = try ReviewRepository.run("/usr/bin/git", ["remote", "set-head", "origin", "--delete"], in: path)
        }
        for path in [review.repository.path, alone, shallow] {
            let answer = try review.ci(in: path)
            #expect(answer.code == 2, "\(answer)")
            for words in ["give --base", "refs/remotes/origin/HEAD", "refs/heads/main", "refs/heads/master"] {
                #expect(answer.notes.contains(words), "\(answer)")
            }
            #expect(answer.notes.contains("git fetch --unshallow origin") == (path == shallow), "\(answer)")
            #expect(answer.output.isEmpty, "\(answer)")
        }
        let told = try review.ci("--base", "develop")
        #expect(told.output.hasPrefix(base.prefix(12)), "\(told)")
        #expect(told.output.contains("param accuracy changed"))
    }

    @Test func `a plan against a base calls nothing new that is as it was`() async throws {
        let (review, path, _, _) = try await clone()
        _ = review
        let same = try ReviewRepository.run(
            HeadgateExecutable.path, ["plan", "--base", "HEAD"], in: path)
        #expect(same.code == 0, "\(same)")
        let changed = try ReviewRepository.run(
            HeadgateExecutable.path, ["plan", "--base", "origin/main"], in: path)
        #expect(changed.code == 1, "\(changed)")
        #expect(changed.output.contains("param accuracy changed"))
        #expect(!changed.output.contains("new step"))
    }
}
