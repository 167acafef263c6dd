import HeadgateCore

/// The files, links and empty folders below a local folder, read without following a link.
struct FolderScan {
    struct File: Sendable {
        let path: String
        let size: Int64
        let executable: Bool
    }

    private(set) var files: [File] = []
    /// Links and empty folders.
    private(set) var others: [TreeEntry] = []
    private let root: String

    init(_ root: String) throws(StorageError) {
        self.root = root
        try visit("", depth: 0)
    }

    private mutating func visit(_ folder: String, depth: Int) throws(StorageError) {
        // Far deeper than any path that Linux opens (4096 bytes).
        guard depth < 2048 else { throw StorageError(.unsupportedFile, "\(root) is nested too deeply") }
        let names = try LocalFiles.names(in: folder.isEmpty ? root : "\(root)/\(folder)")
        if names.isEmpty, !folder.isEmpty { others.append(TreeEntry(path: folder, kind: .emptyFolder)) }
        for name in names {
            let path = folder.isEmpty ? name : "\(folder)/\(name)"
            let absolute = "\(root)/\(path)"
            guard let facts = try LocalFiles.facts(absolute) else {
                throw StorageError(.notFound, "\(absolute) vanished while it was read")
            }
            switch facts.kind {
            case .file: files.append(File(path: path, size: facts.size, executable: facts.isExecutable))
            case .folder: try visit(path, depth: depth + 1)
            case .link:
                others.append(TreeEntry(path: path, kind: .link(target: try LocalFiles.linkTarget(absolute))))
            case .other:
                throw StorageError(
                    .unsupportedFile, "\(absolute) is a socket, pipe or device; only files, folders and links are kept")
            }
        }
    }
}
