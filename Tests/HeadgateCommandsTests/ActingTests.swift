import Foundation
import HeadgateTestSupport
import Testing

/// Every command that asks something of a controller, in an order in which each has something to do.
@Suite(.living, .serialized, .timeLimit(.minutes(10))) struct ActingTests {
    @Test(arguments: [
        (["release", "toy"], "what HEAD asks for is not held"),
        (["resume", "toy"], "it is neither suspended nor paused"),
        (["pause", "toy"], "no rollout is under way"), (["promote", "toy", "--full"], "no rollout is under way"),
        (["abort", "toy"], "no rollout is under way"), (["rollback", "toy"], "there is no earlier champion"),
        (["prune", "models"], "nothing of source models waits"), (["approve", "toy"], "serves already"),
        (
            ["override", "nope", "--deployment", "toy", "--reason", "x", "--expires", "1h"],
            "there is no Policy named nope"
        ),
    ])
    func `what cannot be done now is refused with its reason, and exit code 1`(
        _ arguments: [String], _ reason: String
    ) async throws {
        let result = try await world().headgate.run(arguments)
        #expect(result.status == 1 && result.output.isEmpty, "\(result)")
        #expect(result.errors.contains(reason) && result.errors.hasPrefix("headgate: "), "\(result)")
    }

    @Test func `a version that is adopted needs a Deployment without a champion`() async throws {
        let versions = JSON.list(try await world().headgate("get", "versions", "-o", "json").output)
        let digest = try #require(versions.first?["version"] as? String)
        let result = try await world().headgate("adopt", "toy", "--version", digest)
        #expect(result.status == 1 && result.errors.contains("is its champion already"), "\(result)")
    }

    @Test func `a suspended Deployment says so until it is resumed`() async throws {
        let suspended = try await world().headgate("suspend", "toy")
        #expect(suspended.status == 0 && suspended.errors.contains("Suspended: by ada"), "\(suspended)")
        #expect(
            try await world().headgate("get", "deployment", "toy").output.contains(
                "Suspended: suspended; `headgate resume toy` goes on"))
        #expect(try await world().headgate("resume", "toy", "--wait").status == 0)
        #expect(try await !world().headgate("get", "deployment", "toy").output.contains("Suspended:"))
    }

    @Test func `a worse model is refused by its gate, seen by who watches, and goes by an override`() async throws {
        let world = try world()
        // The watcher is asked to stop when it has shown the change.
        let watched = try await world.headgate.during(["get", "models", "--watch", "-o", "json"]) { lines in
            #expect(await eventually { lines.output.contains("0.9") })
            try await world.repository.commit("Make it worse", ["data.txt": "0.4\n"])
            #expect(await eventually { lines.output.contains("0.4") }, "\(lines.output)")
        }
        #expect(watched.errors.isEmpty, "\(watched)")
        #expect(
            try await eventually {
                try await world.headgate("get", "deployments").output.contains("accuracy 0.4 is below 0.5")
            })
        let events = try await world.headgate.during(["events", "--watch", "--for", "deployment/toy"]) { lines in
            #expect(await eventually { lines.output.contains("GateDenied") })
            let override = try await world.headgate(
                "override", "floor", "--deployment", "toy", "--reason", "a trial", "--expires", "1h", "--wait")
            #expect(override.status == 0, "\(override)")
            #expect(override.errors.contains("Overridden: policy floor for version"), "\(override)")
            #expect(await eventually { lines.output.contains("Overridden") && lines.output.contains("Promoted") })
        }
        #expect(events.output.contains("by ada: a trial"), "\(events)")
        try await world.controller.serves("0.4")
    }

    @Test func `a rollback holds, a release goes forward again, and a hold keeps what serves`() async throws {
        let world = try world()
        let back = try await world.headgate("rollback", "toy", "--reason", "it is worse", "--wait")
        #expect(back.status == 0 && back.errors.contains("RollbackRequested"), "\(back)")
        try await world.controller.serves("0.9")
        #expect(back.errors.contains("Held: version"), "\(back)")
        #expect(try await world.headgate("get", "deployment", "toy").output.contains("by ada: it is worse"))
        let approved = try await world.headgate("approve", "toy")
        #expect(approved.status == 0 && approved.errors.contains("recorded for policies"), "\(approved)")
        let released = try await world.headgate("release", "toy", "--wait")
        #expect(released.status == 0 && released.errors.contains("Released: by ada"), "\(released)")
        try await world.controller.serves("0.4")
        let versions = JSON.list(try await world.headgate("get", "versions", "toy", "-o", "json").output)
        let first = try #require(versions.first { "\(($0["metrics"] as? [String: Any])?["accuracy"] ?? "")" == "0.9" })
        let digest = try #require(first["version"] as? String)
        let to = try await world.headgate("rollback", "toy", "--to", String(digest.dropFirst(7).prefix(8)), "--wait")
        #expect(to.status == 0, "\(to)")
        try await world.controller.serves("0.9")
        #expect(try await world.headgate("history", "toy").output.split(separator: "\n").count >= 5)
    }

    @Test func `what a rollout ignores is refused, and a hold and an abort tell who and why`() async throws {
        let world = try world()
        let canary = "strategy: {canary: {steps: [{weight: 50}, {pause: {until: approved}}]}}"
        try await world.repository.commit(
            "Go by steps",
            [
                "headgate.yaml": Toy.manifest.replacingOccurrences(
                    of: "target: local}", with: "target: local, \(canary)}"), "data.txt": "0.7\n",
            ])
        try #require(
            try await eventually {
                try await world.headgate("pause", "toy").errors.contains("RolloutPaused: by ada")
            })
        let second = try await world.headgate("pause", "toy")
        #expect(second.status == 1 && second.errors.contains("it is paused already"), "\(second)")
        let aborted = try await world.headgate("abort", "toy", "--reason", "not today", "--wait")
        #expect(aborted.status == 0, "\(aborted)")
        #expect(try await world.headgate("get", "deployment", "toy").output.contains("by ada: not today"))
        let plan = try await HeadgateProgram(in: world.repository.path, environment: world.headgate.environment)("plan")
        #expect(plan.status == 0 && plan.output.contains("is held by ada: not today"), "\(plan)")
        let held = try await world.headgate("hold", "toy", "--reason", "nor tomorrow")
        #expect(held.status == 0 && held.errors.contains("by ada: nor tomorrow"), "\(held)")
        try await world.repository.commit("Go at once", ["headgate.yaml": Toy.manifest, "data.txt": "0.4\n"])
    }

    @Test func `a failed step is tried again when asked, and its log says why it failed`() async throws {
        let world = try world()
        let script =
            "echo no luck >&2; [ -e \(world.repository.folder)/luck ] || exit 3; mkdir -p model; echo 0.8 > model/weights\n"
        try await world.repository.commit("Need luck", ["train.sh": script])
        #expect(try await world.headgate("reconcile").status == 0)
        #expect(try await eventually { try await world.headgate("get", "models").output.contains("exited with 3") })
        let log = try await world.headgate("logs", "toy/train", "-f")
        #expect(log.output == "no luck\n" && log.errors.contains("failed: exited with 3"), "\(log)")
        let plan = try await HeadgateProgram(in: world.repository.path, environment: world.headgate.environment)("plan")
        #expect(plan.status == 1 && plan.output.contains("refused"), "\(plan)")
        let waited = try await world.headgate("retry", "deployment/toy", "--wait", "--timeout", "1m")
        #expect(waited.status == 1 && waited.errors.contains("exited with 3"), "\(waited)")
        try Data().write(to: URL(fileURLWithPath: "\(world.repository.folder)/luck"))
        let retried = try await world.headgate("retry", "model/toy")
        #expect(retried.status == 0 && retried.errors.contains("RetryRequested"), "\(retried)")
        try await world.controller.serves("0.8")
    }

    @Test func `a source whose branch is gone says so once, serves on, and is read again when it is back`() async throws
    {
        let world = try world()
        try await world.repository.git("branch", "aside", "main")
        try await world.repository.git("checkout", "-q", "aside")
        try await world.repository.git("branch", "-D", "main")
        #expect(
            try await eventually {
                try await world.headgate("get", "sources").output.contains("main does not exist on the remote")
            })
        let doctor = try await world.headgate("doctor")
        #expect(doctor.status == 1 && doctor.output.contains("✗ source models: main does not exist"), "\(doctor)")
        // An unrelated history under the same name is a newer commit like any other.
        try await world.repository.git("checkout", "-q", "--orphan", "main")
        try await world.repository.git("commit", "-q", "-m", "Begin anew")
        #expect(try await eventually { try await world.headgate("get", "sources").output.contains("Begin anew") })
        let log = world.controller.log.split(separator: "\n")
        #expect(log.filter { $0.contains("main does not exist on the remote") }.count == 1, "\(world.controller.log)")
        try await world.controller.serves("0.8")
    }

    @Test func `a version that fails again is not what HEAD asks for, and its release ends with 1`() async throws {
        let world = try world()
        var files = Toy.files(accuracy: "0.95")
        files["serve.py"] = "raise SystemExit(3)\n"
        try await world.repository.commit("Break the server", files)
        #expect(try await world.headgate("reconcile").status == 0)
        #expect(
            try await eventually {
                try await world.headgate("get", "deployments", "-o", "json").output.contains("Held")
            })
        let found = try #require(
            JSON.list(try await world.headgate("get", "deployments", "-o", "json").output).first)
        #expect("\(found)".contains("is held by headgate"), "\(found)")
        let released = try await world.headgate("release", "toy", "--wait", "--timeout", "2m")
        #expect(released.status == 1 && released.errors.contains("Held: version"), "\(released)")
    }
}
