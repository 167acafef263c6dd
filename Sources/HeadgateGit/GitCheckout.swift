import CLibgit2
import Dispatch
package import HeadgateCore

/// A user's own repository, bare or with a work tree, read only: nothing in it is ever written.
///
/// What is read are commits; files that are not committed are not seen.
package actor GitCheckout: SourceRepository {
    private let executor: QueueExecutor
    private let repository: Repository
    private let exports: ExportQueue
    private let limits: GitLimits
    private let signers: AllowedSigners

    package nonisolated let largeFiles: LargeFileStore
    /// The work tree's folder; nil for a bare repository.
    package nonisolated let workTree: String?
    /// Whether older commits are missing, so that no common ancestor can be found.
    package nonisolated let isShallow: Bool

    /// Opens the repository that a folder belongs to.
    ///
    /// Refuses partial clones and SHA-256 repositories. A shallow clone is opened, since its commits can be read.
    package init(
        containing path: String, limits: GitLimits = GitLimits(), signers: AllowedSigners = AllowedSigners()
    ) throws(SourceError) {
        let repository = try Repository(containing: path)
        try repository.refuseUnsupported(shallow: false)
        workTree = repository.workTree
        isShallow = repository.isShallow
        largeFiles = .folder(repository.folder + "/lfs")
        exports = ExportQueue(path: repository.folder, limits: limits)
        self.repository = repository
        executor = QueueExecutor(label: "headgate.git.checkout")
        self.limits = limits
        self.signers = signers
    }

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// The commit that a text names, as `git rev-parse` takes it: `HEAD~2`, `origin/main`, `v1.2`, `3f2a9c1`.
    package func resolve(_ text: String) throws(SourceError) -> CommitID { try repository.resolve(text) }

    /// The name of the branch that is checked out; nil when there is none.
    package func branch() throws(SourceError) -> String? { try repository.headBranch() }

    /// The address of the remote that a clone calls `origin`; nil without one.
    package func origin() throws(SourceError) -> String? { try repository.setting("remote.origin.url") }

    /// The best common ancestor; nil when the histories are unrelated.
    ///
    /// Refused in a shallow clone, which has not all that it takes to find one.
    package func mergeBase(_ one: CommitID, _ other: CommitID) throws(SourceError) -> CommitID? {
        try repository.mergeBase(one, other)
    }

    /// The path of a folder or file of the work tree within the repository; nil when it is outside.
    ///
    /// The path has to be absolute and without links, such as `realpath` gives.
    package nonisolated func repositoryPath(of path: String) -> RepositoryPath? {
        guard let workTree else { return nil }
        if path == workTree { return .root }
        guard path.hasPrefix(workTree + "/") else { return nil }
        return RepositoryPath(path.dropFirst(workTree.count + 1))
    }

    /// The commit that is checked out; nil before the first commit.
    package func tip(deadline: Duration) throws(SourceError) -> CommitID? {
        guard let head = try repository.target(of: "HEAD") else { return nil }
        return try repository.commit(from: head)
    }

    /// Fetches nothing: a commit is here or it is an error.
    package func fetch(_ commit: CommitID, deadline: Duration) throws(SourceError) {
        guard try repository.contains(commit) else {
            throw SourceError(.notFound, "commit \(commit.short) is not in \(repository.name)")
        }
    }

    package func facts(of commit: CommitID) throws(SourceError) -> CommitFacts {
        try repository.facts(of: commit, signers: signers)
    }

    package func changes(
        from old: CommitID?, to new: CommitID, below folder: RepositoryPath
    ) throws(SourceError) -> [PathChange]? {
        try repository.changes(from: old, to: new, below: folder, limits: limits)?.changes
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
}
