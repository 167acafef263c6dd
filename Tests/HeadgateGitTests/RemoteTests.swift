import Foundation
import HeadgateCore
import HeadgateGit
import HeadgateTestSupport
import Testing

@Suite struct RemoteTests {
    // MARK: HTTP

    @Test func `a tick where nothing moved asks the remote exactly once`() async throws {
        let harness = try await Harness()
        let tip = try await harness.upstream.commit("One", ["a": "1"])
        try await GitServer.http(serving: harness.upstream.folder) { server in
            let mirror = try harness.mirror(url: "http://127.0.0.1:\(server.port)/models")
            #expect(try await mirror.follow() == tip)
            let after = server.requests.count
            for tick in 1...3 {
                try await mirror.follow()
                #expect(server.requests.count == after + tick)
            }
            #expect(server.requests.last == "GET /models/info/refs?service=git-upload-pack")
        }
    }

    @Test func `a password is proven at the first request`() async throws {
        let harness = try await Harness()
        let tip = try await harness.upstream.commit("One", ["a": "1"])
        try await GitServer.http(serving: harness.upstream.folder, login: "ada:hunter2") { server in
            let mirror = try harness.mirror(
                url: "http://127.0.0.1:\(server.port)/models", credentials: .password(user: "ada", .init("hunter2")))
            #expect(try await mirror.tip(deadline: patience) == tip)
            #expect(server.requests.count == 1)
            try await mirror.follow()
            #expect(try await mirror.text("a", at: tip) == "1")
        }
    }

    @Test(arguments: [nil as String?, "wrong-secret"])
    func `a server that refuses every login is asked once and named`(_ password: String?) async throws {
        let harness = try await Harness()
        try await GitServer.http(serving: harness.upstream.folder, login: "ada:right") { server in
            let mirror = try harness.mirror(
                url: "http://127.0.0.1:\(server.port)/models",
                credentials: password.map { .password(user: "ada", .init($0)) } ?? .none)
            let error = try await failure { _ = try await mirror.tip(deadline: patience) }
            #expect(error.code == .authentication && !error.mayRetry)
            #expect(error.message.contains("127.0.0.1"))
            #expect(!error.message.contains("wrong-secret"))
            #expect(server.requests.count == 1)
        }
    }

    @Test func `a redirect to another host is not followed`() async throws {
        let harness = try await Harness()
        try await harness.upstream.commit("One", ["a": "1"])
        try await GitServer.http(serving: harness.upstream.folder) { target in
            let elsewhere = "http://localhost:\(target.port)"
            try await GitServer.http(serving: harness.upstream.folder, redirect: elsewhere) { server in
                let mirror = try harness.mirror(url: "http://127.0.0.1:\(server.port)/models")
                let error = try await failure { _ = try await mirror.tip(deadline: patience) }
                #expect(error.code == .unsupported, "\(error)")
                #expect(target.requests.isEmpty)
            }
        }
    }

    @Test func `a certificate of nobody that is trusted is refused, and one of a named authority is not`() async throws
    {
        let harness = try await Harness()
        let tip = try await harness.upstream.commit("One", ["a": "1"])
        let (file, trusted) = ("\(harness.upstream.folder)/server.pem", "\(harness.upstream.folder)/trusted.pem")
        try await TemporaryRepository.run(
            "openssl",
            [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", file, "-out", trusted, "-subj",
                "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2",
            ])
        let pair = try String(contentsOfFile: file, encoding: .utf8) + String(contentsOfFile: trusted, encoding: .utf8)
        try Data(pair.utf8).write(to: URL(fileURLWithPath: file))
        try await GitServer.http(serving: harness.upstream.folder, login: "ada:secret", certificate: file) { server in
            let url = "https://localhost:\(server.port)/models"
            let login = GitCredentials.password(user: "ada", .init("secret"))
            let mirror = try harness.mirror(url: url, credentials: login, certificates: trusted)
            #expect(try await mirror.follow() == tip)
            // The same process must not go on trusting what another source trusts.
            let strict = try harness.mirror(url: url, credentials: login)
            let before = server.requests.count
            let error = try await failure { _ = try await strict.tip(deadline: patience) }
            #expect(error.code == .hostKey && !error.mayRetry && error.message.contains("not trusted"), "\(error)")
            #expect(server.requests.count == before)
            let absent = try harness.mirror(url: url, credentials: login, certificates: "/nonexistent.pem")
            let missing = try await failure { _ = try await absent.tip(deadline: patience) }
            #expect(missing.message.contains("/nonexistent.pem"), "\(missing)")
        }
    }

    @Test func `a repository that the server does not have is not found`() async throws {
        let harness = try await Harness()
        try await GitServer.http(serving: harness.upstream.folder) { server in
            let mirror = try harness.mirror(url: "http://127.0.0.1:\(server.port)/absent")
            #expect(try await failure { _ = try await mirror.tip(deadline: patience) }.code == .notFound)
        }
    }

