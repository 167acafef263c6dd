/// One watched repository, held as a bare mirror.
package protocol SourceRepository: Sendable {
    /// Asks the remote, with one listing, where the watched reference points; nil when it does not exist.
    func tip(deadline: Duration) async throws(SourceError) -> CommitID?

    /// As ``tip(deadline:)``, with the name that the reference has on the remote, such as of its default branch.
    func revision(deadline: Duration) async throws(SourceError) -> Revision?

    /// Brings a commit into the mirror; does nothing when it is there.
    func fetch(_ commit: CommitID, deadline: Duration) async throws(SourceError)

    func facts(of commit: CommitID) async throws(SourceError) -> CommitFacts

    /// Paths that differ between two commits, below a folder; nil for `from` lists every file.
    ///
    /// Gives nil when the older commit is no longer there, as after a force-push and a clean-up: list everything then.
    func changes(from: CommitID?, to: CommitID, below: RepositoryPath) async throws(SourceError) -> [PathChange]?

    /// What paths are at a commit; paths that are missing have no entry.
    func entries(_ paths: [RepositoryPath], at commit: CommitID) async throws(SourceError)
        -> [RepositoryPath: TrackedEntry]

    /// Contents of blobs by id; an error for one that is larger than the limit in bytes.
    func read(_ blobs: [String], limit: Int) async throws(SourceError) -> [String: [UInt8]]

    /// Writes a file or folder of the mirror to a path that does not exist yet, with fixed times and modes.
    ///
    /// Refuses submodules and links that lead out of the written folder, each by name. Gives the files that are Git LFS
    /// pointers, which are left out: their contents are in ``largeFiles``.
    func export(_ entry: TrackedEntry, to path: String) async throws(SourceError) -> [LargeFile]

    /// Where the contents are of files that Git LFS keeps outside the repository.
    var largeFiles: LargeFileStore { get }
}

/// A path that differs between two commits.
package struct PathChange: Hashable, Sendable {
    package let path: RepositoryPath
    /// What it is in the newer commit; nil when it was removed.
    package let entry: TrackedEntry?

    package init(path: RepositoryPath, entry: TrackedEntry?) {
        self.path = path
        self.entry = entry
    }
}

/// What Git could not do.
package struct SourceError: Error, Hashable, Sendable, Codable, CustomStringConvertible {
    package enum Code: String, Sendable, Codable {
        case unreachable, authentication, hostKey, notFound, unsupported, corrupted, tooLarge, timedOut, diskFull, other
        /// A branch holds what a commit that was pushed does not follow.
        case moved
        /// The remote takes no such push.
        case refused
        /// Changes that cannot be taken back, since the same places changed again.
        case conflict
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
    package var mayRetry: Bool {
        switch code {
        case .unreachable, .timedOut, .diskFull, .other, .notFound, .moved: true
        case .authentication, .hostKey, .unsupported, .corrupted, .tooLarge, .refused, .conflict: false
        }
    }
}

extension SourceRepository {
    package var largeFiles: LargeFileStore { .none("this repository has none") }

    package func revision(deadline: Duration) async throws(SourceError) -> Revision? {
        try await tip(deadline: deadline).map { Revision(reference: "HEAD", commit: $0) }
    }
}
