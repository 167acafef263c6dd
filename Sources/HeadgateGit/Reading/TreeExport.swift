import CLibgit2
import Glibc
import HeadgateCore

/// Writes a tracked file or folder to disk, without a checkout's filters, hooks and attributes.
struct TreeExport: ~Copyable {
    /// Files that were left out, since the repository does not have their contents.
    private(set) var largeFiles: [LargeFile] = []
    private let limits: GitLimits
    private var files = 0
    private var bytes = 0

    init(limits: GitLimits) { self.limits = limits }

    /// Writes an entry to a path that does not exist yet; on an error nothing is left there.
    mutating func write(
        _ entry: TrackedEntry, to path: String, from repository: borrowing Repository
    ) throws(SourceError) {
        guard let name = git_oid(hex: entry.id) else {
            throw SourceError(.notFound, "'\(entry.id)' is not the id of a file or folder")
        }
        var status = stat()
        guard lstat(path, &status) != 0 else { throw SourceError(.other, "\(path) exists already") }
        do throws(SourceError) {
            try write(entry.mode, name, to: path, as: .root, in: repository)
        } catch {
            Disk.remove(path)
            throw error
        }
    }

    private mutating func write(
        _ mode: TrackedEntry.Mode, _ id: git_oid, to target: String, as path: RepositoryPath,
        in repository: borrowing Repository
    ) throws(SourceError) {
        files += 1
        guard files <= limits.files else {
            throw SourceError(.tooLarge, "more than \(limits.files) files are to be exported")
        }
        switch mode {
        case .directory: try writeFolder(id, to: target, as: path, in: repository)
        case .file: try writeFile(id, to: target, as: path, permissions: 0o644, in: repository)
        case .executable: try writeFile(id, to: target, as: path, permissions: 0o755, in: repository)
        case .link: try writeLink(id, to: target, as: path, in: repository)
        case .submodule:
            throw SourceError(.unsupported, "\(path) is a submodule; only files of the repository itself can be used")
        }
    }

    private mutating func writeFolder(
        _ id: git_oid, to target: String, as path: RepositoryPath, in repository: borrowing Repository
    ) throws(SourceError) {
        let depth = path.components.count
        guard depth <= limits.depth else {
            throw SourceError(.tooLarge, "\(path) is more than \(limits.depth) folders deep")
        }
        try Disk.check(mkdir(target, 0o755), "cannot make the folder \(target)")
        let tree = try Tree(id, in: repository)
        for index in 0..<tree.count {
            guard let entry = tree[index] else { continue }
            guard let name = entry.safeName, let inner = path.resolving(name) else {
                throw SourceError(.unsupported, "\(path)/\(entry.printableName) is not a name that can be exported")
            }
            try write(entry.mode, entry.id, to: "\(target)/\(name)", as: inner, in: repository)
        }
        try Disk.settle(target, permissions: 0o755)
    }

    private mutating func writeFile(
        _ id: git_oid, to target: String, as path: RepositoryPath, permissions: mode_t,
        in repository: borrowing Repository
    ) throws(SourceError) {
        bytes += try repository.size(of: id)
        guard bytes <= limits.exportBytes else {
            throw SourceError(.tooLarge, "\(path) brings the export to more than \(limits.exportBytes) bytes")
        }
        let outcome: Result<LFSPointer?, SourceError> = try repository.withBlob(id) { content in
            do throws(SourceError) {
                if LFSPointer.isMeant(by: content) { return .success(try LFSPointer(content, path)) }
                try Disk.write(content, to: target)
                return .success(nil)
            } catch {
                return .failure(error)
            }
        }
        guard let pointer = try outcome.get() else { return try Disk.settle(target, permissions: permissions) }
        largeFiles.append(
            LargeFile(
                path: path, sha256: pointer.sha256, size: pointer.size, isExecutable: permissions & 0o100 != 0))
    }

    private func writeLink(
        _ id: git_oid, to target: String, as path: RepositoryPath, in repository: borrowing Repository
    ) throws(SourceError) {
        guard try repository.size(of: id) < 4096 else {
            throw SourceError(.unsupported, "the link \(path) is too long")
        }
        let bytes = try repository.withBlob(id) { Array($0) }
        guard let destination = String(validating: bytes, as: UTF8.self),
            Self.stays(destination, depth: path.components.count - 1)
        else {
            throw SourceError(
                .unsupported,
                "the link \(path) leads to '\(String(decoding: bytes, as: UTF8.self))', out of what is exported"
            )
        }
        try Disk.check(symlink(destination, target), "cannot make the link \(target)")
        Disk.setTime(of: target)
    }

    /// Whether a link that lies below so many folders stays within the export, whatever other links it passes.
    ///
    /// A `..` is exact only from the link's own folder, which is never a link; after a name it could be anywhere.
    static func stays(_ destination: String, depth: Int) -> Bool {
        guard !destination.isEmpty, destination.utf8.first != UInt8(ascii: "/"), !destination.utf8.contains(0) else {
            return false
        }
        var ascended = 0
        var passedName = false
        for part in destination.split(separator: "/") where part != "." {
            if part == ".." {
                ascended += 1
                if passedName || ascended > depth { return false }
            } else {
                passedName = true
            }
        }
        return true
    }
}
