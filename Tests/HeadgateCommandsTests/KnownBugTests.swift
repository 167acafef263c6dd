import Foundation
import HeadgateTestSupport
import Testing

/// Bugs that other controllers had, by their numbers, against a real controller and real repositories.
///
/// Those of the reconciler are in `HeadgateCoreTests`, and kargo #3071 is in `RollbackCommitTests` and `WritingTests`.
@Suite(.timeLimit(.minutes(10))) struct KnownBugTests {
    /// Sends signed webhooks over a Unix socket, many at a time; prints how many were taken.
    private static let hooks = """
        import concurrent.futures, http.client, socket, sys
        path, count, token = sys.argv[1], int(sys.argv[2]), sys.argv[3]
        class Connection(http.client.HTTPConnection):
            def connect(self):
                self.sock = socket.socket(socket.AF_UNIX)
                self.sock.connect(path)
        def post(_):
            connection = Connection('headgate')
            connection.request('POST', '/hooks/git', '{}', {'X-Gitlab-Token': token})
            return connection.getresponse().status
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            print(sum(status == 202 for status in pool.map(post, range(count))))
        """

    @Test func `200 webhooks in a second, one fetch (argo-cd #9017)`() async throws {
        let repository = try await TemporaryRepository()
        try await repository.commit("One", ["headgate.yaml": ""])
        let (secret, configuration) = ("\(repository.folder)/hook", "\(repository.folder)/controller.yaml")
        try Data("a secret that both know\n".utf8).write(to: URL(fileURLWithPath: secret))
        try await GitServer.http(serving: repository.folder) { server in
            let text = """
                sources: [{url: "http://127.0.0.1:\(server.port)/models/.git", name: models, poll: 1d}]
                webhooks: {git: {kind: gitlab, source: models, secretFile: \(secret)}}

                """
            try Data(text.utf8).write(to: URL(fileURLWithPath: configuration))
            try await TestController.during(["--config", configuration], in: repository.folder) { controller in
                func isAt(_ subject: String) async throws -> Bool {
                    try await controller.headgate("get", "sources").output.contains(subject)
                }
                func fetches() -> Int { server.requests.filter { $0.hasPrefix("POST ") }.count }
                #expect(try await eventually { try await isAt("One") }, "\(controller.log)")
                try await repository.commit("Two")
                let before = (fetches: fetches(), requests: server.requests.count)
                let taken = try await TemporaryRepository.run(
                    "python3", ["-c", Self.hooks, "\(controller.state)/api.sock", "200", "a secret that both know"])
                #expect(taken == "200")
                #expect(try await eventually { try await isAt("Two") }, "\(controller.log)")
                // Every look is a listing; all nudges during one look are one more.
                #expect(fetches() == before.fetches + 1, "\(server.requests)")
                #expect(server.requests.count < before.requests + 100, "\(server.requests)")
            }
        }
    }

    @Test func `a directory renamed, emptied or unreadable deletes nothing (argo-cd #9227)`() async throws {
        let repository = try await TemporaryRepository()
        var files: [String: String?] = [:]
        for (name, text) in Toy.files(accuracy: "0.9") { files["models/\(name)"] = text }
        try await repository.commit("Add the toy model", files)
        let arguments = ["--repo", repository.path, "--branch", "main", "--path", "models", "--poll", "200ms"]
        try await TestController.during(arguments, in: repository.folder) { controller in
            let world = Living.World(repository: repository, controller: controller)
            try await world.controller.serves("0.9")
            func history() async throws -> String { try await world.headgate("history", "toy").output }
            let before = try await history()
            func expectUntouched(_ problem: String) async throws {
                let isSaid = try await eventually {
                    let status = try await world.headgate("get", "sources", "-o", "json").output
                    return status.contains(problem)
                }
                #expect(isSaid, "\(problem): \(controller.log)")
                try await world.controller.serves("0.9")
                #expect(try await history() == before)
                #expect(!controller.log.contains("ObjectRemoved"), "\(controller.log)")
            }
            try await repository.git("mv", "models", "renamed")
            try await repository.commit("Rename the folder")
            try await expectUntouched("the folder models is not there")
            try await repository.git("revert", "--no-edit", "HEAD")
            try await repository.git("rm", "-q", "-r", "models")
            try await repository.commit("Empty the folder")
            try await expectUntouched("the folder models is not there")
            try await repository.git("revert", "--no-edit", "HEAD")
            try await repository.commit("Break the file", ["models/headgate.yaml": "apiVersion: [\n"])
            try await expectUntouched("headgate.yaml")
        }
    }
}
