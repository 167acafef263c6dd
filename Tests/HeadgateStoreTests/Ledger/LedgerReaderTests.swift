import HeadgateCore
import HeadgateStore
import Testing

struct LedgerReaderTests {
    private let folder: TemporaryFolder
    private let samples: Samples
    private let ledger: SQLiteLedger

    init() throws {
        folder = try TemporaryFolder()
        samples = try #require(Samples())
        ledger = try SQLiteLedger(path: folder.path("ledger.sqlite"))
    }

    private func day(_ number: Int) -> Instant { Samples.start + .seconds(86_400 * number) }

    @Test func `events are followed by their ids, all or of one object`() async throws {
        let objects = [ObjectID(samples.model(0)), ObjectID(samples.deployment(0))]
        try await ledger.commit((0..<10).map { .event(samples.event("\($0)", object: objects[$0 % 2])) })
        func messages(_ after: Int64?, _ object: ObjectID?, _ limit: Int) async throws -> [String] {
            try await ledger.events(after: after, object: object, limit: limit).map(\.event.message)
        }
        #expect(try await messages(nil, nil, 3) == ["7", "8", "9"])
        #expect(try await messages(0, nil, 3) == ["0", "1", "2"])
        let third = try await ledger.events(after: 0, object: nil, limit: 3)[2]
        #expect(third.event == samples.event("2", object: objects[0]))
        #expect(try await messages(third.id, nil, 100) == (3..<10).map(String.init))
        #expect(try await messages(third.id, objects[1], 2) == ["3", "5"])
        #expect(try await messages(nil, objects[0], 2) == ["6", "8"])
        #expect(try await messages(ledger.newestEvent(), nil, 5).isEmpty)
    }

    @Test func `runs are listed newest first, by model and step`() async throws {
        for number in 0..<6 {
            try await ledger.commit([
                .run(samples.run("\(number)", of: number % 2, state: .cancelled, started: day(number)))
            ])
        }
        #expect(try await ledger.runs(model: nil, step: nil, limit: 2).map(\.started) == [day(5), day(4)])
        #expect(
            try await ledger.runs(model: samples.model(0), step: nil, limit: 9).map(\.started) == [
                day(4), day(2), day(0),
            ])
        #expect(try await ledger.runs(model: nil, step: samples.name("train"), limit: 9).count == 6)
        #expect(try await ledger.runs(model: nil, step: samples.name("other"), limit: 9).isEmpty)
        let run = samples.run("3", of: 1, state: .cancelled, started: day(3))
        #expect(try await ledger.run(run.id) == run)
        #expect(try await ledger.run(samples.runID("absent")) == nil)
        #expect(try await ledger.step(samples.key("3")) == nil)
    }

    @Test func `versions are found by model and by any prefix of their digest`() async throws {
        for number in 0..<20 {
            try await ledger.commit([.version(samples.version("\(number)", of: number % 2, created: day(number)))])
        }
        let odd = try await ledger.versions(model: samples.model(1), limit: 3)
        #expect(odd.map(\.created) == [day(19), day(17), day(15)])
        let version = samples.version("7", of: 1, created: day(7))
        let hex = version.id.digest.hex
        for prefix in [hex, "sha256:\(hex)", String(hex.prefix(12)), String(hex.prefix(7)), hex.uppercased()] {
            #expect(try await ledger.versions(prefix: prefix) == [version])
        }
        var found = 0
        for digit in "0123456789abcdef" {
            let some = try await ledger.versions(prefix: String(digit))
            #expect(some.allSatisfy { $0.id.digest.hex.hasPrefix(String(digit)) })
            found += some.count
        }
        #expect(found == 20)
        for none in ["", "sha256:", "xyz", hex + "0", "no prefix"] {
            #expect(try await ledger.versions(prefix: none).isEmpty)
        }
    }

    @Test func `assessments and verdicts are found by what they are about`() async throws {
        try await ledger.commit([
            .version(samples.version("v")), .version(samples.version("w")), .assessment(samples.assessment("v")),
            .assessment(samples.assessment("again", version: "v", created: day(1))),
            .assessment(samples.assessment("w")),
            .verdict(samples.verdict(.pass, version: "v")),
            .verdict(samples.verdict(.fail, deployment: 1, version: "w", recorded: day(1))),
        ])
        #expect(try await ledger.assessments(version: samples.versionID("v")).map(\.created) == [day(1), day(0)])
        #expect(try await ledger.assessment(samples.assessmentID("w")) == samples.assessment("w"))
        func outcomes(_ deployment: Int?, _ version: String?) async throws -> [Verdict.Outcome] {
            try await ledger.verdicts(
                model: nil, deployment: deployment.map { samples.deployment($0) },
                version: version.map { samples.versionID($0) }, limit: 10
            ).map(\.verdict.outcome)
        }
        #expect(try await outcomes(nil, nil) == [.fail, .pass])
        #expect(try await outcomes(1, nil) == [.fail])
        #expect(try await outcomes(nil, "v") == [.pass])
        #expect(try await outcomes(1, "v") == [])
        #expect(try await ledger.verdicts(model: samples.model(0), deployment: nil, version: nil, limit: 1).count == 1)
    }

    @Test func `a deployment's champions are listed newest first and outlive it`() async throws {
        let champions = (0..<5).map { samples.champion("\($0)", since: day($0)) }
        for count in 1...5 {
            try await ledger.commit([.deployment(samples.record(0, champions: Array(champions.prefix(count))))])
        }
        #expect(try await ledger.history(samples.deployment(0), limit: 10) == champions.reversed())
        #expect(try await ledger.history(samples.deployment(0), limit: 2) == [champions[4], champions[3]])
        // Several at once, as after a ledger was restored from the target.
        try await ledger.commit([.deployment(samples.record(1, champions: champions))])
        #expect(try await ledger.history(samples.deployment(1), limit: 10) == champions.reversed())
        try await ledger.commit([.deploymentRemoved(samples.deployment(0))])
        #expect(try await ledger.history(samples.deployment(0), limit: 10).count == 5)
    }

    @Test func `overrides are found while they are valid`() async throws {
        func permission(_ policy: String, _ deployment: Int, expires: Int) -> Override {
            Override(
                policy: samples.name(policy), deployment: samples.deployment(deployment),
                version: samples.versionID("v"), author: "ada", reason: "urgent", expires: day(expires),
                recorded: day(0))
        }
        let (short, long, other) = (
            permission("a", 0, expires: 1), permission("b", 0, expires: 9), permission("a", 1, expires: 9)
        )
        try await ledger.commit([.override(short), .override(long), .override(other), .override(short)])
        #expect(try await ledger.overrides(deployment: nil, policy: nil, validAt: nil).count == 3)
        #expect(try await ledger.overrides(deployment: samples.deployment(0), policy: nil, validAt: day(1)) == [long])
        #expect(try await ledger.overrides(deployment: nil, policy: samples.name("a"), validAt: day(0)).count == 2)
    }
}
