import Glibc
package import HeadgateCore

/// Shared bytes as files of one folder, such as a network file system's.
package struct FolderBlobs: SharedBlobs {
    private let root: String

    /// `root`: made when something is first written to it.
    package init(root: String) { self.root = root }

    package var name: String { root }
    package var limit: Int64 { .max }

    package func read(_ blob: String, limit: Int) async throws(StorageError) -> [UInt8]? {
        let path = path(blob)
        guard let status = LocalFiles.status(path) else { return nil }
        guard status.st_mode & S_IFMT == S_IFREG, status.st_size <= limit else {
            throw StorageError(.tooLarge, "\(path) is no file of at most \(limit) bytes")
        }
        return try await work { () throws(SystemError) in try LocalFiles.read(path, limit: limit) }
    }

    package func download(_ blob: String, to destination: String, limit: Int64) async throws(StorageError) -> Bool {
        let path = path(blob)
        guard let status = LocalFiles.status(path) else { return false }
        guard status.st_mode & S_IFMT == S_IFREG, status.st_size <= limit else {
            throw StorageError(.tooLarge, "\(path) is no file of at most \(limit) bytes")
        }
        try await work { () throws(SystemError) in try LocalFiles.copy(path, to: destination, mode: 0o600) }
        return true
    }

    package func contains(_ blob: String) async throws(StorageError) -> Bool { LocalFiles.exists(path(blob)) }

    package func create(_ blob: String, _ bytes: [UInt8]) async throws(StorageError) -> Bool {
        try await create(blob) { (temporary) throws(SystemError) in
            try LocalFiles.writeAtomically(bytes, to: temporary, mode: 0o644)
        }
    }

    package func create(_ blob: String, file: String) async throws(StorageError) -> Bool {
        try await create(blob) { (temporary) throws(SystemError) in
            try LocalFiles.copy(file, to: temporary, mode: 0o644)
            let written = try FileDescriptor(opening: temporary, O_RDONLY)
            guard fsync(written.raw) == 0 else { throw SystemError("cannot write", temporary) }
        }
    }

    package func replace(_ blob: String, _ bytes: [UInt8]) async throws(StorageError) {
        let path = path(blob)
        let temporary = temporary()
        try await work { () throws(SystemError) in
            try LocalFiles.createFolders(LocalFiles.parent(of: path), mode: 0o755)
            try LocalFiles.createFolders(LocalFiles.parent(of: temporary), mode: 0o755)
            try LocalFiles.writeAtomically(bytes, to: temporary, mode: 0o644)
            try LocalFiles.move(temporary, to: path)
        }
    }

    private func create(
        _ blob: String, _ write: @escaping @Sendable (String) throws(SystemError) -> Void
    ) async throws(StorageError) -> Bool {
        let path = path(blob)
        let temporary = temporary()
        return try await work { () throws(SystemError) in
            try LocalFiles.createFolders(LocalFiles.parent(of: path), mode: 0o755)
            if LocalFiles.exists(path) { return false }
            try LocalFiles.createFolders(LocalFiles.parent(of: temporary), mode: 0o755)
            defer { unlink(temporary) }
            try write(temporary)
            // Unlike a rename, a link fails when something stands there.
            if link(temporary, path) == 0 {
                try LocalFiles.sync(folder: LocalFiles.parent(of: path))
                return true
            }
            guard errno == EEXIST else { throw SystemError("cannot write", path) }
            return false
        }
    }

    private func path(_ blob: String) -> String { "\(root)/\(blob)" }

    private func temporary() -> String {
        "\(root)/tmp/\(getpid())-\(String(UInt64.random(in: 0...UInt64.max), radix: 36))"
    }

    private func work<Value: Sendable>(
        _ body: @escaping @Sendable () throws(SystemError) -> Value
    ) async throws(StorageError) -> Value {
        do throws(SystemError) {
            return try await Blocking.run(body)
        } catch {
            throw StorageError(error)
        }
    }
}
