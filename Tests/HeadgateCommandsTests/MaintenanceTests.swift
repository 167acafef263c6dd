import Foundation
import Glibc
import HeadgateTestSupport
import Testing

/// `headgate gc` and `headgate backup`, beside a controller and without one.
@Suite(.living, .serialized, .timeLimit(.minutes(10))) struct MaintenanceTests {
    private var state: String { get throws { try world().controller.state } }

    /// The files of the object store.
    private func objects(in state: String) throws -> Set<String> {
        let all = FileManager.default.enumerator(atPath: "\(state)/objects")?.allObjects as? [String] ?? []
        return Set(all.filter { $0.count == 65 })
    }

    /// Makes everything in folders of the state look a day old.
    private func age(_ folders: String...) throws {
        let time = timespec(tv_sec: time(nil) - 86_400, tv_nsec: 0)
        for folder in folders {
            let root = "\(try state)/\(folder)"
            for name in FileManager.default.enumerator(atPath: root)?.allObjects as? [String] ?? [] {
                utimensat(AT_FDCWD, "\(root)/\(name)", [time, time], AT_SYMLINK_NOFOLLOW)
            }
        }
    }

    private func bytes(_ result: CommandResult) -> Int? {
        JSON(result.output).flatMap { json in
            ["objectBytes", "environmentBytes", "runBytes"].reduce(0) { $0 + (json[$1] as? Int ?? 0) }
        }
    }

    @Test func `a dry run tells what a collection then deletes, and what serves stays`() async throws {
        let world = try world()
        // Two versions that never served: one is still what HEAD asks for when the collection runs, the other is not.
        for accuracy in ["0.1", "0.2"] {
            try await world.repository.commit("Worse", ["data.txt": "\(accuracy)\n"])
            try #require(
                try await eventually {
                    try await world.headgate("get", "deployments").output.contains("accuracy \(accuracy) is below")
                })
        }
        let before = try objects(in: state)
        let young = try await world.headgate("gc", "--older-than", "1ms", "--dry-run", "-o", "json")
        #expect(young.status == 0 && JSON(young.output)?["versions"] as? Int == 1, "\(young)")
        #expect(bytes(young) == 0, "what is young may be on its way into the ledger: \(young)")
        try age("objects", "runs")
        let trial = try await world.headgate("gc", "--older-than", "1ms", "--dry-run", "-o", "json")
        #expect(trial.status == 0, "\(trial)")
        #expect(try objects(in: state) == before)
        let planned = try #require(bytes(trial))
        #expect(planned > 0)
        let done = try await world.headgate("gc", "--older-than", "1ms", "-o", "json")
        #expect(done.status == 0 && bytes(done) == planned, "\(trial) \(done)")
        #expect(try objects(in: state).isStrictSubset(of: before))
        try await world.controller.serves("0.9")
        // Memory and ledger have forgotten the same: the version that is gone is trained again, the one that stayed is not.
        let versions = JSON.list(try await world.headgate("get", "versions", "-o", "json").output)
        #expect(versions.count == 2)
        let runs = JSON.list(try await world.headgate("get", "runs", "-o", "json").output).count
        try await world.repository.commit("Back to the first", ["data.txt": "0.9\n"])
        #expect(try await world.headgate("reconcile").status == 0)
        try #require(
            try await eventually {
                let text = try await world.headgate("get", "deployments").output
                return text.contains("serves") && !text.contains("is below")
            })
        #expect(JSON.list(try await world.headgate("get", "runs", "-o", "json").output).count == runs)
        try await world.repository.commit("Once more", ["data.txt": "0.1\n"])
        try #require(
            try await eventually {
                try await world.headgate("get", "deployments").output.contains("accuracy 0.1 is below")
            })
        #expect(JSON.list(try await world.headgate("get", "runs", "-o", "json").output).count == runs + 2)
        let again = try await world.headgate("gc")
        #expect(again.status == 0 && again.output.hasSuffix("0 bytes freed (0 B)\n"), "\(again)")
    }

    @Test func `a controller that starts with a backup serves what the other one served, and runs no step`()
        async throws
    {
        let world = try world()
        try await world.repository.commit("Good again", ["data.txt": "0.9\n"])
        try await world.controller.serves("0.9")
        let copy = "\(world.repository.folder)/copy"
        let made = try await world.headgate("backup", "\(copy)/state/")
        #expect(made.status == 0 && made.output.contains("the ledger and "), "\(made)")
        #expect(try objects(in: "\(copy)/state") == objects(in: state))
        let refused = try await world.headgate("backup", "\(copy)/state/")
        #expect(refused.status == 1 && refused.errors.contains("is not empty"), "\(refused)")
        let homeless = try await world.headgate("backup", "\(copy)/none/ledger.sqlite")
        #expect(homeless.status == 1 && homeless.errors.contains("copy/none does not exist: make"), "\(homeless)")
        let ledger = try await world.headgate("backup", "\(copy)/ledger.sqlite")
        #expect(ledger.status == 0 && ledger.output.contains("ledger.sqlite: the ledger, "), "\(ledger)")
        let twice = try await world.headgate("backup", "\(copy)/ledger.sqlite")
        #expect(twice.status == 2 && twice.errors.contains("exists already"), "\(twice)")
        let runs = JSON.list(try await world.headgate("get", "runs", "-o", "json").output).count
        let arguments = ["--repo", world.repository.path, "--branch", "main", "--poll", "200ms"]
        try await TestController.during(arguments, in: copy) { restored in
            try await restored.serves("0.9")
            #expect(JSON.list(try await restored.headgate("get", "runs", "-o", "json").output).count == runs)
        }
        // Without a controller the same commands work on the folder itself.
        let alone = HeadgateProgram(
            in: copy, environment: ["HEADGATE_STATE": "\(copy)/state", "HEADGATE_ADDRESS": String?.none])
        let trial = try await alone("gc", "--dry-run")
        #expect(trial.status == 0 && trial.output.contains("bytes would be freed"), "\(trial)")
        let second = try await alone("backup", "\(copy)/second/")
        #expect(second.status == 0, "\(second)")
        #expect(try objects(in: "\(copy)/second") == objects(in: "\(copy)/state"))
        let collected = try await alone("gc", "--older-than", "1ms")
        #expect(collected.status == 0 && collected.output.contains("bytes freed"), "\(collected)")
        #expect(try await alone("doctor").output.contains("the ledger is whole"))
        let nowhere = HeadgateProgram(
            in: copy, environment: ["HEADGATE_STATE": "\(copy)/none", "HEADGATE_ADDRESS": String?.none])
        let none = try await nowhere("gc")
        #expect(none.status == 1 && none.errors.contains("there is no ledger in"), "\(none)")
    }
}
