import Glibc

/// A lock on a file that its holder keeps by an open descriptor, so that it ends with the holder, however it ends.
struct FileLock: ~Copyable {
    let descriptor: FileDescriptor

    /// Takes the lock; nil when somebody else has it.
    init?(acquiring path: String) throws(SystemError) {
        let file = try FileDescriptor(opening: path, O_RDWR | O_CREAT)
        guard try Self.take(file.raw, LOCK_EX, path) else { return nil }
        descriptor = file
    }

    /// Takes the lock, and blocks the thread until it is free.
    init(waitingFor path: String) throws(SystemError) {
        let file = try FileDescriptor(opening: path, O_RDWR | O_CREAT)
        while flock(file.raw, LOCK_EX) != 0 {
            guard errno == EINTR else { throw SystemError("cannot lock", path) }
        }
        descriptor = file
    }

    /// Gives the descriptor away; the lock lives as long as it and its copies are open.
    consuming func takeDescriptor() -> Int32 { descriptor.take() }

    /// Whether anybody holds the lock.
    static func isHeld(_ path: String) -> Bool {
        guard let file = try? FileDescriptor(opening: path, O_RDWR) else { return false }
        // Shared, so that two who look at the same time do not take each other for a holder.
        guard let isFree = try? take(file.raw, LOCK_SH, path) else { return false }
        // A child that is between its fork and its exec has the descriptor too, so closing alone may come late.
        if isFree { _ = flock(file.raw, LOCK_UN) }
        return !isFree
    }

    private static func take(_ descriptor: Int32, _ operation: Int32, _ path: String) throws(SystemError) -> Bool {
        while flock(descriptor, operation | LOCK_NB) != 0 {
            if errno == EWOULDBLOCK { return false }
            guard errno == EINTR else { throw SystemError("cannot lock", path) }
        }
        return true
    }
}
