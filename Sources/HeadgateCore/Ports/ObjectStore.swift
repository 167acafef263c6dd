/// Content-addressed files and folders.
package protocol ObjectStore: Sendable {
    /// Stores a file or folder of the local file system.
    ///
    /// A folder becomes a list of entries (path, mode, digest), so equal files are stored once. Symbolic links inside
    /// that stay inside are kept as links; one that leads out is an error that names it.
    func put(path: String) async throws(StorageError) -> StoredArtifact

    /// Stores bytes as a file; ``read(_:limit:)`` gives them back by their SHA-256.
    func put(bytes: [UInt8]) async throws(StorageError) -> Digest

    /// The content of a stored file by its SHA-256.
    ///
    /// - Throws: ``StorageError`` with `.tooLarge` when it is longer than `limit` bytes, `.notFound`, or `.corrupted`.
    func read(_ content: Digest, limit: Int) async throws(StorageError) -> [UInt8]

    /// Writes a stored file or folder to a path that does not exist yet; each byte is checked against its digest.
    ///
    /// Nothing stands at the path unless all of it was written. A corrupted object is set aside, so that it can be
    /// stored again.
    func materialize(_ tree: TreeDigest, at path: String) async throws(StorageError)

    /// The digest of a path below a stored folder; nil when it is not there.
    func entry(_ path: String, in tree: TreeDigest) async throws(StorageError) -> TreeDigest?

    /// Whether everything that the digest stands for is there; does not read file contents.
    func contains(_ tree: TreeDigest) async throws(StorageError) -> Bool

    /// Deletes what none of the roots reaches and what is older than a grace time; gives the number of bytes freed.
    func collect(keeping roots: Set<TreeDigest>, olderThan grace: Duration) async throws(StorageError) -> Int64
}

extension TaggedDigest where Tag == DigestTag.Tree {
    /// The digest of a stored file by the SHA-256 of its bytes, so that pinned data is found without reading it.
    ///
    /// It differs from the bytes' own digest: no file can have the digest of a folder.
    package static func file(content: Digest, executable: Bool = false) -> TreeDigest {
        TreeDigest(Digest.of(Array(fileText(content: content, executable: executable).utf8)))
    }

    /// What a store keeps under the digest of a single file.
    package static func fileText(content: Digest, executable: Bool) -> String {
        "headgate.dev/file/1\n\(executable ? "executable" : "file") \(content.hex)\n"
    }
}

/// What a store could not do.
package struct StorageError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        case notFound, corrupted, diskFull, permission, escapes, unsupportedFile, tooLarge, alreadyExists, io
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
