import Testing

@testable import HeadgateCore

/// Snapshots that say what changed since the one before.
@Suite struct ChangedObjectsTests {
    private var reconciler = Reconciler(
        contents: LedgerContents(), host: World.host, judge: ThresholdJudge(), settings: ReconcilerSettings())
    private var commits = 0

    private mutating func receive(deployments: [String: Int], changed: Set<String>?) -> [LedgerRecord] {
        commits += 1
        guard let id = CommitID(String(repeating: "0", count: 39) + String(commits)),
            let file = RepositoryPath("headgate.yaml")
        else { preconditionFailure("40 digits are a commit") }
        let nobody = CommitFacts.Person(name: "Ada", email: "ada@example.com")
        let facts = CommitFacts(
            commit: id, parents: [], author: nobody, committer: nobody, message: "commit",
            time: Instant(milliseconds: 1))
        let meta = ObjectMeta(location: SourceLocation(file: file, line: 1, column: 1))
        var desired = DesiredState()
        for (text, replicas) in deployments {
            let spec = DeploymentSpec(
                model: Repository.model.name, target: World.target.name, replicas: replicas)
            desired.deployments[name(DeploymentName(text))] = Object(meta: meta, spec: spec)
        }
        let snapshot = Snapshot(
            revision: Revision(reference: "main", commit: id), commit: facts, desired: desired,
            changed: changed.map { Set($0.map(Self.id)) })
        let decision = reconciler.handle(
            .snapshot(World.source, snapshot), now: Instant(milliseconds: Int64(commits) * 1000), jitter: 0)
        return decision.records
    }

    private static func id(_ text: String) -> ObjectID {
        ObjectID(source: World.source, kind: .deployment, name: text)
    }

    private static func touched(_ records: [LedgerRecord]) -> Set<String> {
        Set(
            records.compactMap { record in
                switch record {
                case .object(let object): object.id.name
                case .objectRemoved(let id): id.name
                case .deployment(let record): record.id.name.text
                default: nil
                }
            })
    }

    @Test mutating func `only what changed is written and looked at`() {
        _ = receive(deployments: ["a": 1, "b": 1, "c": 1], changed: nil)
        #expect(Self.touched(receive(deployments: ["a": 1, "b": 2, "c": 1], changed: ["b"])) == ["b"])
        #expect(Self.touched(receive(deployments: ["a": 1, "c": 1], changed: ["b"])) == ["b"])
        #expect(Self.touched(receive(deployments: ["a": 1, "c": 1], changed: [])) == [])
        #expect(reconciler.state.deployments.keys.map(\.name.text).sorted() == ["a", "c"])
    }

    @Test mutating func `a deletion of many waits through later commits until it is confirmed`() {
        let all = ["a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1]
        _ = receive(deployments: all, changed: nil)
        _ = receive(deployments: ["a": 1], changed: ["b", "c", "d", "e", "f"])
        #expect(reconciler.state.unconfirmed[World.source]?.count == 5)
        _ = receive(deployments: ["a": 2], changed: ["a"])
        #expect(reconciler.state.unconfirmed[World.source]?.count == 5)
        // One comes back, and is none of those any more.
        _ = receive(deployments: ["a": 2, "b": 1], changed: ["b"])
        #expect(reconciler.state.unconfirmed[World.source]?.map(\.name) == ["c", "d", "e", "f"])
        #expect(reconciler.state.deployments.count == 6)
        _ = reconciler.handle(
            .command(.confirmPrune(World.source, by: "ada")), now: Instant(milliseconds: 90_000), jitter: 0)
        #expect(reconciler.state.deployments.keys.map(\.name.text).sorted() == ["a", "b"])
    }
}
