import Foundation
import HeadgateCore
import HeadgateGit
import HeadgateTestSupport
import Testing

/// Commits that Headgate writes to a remote's branch.
@Suite(.timeLimit(.minutes(5))) struct WritingTests {
    /// A bare remote over HTTP, and a clone of it in which people work.
    struct Remote {
        let work: Harness
        let bare: TemporaryRepository

        init() async throws {
            work = try await Harness()
            bare = try await TemporaryRepository("models.git", bare: true)
            try await bare.git("config", "http.receivepack", "true")
            try await work.upstream.git("remote", "add", "origin", bare.path)
        }

        @discardableResult
        func push(_ message: String, _ files: [String: String?]) async throws -> CommitID {
            let commit = try await work.upstream.commit(message, files)
            try await work.upstream.git("push", "-q", "origin", "main")
            return commit
        }

        func mirror(
            _ server: GitServer.Server, state: String = "one", signers: AllowedSigners = AllowedSigners()
        ) throws -> Mirror {
            let remote = try GitRemote(
                url: RemoteURL("http://127.0.0.1:\(server.port)/models.git"), credentials: .none, hostKeys: .text(""))
            return try Mirror(
                of: remote, .branch("main"), stateFolder: "\(bare.folder)/\(state)", process: work.process,
                signers: signers)
        }

        var history: [String] {
            get async throws {
                try await bare.git("log", "--format=%s", "main").split(separator: "\n").map(String.init)
            }
        }

        func text(_ file: String) async throws -> String { try await bare.git("show", "main:\(file)") }
    }

    private static let author = CommitFacts.Person(name: "Headgate", email: "headgate@localhost")

    private static func revert(
        _ commit: CommitID, _ mirror: Mirror, _ message: String, onto tip: Revision
    ) async throws -> CommitID {
        try await mirror.revert(
            [commit], onto: tip.commit, message: message, by: author, at: Instant(milliseconds: 1_700_000_000_000))
    }

    @Test func `a commit that is signed is one that Git itself verifies, and that nobody can change`() async throws {
        let remote = try await Remote()
        let folder = remote.bare.folder
        try await TemporaryRepository.run(
            "ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "gate", "-f", "\(folder)/key"])
        let key = try CommitSigner(openSSH: String(contentsOfFile: "\(folder)/key", encoding: .utf8))
        let signers = "gate@example.org " + (try String(contentsOfFile: "\(folder)/key.pub", encoding: .utf8))
        try Data(signers.utf8).write(to: URL(fileURLWithPath: "\(folder)/signers"))
        try await remote.push("One", ["a": "1\n"])
        let second = try await remote.push("Two", ["a": "2\n"])
        try await GitServer.http(serving: folder) { server in
            let mirror = try remote.mirror(server)
            let pushed = try await mirror.push(deadline: patience) { tip in
                try await mirror.revert(
                    [second], onto: tip.commit, message: "Revert \"Two\"\n", by: Self.author,
                    at: Instant(milliseconds: 1_700_000_000_000), signedWith: key)
            }
            let settings = ["gpg.ssh.allowedSignersFile=\(folder)/signers"]
            let commit = pushed.commit.hex
            let verified = try await remote.bare.git("log", "-1", "--format=%G? %GS", commit, settings: settings)
            #expect(verified == "G gate@example.org")
            #expect(try await remote.text("a") == "1")
            let reader = try remote.mirror(server, state: "two", signers: AllowedSigners(signers))
            try await reader.follow()
            #expect(try await reader.facts(of: pushed.commit).signer == "gate@example.org")
        }
    }

    @Test(arguments: ["", "-N secret -t ed25519", "-N '' -t ecdsa"])
    func `a key that cannot sign says why, and nothing of itself`(_ kind: String) async throws {
        let repository = try await TemporaryRepository()
        let path = "\(repository.folder)/key"
        try Data("no key".utf8).write(to: URL(fileURLWithPath: path))
        if !kind.isEmpty {
            try FileManager.default.removeItem(atPath: path)
            try await TemporaryRepository.run("sh", ["-c", "ssh-keygen -q \(kind) -f \(path)"])
        }
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let error = #expect(throws: SourceError.self) { try CommitSigner(openSSH: text) }
        #expect(error?.message.contains(kind.contains("secret") ? "passphrase" : "not an Ed25519 key") == true)
    }

    @Test func `a revert is one commit on top of what the branch holds`() async throws {
        let remote = try await Remote()
        try await remote.push("One", ["a": "1\n", "b": "1\n"])
        let second = try await remote.push("Two", ["a": "2\n"])
        let third = try await remote.push("Three", ["b": "3\n"])
        try await GitServer.http(serving: remote.bare.folder) { server in
            let mirror = try remote.mirror(server)
            let pushed = try await mirror.push(deadline: patience) { tip in
                try await Self.revert(second, mirror, "Revert \"Two\"\n", onto: tip)
            }
            #expect(try await remote.bare.resolve("main") == pushed.commit)
            #expect(try await remote.bare.resolve("main^") == third)
            #expect(try await remote.text("a") == "1")
            #expect(try await remote.text("b") == "3")
            #expect(
                try await remote.bare.git("log", "-1", "--format=%an <%ae>", "main") == "Headgate <headgate@localhost>")
            #expect(try await mirror.commits(since: second, to: pushed.commit) == [pushed.commit, third])
            #expect(try await mirror.follow() == pushed.commit)
        }
    }

    @Test func `two write-backs to one branch both land (kargo #3071)`() async throws {
        let remote = try await Remote()
        try await remote.push("One", ["a": "1\n", "b": "1\n"])
        let second = try await remote.push("Two", ["a": "2\n"])
        let third = try await remote.push("Three", ["b": "3\n"])
        try await GitServer.http(serving: remote.bare.folder) { server in
            let (one, two) = (try remote.mirror(server), try remote.mirror(server, state: "two"))
            // Both have looked before either has pushed, so the slower one finds a branch that has moved.
            let meeting = Meeting(of: 2)
            async let first = one.push(deadline: patience) { tip in
                await meeting.arrive()
                return try await Self.revert(second, one, "Revert Two\n", onto: tip)
            }
            async let other = two.push(deadline: patience) { tip in
                await meeting.arrive()
                return try await Self.revert(third, two, "Revert Three\n", onto: tip)
            }
            let pushed = try await [first.commit, other.commit]
            #expect(Set(pushed).count == 2)
            #expect(try await remote.history.count == 5)
            #expect(Set(try await remote.history.prefix(2)) == ["Revert Two", "Revert Three"])
            #expect(try await remote.text("a") == "1")
            #expect(try await remote.text("b") == "1")
        }
    }

    private func refusal(ofReverting commit: CommitID, _ mirror: Mirror) async throws -> SourceError {
        try await failure {
            _ = try await mirror.push(deadline: patience) { tip in
                try await Self.revert(commit, mirror, "Revert\n", onto: tip)
            }
        }
    }

    @Test func `a commit whose lines changed again is not reverted, and nothing is pushed`() async throws {
        let remote = try await Remote()
        try await remote.push("One", ["a": "1\n"])
        let second = try await remote.push("Two", ["a": "2\n"])
        try await remote.push("Three", ["a": "3\n"])
        try await GitServer.http(serving: remote.bare.folder) { server in
            let mirror = try remote.mirror(server)
            let error = try await refusal(ofReverting: second, mirror)
            #expect(error.code == .conflict)
            #expect(error.message == "\(second.short) cannot be reverted by itself: a changed again since")
            #expect(try await remote.history == ["Three", "Two", "One"])
        }
    }

    @Test func `what was reverted already is not reverted again`() async throws {
        let remote = try await Remote()
        try await remote.push("One", ["a": "1\n"])
        let second = try await remote.push("Two", ["a": "2\n"])
        try await remote.push("Back", ["a": "1\n"])
        try await GitServer.http(serving: remote.bare.folder) { server in
            let mirror = try remote.mirror(server)
            let error = try await refusal(ofReverting: second, mirror)
            #expect(error.code == .conflict)
        }
    }

    @Test(arguments: ["hook", "no receivepack", "work tree", "tag"])
    func `a remote that takes no commit is named with its reason, and asked once`(_ obstacle: String) async throws {
        let remote = try await Remote()
        try await remote.push("One", ["a": "1\n"])
        let second = try await remote.push("Two", ["a": "2\n"])
        try await GitServer.http(serving: remote.bare.folder) { server in
            var mirror = try remote.mirror(server)
            switch obstacle {
            case "hook":
                let hook = "\(remote.bare.path)/hooks/update"
                try Data("#!/bin/sh\necho 'reviews only'; exit 1\n".utf8).write(to: URL(fileURLWithPath: hook))
                try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: hook)
            case "no receivepack": try await remote.bare.git("config", "http.receivepack", "false")
            case "work tree": mirror = try remote.work.mirror()
            default:
                try await remote.work.upstream.git("tag", "v1")
                mirror = try remote.work.mirror(.tag("v1"))
            }
            let target = mirror
            var asked = 0
            let error = try await failure {
                _ = try await target.push(deadline: patience) { tip in
                    asked += 1
                    return try await Self.revert(second, target, "Revert\n", onto: tip)
                }
            }
            #expect(!error.mayRetry, "\(error)")
            #expect(asked == (obstacle == "tag" ? 0 : 1))
            let expected: SourceError.Code =
                switch obstacle {
                case "hook": .refused
                case "no receivepack": .authentication
                default: .unsupported
                }
            #expect(error.code == expected, "\(error)")
            #expect(try await remote.history == ["Two", "One"])
        }
    }

    @Test func `a line of first parents ends where it began`() async throws {
        let remote = try await Remote()
        let first = try await remote.push("One", ["a": "1\n"])
        let second = try await remote.push("Two", ["a": "2\n"])
        let other = try await remote.work.upstream.importCommits([["x": "1"]])
        try await GitServer.http(serving: remote.bare.folder) { server in
            let mirror = try remote.mirror(server)
            try await mirror.follow()
            #expect(try await mirror.commits(since: first, to: second) == [second])
            #expect(try await mirror.commits(since: second, to: second) == [])
            #expect(try await mirror.commits(since: other[0], to: second) == nil)
        }
    }
}

/// A place at which so many wait for each other, once.
actor Meeting {
    private var missing: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(of count: Int) { missing = count }

    func arrive() async {
        missing -= 1
        if missing > 0 { return await withCheckedContinuation { waiting.append($0) } }
        for continuation in waiting { continuation.resume() }
        waiting = []
    }
}
