import HeadgateCore
import Synchronization
import Testing

@testable import HeadgateProviders

@Suite struct SharedStoreTests {
    private let fixture: RunnerFixture
    private let key = SigningKey()

    init() throws { fixture = try RunnerFixture() }

    private var folder: String { fixture.scratch.path + "/shared" }

    private func shared(signer: SigningKey?, trusted: [SigningKey] = []) -> SharedStore {
        SharedStore(
            FolderBlobs(root: folder), trusted: trusted.map(\.verifyingKey), signer: signer, builder: "urn:test")
    }

    private func runner(_ fixture: RunnerFixture, _ shared: SharedStore) -> SharedStepRunner {
        SharedStepRunner(
            fixture.runner(), shared: shared, store: fixture.store, scratch: fixture.scratch.path + "/scratch"
        ) { _ in }
    }

    private static let script = "mkdir model; echo $RANDOM$(date +%N) > model/weights; echo '{\"auc\": 0.5}' > m.json"

    private func launch(_ fixture: RunnerFixture, run: String) throws -> StepLaunch {
        try fixture.launch(Self.script, run: run, outputs: ["model/"], metrics: "m.json")
    }

    @Test func `what one machine ran another takes and does not run again`() async throws {
        let first = await runner(fixture, shared(signer: key)).run(try launch(fixture, run: "a1"))
        let other = try RunnerFixture()
        let second = await runner(other, shared(signer: nil, trusted: [key])).run(try launch(other, run: "b1"))
        let (made, taken) = (try #require(first.result), try #require(second.result))
        #expect(taken.outputs == made.outputs)
        #expect(taken.metrics == made.metrics)
        #expect(taken.origin == StepOrigin(builder: "urn:test", signer: key.id))
        #expect(made.origin == nil)
        #expect(!Files.exists(other.configuration.state + "/runs/b1"))
        let tree = try #require(taken.outputs["model/"]?.tree)
        #expect(try await other.store.contains(tree))
    }

    @Test func `nobody who is not trusted is believed`() async throws {
        _ = await runner(fixture, shared(signer: key)).run(try launch(fixture, run: "a1"))
        let other = try RunnerFixture()
        let outcome = await runner(other, shared(signer: nil, trusted: [SigningKey()]))
            .run(try launch(other, run: "b1"))
        #expect(try #require(outcome.result).origin == nil)
        #expect(Files.exists(other.configuration.state + "/runs/b1"))
    }

    @Test func `a result of one key is not taken for another key's`() async throws {
        let launch = try launch(fixture, run: "a1")
        _ = await runner(fixture, shared(signer: key)).run(launch)
        let wanted = StepKey(Digest.of(Array("another".utf8)))
        let bytes = try #require(Files.read("\(folder)/results/\(launch.key.digest.hex).json"))
        Files.write(bytes, to: "\(folder)/results/\(wanted.digest.hex).json")
        let store = shared(signer: key)
        let error = await #expect(throws: StorageError.self) { _ = try await store.result(of: wanted) }
        #expect(error?.code == .corrupted)
        #expect(
            error?.message.hasSuffix("is that of the key \(launch.key.short)") == true, "\(String(describing: error))")
    }

