import Glibc
import HeadgateCore

/// The few calls on files that exports and mirrors need.
enum Disk {
    static func check(_ code: Int32, _ operation: @autoclosure () -> String) throws(SourceError) {
        guard code < 0 else { return }
        throw failure(errno, operation())
    }

    static func failure(_ number: Int32, _ operation: String) -> SourceError {
        let full = number == ENOSPC || number == EDQUOT
        return SourceError(full ? .diskFull : .other, "\(operation): \(String(cString: strerror(number)))")
    }

    /// Writes a new file.
    static func write(_ content: UnsafeRawBufferPointer, to path: String) throws(SourceError) {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        try check(file, "cannot make the file \(path)")
        defer { close(file) }
        var written = 0
        while written < content.count {
            let count = Glibc.write(file, content.baseAddress.map { $0 + written }, content.count - written)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure(errno, "cannot write \(path)") }
            written += count
        }
    }

    /// Writes a new file.
    static func write(_ content: [UInt8], to path: String) throws(SourceError) {
        let failure = content.withUnsafeBytes { bytes -> SourceError? in
            do throws(SourceError) { try write(bytes, to: path) } catch { return error }
            return nil
        }
        if let failure { throw failure }
    }

    /// Gives a file or folder its final mode and time.
    static func settle(_ path: String, permissions: mode_t) throws(SourceError) {
        try check(chmod(path, permissions), "cannot set the mode of \(path)")
        setTime(of: path)
    }

    /// Sets the time that every exported entry has: 1980-01-01, the first that a ZIP archive can hold.
    static func setTime(of path: String) {
        let time = timespec(tv_sec: 315_532_800, tv_nsec: 0)
        _ = withUnsafePointer(to: (time, time)) { times in
            times.withMemoryRebound(to: timespec.self, capacity: 2) {
                utimensat(AT_FDCWD, path, $0, AT_SYMLINK_NOFOLLOW)
            }
        }
    }

    /// Removes a file, or a folder with all that is in it; follows no link.
    static func remove(_ path: String) {
        guard unlink(path) != 0, errno == EISDIR || errno == EPERM else { return }
        for name in names(in: path) { remove("\(path)/\(name)") }
        rmdir(path)
    }

    /// What is in a folder, sorted, without `.` and `..`; empty when it cannot be read.
    static func names(in folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }
}
