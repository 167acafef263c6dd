import Foundation
import GRDB
import HeadgateCore
import Testing

@testable import HeadgateStore

struct SQLiteLedgerTests {
    private let folder: TemporaryFolder
    private let samples: Samples
    private let ledger: SQLiteLedger

    init() throws {
        folder = try TemporaryFolder()
        samples = try #require(Samples())
        ledger = try SQLiteLedger(path: folder.path("ledger.sqlite"))
    }

    private func reopened() throws -> SQLiteLedger {
        try ledger.close()
        return try SQLiteLedger(path: ledger.path)
    }

    @Test func `what was committed is there after a restart`() async throws {
        let permission = Override(
            policy: samples.name("p"), deployment: samples.deployment(0), version: samples.versionID("v"),
            author: "ada", reason: "urgent", expires: Samples.start, recorded: Samples.start)
        let source = SourceRecord(name: samples.source, revision: samples.revision, commit: samples.commit)
        let record = samples.record(0, champions: [samples.champion("v", since: Samples.start)])
        let live = samples.run("live", state: .running)
        try await ledger.commit([
            .source(source), .object(samples.object(1)), .run(samples.run("a")), .step(samples.step("a")),
            .run(live), .version(samples.version("v")), .assessment(samples.assessment("v", keys: ["a"])),
            .verdict(samples.verdict()), .deployment(record), .modelStatus(samples.status(0, "v")),
            .override(permission), .event(samples.event("done", object: ObjectID(samples.model(0)))),
        ])
        let contents = try await reopened().load()
        #expect(contents.sources == [source])
        #expect(contents.objects == [samples.object(1)])
        #expect(contents.runs == [live])
        #expect(contents.steps == [samples.step("a")])
        #expect(contents.versions == [samples.version("v")])
        #expect(contents.assessments == [samples.assessment("v", keys: ["a"])])
        #expect(contents.verdicts == [samples.verdict()])
        #expect(contents.deployments == [record])
        #expect(contents.modelStatuses == [samples.status(0, "v")])
        #expect(contents.overrides == [permission])
    }

    @Test func `a later record of the same identity replaces the earlier one, and removal removes it`() async throws {
        var source = SourceRecord(name: samples.source)
        var record = samples.record(0, champions: [])
        try await ledger.commit([.source(source), .object(samples.object(1)), .deployment(record)])
        source.problem = "unreachable"
        record.failures = 3
        try await ledger.commit([.source(source), .deployment(record)])
        var contents = try await ledger.load()
        #expect(contents.sources == [source])
        #expect(contents.deployments == [record])
        try await ledger.commit([.objectRemoved(ObjectID(samples.model(1))), .deploymentRemoved(record.id)])
        contents = try await ledger.load()
        #expect(contents.objects.isEmpty && contents.deployments.isEmpty)
    }

    // MARK: Invariants

    @Test func `the first result of a key is the accepted one, whatever comes after it`() async throws {
        try await ledger.commit([.run(samples.run("a")), .step(samples.step("a", output: "first"))])
        try await ledger.commit([.step(samples.step("a", output: "second")), .step(samples.refusal("a"))])
        #expect(try await ledger.load().steps == [samples.step("a", output: "first")])
        #expect(try await ledger.roots().trees.contains(samples.artifact("first").tree))
        #expect(try await ledger.roots().trees.contains(samples.artifact("second").tree) == false)
    }

    @Test func `a refusal can be forgotten and an accepted result cannot`() async throws {
        try await ledger.commit([
            .run(samples.run("no", state: .failed(exitCode: 3, message: "no"))), .step(samples.refusal("no")),
            .run(samples.run("yes")), .step(samples.step("yes")),
        ])
        try await ledger.commit([.stepForgotten(samples.key("no")), .stepForgotten(samples.key("yes"))])
        #expect(try await ledger.load().steps == [samples.step("yes")])
        // The attempt stays known, so that the next one has the next number.
        #expect(try await ledger.load().runs.map(\.key) == [samples.key("no")])
    }

