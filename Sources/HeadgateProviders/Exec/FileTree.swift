import Glibc

/// What is below a folder, links not followed.
enum FileTree {
    enum Kind: Hashable, Sendable {
        case file, folder
        /// With its target as it is written.
        case link(String)
        /// A device, socket or pipe.
        case other
    }

    struct Entry: Hashable, Sendable {
        /// Relative to the listed folder.
        ///
        /// A name that is not UTF-8 shows replacement characters.
        let path: String
        let kind: Kind
        let size: Int64
        let modified: Int64
        /// Whether the path is what the file system holds, so that it can be opened by it.
        let isExact: Bool
    }

    /// Every entry below a folder, parents before what they hold, in UTF-8 order of their names.
    static func list(_ root: String) throws(SystemError) -> [Entry] {
        var entries: [Entry] = []
        guard let status = LocalFiles.status(root), status.st_mode & S_IFMT == S_IFDIR else { return entries }
        try list(FileDescriptor(opening: root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW), root, "", true, &entries)
        return entries
    }

    private static func list(
        _ folder: consuming FileDescriptor, _ root: String, _ prefix: String, _ isExact: Bool,
        _ entries: inout [Entry]
    ) throws(SystemError) {
        let parent = folder.raw
        for name in try LocalFiles.names(in: folder, root).sorted(by: precedes) {
            var status = stat()
            let found = name.withUnsafeBufferPointer { text in
                text.baseAddress.map { fstatat(parent, $0, &status, AT_SYMLINK_NOFOLLOW) } ?? -1
            }
            guard found == 0 else { continue }
            let bytes = name.dropLast().map { UInt8(bitPattern: $0) }
            let text = String(decoding: bytes, as: UTF8.self)
            let isExact = isExact && text.utf8.elementsEqual(bytes)
            let path = prefix + text
            entries.append(
                Entry(
                    path: path, kind: kind(of: status, name, in: parent), size: Int64(status.st_size),
                    modified: Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec),
                    isExact: isExact))
            guard status.st_mode & S_IFMT == S_IFDIR else { continue }
            let child = name.withUnsafeBufferPointer { text in
                text.baseAddress.map { openat(parent, $0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0) } ?? -1
            }
            guard child >= 0 else { throw SystemError("cannot list", root + "/" + path) }
            try list(FileDescriptor(child), root, path + "/", isExact, &entries)
        }
    }

    private static func precedes(_ left: [CChar], _ right: [CChar]) -> Bool {
        left.lexicographicallyPrecedes(right) { UInt8(bitPattern: $0) < UInt8(bitPattern: $1) }
    }

    private static func kind(of status: stat, _ name: [CChar], in folder: Int32) -> Kind {
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .file
        case S_IFDIR: return .folder
        case S_IFLNK:
            var target = [UInt8](repeating: 0, count: 4096)
            let count = target.withUnsafeMutableBytes { buffer in
                name.withUnsafeBufferPointer { text -> Int in
                    guard let text = text.baseAddress, let start = buffer.baseAddress else { return -1 }
                    return readlinkat(folder, text, start.assumingMemoryBound(to: CChar.self), buffer.count)
                }
            }
            return .link(String(decoding: target.prefix(max(count, 0)), as: UTF8.self))
        default: return .other
        }
    }
}
