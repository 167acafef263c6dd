/// Content-addressed files and folders.
package protocol ObjectStore: Sendable {
    /// Stores a file or folder of the local file system.
    ///
    /// A folder becomes a list of entries (path, mode, digest), so equal files are stored once. Symbolic links inside
    /// that stay inside are kept as links; one that leads out is an error that names it.
    func put(path: String) async throws(StorageError) -> StoredArtifact

    /// Writes a stored file or folder to a path that does not exist yet; each byte is checked against its digest.
    func materialize(_ tree: TreeDigest, at path: String) async throws(StorageError)

    /// The digest of a path below a stored folder; nil when it is not there.
    func entry(_ path: String, in tree: TreeDigest) async throws(StorageError) -> TreeDigest?

    /// Whether everything that the digest stands for is there; does not read file contents.
    func contains(_ tree: TreeDigest) async throws(StorageError) -> Bool

    /// Deletes what none of the roots reaches and what is older than a grace time; gives the number of bytes freed.
    func collect(keeping roots: Set<TreeDigest>, olderThan grace: Duration) async throws(StorageError) -> Int64
}

/// What a store could not do.
package struct StorageError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        case notFound, corrupted, diskFull, permission, escapes, unsupportedFile, io
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
    /// Whether waiting may help.
    package var mayRetry: Bool { code == .diskFull || code == .io }
}
