import Foundation
import HeadgateCore
import HeadgateGit
import HeadgateTestSupport
import Testing

@Suite struct SSHTests {
    /// Keys for a host and for users of it, made for one test.
    private struct Keys {
        let folder: String
        var host: String { "\(folder)/host" }
        var authorized: String { "\(folder)/authorized" }

        init(in folder: String, hostType: String = "ed25519") async throws {
            self.folder = folder
            try await make("host", type: hostType)
        }

        func make(_ name: String, type: String, passphrase: String = "") async throws {
            let size = type == "rsa" ? ["-b", "2048"] : []
            try await TemporaryRepository.run(
                "ssh-keygen", ["-q", "-t", type, "-N", passphrase, "-C", name, "-f", "\(folder)/\(name)"] + size)
        }

        func authorize(_ names: String...) throws {
            let lines = try names.map { try String(contentsOfFile: "\(folder)/\($0).pub", encoding: .utf8) }
            try Data(lines.joined().utf8).write(to: URL(fileURLWithPath: authorized))
        }

        /// A line of known_hosts for a key.
        func known(_ name: String, port: Int) throws -> String {
            "[127.0.0.1]:\(port) " + (try String(contentsOfFile: "\(folder)/\(name).pub", encoding: .utf8))
        }
    }

    private static func serve(
        hostType: String = "ed25519", keyType: String = "ed25519", passphrase: String = "",
        _ body: (Harness, Keys, GitServer.Server, CommitID) async throws -> Void
    ) async throws {
        let harness = try await Harness()
        let tip = try await harness.upstream.commit("One", ["a": "1"])
        let keys = try await Keys(in: harness.upstream.folder, hostType: hostType)
        try await keys.make("user", type: keyType, passphrase: passphrase)
        try keys.authorize("user")
        try await GitServer.ssh(hostKey: keys.host, authorizedKeys: keys.authorized) { server in
            try await body(harness, keys, server, tip)
        }
    }

    private static func mirror(
        _ harness: Harness, _ keys: Keys, _ server: GitServer.Server, known: String, passphrase: String? = nil,
        key: String = "user"
    ) throws -> Mirror {
        try harness.mirror(
            url: "ssh://\(NSUserName())@127.0.0.1:\(server.port)\(harness.upstream.path)",
            credentials: .sshKey(path: "\(keys.folder)/\(key)", passphrase: passphrase.map { .init($0) }),
            hostKeys: .text(known))
    }

    @Test(arguments: [("ed25519", "ed25519", ""), ("ecdsa", "ecdsa", ""), ("ed25519", "ed25519", "open sesame")])
    func `a key and a known host open the repository`(_ host: String, _ user: String, _ passphrase: String) async throws
    {
        try await Self.serve(hostType: host, keyType: user, passphrase: passphrase) { harness, keys, server, tip in
            let mirror = try Self.mirror(
                harness, keys, server, known: keys.known("host", port: server.port),
                passphrase: passphrase.isEmpty ? nil : passphrase)
            #expect(try await mirror.follow() == tip)
            #expect(try await mirror.text("a", at: tip) == "1")
        }
    }

    @Test func `a key of the agent opens the repository`() async throws {
        try await Self.serve { harness, keys, server, tip in
            let socket = "\(keys.folder)/agent"
            let started = try await TemporaryRepository.run("ssh-agent", ["-s", "-a", socket])
            let id = try #require(started.firstMatch(of: /SSH_AGENT_PID=(\d+)/).flatMap { Int32($0.1) })
            defer { kill(id, SIGTERM) }
            let helper = GitRemoteProcess.Executable(
                "/usr/bin/env", ["SSH_AUTH_SOCK=\(socket)", Harness.helper.path] + Harness.helper.arguments)
            let mirror = try Mirror(
                of: GitRemote(
                    url: RemoteURL("ssh://127.0.0.1:\(server.port)\(harness.upstream.path)"),
                    credentials: .sshAgent(user: NSUserName()),
                    hostKeys: .text(keys.known("host", port: server.port))),
                .branch("main"), stateFolder: harness.state, process: GitRemoteProcess(helper))
            let error = try await failure { _ = try await mirror.tip(deadline: patience) }
            #expect(error.code == .authentication && error.message.contains("agent"), "\(error)")
            try await TemporaryRepository.run(
                "ssh-add", ["-q", "\(keys.folder)/user"], environment: ["SSH_AUTH_SOCK": socket])
            #expect(try await mirror.follow() == tip)
        }
    }

    @Test func `an unknown host, another key and a revoked key are refused`() async throws {
        try await Self.serve { harness, keys, server, _ in
            try await keys.make("other", type: "ed25519")
            let right = try keys.known("host", port: server.port)
            let cases = [
                ("", "is not known"), (try keys.known("other", port: server.port), "is not the one in known_hosts"),
                (try keys.known("host", port: 1), "is not known"), (right + "\n@revoked " + right, "revoked"),
            ]
            for (known, reason) in cases {
                let mirror = try Self.mirror(harness, keys, server, known: known)
                let error = try await failure { _ = try await mirror.tip(deadline: patience) }
                #expect(error.code == .hostKey && !error.mayRetry && error.message.contains(reason), "\(error)")
            }
        }
    }

    @Test func `an RSA key is refused with advice`() async throws {
        try await Self.serve(keyType: "rsa") { harness, keys, server, _ in
            let mirror = try Self.mirror(harness, keys, server, known: keys.known("host", port: server.port))
            let error = try await failure { _ = try await mirror.tip(deadline: patience) }
            #expect(error.code == .authentication && error.message.contains("use an ed25519 key"), "\(error)")
        }
    }

    @Test func `a wrong key, a wrong passphrase and a missing file are refused`() async throws {
        try await Self.serve(passphrase: "right") { harness, keys, server, _ in
            try await keys.make("stranger", type: "ed25519")
            let known = try keys.known("host", port: server.port)
            for (key, passphrase) in [("stranger", nil), ("user", "wrong-secret"), ("absent", nil)] {
                let mirror = try Self.mirror(harness, keys, server, known: known, passphrase: passphrase, key: key)
                let error = try await failure { _ = try await mirror.tip(deadline: patience) }
                #expect(error.code == .authentication, "\(key): \(error)")
                #expect(!error.message.contains("wrong-secret"))
            }
        }
    }
}
