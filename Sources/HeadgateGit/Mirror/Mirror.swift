import CLibgit2
import Dispatch
package import HeadgateCore

/// A bare mirror of one reference of one remote.
///
/// Everything that waits for the network, or rewrites packs, happens in the helper's process; this actor only reads
/// what is on disk and moves references. What was fetched once stays until ``keep(only:)``, whatever the remote does.
package actor Mirror: SourceRepository {
    private let executor: QueueExecutor
    private var repository: Repository
    private let folder: MirrorFolder
    private let exports: ExportQueue
    private let process: GitRemoteProcess
    private let limits: GitLimits
    private let signers: AllowedSigners
    private var found: (commit: CommitID, reference: String)?
    private var repackAt: Int

    package nonisolated let remote: GitRemote
    package nonisolated let reference: TrackedReference
    /// The mirror's folder.
    package nonisolated let path: String

    private static let tip = "refs/headgate/tip"
    private static let incoming = "refs/headgate/incoming"
    private static let kept = "refs/headgate/keep/"
    private static let outgoing = "refs/headgate/outgoing/"
    private static let packLimit = 50

    /// Opens the mirror, which is made if it is not there; asks the remote nothing.
    ///
    /// The folder is `mirrors/<digest>.git` below the state folder, by address and reference: two references of one
    /// repository have a mirror each, so that each mirror has one writer.
    package init(
        of remote: GitRemote, _ reference: TrackedReference, stateFolder: String, process: GitRemoteProcess,
        limits: GitLimits = GitLimits(), signers: AllowedSigners = AllowedSigners()
    ) throws(SourceError) {
        try reference.validate()
        var digest = DigestBuilder(domain: "mirror/1")
        digest.add("url", remote.url.text)
        digest.add("reference", reference.description)
        path = "\(stateFolder)/mirrors/\(digest.finish().hex).git"
        folder = MirrorFolder(path: path)
        try folder.create(describing: remote.url)
        folder.sweep()
        repository = try Repository(bare: path, name: "the mirror of \(remote.url)")
        executor = QueueExecutor(label: "headgate.git.mirror")
        exports = ExportQueue(path: path, limits: limits)
        repackAt = Self.packLimit
        self.remote = remote
        self.reference = reference
        self.process = process
        self.limits = limits
        self.signers = signers
    }

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    // MARK: The remote

    package func tip(deadline: Duration) async throws(SourceError) -> CommitID? {
        try await revision(deadline: deadline)?.commit
    }

    /// Asks the remote, with one listing, where the reference points and by which name; nil when it does not exist.
    ///
    /// A commit that is followed directly never moves, so nobody is asked.
    package func revision(deadline: Duration) async throws(SourceError) -> Revision? {
        if case .commit(let commit) = reference { return Revision(reference: "", commit: commit) }
        let listing = try await process.list(remote, wanted: reference.listed, deadline: deadline)
        guard let (name, id) = reference.find(in: listing) else {
            found = nil
            return nil
        }
        guard let commit = CommitID(id) else {
            throw SourceError(.corrupted, "\(remote.url) lists '\(id)' as the id of a commit")
        }
        found = (commit, name)
        return Revision(reference: name, commit: commit)
    }

    package func fetch(_ commit: CommitID, deadline: Duration) async throws(SourceError) {
        let end = ContinuousClock.now + deadline
        if try !repository.contains(commit) {
            try await bring(commit, until: end)
            guard try repository.contains(commit) else {
                throw SourceError(
                    .notFound, "\(remote.url) no longer has \(commit.short) at \(reference): it has moved on")
            }
        }
        try advance(to: commit)
        guard folder.packCount >= repackAt else { return }
        // The commit is here; a mirror with many packs works as well, only slower.
        let left = end - ContinuousClock.now
        if (try? await repack(deadline: max(left, .seconds(1)))) == nil { repackAt = folder.packCount + Self.packLimit }
    }

    /// Joins the mirror's packs into one and drops what no reference reaches.
    ///
    /// A fetch does so by itself after every fiftieth pack.
    package func repack(deadline: Duration) async throws(SourceError) {
        try await process.repack(path, deadline: deadline)
        // The open handle would go on reading packs that were deleted, and keep them on the disk.
        repository = try Repository(bare: path, name: repository.name)
        repackAt = folder.packCount + Self.packLimit
    }

    // MARK: What stays

    /// Keeps commits and all that they reach, as long as they are not left out of ``keep(only:)``.
    ///
    /// The followed reference's own history needs no keeping. A commit that is not in the mirror is passed over.
    package func keep(_ commits: some Sequence<CommitID> & Sendable) throws(SourceError) {
        for commit in commits where try repository.contains(commit) {
            try repository.point(Self.kept + commit.hex, at: git_oid(commit))
        }
    }

    /// Keeps these commits and no others besides the followed reference's history; the next repack drops the rest.
    package func keep(only commits: Set<CommitID>) throws(SourceError) {
        try keep(commits.sorted())
        for reference in try repository.references(matching: Self.kept + "*") {
            let commit = CommitID(reference.dropFirst(Self.kept.count))
            if let commit, commits.contains(commit) { continue }
            try repository.removeReference(reference)
        }
    }

    /// The commits that are kept besides the followed reference's history.
    package func keptCommits() throws(SourceError) -> [CommitID] {
        try repository.references(matching: Self.kept + "*").compactMap { CommitID($0.dropFirst(Self.kept.count)) }
    }

    // MARK: Reading

    package func contains(_ commit: CommitID) throws(SourceError) -> Bool { try repository.contains(commit) }

    package func facts(of commit: CommitID) throws(SourceError) -> CommitFacts {
        try repository.facts(of: commit, signers: signers)
    }

    package func changes(
        from old: CommitID?, to new: CommitID, below folder: RepositoryPath
    ) throws(SourceError) -> [PathChange]? {
        try report(from: old, to: new, below: folder)?.changes
    }

    /// As ``changes(from:to:below:)``, with the names that were passed over because no manifest could write them.
    package func report(
        from old: CommitID?, to new: CommitID, below folder: RepositoryPath
    ) throws(SourceError) -> ChangeReport? {
        try repository.changes(from: old, to: new, below: folder, limits: limits)
    }

    package func entries(
        _ paths: [RepositoryPath], at commit: CommitID
    ) throws(SourceError) -> [RepositoryPath: TrackedEntry] {
        try repository.entries(paths, at: commit)
    }

    package func read(_ blobs: [String], limit: Int) throws(SourceError) -> [String: [UInt8]] {
        try repository.read(blobs, limit: limit)
    }

    package nonisolated func export(
        _ entry: TrackedEntry, to path: String
    ) async throws(SourceError) -> [LargeFile] {
        try await exports.write(entry, to: path)
    }

    package nonisolated var largeFiles: LargeFileStore { remote.largeFiles }

    /// Whether one commit is the other or is reached from it.
    package func isAncestor(_ older: CommitID, of newer: CommitID) throws(SourceError) -> Bool {
        try repository.isAncestor(older, of: newer)
    }

    /// The best common ancestor; nil when the histories are unrelated.
    package func mergeBase(_ one: CommitID, _ other: CommitID) throws(SourceError) -> CommitID? {
        try repository.mergeBase(one, other)
    }

    // MARK: Writing

    /// Gives the open repository to a call that needs more than what stands here.
    func read<Value>(
        _ body: (borrowing Repository) throws(SourceError) -> Value
    ) throws(SourceError) -> Value { try body(repository) }

    /// Adds a commit of the mirror to a branch of the remote.
    ///
    /// - Throws: ``SourceError`` with `.moved` when the branch holds what the commit does not follow.
    func push(_ commit: CommitID, to branch: String, deadline: Duration) async throws(SourceError) {
        let reference = Self.outgoing + commit.hex
        try repository.point(reference, at: git_oid(commit))
        let result: Result<Void, SourceError>
        do throws(SourceError) {
            result = .success(
                try await process.push(remote, "\(reference):refs/heads/\(branch)", from: path, deadline: deadline))
        } catch {
            result = .failure(error)
        }
        try? repository.removeReference(reference)
        try result.get()
    }

    // MARK: Private

    private func bring(_ commit: CommitID, until end: ContinuousClock.Instant) async throws(SourceError) {
        switch reference {
        case .head: try await fetch(["+HEAD:\(Self.incoming)"], until: end)
        case .branch(let name): try await fetch(["+refs/heads/\(name):\(Self.incoming)"], until: end)
        case .tag(let name): try await fetch(["+refs/tags/\(name):\(Self.incoming)"], until: end)
        case .versions:
            let tag = found.flatMap { $0.commit == commit ? $0.reference : nil }
            let refspec = tag.map { "+refs/tags/\($0):\(Self.incoming)" } ?? "+refs/tags/*:refs/headgate/tags/*"
            try await fetch([refspec], until: end)
        case .commit:
            do {
                try await fetch(["+\(commit.hex):\(Self.incoming)"], until: end)
            } catch {
                // Not every server gives a commit by its id; one that a branch or tag reaches comes with those.
                guard error.code == .notFound || error.code == .other || error.code == .unreachable else { throw error }
                try await fetch(
                    ["+refs/heads/*:refs/headgate/heads/*", "+refs/tags/*:refs/headgate/tags/*"], until: end)
            }
        }
    }

    private func fetch(_ refspecs: [String], until end: ContinuousClock.Instant) async throws(SourceError) {
        let left = max(end - ContinuousClock.now, .zero)
        _ = try await process.fetch(
            remote, refspecs, into: path, byteLimit: limits.fetchBytes, deadline: left)
    }

    /// Moves the tip; what only the old one reaches is kept first, so that a kill in between loses nothing.
    private func advance(to commit: CommitID) throws(SourceError) {
        if let old = try repository.target(of: Self.tip) {
            let old = try CommitID(old)
            if old == commit { return }
            if try repository.contains(old), try !repository.isAncestor(old, of: commit) { try keep([old]) }
        }
        try repository.point(Self.tip, at: git_oid(commit))
    }
}
