import Glibc
import HeadgateCore

/// A stored file or folder as one file, to be carried from one store to another.
///
/// Its text begins with a domain; then one line an entry, sizes in decimals, behind a file's line its bytes. What comes
/// out is checked by its digest when it is stored, so nothing of it is trusted.
enum TreePack {
    private static let domain = "headgate.dev/pack/1\n"
    /// Entries that one pack may have.
    private static let entryLimit = 1_000_000
    private static let lineLimit = 16_384

    // MARK: Writing

    /// Packs what stands at a path.
    static func write(_ source: String, to destination: String) throws(SystemError) {
        let file = try FileDescriptor(opening: destination, O_WRONLY | O_CREAT | O_EXCL)
        try file.write(domain.utf8, name: destination)
        if !LocalFiles.isFolder(source) {
            try add(source, "", to: file, destination)
            return
        }
        try file.write("folder 0:\n".utf8, name: destination)
        for entry in try FileTree.list(source) {
            let name = counted(entry.path)
            switch entry.kind {
            case .folder: try file.write("folder \(name)\n".utf8, name: destination)
            case .link(let target): try file.write("link \(counted(target)) \(name)\n".utf8, name: destination)
            case .file: try add("\(source)/\(entry.path)", entry.path, to: file, destination)
            case .other: throw SystemError("cannot pack", "\(source)/\(entry.path)", number: EINVAL)
            }
        }
    }

    private static func add(
        _ path: String, _ name: String, to pack: borrowing FileDescriptor, _ destination: String
    ) throws(SystemError) {
        guard let status = LocalFiles.status(path) else { throw SystemError("cannot open", path, number: ENOENT) }
        let kind = status.st_mode & 0o100 != 0 ? "executable" : "file"
        try pack.write("\(kind) \(status.st_size) \(counted(name))\n".utf8, name: destination)
        let input = try FileDescriptor(opening: path, O_RDONLY | O_NOFOLLOW)
        var left = Int(status.st_size)
        while left > 0 {
            let chunk = try input.read(upTo: min(left, 1 << 20), name: path)
            guard !chunk.isEmpty else { throw SystemError("cannot read", path, number: EIO) }
            try pack.write(chunk, name: destination)
            left -= chunk.count
        }
    }

    private static func counted(_ text: String) -> String { "\(text.utf8.count):\(text)" }

    // MARK: Reading

    /// Unpacks into a path that does not exist yet.
    static func read(_ source: String, to destination: String) throws(StorageError) {
        do {
            var reader = try PackReader(source)
            guard try reader.take(domain.utf8.count) == Array(domain.utf8) else { throw reader.damage }
            // Links come last, so that nothing is ever written through one.
            var links: [(path: String, target: String)] = []
            var count = 0
            while let word = try reader.word() {
                count += 1
                guard count <= entryLimit else { throw reader.damage }
                switch word {
                case "folder":
                    let name = try reader.name(end: "\n")
                    try LocalFiles.createFolders(try place(name, in: destination, reader), mode: 0o755)
                case "file", "executable":
                    guard let size = try reader.number() else { throw reader.damage }
                    let path = try place(try reader.name(end: "\n"), in: destination, reader)
                    try LocalFiles.createFolders(LocalFiles.parent(of: path), mode: 0o755)
                    try reader.copy(size, to: path, mode: word == "file" ? 0o644 : 0o755)
                case "link":
                    let target = try reader.name(end: " ")
                    links.append((try place(try reader.name(end: "\n"), in: destination, reader), target))
                default: throw reader.damage
                }
            }
            for link in links where symlink(link.target, link.path) != 0 {
                throw SystemError("cannot write", link.path)
            }
        } catch let error as StorageError {
            throw error
        } catch let error as SystemError {
            throw StorageError(error)
        } catch {
            throw StorageError(.corrupted, "\(source): \(error)")
        }
    }

    /// Where an entry goes; nothing leads out of the destination (I12).
    private static func place(
        _ name: String, in destination: String, _ reader: borrowing PackReader
    ) throws(StorageError) -> String {
        if name.isEmpty { return destination }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." && !$0.utf8.contains(0) }) else {
            throw reader.damage
        }
        return "\(destination)/\(name)"
    }

    /// Reads a pack piece by piece.
    private struct PackReader: ~Copyable {
        private let file: FileDescriptor
        private let path: String
        private var buffer: ArraySlice<UInt8> = []

        init(_ path: String) throws(SystemError) {
            file = try FileDescriptor(opening: path, O_RDONLY)
            self.path = path
        }

        var damage: StorageError { StorageError(.corrupted, "\(path) is not a pack of a stored folder") }

        mutating func take(_ count: Int) throws -> [UInt8] {
            guard count <= TreePack.lineLimit else { throw damage }
            while buffer.count < count { guard try fill() else { throw damage } }
            defer { buffer = buffer.dropFirst(count) }
            return Array(buffer.prefix(count))
        }

        /// The next word and the space behind it; nil at the end.
        mutating func word() throws -> String? {
            if buffer.isEmpty, try !fill() { return nil }
            return try upTo(UInt8(ascii: " "))
        }

        mutating func number() throws -> Int64? { Int64(try upTo(UInt8(ascii: " "))).flatMap { $0 >= 0 ? $0 : nil } }

        /// A text that states its length, and what ends it.
        mutating func name(end: Unicode.Scalar) throws -> String {
            guard let count = Int(try upTo(UInt8(ascii: ":"))), (0...TreePack.lineLimit - 1).contains(count) else {
                throw damage
            }
            let bytes = try take(count + 1)
            guard bytes.last == UInt8(ascii: end), let text = String(validating: bytes.dropLast(), as: UTF8.self) else {
                throw damage
            }
            return text
        }

        mutating func copy(_ size: Int64, to path: String, mode: mode_t) throws {
            let output = try FileDescriptor(opening: path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode)
            guard fchmod(output.raw, mode) == 0 else { throw SystemError("cannot write", path) }
            var left = size
            while left > 0 {
                if buffer.isEmpty, try !fill() { throw damage }
                let part = buffer.prefix(Int(min(left, Int64(buffer.count))))
                try output.write(part, name: path)
                buffer = buffer.dropFirst(part.count)
                left -= Int64(part.count)
            }
        }

        private mutating func upTo(_ end: UInt8) throws -> String {
            while true {
                if let index = buffer.firstIndex(of: end) {
                    defer { buffer = buffer[(index + 1)...] }
                    guard let text = String(validating: buffer[..<index], as: UTF8.self) else { throw damage }
                    return text
                }
                guard buffer.count <= TreePack.lineLimit, try fill() else { throw damage }
            }
        }

        private mutating func fill() throws(SystemError) -> Bool {
            let chunk = try file.read(upTo: 1 << 20, name: path)
            if chunk.isEmpty { return false }
            buffer = buffer.isEmpty ? chunk[...] : (Array(buffer) + chunk)[...]
            return true
        }
    }
}
