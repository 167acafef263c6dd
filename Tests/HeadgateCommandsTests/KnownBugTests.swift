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

    @Test func `a step that never returns ends at its deadline, and the next revision goes on (argo-cd #4979)`()
        async throws
    {
        let repository = try await TemporaryRepository()
        let note = "\(repository.folder)/hanging"
        var files = Toy.files(accuracy: "0.9")
        files["headgate.yaml"] = Toy.manifest.replacingOccurrences(
            of: "outputs: [model/]", with: "outputs: [model/]\n      timeout: 1s")
        files["train.sh"] = "trap '' TERM INT HUP\necho $$ >> \(note)\nwhile :; do sleep 600; done\n"
        try await repository.commit("Hang", files)
        // The only place for a step is the hanging one's.
        let arguments = ["--repo", repository.path, "--branch", "main", "--poll", "200ms", "--concurrent-steps", "1"]
        try await TestController.during(arguments, in: repository.folder) { controller in
            func attempts() async throws -> [[String: Any]] {
                JSON.list(try await controller.headgate("get", "runs", "-o", "json").output)
            }
            let isOver = try await eventually {
                try await attempts().contains { attempt in
                    let message = attempt["message"] as? String
                    return attempt["state"] as? String == "errored" && message == "took longer than 1s"
                }
            }
            #expect(isOver, "\(controller.log)")
            try await repository.commit("Return", Toy.files(accuracy: "0.9"))
            try await controller.serves("0.9")
            // However often it was tried meanwhile.
            let processes = try String(contentsOfFile: note, encoding: .utf8).split(separator: "\n")
            #expect(!processes.isEmpty)
            for process in processes {
                #expect(!FileManager.default.fileExists(atPath: "/proc/\(process)"), "process \(process) goes on")
            }
            #expect(try await attempts().allSatisfy { $0["state"] as? String != "running" })
        }
    }

    /// A serving system where all is ready at once, until a file is there: from then on it answers nothing.
    private static let fleet = """
        import json, os, sys
        states = {}
        for line in sys.stdin:
            request = json.loads(line)
            name, answer = request.get('deployment', {}).get('name'), {'id': request['id']}
            if os.path.exists(sys.argv[1]): continue
            if request['call'] == 'apply': states[name] = request['state']
            if request['call'] == 'remove': states.pop(name, None)
            if request['call'] == 'capabilities': answer['capabilities'] = {'weights': True, 'sideBySide': True}
            if request['call'] == 'observe':
                state = states.get(name, {'versions': [], 'weights': {}})
                versions = {each['version']: {'phase': 'ready', 'replicas': each['replicas']}
                            for each in state['versions']}
                answer['observed'] = {'versions': versions, 'weights': state['weights']}
            print(json.dumps(answer), flush=True)

        """

    @Test func `an unreachable target blocks no other, and its Deployment can still be deleted (argo-cd #5817)`()
        async throws
    {
        let repository = try await TemporaryRepository()
        let (program, cut) = ("\(repository.folder)/fleet.py", "\(repository.folder)/cut")
        let configuration = "\(repository.folder)/controller.yaml"
        try Data(Self.fleet.utf8).write(to: URL(fileURLWithPath: program))
        let settings = """
            sources: [{url: "\(repository.path)", branch: main, poll: 200ms}]
            targetPrograms: {fleet: {command: [python3, \(program), \(cut)], within: 2s}}
            limits: {removalDeadline: 1s}

            """
        try Data(settings.utf8).write(to: URL(fileURLWithPath: configuration))
        let far = """
            apiVersion: headgate.dev/v1
            kind: Target
            metadata: {name: fleet}
            spec: {exec: {program: fleet}}
            ---
            apiVersion: headgate.dev/v1
            kind: Deployment
            metadata: {name: far}
            spec: {model: toy, target: fleet}

            """
        try await repository.commit(
            "Serve at two places", Toy.files(accuracy: "0.9").merging(["far.yaml": far]) { $1 })
        try await TestController.during(["--config", configuration], in: repository.folder) { controller in
            for name in ["toy", "far"] { try await controller.serves("0.9", on: name) }
            try Data().write(to: URL(fileURLWithPath: cut))
            try await repository.commit("Better", ["data.txt": "0.95\n"])
            try await controller.serves("0.95")
            let far = try await controller.headgate("describe", "deployment", "far", "-o", "json")
            let toy = try await controller.headgate("describe", "deployment", "toy", "-o", "json")
            #expect(JSON(far.output)?["version"] as? String != JSON(toy.output)?["version"] as? String)
            try await repository.git("rm", "-q", "far.yaml")
            try await repository.commit("Give far up", ["data.txt": "0.97\n"])
            let isForgotten = try await eventually {
                try await controller.headgate("events", "-o", "json").output.contains("PruneAbandoned")
            }
            #expect(isForgotten, "\(controller.log)")
            #expect(try await !controller.headgate("get", "deployments").output.contains("far"))
            try await controller.serves("0.97")
        }
    }
}
