import Glibc
import HeadgateCore

/// A state folder that this process alone uses, for as long as the value lives.
///
/// The system gives the lock back when the process ends, however it ends; children do not inherit it.
package final class StateFolder: Sendable {
    package let layout: StateLayout
    private let lock: Int32

    /// Locks a folder before it touches anything else in it, and makes what is missing, for its owner only.
    ///
    /// - Throws: ``StateFolderError`` with `.locked`, naming the owner's process id, while another process uses it.
    package init(_ path: String) throws(StateFolderError) {
        let layout = StateLayout(try Self.absolute(path))
        try StateLayout.check(socket: layout.apiSocket)
        try StateLayout.check(socket: layout.routerSocket)
        try Self.make(layout.root)
        self.layout = layout
        lock = try Self.takeLock(layout)
        // From here a thrown error runs `deinit`, which gives the lock back.
        try Self.writeOwner(lock, layout.lock)
        for folder in layout.folders { try Self.make(folder) }
    }

    deinit {
        // A child that is between its fork and its exec has the descriptor too, so closing alone may come late.
        _ = flock(lock, LOCK_UN)
        close(lock)
    }

    /// Deletes all that its runs left, their outputs too; environments and mirrors stay.
    ///
    /// - Throws: ``StateFolderError`` for what cannot be deleted.
    package func forgetRuns() throws(StateFolderError) {
        for folder in [layout.runs, layout.objects] {
            LocalFiles.removeAll(folder)
            guard (try? LocalFiles.names(in: folder))?.isEmpty ?? true else { throw .system("delete", folder) }
            try Self.make(folder)
        }
    }

    /// The id of the process that uses a state folder; nil when none does.
    package static func owner(of layout: StateLayout) -> Int32? {
        let descriptor = open(layout.lock, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        if flock(descriptor, LOCK_SH | LOCK_NB) == 0 {
            _ = flock(descriptor, LOCK_UN)
            return nil
        }
        return writtenOwner(descriptor)
    }

    private static func absolute(_ path: String) throws(StateFolderError) -> String {
        var path = path
        while path.utf8.count > 1, path.utf8.last == UInt8(ascii: "/") { path.removeLast() }
        if path.utf8.first == UInt8(ascii: "/") { return path }
        guard let current = getcwd(nil, 0) else { throw .system("read", "the current folder") }
        defer { free(current) }
        return "\(String(cString: current))/\(path)"
    }

    private static func make(_ folder: String) throws(StateFolderError) {
        do throws(StorageError) {
            try LocalFiles.makeFolder(folder, mode: 0o700)
        } catch {
            throw StateFolderError(error)
        }
        var facts = stat()
        guard stat(folder, &facts) == 0 else { throw .system("read", folder) }
        guard facts.st_mode & 0o077 != 0 else { return }
        guard chmod(folder, 0o700) == 0 else { throw .system("set the mode of", folder) }
    }

    private static func takeLock(_ layout: StateLayout) throws(StateFolderError) -> Int32 {
        // Close-on-exec, since the router and the model servers outlive the controller and must not keep its lock.
        let descriptor = open(layout.lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system("open", layout.lock) }
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EINTR { continue }
            let error: StateFolderError
            if errno == EWOULDBLOCK {
                let owner = writtenOwner(descriptor).map { " (process \($0))" } ?? ""
                error = StateFolderError(
                    .locked,
                    "the state folder \(layout.root) is in use by another headgate\(owner): wait for it, or stop it")
            } else {
                error = .system("lock", layout.lock)
            }
            close(descriptor)
            throw error
        }
        return descriptor
    }

    private static func writeOwner(_ descriptor: Int32, _ path: String) throws(StateFolderError) {
        let text = Array("\(getpid())\n".utf8)
        guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, text, text.count, 0) == text.count else {
            throw .system("write", path)
        }
    }

    private static func writtenOwner(_ descriptor: Int32) -> Int32? {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        return Int32(String(decoding: bytes[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }
}

extension StateFolderError {
    /// The error that the last system call left.
    fileprivate static func system(_ verb: String, _ path: String) -> StateFolderError {
        StateFolderError(StorageError.system(verb, path))
    }

    fileprivate init(_ error: StorageError) {
        let code: Code =
            switch error.code {
            case .permission: .permission
            case .diskFull: .diskFull
            case .notFound, .corrupted, .escapes, .unsupportedFile, .tooLarge, .alreadyExists, .io: .io
            }
        self.init(code, error.message)
    }
}
