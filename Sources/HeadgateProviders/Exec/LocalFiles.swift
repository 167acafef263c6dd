import CLinux
import Glibc

/// The local file system, without following links where that could lead out.
enum LocalFiles {
    /// Times of everything that a workspace is given: 1980-01-01, the first that zip archives can express.
    static let fixedTime = timespec(tv_sec: 315_532_800, tv_nsec: 0)

    /// The same in nanoseconds, as ``FileTree/Entry/modified`` counts.
    static let fixedNanoseconds: Int64 = 315_532_800 * 1_000_000_000

    /// What stands at a path itself; nil when nothing does.
    static func status(_ path: String) -> stat? {
        var status = stat()
        return lstat(path, &status) == 0 ? status : nil
    }

    static func exists(_ path: String) -> Bool { status(path) != nil }

    static func isFolder(_ path: String) -> Bool { status(path).map { $0.st_mode & S_IFMT == S_IFDIR } ?? false }

    /// A file's bytes; nil when it does not exist.
    static func read(_ path: String, limit: Int = 64 << 20) throws(SystemError) -> [UInt8]? {
        do {
            return try FileDescriptor(opening: path, O_RDONLY).readAll(limit: limit, name: path)
        } catch {
            if error.number == ENOENT { return nil }
            throw error
        }
    }

    /// Replaces a file in one step, durably when asked: after a crash it holds the old or the new bytes.
    static func writeAtomically(
        _ bytes: some Collection<UInt8>, to path: String, mode: mode_t = 0o600, durable: Bool = true
    ) throws(SystemError) {
        let partial = path + ".new"
        do {
            let file = try FileDescriptor(opening: partial, O_WRONLY | O_CREAT | O_TRUNC, mode: mode)
            try file.write(bytes, name: path)
            if durable, fsync(file.raw) != 0 { throw SystemError("cannot write", path) }
        }
        guard rename(partial, path) == 0 else { throw SystemError("cannot write", path) }
        if durable { try sync(folder: parent(of: path)) }
    }

    static func sync(folder: String) throws(SystemError) {
        let file = try FileDescriptor(opening: folder, O_RDONLY | O_DIRECTORY)
        guard fsync(file.raw) == 0 else { throw SystemError("cannot write", folder) }
    }

    static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Creates a folder and those that it stands in.
    static func createFolders(_ path: String, mode: mode_t = 0o700) throws(SystemError) {
        if mkdir(path, mode) == 0 { return }
        if errno == EEXIST, isFolder(path) { return }
        guard errno == ENOENT else { throw SystemError("cannot create the folder", path) }
        try createFolders(parent(of: path), mode: mode)
        guard mkdir(path, mode) == 0 || errno == EEXIST else { throw SystemError("cannot create the folder", path) }
    }

    /// Gives a file or folder its final name, in one step.
    static func move(_ path: String, to destination: String) throws(SystemError) {
        guard rename(path, destination) == 0 else { throw SystemError("cannot write", destination) }
    }

    /// Removes a file or a folder with all that is in it; nothing there is fine.
    static func remove(_ path: String) throws(SystemError) {
        if unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR { return }
        try removeContents(of: path)
        guard rmdir(path) == 0 || errno == ENOENT else { throw SystemError("cannot remove", path) }
    }

    private static func removeContents(of path: String) throws(SystemError) {
        let parent = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        if parent < 0, errno == EACCES, chmod(path, 0o700) == 0 { return try removeContents(of: path) }
        guard parent >= 0 else {
            if errno == ENOENT { return }
            throw SystemError("cannot remove", path)
        }
        try removeEntries(FileDescriptor(parent), path)
    }

