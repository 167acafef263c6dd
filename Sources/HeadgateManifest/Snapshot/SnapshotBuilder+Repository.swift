package import HeadgateCore

extension SnapshotBuilder {
    /// What was read for a commit; ``commit(_:)`` takes it into force.
    package struct Prepared: Sendable {
        let commit: CommitID
        let staged: StagedSnapshot
        let entries: [RepositoryPath: TrackedEntry]
    }

    /// How many files are read at a time, so that their texts are never all in memory.
    package static let batch = 128

    /// Reads from a repository what a commit changed: one comparison, the changed manifests, and one listing of paths.
    ///
    /// Takes the whole folder instead when there is no earlier commit, or the repository no longer has it.
    package func prepare(
        _ commit: CommitID, from repository: any SourceRepository
    ) async throws(SourceError) -> Prepared {
        var update = try await begin(commit, from: repository)
        var waiting = update.blobs[...]
        while !waiting.isEmpty {
            let blobs = Array(waiting.prefix(Self.batch))
            waiting = waiting.dropFirst(Self.batch)
            update.decode(try await Self.read(blobs, from: repository))
        }
        let staged = stage(update)
        let entries = staged.paths.isEmpty ? [:] : try await repository.entries(staged.paths, at: commit)
        return Prepared(commit: commit, staged: staged, entries: entries)
    }

    /// Takes what was read into force; gives the objects that changed.
    package mutating func commit(_ prepared: Prepared) throws(SourceError) -> Set<ObjectID> {
        try commit(prepared.staged, entries: prepared.entries, at: prepared.commit)
    }

    private func begin(
        _ next: CommitID, from repository: any SourceRepository
    ) async throws(SourceError) -> SnapshotUpdate {
        if let commit, let changes = try await repository.changes(from: commit, to: next, below: .root) {
            return begin(changes, isComplete: false)
        }
        let listing = try await repository.changes(from: nil, to: next, below: folder) ?? []
        return begin(listing, isComplete: true)
    }

    /// Some files by blob; nil for one that is larger than the limit.
    package static func read(
        _ blobs: [String], from repository: any SourceRepository, limit: Int = ManifestParser.maxFileSize
    ) async throws(SourceError) -> [String: [UInt8]?] {
        do {
            return try await repository.read(blobs, limit: limit).mapValues(Optional.some)
        } catch {
            guard error.code == .tooLarge else { throw error }
            guard blobs.count > 1 else { return Dictionary(uniqueKeysWithValues: blobs.map { ($0, nil) }) }
        }
        // One of them is too large; the others are read all the same (I11).
        var contents: [String: [UInt8]?] = [:]
        for blob in blobs {
            contents.merge(try await read([blob], from: repository, limit: limit)) { first, _ in first }
        }
        return contents
    }
}
