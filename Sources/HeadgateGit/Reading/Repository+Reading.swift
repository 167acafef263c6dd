import CLibgit2
import HeadgateCore

extension Repository {
    /// What ``SourceRepository/changes(from:to:below:)`` gives.
    func changes(
        from old: CommitID?, to new: CommitID, below folder: RepositoryPath, limits: GitLimits
    ) throws(SourceError) -> ChangeReport? {
        guard let newFolder = try self.folder(folder, at: new) else {
            throw SourceError(.notFound, "there is no folder \(folder) at \(new.short)")
        }
        var oldFolder: git_oid?
        if let old {
            guard try contains(old) else { return nil }
            oldFolder = try self.folder(folder, at: old)
        }
        var comparison = TreeComparison(limits: limits)
        try comparison.compare(oldFolder, newFolder, at: folder, in: self)
        return comparison.finish()
    }

    /// What ``SourceRepository/entries(_:at:)`` gives; opens each folder once, however many paths go through it.
    func entries(_ paths: [RepositoryPath], at commit: CommitID) throws(SourceError) -> [RepositoryPath: TrackedEntry] {
        let root = try Commit(commit, in: self).tree
        var found: [RepositoryPath: TrackedEntry] = [:]
        found.reserveCapacity(paths.count)
        if paths.contains(.root) { found[.root] = TrackedEntry(mode: .directory, id: root.hex) }
        // A slash sorts before every other byte, so that what is below a folder stands together.
        let wanted = Set(paths).sorted { left, right in
            left.text.utf8.lexicographicallyPrecedes(right.text.utf8) {
                $1 != UInt8(ascii: "/") && ($0 == UInt8(ascii: "/") || $0 < $1)
            }
        }.map { (path: $0, components: $0.components) }
        try collect(wanted[...], depth: 0, tree: root, into: &found)
        return found
    }

    /// What ``SourceRepository/read(_:limit:)`` gives.
    func read(_ blobs: [String], limit: Int) throws(SourceError) -> [String: [UInt8]] {
        var contents: [String: [UInt8]] = [:]
        for id in blobs where contents[id] == nil {
            guard let name = git_oid(hex: id) else { throw SourceError(.notFound, "'\(id)' is not the id of a file") }
            let size = try size(of: name)
            guard size <= limit else {
                throw SourceError(.tooLarge, "file \(id) has \(size) bytes; at most \(limit) are read")
            }
            contents[id] = try withBlob(name) { Array($0) }
        }
        return contents
    }

    /// A file's size, without loading the file.
    func size(of name: git_oid) throws(SourceError) -> Int {
        var name = name
        var database: OpaquePointer?
        try LibGit2.check(git_repository_odb(&database, pointer), "cannot open the objects of \(self.name)")
        defer { git_odb_free(database) }
        var size = 0
        var type = GIT_OBJECT_INVALID
        let code = git_odb_read_header(&size, &type, database, &name)
        if code == GIT_ENOTFOUND.rawValue {
            throw SourceError(.notFound, "file \(name.hex) is not in \(self.name)")
        }
        try LibGit2.check(code, "cannot read file \(name.hex)")
        guard type == GIT_OBJECT_BLOB else { throw SourceError(.notFound, "\(name.hex) is not a file") }
        return size
    }

    /// Lends a file's bytes.
    func withBlob<Result>(_ name: git_oid, _ body: (UnsafeRawBufferPointer) -> Result) throws(SourceError) -> Result {
        var name = name
        var blob: OpaquePointer?
        try LibGit2.check(git_blob_lookup(&blob, pointer, &name), "cannot read file \(name.hex)")
        defer { git_blob_free(blob) }
        return body(UnsafeRawBufferPointer(start: git_blob_rawcontent(blob), count: Int(git_blob_rawsize(blob))))
    }

    private func folder(_ path: RepositoryPath, at commit: CommitID) throws(SourceError) -> git_oid? {
        let entry = try entries([path], at: commit)[path]
        guard let entry, entry.mode == .directory else { return nil }
        return git_oid(hex: entry.id)
    }

    // The paths are sorted by components, so those that share a folder stand together.
    private func collect(
        _ wanted: ArraySlice<(path: RepositoryPath, components: [Substring])>, depth: Int, tree: git_oid,
        into found: inout [RepositoryPath: TrackedEntry]
    ) throws(SourceError) {
        let deeper = wanted.drop { $0.components.count <= depth }
        guard !deeper.isEmpty else { return }
        let tree = try Tree(tree, in: self)
        var start = deeper.startIndex
        while start < deeper.endIndex {
            let name = deeper[start].components[depth]
            var end = start + 1
            while end < deeper.endIndex, deeper[end].components[depth].utf8.elementsEqual(name.utf8) { end += 1 }
            defer { start = end }
            guard let entry = tree.entry(name) else { continue }
            for index in start..<end where deeper[index].components.count == depth + 1 {
                found[deeper[index].path] = entry.tracked
            }
            if entry.mode == .directory {
                try collect(deeper[start..<end], depth: depth + 1, tree: entry.id, into: &found)
            }
        }
    }
}