    @Test func `a second live run of a key is refused and nothing of its batch is written`() async throws {
        try await ledger.commit([.run(samples.run("a", state: .running))])
        await #expect {
            try await ledger.commit([
                .event(samples.event("never")), .run(samples.run("a", attempt: 2, state: .cancelling)),
            ])
        } throws: { ($0 as? LedgerError)?.code == .refused }
        #expect(try await ledger.newestEvent() == 0)
        #expect(try await ledger.load().runs == [samples.run("a", state: .running)])
        // Once the first has ended, in the same batch, the second may live.
        try await ledger.commit([
            .run(samples.run("a", state: .cancelled)), .run(samples.run("a", attempt: 2, state: .running)),
        ])
        #expect(try await ledger.load().runs == [samples.run("a", attempt: 2, state: .running)])
    }

    @Test func `records that name what is not there are refused`() async throws {
        for record in [
            LedgerRecord.step(samples.step("a")), .assessment(samples.assessment("v")), .verdict(samples.verdict()),
        ] {
            await #expect { try await ledger.commit([record]) } throws: { ($0 as? LedgerError)?.code == .refused }
        }
        // In one batch their order does not matter.
        try await ledger.commit([
            .step(samples.step("a")), .run(samples.run("a")), .verdict(samples.verdict()),
            .assessment(samples.assessment("v")), .version(samples.version("v")),
        ])
        #expect(try await ledger.check().isEmpty)
    }

    @Test func `a verdict is recorded once a key and again only when its answer or evidence changed`() async throws {
        let later = Samples.start + .seconds(60)
        try await ledger.commit([.version(samples.version("v")), .verdict(samples.verdict(.pass))])
        try await ledger.commit([.verdict(samples.verdict(.pass, recorded: later))])
        #expect(try await ledger.load().verdicts == [samples.verdict(.pass)])
        try await ledger.commit([.verdict(samples.verdict(.fail, recorded: later))])
        #expect(try await ledger.load().verdicts == [samples.verdict(.fail, recorded: later)])
        try await ledger.commit([.verdict(samples.verdict(.fail, evidence: "other"))])
        #expect(try await ledger.load().verdicts == [samples.verdict(.fail, evidence: "other")])
        // A policy that changed is another key (I13), and so is a plan, which has no version.
        try await ledger.commit([
            .verdict(samples.verdict(.pass, digest: "tightened")), .verdict(samples.verdict(version: nil)),
            .verdict(samples.verdict(version: nil)), .verdict(samples.verdict(deployment: nil, version: nil)),
        ])
        #expect(try await ledger.load().verdicts.count == 4)
    }

    @Test func `an idle commit touches nothing`() async throws {
        try await ledger.commit([.event(samples.event("one"))])
        let before = try fingerprint()
        for _ in 0..<10 { try await ledger.commit([]) }
        try await ledger.checkpoint()
        let checkpointed = try fingerprint()
        try await ledger.checkpoint()
        try await ledger.commit([])
        #expect(before.wal == checkpointed.wal)
        #expect(try fingerprint() == checkpointed)
    }

    private struct Fingerprint: Equatable {
        var main: Int
        var wal: Int
    }

    /// Times of the last writes, in nanoseconds.
    private func fingerprint() throws -> Fingerprint {
        func modified(_ path: String) throws -> Int {
            let time = try #require(try LocalFiles.facts(path)).modified
            return time.tv_sec * 1_000_000_000 + time.tv_nsec
        }
        return Fingerprint(main: try modified(ledger.path), wal: try modified(ledger.path + "-wal"))
    }

    @Test func `commits are durable when they return`() async throws {
        let settings = try await ledger.pool.writeWithoutTransaction { db in
            [
                try String.fetchOne(db, sql: "PRAGMA journal_mode"), try String.fetchOne(db, sql: "PRAGMA synchronous"),
                try String.fetchOne(db, sql: "PRAGMA foreign_keys"),
            ]
        }
        #expect(settings == ["wal", "2", "1"])
    }

    // MARK: Bounds

    @Test func `events are kept up to a number, of all and of each object`() async throws {
        try ledger.close()
        let small = try SQLiteLedger(path: ledger.path, limits: .init(events: 50, eventsPerObject: 10))
        let noisy = ObjectID(samples.model(0))
        let quiet = ObjectID(samples.model(1))
        try await small.commit([.event(samples.event("quiet", object: quiet))])
        for round in 0..<6 {
            try await small.commit((0..<7).map { .event(samples.event("\(round).\($0)", object: noisy)) })
        }
        let kept = try await small.events(after: nil, object: noisy, limit: 100)
        #expect(kept.map(\.event.message) == (32..<42).map { "\($0 / 7).\($0 % 7)" })
        #expect(try await small.events(after: nil, object: quiet, limit: 100).count == 1)
        try await small.commit((0..<80).map { .event(samples.event("\($0)")) })
        let all = try await small.events(after: nil, object: nil, limit: 1000)
        #expect(all.map(\.event.message) == (30..<80).map { "\($0)" })
        // Ids go on where they were, although the rows before are gone.
        #expect(all.last?.id == 123)
    }

    // MARK: Failures

    @Test func `a ledger from a newer version is refused with both versions and left as it is`() async throws {
        try await ledger.commit([.event(samples.event("old"))])
        try await ledger.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA user_version = 999") }
        try ledger.pool.close()
        let before = try Data(contentsOf: URL(fileURLWithPath: ledger.path))
        #expect {
            _ = try SQLiteLedger(path: ledger.path)
        } throws: { error in
            (error as? LedgerError)?.code == .newerVersion && "\(error)".contains("999")
                && "\(error)".contains("version \(Schema.newest):") && "\(error)".contains(ledger.path)
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: ledger.path)) == before)
    }

    @Test func `another program's database and a file that is none are refused and left as they are`() throws {
        let other = folder.path("other.sqlite")
        let queue = try DatabaseQueue(path: other)
        try queue.write { try $0.execute(sql: "CREATE TABLE theirs (x)") }
        try queue.close()
        try folder.write("text.sqlite", String(repeating: "this is no database\n", count: 300))
        for path in [other, folder.path("text.sqlite")] {
            let before = try Data(contentsOf: URL(fileURLWithPath: path))
            #expect { _ = try SQLiteLedger(path: path) } throws: { ($0 as? LedgerError)?.code == .corrupted }
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
        }
    }

    @Test func `a full disk refuses the whole commit and the ledger goes on when there is room`() async throws {
        try await ledger.commit([.event(samples.event("before"))])
        let pages = try await ledger.pool.read { try Int.fetchOne($0, sql: "PRAGMA page_count") ?? 0 }
        try await ledger.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = \(pages + 4)") }
        await #expect { try await ledger.commit((0..<500).map { .object(samples.object($0)) }) } throws: { error in
            (error as? LedgerError)?.code == .diskFull && "\(error)".contains("nothing of this change was written")
        }
        #expect(try await ledger.load().objects.isEmpty)
        try await ledger.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = 1000000") }
        try await ledger.commit((0..<500).map { .object(samples.object($0)) })
        #expect(try await ledger.load().objects.count == 500)
        #expect(try await ledger.check().isEmpty)
    }

    @Test func `a writer elsewhere is waited for`() async throws {
        let other = try SQLiteLedger(path: ledger.path)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<40 {
                let (mine, event) = (number % 2 == 0 ? ledger : other, samples.event("\(number)"))
                group.addTask { try await mine.commit([.event(event)]) }
            }
            try await group.waitForAll()
        }
        #expect(try await ledger.events(after: nil, object: nil, limit: 100).count == 40)
    }

    @Test func `a body that cannot be read is an error that names the table and the row`() async throws {
        try await ledger.commit([.run(samples.run("a", state: .running)), .run(samples.run("b", state: .running))])
        let broken = samples.run("b").id
        try await ledger.pool.write {
            try $0.execute(sql: "UPDATE runs SET body = '{}' WHERE id = ?", arguments: [broken.text])
        }
        await #expect { try await ledger.load() } throws: { error in
            (error as? LedgerError)?.code == .corrupted && "\(error)".contains("runs")
                && "\(error)".contains(broken.text)
        }
    }

    @Test func `damage to the file is found when it is opened, or by the check`() async throws {
        try await ledger.commit((0..<400).map { .object(samples.object($0)) })
        #expect(try await ledger.check().isEmpty)
        try ledger.close()
        var bytes = try Data(contentsOf: URL(fileURLWithPath: ledger.path))
        for page in 20..<40 {
            bytes.replaceSubrange(page * 4096..<page * 4096 + 64, with: [UInt8](repeating: 0xa5, count: 64))
        }
        try bytes.write(to: URL(fileURLWithPath: ledger.path))
        do throws(LedgerError) {
            let damaged = try SQLiteLedger(path: ledger.path)
            #expect(try await damaged.check().isEmpty == false)
        } catch {
            #expect(error.code == .corrupted)
        }
    }

    /// A shipped step never changes: add a new one, and its digest here.
    @Test func `the steps that were shipped are as they were`() {
        let digests = Schema.steps.map { Samples.digest($0).hex }
        #expect(digests == ["bc9446121f7c020e3cd9cebc9c047d4f17248d17da077803f297118a13e4761a"])
    }

    // MARK: Backup

    @Test func `a backup taken while the ledger is written is a ledger that holds one moment`() async throws {
        let copy = folder.path("backup.sqlite")
        try await withThrowingTaskGroup(of: Void.self) { group in
            let (ledger, samples) = (ledger, samples)
            group.addTask {
                for batch in 0..<60 {
                    try await ledger.commit((0..<10).map { .event(samples.event("\(batch).\($0)")) })
                }
            }
            group.addTask { try await ledger.backup(to: copy) }
            try await group.waitForAll()
        }
        let backup = try SQLiteLedger(path: copy)
        #expect(try await backup.check().isEmpty)
        #expect(try await backup.events(after: nil, object: nil, limit: 10_000).count.isMultiple(of: 10))
        await #expect { try await ledger.backup(to: copy) } throws: { "\($0)".contains(copy) }
    }
}
