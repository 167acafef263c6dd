import Foundation
import HeadgateTestSupport
import Testing

/// `headgate rollback --commit`, against a remote that asks for a password.
@Suite(.timeLimit(.minutes(10))) struct RollbackCommitTests {
    /// A controller on a bare repository with two Deployments, `toy` and `twin`, and a clone in which people work.
    struct World: Sendable {
        let work: TemporaryRepository
        let bare: TemporaryRepository
        let controller: TestController

        var headgate: HeadgateProgram { controller.headgate }

        func push(_ message: String, _ files: [String: String?]) async throws {
            try await work.git("pull", "-q", "--rebase", "origin", "main")
            try await work.commit(message, files)
            try await work.git("push", "-q", "origin", "main")
        }

        var subjects: [String] {
            get async throws {
                try await bare.git("log", "--format=%s", "main").split(separator: "\n").map(String.init)
            }
        }
    }

    private func during(_ body: @Sendable (World) async throws -> Void) async throws {
        let work = try await TemporaryRepository()
        let bare = try await TemporaryRepository("models.git", bare: true)
        try await bare.git("config", "http.receivepack", "true")
        var files = Toy.files(accuracy: "0.9")
        for (file, text) in Toy.files(accuracy: "0.9") {
            let parts = (text ?? "").components(separatedBy: "---\n")
            let twin = parts.count == 3 ? parts[0] + "---\n" + parts[2] : text ?? ""
            files["twin/\(file)"] = twin.replacingOccurrences(of: "toy", with: "twin")
        }
        try await work.commit("Add two models", files)
        try await work.git("remote", "add", "origin", bare.path)
        try await work.git("push", "-q", "origin", "main")
        try await GitServer.http(serving: bare.folder, login: "ada:hunter2") { server in
            let (password, settings) = ("\(work.folder)/password", "\(work.folder)/headgate.yaml")
            try Data("hunter2\n".utf8).write(to: URL(fileURLWithPath: password))
            let text = """
                sources:
                - url: http://127.0.0.1:\(server.port)/models.git
                  branch: main
                  poll: 200ms
                  credentials: {user: ada, passwordFile: \(password)}
                  author: {name: The Gate, email: gate@example.org}

                """
            try Data(text.utf8).write(to: URL(fileURLWithPath: settings))
            try await TestController.during(["--config", settings], in: work.folder) { controller in
                let world = World(work: work, bare: bare, controller: controller)
                for name in ["toy", "twin"] { try await world.controller.serves("0.9", on: name) }
                try await body(world)
            }
        }
    }

    @Test func `two Deployments are taken back at once, and both commits land (kargo #3071)`() async throws {
        try await during { world in
            try await world.push("Better toy", ["data.txt": "0.95\n"])
            try await world.push("Other twin", ["twin/data.txt": "0.8\n"])
            try await world.controller.serves("0.95")
            try await world.controller.serves("0.8", on: "twin")
            let runs = JSON.list(try await world.headgate("get", "runs", "-o", "json").output).count
            async let one = world.headgate("rollback", "toy", "--commit", "--reason", "too slow", "--wait")
            async let two = world.headgate("rollback", "twin", "--commit", "--wait")
            let results = try await [one, two]
            for result in results { #expect(result.status == 0 && result.errors.contains("Reverted: "), "\(result)") }
            try await world.controller.serves("0.9")
            try await world.controller.serves("0.9", on: "twin")
            #expect(Set(try await world.subjects.prefix(2)) == ["Revert \"Better toy\"", "Revert \"Other twin\""])
            #expect(try await world.subjects.count == 5)
            #expect(JSON.list(try await world.headgate("get", "runs", "-o", "json").output).count == runs, "a step ran")
            let message = try await world.bare.git("log", "-1", "--grep=toy", "--format=%an <%ae>%n%B", "main")
            #expect(message.hasPrefix("The Gate <gate@example.org>\nRevert \"Better toy\"\n\nThis reverts commit "))
            #expect(message.contains("\n\nDeployment toy goes back to version "))
            #expect(message.contains(": too slow\n\nRequested-by: ada"))
            // What HEAD asks for is not held: it is what serves.
            #expect(try await !world.headgate("get", "deployment", "toy").output.contains("release"))
        }
    }

    @Test func `a commit that cannot be reverted, or that the remote refuses, changes nothing`() async throws {
        try await during { world in
            let first = try #require(
                JSON(try await world.headgate("describe", "deployment", "toy", "-o", "json").output)?["version"]
                    as? String)
            let again = try await world.headgate("rollback", "toy", "--to", first, "--commit")
            #expect(again.status == 1 && again.errors.contains("HEAD asks for version"), "\(again)")
            let command = "command: [sh, train.sh]"
            let changed = Toy.manifest.replacingOccurrences(of: command, with: "command: [sh, -e, train.sh]")
            try await world.push("Be strict", ["headgate.yaml": changed, "data.txt": "0.92\n"])
            try await world.controller.serves("0.92")
            let said = changed.replacingOccurrences(
                of: "command: [sh, -e, train.sh]", with: "command: [sh, -e, train.sh]  # strict")
            try await world.push("Say why", ["headgate.yaml": said])
            let subjects = try await world.subjects
            let conflict = try await world.headgate("rollback", "toy", "--commit")
            #expect(conflict.status == 1, "\(conflict)")
            #expect(
                conflict.errors.contains("cannot be reverted by itself: headgate.yaml changed again since"),
                "\(conflict)")
            try await world.push("Say nothing", ["headgate.yaml": changed])
            let hook = "\(world.bare.path)/hooks/update"
            try Data("#!/bin/sh\nexit 1\n".utf8).write(to: URL(fileURLWithPath: hook))
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: hook)
            let refused = try await world.headgate("rollback", "toy", "--commit")
            #expect(
                refused.status == 1 && refused.errors.contains("did not take the commit: hook declined"), "\(refused)")
            #expect(try await world.subjects == ["Say nothing"] + subjects)
            try FileManager.default.removeItem(atPath: hook)
            let taken = try await world.headgate("rollback", "toy", "--commit", "--wait")
            #expect(taken.status == 0, "\(taken)")
            try await world.controller.serves("0.9")
        }
    }
}