    // MARK: Silence

    @Test(arguments: ["git", "http", "ssh"])
    func `a silent server costs its deadline and no more`(_ scheme: String) async throws {
        let harness = try await Harness()
        try await GitServer.silent { server in
            let mirror = try harness.mirror(url: "\(scheme)://127.0.0.1:\(server.port)/models")
            let clock = ContinuousClock()
            let start = clock.now
            let error = try await failure { _ = try await mirror.tip(deadline: .milliseconds(300)) }
            #expect(error.code == .timedOut && error.mayRetry)
            #expect(clock.now - start < .seconds(20))
            #expect(await harness.process.processID == nil)
        }
        // The next request starts anew.
        let tip = try await harness.upstream.commit("One", ["a": "1"])
        #expect(try await harness.mirror().follow() == tip)
    }

    @Test func `a cancelled task ends its request at once`() async throws {
        let harness = try await Harness()
        try await GitServer.silent { server in
            let mirror = try harness.mirror(url: "git://127.0.0.1:\(server.port)/models")
            try await withThrowingTaskGroup(of: SourceError.self) { group in
                group.addTask { try await failure { _ = try await mirror.tip(deadline: .seconds(3600)) } }
                while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
                group.cancelAll()
                #expect(try await group.next()?.message.contains("cancelled") == true)
            }
        }
    }

    @Test func `nobody at the address is an error to retry`() async throws {
        let harness = try await Harness()
        let port = try await GitServer.silent { $0.port }
        let mirror = try harness.mirror(url: "git://127.0.0.1:\(port)/models")
        let error = try await failure { _ = try await mirror.tip(deadline: patience) }
        #expect(error.code == .unreachable && error.mayRetry)
    }

    // MARK: The helper's death

