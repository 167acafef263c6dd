import Glibc
package import HeadgateCore

extension FolderObjectStore {
    /// Times of everything that is written out: 1980-01-01, the earliest that ZIP archives can hold.
    static let writtenTime = 315_532_800

    package func read(_ content: Digest, limit: Int) async throws(StorageError) -> [UInt8] {
        try await Workers.run { () throws(StorageError) in try self.bytes(of: content, limit: limit) }
    }

    package func contains(_ tree: TreeDigest) async throws(StorageError) -> Bool {
        try await Workers.run { () throws(StorageError) in
            let node: TreeNode
            do throws(StorageError) {
                node = try self.node(tree)
            } catch {
                // A list that was corrupted has been moved aside by now: it is not there.
                if error.code == .notFound || error.code == .corrupted { return false }
                throw error
            }
            for (content, size) in node.contents {
                guard let facts = try LocalFiles.facts(self.place(of: content)), facts.kind == .file,
                    size == nil || facts.size == size
                else { return false }
            }
            return true
        }
    }

    package func entry(_ path: String, in tree: TreeDigest) async throws(StorageError) -> TreeDigest? {
        try await Workers.run { () throws(StorageError) in
            let node = try self.node(tree)
            guard case .folder(let entries) = node else {
                return path.split(separator: "/").allSatisfy { $0 == "." } ? tree : nil
            }
            let resolved: String
            do throws(TreePaths.Failure) {
                resolved = try TreePaths(entries).resolve(path)
            } catch {
                throw StorageError(.escapes, "\(path) leads out of the stored folder \(tree)")
            }
            if resolved.isEmpty { return tree }
            guard let part = try self.part(resolved, of: entries, in: tree) else { return nil }
            try self.store(part)
            return part.digest
        }
    }

    package func materialize(_ tree: TreeDigest, at path: String) async throws(StorageError) {
        try await Workers.run { () throws(StorageError) in
            guard try LocalFiles.facts(path) == nil else {
                throw StorageError(.alreadyExists, "\(path) exists already")
            }
            let node = try self.node(tree)
            let parent = LocalFiles.parent(of: path)
            try LocalFiles.makeFolder(parent)
            let number = LocalFiles.name(of: self.temporaryPath())
            let partial = "\(parent)/.\(LocalFiles.name(of: path).prefix(64)).\(number).partial"
            do throws(StorageError) {
                switch node {
                case .file(let content, let executable):
                    try self.write(content, size: nil, executable: executable, to: partial)
                case .folder(let entries):
                    try self.write(entries, to: partial)
                }
                try LocalFiles.rename(partial, to: path)
            } catch {
                LocalFiles.removeAll(partial)
                throw error
            }
        }
    }

    // MARK: Checked reading

    /// What a tree digest stands for.
    func node(_ tree: TreeDigest) throws(StorageError) -> TreeNode {
        guard let node = TreeNode(try bytes(of: tree.digest, limit: .max)) else {
            throw StorageError(.notFound, "\(tree) is not the digest of a stored file or folder")
        }
        return node
    }

    private func open(_ object: Digest) throws(StorageError) -> OpenFile {
        do throws(StorageError) {
            return try OpenFile.reading(place(of: object))
        } catch {
            guard error.code == .notFound else { throw error }
            throw StorageError(.notFound, "object \(object) is not in the store at \(path)")
        }
    }

    private func bytes(of object: Digest, limit: Int) throws(StorageError) -> [UInt8] {
        let file = try open(object)
        var facts = stat()
        guard fstat(file.descriptor, &facts) == 0 else { throw .system("read", file.path) }
        guard facts.st_size <= limit else {
            throw StorageError(.tooLarge, "object \(object) has \(facts.st_size) bytes, more than the \(limit) allowed")
        }
        var bytes = [UInt8](repeating: 0, count: Int(facts.st_size))
        var count = 0
        while count < bytes.count {
            let read = bytes.withUnsafeMutableBytes { buffer in
                Glibc.read(file.descriptor, buffer.baseAddress?.advanced(by: count), buffer.count - count)
            }
            if read < 0, errno == EINTR { continue }
            guard read >= 0 else { throw .system("read", file.path) }
            if read == 0 { break }
            count += read
        }
        bytes.removeLast(bytes.count - count)
        let found = Digest.of(bytes)
        guard found == object else { throw setAside(object, "its bytes are \(found)") }
        return bytes
    }

    /// A file or folder below a stored folder.
    private func part(
        _ path: String, of entries: [TreeEntry], in tree: TreeDigest
    ) throws(StorageError) -> TreeNode? {
        let below = path + "/"
        var parts: [TreeEntry] = []
        for entry in entries {
            if entry.path.utf8.elementsEqual(path.utf8) {
                switch entry.kind {
                case .file(let content, _, let executable): return .file(content: content, executable: executable)
                case .emptyFolder: return .folder([])
                // Links were followed before.
                case .link: return nil
                }
            }
            guard entry.path.utf8.starts(with: below.utf8) else { continue }
            parts.append(TreeEntry(path: String(entry.path.dropFirst(below.count)), kind: entry.kind))
        }
        if parts.isEmpty { return nil }
        try TreePaths.check(parts, of: "\(path) of the stored folder \(tree)")
        return .folder(parts)
    }

    // MARK: Writing out

    private func write(_ entries: [TreeEntry], to root: String) throws(StorageError) {
        try LocalFiles.makeFolder(root)
        var folders: Set<String> = [root]
        var files: [(path: String, content: Digest, size: Int64, executable: Bool)] = []
        for entry in entries {
            let path = "\(root)/\(entry.path)"
            var folder = if case .emptyFolder = entry.kind { path } else { LocalFiles.parent(of: path) }
            try LocalFiles.makeFolder(folder)
            while folders.insert(folder).inserted { folder = LocalFiles.parent(of: folder) }
            if case .file(let content, let size, let executable) = entry.kind {
                files.append((path, content, size, executable))
            }
        }
        files.sort { ($0.size, $1.path) > ($1.size, $0.path) }
        _ = try Workers.map(files) { file throws(StorageError) -> Void in
            try write(file.content, size: file.size, executable: file.executable, to: file.path)
        }
        // Links last, so that nothing is ever written through one.
        for entry in entries {
            guard case .link(let target) = entry.kind else { continue }
            let path = "\(root)/\(entry.path)"
            guard symlink(target, path) == 0 else { throw .system("create the link", path) }
            try Self.setTimes(path)
        }
        for folder in folders {
            guard chmod(folder, 0o755) == 0 else { throw .system("set the mode of", folder) }
            try Self.setTimes(folder)
        }
    }

    private func write(
        _ content: Digest, size: Int64?, executable: Bool, to path: String
    ) throws(StorageError) {
        let source = try open(content)
        let target = try OpenFile.creating(path)
        let copied = try copy(source, to: target)
        guard copied.digest == content, size == nil || size == copied.size else {
            throw setAside(content, "its bytes are \(copied.digest)")
        }
        try target.setMode(executable ? 0o755 : 0o644)
        try target.setTimes(seconds: Self.writtenTime)
    }

    private static func setTimes(_ path: String) throws(StorageError) {
        let time = timespec(tv_sec: writtenTime, tv_nsec: 0)
        guard utimensat(AT_FDCWD, path, [time, time], AT_SYMLINK_NOFOLLOW) == 0 else {
            throw .system("set the times of", path)
        }
    }
}
