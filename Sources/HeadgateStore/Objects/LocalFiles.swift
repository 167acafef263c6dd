import Glibc
import HeadgateCore

/// Calls of the local file system that throw.
enum LocalFiles {
    enum Kind { case file, folder, link, other }

    struct Facts {
        var kind: Kind
        var size: Int64
        var isExecutable: Bool
        /// Seconds and nanoseconds since 1970.
        var modified: timespec
    }

    /// What stands at a path, a link itself and not what it leads to; nil when there is nothing.
    static func facts(_ path: String) throws(StorageError) -> Facts? {
        var facts = stat()
        guard lstat(path, &facts) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw .system("read", path)
        }
        let kind: Kind =
            switch facts.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .folder
            case S_IFLNK: .link
            default: .other
            }
        return Facts(
            kind: kind, size: Int64(facts.st_size), isExecutable: facts.st_mode & 0o100 != 0, modified: facts.st_mtim)
    }

    /// Names in a folder, sorted by their bytes.
    static func names(in path: String) throws(StorageError) -> [String] {
        guard let folder = opendir(path) else { throw .system("list", path) }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(validating: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let name else {
                throw StorageError(.unsupportedFile, "\(path) holds a name that is not UTF-8")
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Where a link leads, as it says.
    static func linkTarget(_ path: String) throws(StorageError) -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(path, &buffer, buffer.count)
        guard count >= 0 else { throw .system("read the link", path) }
        let bytes = buffer[..<count].map(UInt8.init(bitPattern:))
        guard let target = String(validating: bytes, as: UTF8.self) else {
            throw StorageError(.unsupportedFile, "the link \(path) leads to a name that is not UTF-8")
        }
        return target
    }

    /// Makes a folder and those that lead to it; does nothing when it is there.
    static func makeFolder(_ path: String, mode: mode_t = 0o755) throws(StorageError) {
        if mkdir(path, mode) == 0 { return }
        switch errno {
        case EEXIST:
            var facts = stat()
            guard stat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFDIR else {
                throw StorageError(.io, "\(path) is not a folder")
            }
        case ENOENT:
            let parent = parent(of: path)
            guard parent != path else { throw .system("create", path) }
            try makeFolder(parent, mode: mode)
            guard mkdir(path, mode) == 0 || errno == EEXIST else { throw .system("create", path) }
        default: throw .system("create", path)
        }
    }

    static func rename(_ old: String, to new: String) throws(StorageError) {
        guard Glibc.rename(old, new) == 0 else { throw .system("write", new) }
    }

    /// Makes the names in a folder survive a loss of power.
    static func synchronizeFolder(_ path: String) throws(StorageError) {
        try OpenFile.folder(path).synchronize()
    }

    /// Deletes whatever stands at a path, links themselves and not what they lead to; as much of it as goes.
    static func removeAll(_ path: String) {
        if unlink(path) == 0 || errno == ENOENT { return }
        for name in (try? names(in: path)) ?? [] { removeAll("\(path)/\(name)") }
        rmdir(path)
    }

    /// The folder that holds a path, as text.
    static func parent(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The last component of a path.
    static func name(of path: String) -> String {
        path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[path.utf8.index(after: $0)...]) } ?? path
    }
}
