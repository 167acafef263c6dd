import Glibc
package import HeadgateCore

extension FolderObjectStore {
    /// Bytes that are written and not yet named.
    private struct Staged: Sendable {
        let content: Digest
        let size: Int64
        /// Nil when the store holds them already.
        let temporary: String?
    }

    package func put(path: String) async throws(StorageError) -> StoredArtifact {
        try await Workers.run { () throws(StorageError) in
            guard let facts = try LocalFiles.facts(path) else {
                throw StorageError(.notFound, "\(path) does not exist")
            }
            switch facts.kind {
            case .file:
                return try self.putFile(path, executable: facts.isExecutable)
            case .folder:
                return try self.putFolder(path)
            case .link:
                throw StorageError(.unsupportedFile, "\(path) is a link; only files and folders are stored")
            case .other:
                throw StorageError(.unsupportedFile, "\(path) is a socket, pipe or device, not a file or folder")
            }
        }
    }

    package func put(bytes: [UInt8]) async throws(StorageError) -> Digest {
        try await Workers.run { () throws(StorageError) in
            let staged = try self.stage(bytes)
            try self.publish([staged])
            try self.store(.file(content: staged.content, executable: false))
            return staged.content
        }
    }

    /// Stores the text of a file's or folder's digest.
    func store(_ node: TreeNode) throws(StorageError) {
        try publish([stage(node.bytes)])
    }

    private func putFile(_ path: String, executable: Bool) throws(StorageError) -> StoredArtifact {
        let staged = try stage(path)
        try publish([staged])
        let node = TreeNode.file(content: staged.content, executable: executable)
        try store(node)
        return StoredArtifact(
            tree: node.digest, size: staged.size, fileCount: 1, formats: Self.formats([LocalFiles.name(of: path)]))
    }

    private func putFolder(_ path: String) throws(StorageError) -> StoredArtifact {
        let scan = try FolderScan(path)
        try TreePaths.check(scan.others, of: path)
        // The largest first, so that no core is left with a long one at the end.
        let files = scan.files.sorted { ($0.size, $1.path) > ($1.size, $0.path) }
        let staged = try stageAll(files.map { "\(path)/\($0.path)" })
        try publish(staged)
        let stored = zip(files, staged).map { file, staged in
            TreeEntry(
                path: file.path,
                kind: .file(content: staged.content, size: staged.size, executable: file.executable))
        }
        let entries = (stored + scan.others).sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        let node = TreeNode.folder(entries)
        try store(node)
        return StoredArtifact(
            tree: node.digest, size: staged.reduce(0) { $0 + $1.size }, fileCount: files.count,
            formats: Self.formats(files.map { LocalFiles.name(of: $0.path) }))
    }

    // MARK: Staging

    private func stageAll(_ paths: [String]) throws(StorageError) -> [Staged] {
        let results = try Workers.map(paths) { path throws(StorageError) -> Result<Staged, StorageError> in
            do throws(StorageError) {
                return .success(try stage(path))
            } catch {
                return .failure(error)
            }
        }
        let staged = results.compactMap { try? $0.get() }
        if staged.count == results.count { return staged }
        discard(staged)
        for result in results { _ = try result.get() }
        return staged
    }

    private func stage(_ source: String) throws(StorageError) -> Staged {
        let input = try OpenFile.reading(source)
        return try stage { (file: borrowing OpenFile) throws(StorageError) in try copy(input, to: file) }
    }

    private func stage(_ bytes: [UInt8]) throws(StorageError) -> Staged {
        try stage { (file: borrowing OpenFile) throws(StorageError) in
            do {
                try bytes.withUnsafeBytes { try writeAll($0, to: file) }
            } catch {
                throw error as? StorageError ?? StorageError(.io, "\(error)")
            }
            return (Digest.of(bytes), Int64(bytes.count))
        }
    }

    private func stage(
        _ fill: (borrowing OpenFile) throws(StorageError) -> (digest: Digest, size: Int64)
    ) throws(StorageError) -> Staged {
        let temporary = temporaryPath()
        let file = try OpenFile.creating(temporary)
        do throws(StorageError) {
            let (content, size) = try fill(file)
            if try isStored(content, size: size) {
                unlink(temporary)
                return Staged(content: content, size: size, temporary: nil)
            }
            try file.setMode(0o444)
            return Staged(content: content, size: size, temporary: temporary)
        } catch {
            unlink(temporary)
            throw error
        }
    }

    /// Whether an object is there; its age starts anew, so that a collection under way leaves it alone.
    private func isStored(_ object: Digest, size: Int64) throws(StorageError) -> Bool {
        let place = place(of: object)
        return try locked(exclusively: false) { () throws(StorageError) in
            guard let facts = try LocalFiles.facts(place), facts.kind == .file, facts.size == size else {
                return false
            }
            return utimensat(AT_FDCWD, place, nil, 0) == 0
        }
    }

    /// Brings staged bytes to disk, after all were written, so that the system can write many at once.
    private func flush(_ temporaries: [String]) throws(StorageError) {
        _ = try Workers.map(temporaries) { path throws(StorageError) in
            try OpenFile.reading(path).synchronize()
        }
    }

    /// Names staged objects; when it returns, they survive a loss of power.
    private func publish(_ staged: [Staged]) throws(StorageError) {
        var folders: Set<String> = []
        var isNew = false
        do throws(StorageError) {
            try flush(staged.compactMap(\.temporary))
            try locked(exclusively: false) { () throws(StorageError) in
                for object in staged {
                    guard let temporary = object.temporary else { continue }
                    let place = place(of: object.content)
                    let folder = LocalFiles.parent(of: place)
                    if mkdir(folder, 0o700) == 0 { isNew = true }
                    try LocalFiles.rename(temporary, to: place)
                    folders.insert(folder)
                }
            }
        } catch {
            discard(staged)
            throw error
        }
        for folder in folders.sorted() { try LocalFiles.synchronizeFolder(folder) }
        if isNew { try LocalFiles.synchronizeFolder(path) }
    }

    private func discard(_ staged: [Staged]) {
        for temporary in staged.compactMap(\.temporary) { unlink(temporary) }
    }

    /// Lower-case extensions of file names; a leading dot does not begin one.
    private static func formats(_ names: [String]) -> [String] {
        let formats = names.compactMap { name -> String? in
            guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")), dot != name.startIndex else { return nil }
            let format = name[name.utf8.index(after: dot)...].lowercased()
            return format.isEmpty ? nil : format
        }
        return Set(formats).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