    @Test(
        arguments: [
            .number(1), .number(-0.0), .number(.nan), .number(.infinity), .number(2), .number(0.1), .number(1e18),
            .number(1e300), .number(1e-300), .integer(1), .integer(0), .integer(.max), .integer(.min),
            .array([.number(1), .null]), .object(["inner": .number(3)]),
        ] as [JSONValue])
    func `what a store was given it gives back, whatever a metric's number is`(_ value: JSONValue) async throws {
        let launch = try launch(fixture, run: "a1")
        let ended = Instant(milliseconds: 2)
        let result = StepResult(
            outputs: [:], metrics: .object(["accuracy": value]), started: Instant(milliseconds: 1), ended: ended)
        let store = shared(signer: key)
        #expect(try await store.publish(launch, result, from: fixture.store, scratch: fixture.scratch.path) == nil)
        let taken = try #require(try await shared(signer: nil, trusted: [key]).result(of: launch.key))
        #expect(taken.run == launch.run)
        // And what was taken is published as just that.
        let again = try RunnerFixture()
        let other = SharedStore(
            FolderBlobs(root: again.scratch.path + "/shared"), trusted: [], signer: key, builder: "urn:test")
        #expect(try await other.publish(launch, taken.result, from: again.store, scratch: again.scratch.path) == nil)
        #expect(try await other.result(of: launch.key)?.result == taken.result)
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity])
    func `a number that is not finite comes back as unknown and not as text`(_ number: Double) async throws {
        let launch = try launch(fixture, run: "a1")
        let result = StepResult(
            outputs: [:], metrics: .object(["accuracy": .number(number)]), started: Instant(milliseconds: 1),
            ended: Instant(milliseconds: 2), reports: ["drift": .object(["psi": .array([.number(number)])])])
        let store = shared(signer: key)
        #expect(try await store.publish(launch, result, from: fixture.store, scratch: fixture.scratch.path) == nil)
        let taken = try #require(try await store.result(of: launch.key)).result
        #expect(taken.metrics == .object(["accuracy": .null]))
        #expect(taken.reports == ["drift": .object(["psi": .array([.null])])])
    }

    @Test func `a whole metric that a step wrote is taken elsewhere`() async throws {
        let script = "mkdir model; date +%N > model/weights; echo '{\"accuracy\": 1.0, \"loss\": -0.0}' > m.json"
        func launch(_ fixture: RunnerFixture, _ run: String) throws -> StepLaunch {
            try fixture.launch(script, run: run, outputs: ["model/"], metrics: "m.json")
        }
        let first = await runner(fixture, shared(signer: key)).run(try launch(fixture, "a1"))
        let other = try RunnerFixture()
        let second = await runner(other, shared(signer: nil, trusted: [key])).run(try launch(other, "b1"))
        #expect(try #require(second.result).outputs == #require(first.result).outputs)
        #expect(second.result?.origin?.signer == key.id)
    }

    @Test func `outputs that are not what was signed are refused and the step is run`() async throws {
        let first = await runner(fixture, shared(signer: key)).run(try launch(fixture, run: "a1"))
        let tree = try #require(first.result?.outputs["model/"]?.tree)
        let pack = "\(folder)/objects/\(tree.digest.hex).pack"
        let text = try #require(Files.read(pack))
        Files.write(String(text.dropLast(2)) + (text.hasSuffix("9\n") ? "8\n" : "9\n"), to: pack)
        let other = try RunnerFixture()
        let outcome = await runner(other, shared(signer: nil, trusted: [key])).run(try launch(other, run: "b1"))
        #expect(try #require(outcome.result).origin == nil)
    }

    @Test func `of two that publish the first one's result is everybody's`() async throws {
        let other = try RunnerFixture()
        let (mine, yours) = (runner(fixture, shared(signer: key)), runner(other, shared(signer: key)))
        let (one, two) = (try launch(fixture, run: "a1"), try launch(other, run: "b1"))
        async let first = mine.run(one)
        async let second = yours.run(two)
        let outputs = [await first, await second].compactMap(\.result?.outputs)
        #expect(outputs.count == 2)
        #expect(outputs[0] == outputs[1])
    }

    @Test func `a run that has begun is adopted whatever others published since`() async throws {
        let launch = try launch(fixture, run: "a1")
        let local = fixture.runner()
        let begun = await local.run(launch)
        let other = try RunnerFixture()
        _ = await runner(other, shared(signer: key)).run(try self.launch(other, run: "b1"))
        let again = await runner(fixture, shared(signer: nil, trusted: [key])).run(launch)
        #expect(again.result?.outputs == begun.result?.outputs)
        #expect(again.result?.origin == nil)
    }

    /// A folder that takes no file.
    private struct Narrow: SharedBlobs {
        let folder: FolderBlobs
        let limit: Int64 = 0

        var name: String { "narrow" }

        func read(_ blob: String, limit: Int) async throws(StorageError) -> [UInt8]? {
            try await folder.read(blob, limit: limit)
        }
        func download(_ blob: String, to path: String, limit: Int64) async throws(StorageError) -> Bool {
            try await folder.download(blob, to: path, limit: limit)
        }
        func contains(_ blob: String) async throws(StorageError) -> Bool { try await folder.contains(blob) }
        func create(_ blob: String, _ bytes: [UInt8]) async throws(StorageError) -> Bool {
            try await folder.create(blob, bytes)
        }
        func create(_ blob: String, file: String) async throws(StorageError) -> Bool {
            try await folder.create(blob, file: file)
        }
        func replace(_ blob: String, _ bytes: [UInt8]) async throws(StorageError) {
            try await folder.replace(blob, bytes)
        }
    }

    @Test func `an output that a store does not take is told before anything is sent, and the result stands`()
        async throws
    {
        let store = SharedStore(
            Narrow(folder: FolderBlobs(root: folder)), trusted: [], signer: key, builder: "urn:test")
        let notes = Mutex<[String]>([])
        let runner = SharedStepRunner(
            fixture.runner(), shared: store, store: fixture.store, scratch: fixture.scratch.path + "/scratch"
        ) { note in notes.withLock { $0.append(note.text) } }
        let outcome = await runner.run(try launch(fixture, run: "a1"))
        let size = try #require(outcome.result?.outputs["model/"]?.size)
        let note = "model/ has \(size) bytes, of which it takes at most 0 at once"
        #expect(
            notes.withLock(\.self).map { $0.hasSuffix("not published to narrow: \(note)") } == [true],
            "\(notes.withLock(\.self))")
        #expect(!Files.exists(folder))
    }

    @Test func `a store that is away costs a training and fails nothing`() async throws {
        Files.write("a file, not a folder", to: folder)
        let outcome = await runner(fixture, shared(signer: key)).run(try launch(fixture, run: "a1"))
        #expect(outcome.result != nil)
    }

    @Test func `a champion is known again by its signature alone`() async throws {
        let name = try #require(DeploymentName("wine"))
        let id = DeploymentID(source: RunnerFixture.source, name: name)
        try await shared(signer: key).publish(.none, of: id, now: Instant(milliseconds: 1))
        #expect(try await shared(signer: nil, trusted: [key]).champion(of: id)?.champion == ChampionEvidence.none)
        #expect(try await shared(signer: nil, trusted: [key]).champion(of: id)?.published == Instant(milliseconds: 1))
        // Neither by a stranger's, nor by one that only results may be signed with.
        let narrow = SharedStore(
            FolderBlobs(root: folder), trusted: [key.verifyingKey], controllers: [SigningKey().verifyingKey],
            signer: nil, builder: "urn:test")
        for store in [shared(signer: nil, trusted: [SigningKey()]), narrow] {
            await #expect(throws: StorageError.self) { _ = try await store.champion(of: id) }
        }
        let other = DeploymentID(source: RunnerFixture.source, name: try #require(DeploymentName("beer")))
        #expect(try await shared(signer: nil, trusted: [key]).champion(of: other) == nil)
    }
}
