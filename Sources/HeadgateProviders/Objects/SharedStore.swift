import Glibc
package import HeadgateCore

/// What a controller and CI share: results of steps and champions, each with the signature of who made it.
///
/// `results/<key>.json` and `champions/<source>/<name>.json` hold attestations, `objects/<tree>.pack` files and folders.
/// Whoever can write to the store can keep a result from being taken, and can have none taken that a trusted key did
/// not sign.
package struct SharedStore: Sendable {
    private let blobs: any SharedBlobs
    private let trusted: [VerifyingKey]
    /// Whose champions count.
    private let controllers: [VerifyingKey]
    private let signer: SigningKey?
    /// Names this machine in what it signs.
    private let builder: String

    /// Bytes that an attestation may have.
    private static let attestationLimit = 8 << 20

    /// - Parameters:
    ///   - blobs: Where it is kept.
    ///   - trusted: Whose attestations count; the signer's own always do.
    ///   - controllers: Whose champions count, where these are fewer: who makes results need not say what serves.
    ///   - signer: Makes attestations; nothing is written without one.
    ///   - builder: A URI that names who ran what is published.
    package init(
        _ blobs: any SharedBlobs, trusted: [VerifyingKey], controllers: [VerifyingKey] = [], signer: SigningKey?,
        builder: String
    ) {
        self.blobs = blobs
        self.trusted = trusted + [signer?.verifyingKey].compactMap(\.self)
        self.controllers = controllers.isEmpty ? self.trusted : controllers
        self.signer = signer
        self.builder = builder
    }

    package var name: String { blobs.name }
    package var canWrite: Bool { signer != nil }
    package var trustsAnybody: Bool { !trusted.isEmpty || !controllers.isEmpty }

    // MARK: Results of steps

    /// A result and who vouches for it.
    package struct Attested: Sendable {
        package let result: StepResult
        package let run: RunID
        /// The signing key's id.
        package let signer: String
        /// As the signer names itself.
        package let builder: String
    }

    /// The result of a key, when one that is trusted is there; reads no outputs.
    ///
    /// - Throws: When the store cannot be reached, or `.corrupted` when what is there is not to be taken.
    package func result(of key: StepKey) async throws(StorageError) -> Attested? {
        guard let bytes = try await blobs.read(Self.place(of: key), limit: Self.attestationLimit) else { return nil }
        guard let envelope = try? JSONFile.decode(DSSEEnvelope.self, bytes),
            let (body, signer) = envelope.verified(by: trusted)
        else { throw StorageError(.corrupted, "its result there is not signed by a trusted key") }
        let statement = try? JSONFile.decode(InTotoStatement<StepProvenance>.self, body)
        let problem = statement.map { $0.problem(as: key) } ?? "is no statement about a step"
        guard problem == nil, let statement, let result = statement.predicate.result,
            let run = RunID(statement.predicate.runDetails.metadata.invocationId)
        else { throw StorageError(.corrupted, "its result there \(problem ?? "is empty")") }
        return Attested(
            result: result, run: run, signer: signer, builder: statement.predicate.runDetails.builder.id)
    }

    /// Publishes a result with its outputs; gives another's that was first, which is then the one that counts (I2).
    ///
    /// - Throws: `.tooLarge`, before anything is written, for an output that the store does not take.
    package func publish(
        _ launch: StepLaunch, _ result: StepResult, from store: any ObjectStore, scratch: String
    ) async throws(StorageError) -> Attested? {
        guard let signer else { return nil }
        let place = Self.place(of: launch.key)
        if try await !blobs.contains(place) {
            if let (path, output) = result.outputs.first(where: { $0.value.size > blobs.limit }) {
                throw StorageError(
                    .tooLarge, "\(path) has \(output.size) bytes, of which it takes at most \(blobs.limit) at once")
            }
            for output in result.outputs.values {
                try await upload(output.tree, from: store, scratch: scratch)
            }
            let bytes: [UInt8]
            do {
                let statement = try InTotoStatement(launch, result, builder: builder)
                let envelope = try DSSEEnvelope(
                    JSONFile.bytes(statement), type: DSSEEnvelope.inTotoType, by: signer)
                bytes = try JSONFile.bytes(envelope)
            } catch {
                throw StorageError(.io, "the result of \(launch.step) cannot be signed: \(error)")
            }
            if try await blobs.create(place, bytes) { return nil }
        }
        guard let first = try await self.result(of: launch.key) else { return nil }
        // Publishing may be repeated after a crash (I5).
        return first.run == launch.run && first.result.outputs == result.outputs ? nil : first
    }

    /// Brings a result's outputs into a store; each is checked by its digest.
    package func fetch(
        _ result: StepResult, into store: any ObjectStore, scratch: String
    ) async throws(StorageError) {
        for output in result.outputs.values where try await !store.contains(output.tree) {
            let (pack, folder) = try Self.scratchPaths(scratch)
            defer { Self.clear(pack, folder) }
            guard try await blobs.download(Self.place(of: output.tree), to: pack, limit: blobs.limit) else {
                throw StorageError(.notFound, "\(name) lacks the output \(output.tree.short)")
            }
            try await Blocking.run { () throws(StorageError) in try TreePack.read(pack, to: folder) }
            let stored = try await store.put(path: folder)
            guard stored.tree == output.tree else {
                throw StorageError(
                    .corrupted, "\(name) holds other bytes under \(output.tree.short): their digest is \(stored.tree)")
            }
            guard stored.size == output.size, stored.fileCount == output.fileCount else {
                throw StorageError(.corrupted, "\(name): the output \(output.tree.short) is not as its result says")
            }
        }
    }

    private func upload(
        _ tree: TreeDigest, from store: any ObjectStore, scratch: String
    ) async throws(StorageError) {
        let place = Self.place(of: tree)
        if try await blobs.contains(place) { return }
        let (pack, folder) = try Self.scratchPaths(scratch)
        defer { Self.clear(pack, folder) }
        try await store.materialize(tree, at: folder)
        do throws(SystemError) {
            try await Blocking.run { () throws(SystemError) in try TreePack.write(folder, to: pack) }
        } catch {
            throw StorageError(error)
        }
        _ = try await blobs.create(place, file: pack)
    }

    // MARK: Champions

    /// What a trusted controller last said of a Deployment's champion; nil when it said nothing.
    package func champion(
        of deployment: DeploymentID
    ) async throws(StorageError) -> (champion: ChampionEvidence, published: Instant)? {
        guard let bytes = try await blobs.read(Self.place(of: deployment), limit: Self.attestationLimit) else {
            return nil
        }
        guard let envelope = try? JSONFile.decode(DSSEEnvelope.self, bytes),
            let (body, _) = envelope.verified(by: controllers)
        else {
            throw StorageError(
                .corrupted, "the champion of \(deployment.name) in \(name) is not signed by a trusted key")
        }
        guard let statement = try? JSONFile.decode(InTotoStatement<ChampionStatement>.self, body),
            statement.predicateType == ChampionStatement.predicateType
        else { throw StorageError(.corrupted, "the champion of \(deployment.name) in \(name) is not readable") }
        let predicate = statement.predicate
        guard predicate.deployment == deployment else {
            throw StorageError(
                .corrupted, "what \(name) holds as the champion of \(deployment.name) is about \(predicate.deployment)")
        }
        return (predicate.champion, predicate.published)
    }

    /// Publishes a Deployment's champion, unless just that stands there.
    package func publish(
        _ champion: ChampionEvidence, of deployment: DeploymentID, now: Instant
    ) async throws(StorageError) {
        guard let signer else { return }
        if let known = try? await self.champion(of: deployment), known.champion == champion { return }
        let subject: [InTotoStatement<ChampionStatement>.Subject]
        switch champion {
        case .known(let evidence):
            subject = [
                .init("version", sha256: evidence.version.digest),
                .init("artifact", sha256: evidence.artifact.tree.digest),
            ]
        case .none, .unknown:
            subject = [.init("deployment", sha256: Digest.of(Array("\(deployment)".utf8)))]
        }
        let bytes: [UInt8]
        do {
            let statement = InTotoStatement(
                subject: subject, predicateType: ChampionStatement.predicateType,
                predicate: ChampionStatement(deployment: deployment, champion: champion, published: now))
            bytes = try JSONFile.bytes(
                DSSEEnvelope(JSONFile.bytes(statement), type: DSSEEnvelope.inTotoType, by: signer))
        } catch {
            throw StorageError(.io, "the champion of \(deployment.name) cannot be signed: \(error)")
        }
        try await blobs.replace(Self.place(of: deployment), bytes)
    }

    // MARK: Places

    private static func place(of key: StepKey) -> String { "results/\(key.digest.hex).json" }
    private static func place(of tree: TreeDigest) -> String { "objects/\(tree.digest.hex).pack" }
    private static func place(of deployment: DeploymentID) -> String {
        "champions/\(deployment.source)/\(deployment.name).json"
    }

    private static func scratchPaths(_ scratch: String) throws(StorageError) -> (pack: String, folder: String) {
        do throws(SystemError) {
            try LocalFiles.createFolders(scratch)
        } catch {
            throw StorageError(error)
        }
        let name = "\(scratch)/\(getpid())-\(String(UInt64.random(in: 0...UInt64.max), radix: 36))"
        return (name + ".pack", name)
    }

    private static func clear(_ pack: String, _ folder: String) {
        unlink(pack)
        try? LocalFiles.remove(folder)
    }
}
