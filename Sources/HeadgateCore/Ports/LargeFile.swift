/// A file of which a repository holds a Git LFS pointer in place of the content.
package struct LargeFile: Hashable, Sendable {
    /// Within what was exported; the root when that is the file itself.
    package var path: RepositoryPath
    /// Of the content.
    package var sha256: Digest
    /// Of the content, in bytes.
    package var size: Int64
    package var isExecutable: Bool

    package init(path: RepositoryPath, sha256: Digest, size: Int64, isExecutable: Bool) {
        self.path = path
        self.sha256 = sha256
        self.size = size
        self.isExecutable = isExecutable
    }
}

/// Where the contents of a repository's large files are.
///
/// It comes from where the repository itself is, never from a file in it (`.lfsconfig`).
package enum LargeFileStore: Hashable, Sendable {
    /// The folder `lfs` of a repository on this machine, as Git LFS keeps it.
    case folder(String)
    /// A server of the Git LFS API.
    case server(LargeFileServer)
    /// Contents cannot be had, for a reason that an error message can go on with.
    case none(String)
}

/// A server of the Git LFS API, and who asks it.
package struct LargeFileServer: Hashable, Sendable, CustomStringConvertible {
    /// Without a slash at its end: `https://git.example/team/models.git/info/lfs`.
    package let url: String
    /// The field `Authorization` of a request.
    package let authorization: Secret?

    package init(url: String, authorization: Secret?) {
        self.url = url
        self.authorization = authorization
    }

    package var description: String { url }
}
