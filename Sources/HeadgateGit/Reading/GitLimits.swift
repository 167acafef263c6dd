/// What one repository may cost; whoever commits to it is not trusted with more.
package struct GitLimits: Sendable, Hashable {
    /// Bytes that one fetch may receive.
    package var fetchBytes: Int
    /// Files below the watched folder, and files of one export.
    package var files: Int
    /// Levels of folders.
    package var depth: Int
    /// Bytes of one exported file or folder.
    package var exportBytes: Int

    package init(fetchBytes: Int = 4 << 30, files: Int = 1_000_000, depth: Int = 128, exportBytes: Int = 64 << 30) {
        self.fetchBytes = fetchBytes
        self.files = files
        self.depth = depth
        self.exportBytes = exportBytes
    }
}
