import Foundation
import HeadgateCore

/// The system that runs a change's checks, as its environment variables show it.
struct CISystem {
    enum Kind: String {
        case github = "GitHub Actions"
        case gitlab = "GitLab CI"
        case jenkins = "Jenkins"
        case circle = "CircleCI"
        case none = "this machine"
    }

    /// A name for the commit that a change starts from.
    struct Base: Equatable {
        let name: String
        /// Whether it is that commit itself, so that no common ancestor need be found.
        var isExact = false
        /// Whether it is a parent of head, which then must be the merge that the system made.
        var isMergeParent = false
    }

    let kind: Kind
    private let environment: [String: String]

    init(_ environment: [String: String]) {
        self.environment = environment
        func has(_ name: String) -> Bool { environment[name].map { !$0.isEmpty } ?? false }
        kind =
            has("GITHUB_ACTIONS")
            ? .github
            : has("GITLAB_CI") ? .gitlab : has("CIRCLECI") ? .circle : has("JENKINS_URL") ? .jenkins : .none
    }

    /// Where the change may start, best first.
    ///
    /// Never the branch's own push before: what one push weakens, the next could use.
    var bases: [Base] {
        var bases: [Base] = []
        func add(branch: String?) {
            guard let branch, !branch.isEmpty else { return }
            bases += [Base(name: "refs/remotes/origin/\(branch)"), Base(name: "refs/heads/\(branch)")]
        }
        func add(commit: String?, exact: Bool = false) {
            // Forty zeros stand for a branch that is new.
            guard let commit, CommitID(commit) != nil, commit.contains(where: { $0 != "0" }) else { return }
            bases.append(Base(name: commit, isExact: exact))
        }
        switch kind {
        case .github:
            let event = githubEvent
            if environment["GITHUB_REF"]?.hasPrefix("refs/pull/") == true,
                environment["GITHUB_REF"]?.hasSuffix("/merge") == true
            {
                // What is checked out is a merge whose first parent is the base.
                bases.append(Base(name: "HEAD^1", isExact: true, isMergeParent: true))
            }
            add(branch: environment["GITHUB_BASE_REF"])
            add(commit: event["merge_group", "base_sha"])
            add(commit: event["pull_request", "base", "sha"])
            if bases.isEmpty {
                let main = event["repository", "default_branch"]
                let isMain = main.map { environment["GITHUB_REF"] ?? event["ref"] == "refs/heads/\($0)" } ?? true
                if isMain { add(commit: event["before"]) } else { add(branch: main) }
            }
        case .gitlab:
            // Set where what is checked out is the merge with it.
            add(commit: environment["CI_MERGE_REQUEST_TARGET_BRANCH_SHA"])
            add(branch: environment["CI_MERGE_REQUEST_TARGET_BRANCH_NAME"])
            add(commit: environment["CI_MERGE_REQUEST_DIFF_BASE_SHA"], exact: true)
            if bases.isEmpty {
                let main = environment["CI_DEFAULT_BRANCH"]
                let isMain = main.map { $0 == environment["CI_COMMIT_BRANCH"] } ?? true
                if isMain { add(commit: environment["CI_COMMIT_BEFORE_SHA"]) } else { add(branch: main) }
            }
        case .jenkins:
            add(branch: environment["CHANGE_TARGET"])
            if bases.isEmpty, environment["BRANCH_NAME"] == nil || environment["BRANCH_IS_PRIMARY"] == "true" {
                add(commit: environment["GIT_PREVIOUS_SUCCESSFUL_COMMIT"])
            }
        case .circle:
            if Self.mainBranches.contains(environment["CIRCLE_BRANCH"] ?? "") {
                add(commit: environment["CIRCLE_BASE_REVISION"])
            }
        case .none: break
        }
        if bases.isEmpty {
            bases.append(Base(name: "refs/remotes/origin/HEAD"))
            for branch in Self.mainBranches { add(branch: branch) }
        }
        return bases
    }

    private static let mainBranches = ["main", "master"]

    /// How to make this system fetch enough history; nil where no system does.
    var historySetting: String? {
        switch kind {
        case .github: "set `fetch-depth: 0` at actions/checkout"
        case .gitlab: "set the variable `GIT_DEPTH: 0`"
        case .jenkins: "switch shallow clone off in the checkout's clone behaviours, and fetch the target branch"
        case .circle: "use `checkout: {method: full}`"
        case .none: nil
        }
    }

    /// The commit that the system means; nil when it says none.
    var commit: CommitID? { kind == .github ? environment["GITHUB_SHA"].flatMap { CommitID($0) } : nil }

    /// The repository's own name, by which a controller most likely calls its source.
    var repositoryName: String? {
        let text: String? =
            switch kind {
            case .github: environment["GITHUB_REPOSITORY"]
            case .gitlab: environment["CI_PROJECT_NAME"]
            case .circle: environment["CIRCLE_PROJECT_REPONAME"]
            case .jenkins: environment["GIT_URL"]
            case .none: nil
            }
        return text.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// A URI that names what runs here, for attestations.
    var builder: String {
        let uri: String? =
            switch kind {
            case .github:
                environment["GITHUB_WORKFLOW_REF"].map {
                    "\(environment["GITHUB_SERVER_URL"] ?? "https://github.com")/\($0)"
                }
            case .gitlab: environment["CI_PROJECT_URL"].map { "\($0)/-/blob/HEAD/.gitlab-ci.yml" }
            case .jenkins: environment["JOB_URL"]
            case .circle: environment["CIRCLE_REPOSITORY_URL"]
            case .none: nil
            }
        return uri ?? "urn:headgate:ci"
    }

    private var githubEvent: Event {
        guard let path = environment["GITHUB_EVENT_PATH"], let data = FileManager.default.contents(atPath: path),
            data.count < 32 << 20, let document = try? JSONDecoder().decode(JSONValue.self, from: data)
        else { return Event(document: .null) }
        return Event(document: document)
    }

    private struct Event {
        let document: JSONValue

        subscript(path: String...) -> String? {
            var value = document
            for name in path {
                guard case .object(let members) = value, let next = members[name] else { return nil }
                value = next
            }
            guard case .string(let text) = value else { return nil }
            return text
        }
    }
}