    @Test func `a helper that is killed in the middle of a fetch costs that fetch only`() async throws {
        let harness = try await Harness()
        // What does not compress, so that the fetch is still on its way when the server stalls.
        var noise = SystemRandomNumberGenerator()
        let data = Data((0..<3_000_000).map { _ in UInt8.random(in: 0...255, using: &noise) })
        try data.write(to: URL(fileURLWithPath: "\(harness.upstream.path)/noise"))
        let tip = try await harness.upstream.commit("Noise")
        let path = try await GitServer.daemon(serving: harness.upstream.folder, stallAfter: 1_000_000) { server in
            let mirror = try harness.mirror(url: "git://127.0.0.1:\(server.port)/models")
            try await withThrowingTaskGroup(of: SourceError.self) { group in
                group.addTask { try await failure { try await mirror.fetch(tip, deadline: .seconds(3600)) } }
                while try !hasUnfinishedPack(mirror.path) { try await Task.sleep(for: .milliseconds(10)) }
                // The actor is busy with the fetch, so the process is found by what it writes.
                let processes = try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int32($0) }
                for process in processes where process != getpid() && isWriting(process, mirror.path) {
                    kill(process, SIGKILL)
                }
                let error = try #require(try await group.next())
                #expect(error.mayRetry && error.message.contains("signal 9"))
            }
            return mirror.path
        }
        #expect(try hasUnfinishedPack(path))
        try await GitServer.daemon(serving: harness.upstream.folder) { server in
            let mirror = try harness.mirror(url: "git://127.0.0.1:\(server.port)/models")
            try await mirror.fetch(tip, deadline: patience)
            #expect(try await mirror.entries([HeadgateGitTests.path("noise")], at: tip).count == 1)
        }
        let reopened = try harness.mirror()
        try await reopened.follow()
        #expect(try !hasUnfinishedPack(reopened.path))
    }

    @Test func `a helper that died between two requests is replaced unnoticed`() async throws {
        let harness = try await Harness()
        let tip = try await harness.upstream.commit("One", ["a": "1"])
        let mirror = try harness.mirror()
        try await mirror.follow()
        let first = try #require(await harness.process.processID)
        kill(first, SIGKILL)
        #expect(try await mirror.tip(deadline: patience) == tip)
        #expect(await harness.process.processID != first)
    }

    @Test func `many requests are answered by one process`() async throws {
        let harness = try await Harness()
        try await harness.upstream.commit("One", ["a": "1"])
        let mirror = try harness.mirror()
        try await mirror.follow()
        let first = try #require(await harness.process.processID)
        for _ in 0..<10 { try await mirror.follow() }
        #expect(await harness.process.processID == first)
    }

    @Test func `a helper that cannot be started is an error`() async throws {
        let harness = try await Harness()
        let mirror = try Mirror(
            of: GitRemote(url: RemoteURL(harness.upstream.url)), .head, stateFolder: harness.state,
            process: GitRemoteProcess(.init("/nonexistent/headgate")))
        let error = try await failure { _ = try await mirror.tip(deadline: patience) }
        #expect(error.message.contains("/nonexistent/headgate"))
    }

    @Test func `a helper whose parent is gone ends, even while a remote keeps it waiting`() async throws {
        try await GitServer.silent { server in
            // A parent of its own, which starts the helper over a socket and dies at once.
            let script = """
                import socket, subprocess, sys
                ours, theirs = socket.socketpair()
                child = subprocess.Popen(sys.argv[2:], stdin=theirs, stdout=theirs)
                ours.sendall(sys.argv[1].encode() + b'\\n')
                print(child.pid)
                """
            let request = """
                {"operation": "list", "milliseconds": 3600000, "url": "git://127.0.0.1:\(server.port)/m", "wanted": [],
                "credentials": {"kind": "none"}, "hostKeyFiles": [], "hostKeyLines": "", "mirror": "", "refspecs": [],
                "byteLimit": 0}
                """.replacing("\n", with: " ")
            let output = try await TemporaryRepository.run(
                "python3", ["-c", script, request, Harness.helper.path] + Harness.helper.arguments)
            let id = try #require(Int32(output))
            while isAlive(id) { try await Task.sleep(for: .milliseconds(10)) }
        }
    }

    // MARK: Size and format

    @Test(arguments: ["git", "http"])
    func `a pack that is larger than its limit is refused`(_ scheme: String) async throws {
        let harness = try await Harness()
        let data = Data((0..<400_000).map { _ in UInt8.random(in: 0...255) })
        try data.write(to: URL(fileURLWithPath: "\(harness.upstream.path)/noise"))
        let tip = try await harness.upstream.commit("Noise")
        func refuse(_ server: GitServer.Server) async throws {
            let url = "\(scheme)://127.0.0.1:\(server.port)/models"
            let mirror = try harness.mirror(url: url, limits: GitLimits(fetchBytes: 100_000))
            let error = try await failure { try await mirror.fetch(tip, deadline: patience) }
            #expect(error.code == .tooLarge && !error.mayRetry)
            let roomy = try harness.mirror(url: url)
            try await roomy.fetch(tip, deadline: patience)
        }
        if scheme == "git" {
            try await GitServer.daemon(serving: harness.upstream.folder, refuse)
        } else {
            try await GitServer.http(serving: harness.upstream.folder, refuse)
        }
    }

    @Test func `a shallow or partial upstream is refused with a reason`() async throws {
        let harness = try await Harness()
        try await harness.upstream.commit("One", ["a": "1"])
        try await harness.upstream.commit("Two", ["a": "2"])
        try await harness.upstream.git("config", "uploadpack.allowFilter", "true")
        let shallow = "\(harness.upstream.folder)/shallow"
        try await harness.upstream.git("clone", "-q", "--bare", "--depth=1", harness.upstream.url, shallow)
        let partial = "\(harness.upstream.folder)/partial"
        try await harness.upstream.git("clone", "-q", "--bare", "--filter=blob:none", harness.upstream.url, partial)
        for (path, word) in [(shallow, "shallow clone"), (partial, "partial clone")] {
            let mirror = try harness.mirror(url: path)
            let error = try await failure { _ = try await mirror.tip(deadline: patience) }
            #expect(error.code == .unsupported && error.message.contains(word), "\(error)")
        }
        try await GitServer.daemon(serving: harness.upstream.folder) { server in
            let mirror = try harness.mirror(url: "git://127.0.0.1:\(server.port)/shallow")
            let error = try await failure { try await mirror.follow() }
            #expect(error.code == .unsupported && error.message.contains("shallow clone"), "\(error)")
        }
    }

    @Test func `a SHA-256 upstream is refused with a reason`() async throws {
        let harness = try await Harness(objectFormat: "sha256")
        try await harness.upstream.git("commit", "-q", "--allow-empty", "-m", "One")
        let local = try harness.mirror()
        let error = try await failure { _ = try await local.tip(deadline: patience) }
        #expect(error.code == .unsupported && error.message.contains("SHA-256"), "\(error)")
        try await GitServer.daemon(serving: harness.upstream.folder) { server in
            let mirror = try harness.mirror(url: "git://127.0.0.1:\(server.port)/models")
            let error = try await failure { _ = try await mirror.tip(deadline: patience) }
            #expect(error.code == .unsupported && error.message.contains("SHA-256"), "\(error)")
        }
    }

    private func hasUnfinishedPack(_ mirror: String) throws -> Bool {
        try FileManager.default.contentsOfDirectory(atPath: "\(mirror)/objects/pack").contains {
            !$0.hasPrefix("pack-") || $0.contains("tmp")
        }
    }

    private func isWriting(_ process: Int32, _ mirror: String) -> Bool {
        let folder = "/proc/\(process)/fd"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.contains {
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)"))?.hasPrefix(mirror) == true
        }
    }

    // A process that nobody waits for stays as a zombie, which is as dead.
    private func isAlive(_ process: Int32) -> Bool {
        guard let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return false }
        return !status.contains(") Z ")
    }
}
