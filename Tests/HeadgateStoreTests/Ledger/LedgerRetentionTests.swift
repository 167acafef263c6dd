import HeadgateCore
import HeadgateStore
import Testing

struct LedgerRetentionTests {
    private let folder: TemporaryFolder
    private let samples: Samples
    private let ledger: SQLiteLedger

    init() throws {
        folder = try TemporaryFolder()
        samples = try #require(Samples())
        ledger = try SQLiteLedger(path: folder.path("ledger.sqlite"))
    }

    private func day(_ number: Int) -> Instant { Samples.start + .seconds(86_400 * number) }

    /// Everything that a champion needs.
    private func made(_ text: String, on number: Int) -> [LedgerRecord] {
        [
            .run(samples.run(text, started: day(number))), .step(samples.step(text, recorded: day(number))),
            .version(samples.version(text, created: day(number))),
            .assessment(samples.assessment(text, created: day(number))),
            .verdict(samples.verdict(version: text, recorded: day(number))),
        ]
    }

    @Test func `champions of the period and the newest few stay, with all they need, and the rest goes`() async throws {
        // One champion a day; each replaces the one before it.
        var champions: [Champion] = []
        for number in 0..<10 {
            champions.append(samples.champion("c\(number)", since: day(number)))
            try await ledger.commit(made("c\(number)", on: number))
        }
        try await ledger.commit(made("never served", on: 0))
        // As the reconciler does, the record itself lists only what it keeps.
        try await ledger.commit([.deployment(samples.record(0, champions: champions))])
        try await ledger.commit([.deployment(samples.record(0, champions: Array(champions.suffix(2))))])

        // c6 served until day 7, so it is the oldest of the period.
        let (planned, reached) = try await ledger.wouldPrune(before: day(7), keepingChampions: 2, wanted: [])
        #expect(try await ledger.load().versions.count == 11, "a trial deletes nothing")
        var pruned = try await ledger.prune(before: day(7), keepingChampions: 2, wanted: [])
        let gone = (0..<6).map { "c\($0)" } + ["never served"]
        #expect(Set(pruned.versions) == Set(gone.map { samples.versionID($0) }))
        #expect(Set(pruned.steps) == Set(gone.map { samples.key($0) }))
        #expect(Set(pruned.runs) == Set(gone.map { samples.run($0).id }))
        #expect(pruned == planned)
        #expect(try await ledger.roots() == reached)
        #expect(
            try await ledger.history(samples.deployment(0), limit: 99).map(\.version)
                == (6..<10).reversed().map { samples.versionID("c\($0)") })
        var contents = try await ledger.load()
        #expect(Set(contents.assessments.map(\.id)) == Set((6..<10).map { samples.assessmentID("c\($0)") }))
        #expect(contents.verdicts.count == 4)

        // Far beyond the period the newest few stay all the same.
        pruned = try await ledger.prune(before: day(400), keepingChampions: 2, wanted: [])
        #expect(Set(pruned.versions) == [samples.versionID("c6"), samples.versionID("c7")])
        contents = try await ledger.load()
        #expect(Set(contents.steps.map(\.key)) == [samples.key("c8"), samples.key("c9")])
        #expect(try await ledger.prune(before: day(400), keepingChampions: 2, wanted: []) == PrunedRecords())
        #expect(try await ledger.check().isEmpty)
    }

    @Test func `what a deployment that was removed served stays for the period and no longer`() async throws {
        try await ledger.commit(made("a", on: 0))
        var record = samples.record(0, champions: [samples.champion("a", since: day(0))])
        record.deleted = day(50)
        try await ledger.commit([.deployment(record), .deploymentRemoved(record.id)])
        #expect(try await ledger.prune(before: day(49), keepingChampions: 20, wanted: []) == PrunedRecords())
        #expect(
            try await ledger.prune(before: day(51), keepingChampions: 20, wanted: []).versions == [
                samples.versionID("a")
            ])
    }

    @Test func `what is wanted, alive or at HEAD stays, however old`() async throws {
        try await ledger.commit(made("head", on: 0))
        try await ledger.commit([.modelStatus(samples.status(0, "head"))])
        try await ledger.commit([
            .run(samples.run("wanted")), .step(samples.step("wanted")),
            .run(samples.run("refused", state: .failed(exitCode: 3, message: "no"))), .step(samples.refusal("refused")),
            .run(samples.run("live", state: .running)), .run(samples.run("tried", state: .cancelled)),
            .run(samples.run("forgotten", state: .cancelled)),
        ])
        let wanted: Set = [samples.key("wanted"), samples.key("refused"), samples.key("tried")]
        let pruned = try await ledger.prune(before: day(400), keepingChampions: 20, wanted: wanted)
        var expected = PrunedRecords()
        expected.runs = [samples.run("forgotten").id]
        #expect(pruned == expected)
    }

    @Test func `of a version that stays, old assessments go but for the last and the champion's`() async throws {
        try await ledger.commit(made("v", on: 0))
        for number in 1...3 {
            try await ledger.commit([
                .run(samples.run("e\(number)")), .step(samples.step("e\(number)")),
                .assessment(samples.assessment("e\(number)", version: "v", created: day(number))),
            ])
        }
        try await ledger.commit([.deployment(samples.record(0, champions: [samples.champion("v", since: day(0))]))])
        let pruned = try await ledger.prune(before: day(400), keepingChampions: 20, wanted: [])
        #expect(Set(pruned.assessments) == [samples.assessmentID("e1"), samples.assessmentID("e2")])
        #expect(Set(pruned.steps) == [samples.key("e1"), samples.key("e2")])
    }

    @Test func `expired overrides and verdicts on old plans go`() async throws {
        let permission = Override(
            policy: samples.name("p"), deployment: samples.deployment(0), version: samples.versionID("v"),
            author: "ada", reason: "urgent", expires: day(5), recorded: day(0))
        try await ledger.commit([.override(permission), .verdict(samples.verdict(version: nil))])
        _ = try await ledger.prune(before: day(0), keepingChampions: 1, wanted: [])
        #expect(try await ledger.load().overrides == [permission])
        #expect(try await ledger.load().verdicts.count == 1)
        _ = try await ledger.prune(before: day(6), keepingChampions: 1, wanted: [])
        #expect(try await ledger.load().overrides.isEmpty)
        #expect(try await ledger.load().verdicts.isEmpty)
    }

    @Test func `the roots are results, artifacts, locks, inputs of live runs and what a target was told`() async throws
    {
        try await ledger.commit(made("a", on: 0))
        try await ledger.commit([.run(samples.run("live", state: .running))])
        var record = samples.record(0, champions: [])
        // A version that was adopted from a target has no row of its own.
        let adopted = ServedVersion(version: samples.versionID("x"), replicas: 1, bundle: samples.bundle("adopted"))
        record.applied = ServingState(deployment: record.id, versions: [adopted])
        try await ledger.commit([.deployment(record)])
        let roots = try await ledger.roots()
        let expected = [
            samples.artifact("a").tree, samples.artifact("adopted").tree, TreeDigest(Samples.digest("lock")),
            TreeDigest(Samples.digest("input live")),
        ]
        #expect(roots.trees == Set(expected))
        #expect(roots.environments == [samples.python.digest])
        #expect(roots.runs == [samples.run("a").id, samples.run("live").id])
    }
}
