import Foundation
import HeadgateTestSupport
import Testing

/// How a controller starts, listens, logs and stops.
@Suite(.timeLimit(.minutes(10))) struct RunTests {
    static let badOptions: [([String], String)] = [
        ([], "give --repo URL or --config FILE"), (["--repo", "REPO", "--poll", "abc"], "abc is not an interval"),
        (["--repo", "REPO", "--poll", "1ms"], "at least 100ms"), (["--repo", "REPO", "--path", "../.."], "../.."),
        (["--repo", "https://user:secret@host/x"], "holds a password"), (["--repo", "ftp://host/x"], "is none of"),
        (["--repo", "REPO", "--listen", "127.0.0.1:99999"], "neither a socket's path nor host:port"),
        (["--repo", "REPO", "--listen", "127.0.0.1"], "neither a socket's path nor host:port"),
        (["--repo", "REPO", "--listen", "0.0.0.0:7070"], "is open to others"),
        (["--repo", "REPO", "--token-file", "/nonexistent"], "/nonexistent cannot be read"),
        (["--repo", "REPO", "--router-port", "70000"], "--router-port"),
        (["--repo", "REPO", "--concurrent-steps", "0"], "--concurrent-steps"),
        (["--config", "/nonexistent"], "/nonexistent cannot be read"),
    ]

    @Test(arguments: badOptions.indices)
    func `an option that makes no sense is usage, in a line that names it`(_ index: Int) async throws {
        let (arguments, message) = Self.badOptions[index]
        let repository = try await TemporaryRepository()
        let headgate = HeadgateProgram(in: repository.folder, environment: ["HEADGATE_STATE": nil])
        let result = try await headgate.run(["run"] + arguments.map { $0 == "REPO" ? repository.path : $0 })
        #expect(result.status == 64 && result.errors.contains(message), "\(result)")
        #expect(!result.errors.contains("secret"))
    }

    @Test(arguments: [
        (["rollbck", "toy"], "there is no command rollbck: did you mean rollback?"),
        (["frobnicate"], "there is no command frobnicate\n"),
        (["policy", "tset", "."], "there is no command policy tset: did you mean policy test?"),
        (["key", "frobnicate"], "there is no command key frobnicate\n  See 'headgate key --help'"),
    ])
    func `a command that does not exist is named, with the nearest one`(
        _ arguments: [String], _ message: String
    ) async throws {
        let result = try await HeadgateProgram(in: "/").run(arguments)
        #expect(result.status == 64 && result.errors.contains(message), "\(result)")
    }

    static let badConfigurations: [(String, String)] = [
        ("", "is empty"), ("sources: [\n", ":2:1: not valid YAML"),
        ("sources:\n- url: /r\n  brnch: main\n", #":3:3: unknown field "brnch"; did you mean "branch"?"#),
        ("sources:\n- url: /r\n  poll: [1]\n", ":3:9: sources[0].poll: expected"),
        ("sources: hello\n", #":1:10: sources: expected a list, found "hello""#),
        ("sources:\n- branch: main\n", #":2:3: missing field "sources[0].url""#),
        ("sources: []\n", "no source is configured"),
        ("sources: [{url: /r, tag: v1, branch: main}]\n", "give one of branch, tag, semver and commit"),
        ("sources: [{url: /r, semver: newest}]\n", "newest is not a version range"),
        ("sources: [{url: /a/r}, {url: /b/r}]\n", "two sources are named r"),
        ("sources: [{url: /r}]\nsecrets: {KEY: hunter2}\n", "secrets.KEY: expected env:VARIABLE or file:/path"),
        ("sources: [{url: /r}]\nlimits: {concurrentSteps: 0}\n", "limits.concurrentSteps must be at least 1"),
        (
            "sources: [{url: /r}]\nlimits: {removalDeadline: never}\n",
            "limits.removalDeadline: never is not a time such as"
        ),
        ("sources: [{url: /r}]\ngc: {every: 0s}\n", "gc.every: 0s is not a time such as 1d, and at least 1s"),
        ("sources: [{url: /r}]\ngc: {every: 1d, keep: 30d}\n", #"unknown field "keep""#),
        ("sources: [{url: /r}]\nprotectedPolicies: /none\n", "protected policies: /none is not a folder"),
        (
            "sources: [{url: /r}]\nwebhooks: {w: {kind: gitlob, source: r, secretFile: /s}}\n",
            #""gitlob" is not allowed"#
        ),
    ]

    @Test(arguments: badConfigurations.indices)
    func `a configuration in error is usage, with line, column and field`(_ index: Int) async throws {
        let (text, message) = Self.badConfigurations[index]
        let repository = try await TemporaryRepository()
        let file = "\(repository.folder)/controller.yaml"
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        let headgate = HeadgateProgram(in: repository.folder)
        let result = try await headgate("run", "--config", file, "--state", "\(repository.folder)/state")
        #expect(result.status == 64 && result.errors.contains(message), "\(result)")
        #expect(!result.errors.contains("hunter2"), "a secret is printed")
    }

    @Test func `where no controller is, commands say so in a line, with exit code 2`() async throws {
        let repository = try await TemporaryRepository()
        let headgate = HeadgateProgram(
            in: repository.folder, environment: ["HEADGATE_STATE": "\(repository.folder)/none"])
        for command in [
            ["get", "models"], ["describe", "model", "x"], ["events"], ["logs", "x"], ["hold", "x"], ["reconcile"],
        ] {
            let result = try await headgate.run(command)
            #expect(result.status == 2 && result.output.isEmpty, "\(result)")
            #expect(
                result.errors.contains("/none/api.sock (no such file or directory): is `headgate run` running"),
                "\(result)")
            #expect(result.errors.split(separator: "\n").count == 1, "\(result)")
        }
        let doctor = try await headgate("doctor")
        #expect(doctor.status == 0 && doctor.output.contains("► the state folder"), "\(doctor)")
    }

    @Test func `a socket in the state folder is served once, by whatever way it is named`() async throws {
        let repository = try await TemporaryRepository()
        try await repository.commit("Add a model", ["headgate.yaml": "", "x.txt": "x"])
        let (state, link) = ("\(repository.folder)/state", "\(repository.folder)/link")
        try FileManager.default.createDirectory(
            atPath: state, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: state)
        let headgate = HeadgateProgram(in: repository.folder)
        let result = try await headgate.during([
            "run", "--repo", repository.path, "--state", state, "--listen", "\(link)/api.sock", "--poll", "1s",
        ]) { lines in
            let answers = try await eventually {
                try await headgate("get", "sources", "--state", state).status == 0
            }
            try #require(answers, "\(lines.talk)")
        }
        #expect(result.status == 0, "\(result)")
    }

    @Test func `a controller stops on SIGTERM with 0 and logs JSON, and is asked over TCP with a token`() async throws {
        let repository = try await TemporaryRepository()
        try await repository.commit("Add a model", ["headgate.yaml": "", "x.txt": "x"])
        let (folder, token) = (repository.folder, "\(repository.folder)/token")
        try Data("0123456789abcdef0123\n".utf8).write(to: URL(fileURLWithPath: token))
        let port = try await TemporaryRepository.run(
            "python3", ["-c", "import socket; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1])"])
        let address = "127.0.0.1:\(port)"
        let headgate = HeadgateProgram(in: folder, environment: ["HEADGATE_STATE": "\(folder)/none"])
        let result = try await headgate.during([
            "run", "--repo", repository.path, "--state", "\(folder)/state", "--listen", address, "--token-file", token,
            "--log-format", "json", "--poll", "1s",
        ]) { lines in
            let answers = try await eventually {
                try await headgate("get", "sources", "--address", address, "--token-file", token).status == 0
            }
            try #require(answers, "\(lines.talk)")
            let stranger = try await headgate("get", "sources", "--address", address)
            #expect(stranger.status == 2 && stranger.errors.contains("a valid token is needed"), "\(stranger)")
            // Beside TCP, the socket in the state folder is there for who may open it.
            let here = try await headgate("gc", "--dry-run", "--state", "\(folder)/state")
            #expect(here.status == 0, "\(here)")
            let doctor = try await headgate("doctor", "--state", "\(folder)/state")
            #expect(doctor.output.contains("✔ the controller answers"), "\(doctor)")
            for path in ["/healthz", "/readyz"] {
                #expect(try await TemporaryRepository.run("curl", ["-sf", "http://\(address)\(path)"]) == "ok")
            }
            // The same folder, and the same port, are somebody's already.
            let second = try await headgate("run", "--repo", repository.path, "--state", "\(folder)/state")
            #expect(second.status == 2 && second.errors.contains("in use by another headgate"), "\(second)")
            let third = try await headgate(
                "run", "--repo", repository.path, "--state", "\(folder)/other", "--listen", address)
            #expect(
                third.status == 2 && third.errors.contains("headgate: cannot listen on http://\(address)"), "\(third)")
            #expect(!third.errors.contains("controller started"), "\(third)")
        }
        #expect(result.status == 0, "\(result)")
        let lines = result.errors.split(separator: "\n").map(String.init)
        #expect(
            lines.count >= 3 && lines.allSatisfy { JSON($0)?["level"] is String && JSON($0)?["time"] is String },
            "\(result)")
        #expect(lines.last?.contains("controller stopped") == true, "\(result)")
        #expect(!result.errors.contains("0123456789abcdef0123"))
        // Who copies the ledger of a stopped controller copies one file.
        let log = FileManager.default.contents(atPath: "\(folder)/state/ledger.sqlite-wal")
        #expect(log?.isEmpty ?? true)
    }

    @Test func `a ledger of a newer version, or none at all, is refused and left as it is`() async throws {
        for (text, message) in [("PRAGMA user_version = 999", "use the newer Headgate"), ("", "ledger")] {
            let repository = try await TemporaryRepository()
            let state = "\(repository.folder)/state"
            try await TestController.during(["--repo", repository.path], in: repository.folder) { _ in }
            let ledger = "\(state)/ledger.sqlite"
            // The log beside it would bring the whole ledger back.
            for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: ledger + suffix) }
            if text.isEmpty {
                try Data("this is no database, and has more than enough bytes to be one".utf8).write(
                    to: URL(fileURLWithPath: ledger))
            } else {
                let script = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute(sys.argv[2])"
                try await TemporaryRepository.run("python3", ["-c", script, ledger, text])
            }
            let before = FileManager.default.contents(atPath: ledger)
            let headgate = HeadgateProgram(in: repository.folder)
            let run = try await headgate("run", "--repo", repository.path, "--state", state)
            #expect(run.status == 2 && run.errors.contains(message), "\(run)")
            let doctor = try await headgate("doctor", "--state", state)
            #expect(doctor.status == 1 && doctor.output.contains("✗ ledger: "), "\(doctor)")
            let plan = try await headgate("plan", repository.path, "--state", state)
            #expect(plan.status == 2, "\(plan)")
            #expect(FileManager.default.contents(atPath: ledger) == before)
        }
    }
}