    private static func removeEntries(_ folder: consuming FileDescriptor, _ path: String) throws(SystemError) {
        let parent = folder.raw
        _ = fchmod(parent, 0o700)
        for name in try names(in: folder, path) {
            let isRemoved = name.withUnsafeBufferPointer { name -> Bool in
                guard let name = name.baseAddress else { return true }
                return unlinkat(parent, name, 0) == 0 || errno == ENOENT
            }
            if isRemoved { continue }
            guard errno == EISDIR || errno == EPERM else { throw SystemError("cannot remove an entry of", path) }
            var child = name.withUnsafeBufferPointer { name in
                name.baseAddress.map { openat(parent, $0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0) } ?? -1
            }
            if child < 0, errno == EACCES {
                child = name.withUnsafeBufferPointer { name in
                    guard let name = name.baseAddress, fchmodat(parent, name, 0o700, 0) == 0 else { return -1 }
                    return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0)
                }
            }
            guard child >= 0 else { throw SystemError("cannot remove an entry of", path) }
            try removeEntries(FileDescriptor(child), path)
            let result = name.withUnsafeBufferPointer { $0.baseAddress.map { unlinkat(parent, $0, AT_REMOVEDIR) } ?? 0 }
            guard result == 0 else { throw SystemError("cannot remove an entry of", path) }
        }
    }

    /// Names in a folder that are UTF-8, sorted; none when it does not exist.
    static func names(in path: String) -> [String] {
        guard let folder = try? FileDescriptor(opening: path, O_RDONLY | O_DIRECTORY),
            let names = try? names(in: folder, path)
        else { return [] }
        return names.compactMap { name in
            String(validating: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }.sorted()
    }

    /// Names in a folder as the file system holds them, NUL at the end, since a name need not be UTF-8.
    static func names(in folder: borrowing FileDescriptor, _ path: String) throws(SystemError) -> [[CChar]] {
        let copy = fcntl(folder.raw, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0, let stream = fdopendir(copy) else { throw SystemError("cannot list", path) }
        defer { closedir(stream) }
        rewinddir(stream)
        var names: [[CChar]] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: 256) { text in
                    Array(UnsafeBufferPointer(start: text, count: strlen(text) + 1))
                }
            }
            if name == [46, 0] || name == [46, 46, 0] { continue }
            names.append(name)
        }
        return names
    }

    /// Copies one regular file to a path that does not exist yet, sharing blocks where the file system can.
    static func copy(_ source: String, to destination: String, mode: mode_t) throws(SystemError) {
        let input = try FileDescriptor(opening: source, O_RDONLY | O_NOFOLLOW)
        let output = try FileDescriptor(opening: destination, O_WRONLY | O_CREAT | O_EXCL, mode: mode)
        if headgate_clone_file(output.raw, input.raw) == 0 { return }
        while true {
            let chunk = try input.read(upTo: 1 << 20, name: source)
            if chunk.isEmpty { return }
            try output.write(chunk, name: destination)
        }
    }

    /// Gives everything at and below a path the fixed time.
    static func fixTimes(_ path: String) throws(SystemError) {
        for entry in try FileTree.list(path) { try fixTime(path + "/" + entry.path) }
        try fixTime(path)
    }

    private static func fixTime(_ path: String) throws(SystemError) {
        let times = [fixedTime, fixedTime]
        guard utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) == 0 else {
            throw SystemError("cannot set the time of", path)
        }
    }

    /// The end of a text file: whole lines where that is possible, within limits; empty when there is none.
    static func tail(_ path: String, lines: Int = 20, bytes: Int = 4096) -> String {
        guard let file = try? FileDescriptor(opening: path, O_RDONLY) else { return "" }
        let size = lseek(file.raw, 0, SEEK_END)
        let start = max(0, Int(size) - bytes)
        lseek(file.raw, off_t(start), SEEK_SET)
        guard let read = try? file.readAll(limit: bytes, name: path) else { return "" }
        var rows = String(decoding: read, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        if start > 0, rows.count > 1 { rows.removeFirst() }
        while rows.last?.isEmpty == true { rows.removeLast() }
        return rows.suffix(lines).joined(separator: "\n")
    }
}
