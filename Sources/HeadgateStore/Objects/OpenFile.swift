import Glibc
import HeadgateCore

/// An open file that closes itself.
struct OpenFile: ~Copyable {
    let descriptor: Int32
    let path: String

    private init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { _ = close(descriptor) }

    /// Opens a regular file for reading; never follows a link at its end and never waits for a pipe's other end.
    static func reading(_ path: String) throws(StorageError) -> OpenFile {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { throw .system("open", path) }
        let file = OpenFile(descriptor: descriptor, path: path)
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else { throw .system("read", path) }
        guard facts.st_mode & S_IFMT == S_IFREG else {
            throw StorageError(.unsupportedFile, "\(path) is not a regular file")
        }
        return file
    }

    /// Creates a file that does not exist yet, for its owner only.
    static func creating(_ path: String) throws(StorageError) -> OpenFile {
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .system("create", path) }
        return OpenFile(descriptor: descriptor, path: path)
    }

    /// Opens a folder, for what is asked of its descriptor.
    static func folder(_ path: String) throws(StorageError) -> OpenFile {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_DIRECTORY)
        guard descriptor >= 0 else { throw .system("open", path) }
        return OpenFile(descriptor: descriptor, path: path)
    }

    /// Opens a file of locks and waits for one; closing it gives the lock back.
    static func locking(_ path: String, exclusively: Bool) throws(StorageError) -> OpenFile {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system("open", path) }
        let file = OpenFile(descriptor: descriptor, path: path)
        while flock(descriptor, exclusively ? LOCK_EX : LOCK_SH) != 0 {
            guard errno == EINTR else { throw .system("lock", path) }
        }
        return file
    }

    /// Fills a part of the buffer; 0 at the end of the file.
    borrowing func read(into buffer: UnsafeMutableRawBufferPointer) throws(StorageError) -> Int {
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            guard errno == EINTR else { throw .system("read", path) }
        }
    }

    /// Makes what was written survive a loss of power.
    borrowing func synchronize() throws(StorageError) {
        guard fsync(descriptor) == 0 else { throw .system("write", path) }
    }

    /// Sets the permissions, whatever the process's mask.
    borrowing func setMode(_ mode: mode_t) throws(StorageError) {
        guard fchmod(descriptor, mode) == 0 else { throw .system("set the mode of", path) }
    }

    /// Sets both times.
    borrowing func setTimes(seconds: Int) throws(StorageError) {
        let time = timespec(tv_sec: seconds, tv_nsec: 0)
        let times = [time, time]
        guard futimens(descriptor, times) == 0 else { throw .system("set the times of", path) }
    }
}

extension StorageError {
    /// The error that the last system call left.
    static func system(_ verb: String, _ path: String) -> StorageError {
        let number = errno
        let code: Code =
            switch number {
            case ENOSPC, EDQUOT: .diskFull
            case EACCES, EPERM, EROFS: .permission
            case ENOENT: .notFound
            case EEXIST, ENOTEMPTY: .alreadyExists
            case ELOOP: .unsupportedFile
            default: .io
            }
        return StorageError(code, "cannot \(verb) \(path): \(String(cString: strerror(number)))")
    }
}
