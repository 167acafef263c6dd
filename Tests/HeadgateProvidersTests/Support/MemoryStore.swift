import Glibc
import HeadgateCore
import Synchronization

@testable import HeadgateProviders

/// Files and folders in memory, as a fake of both the object store and a source's mirror.
final class MemoryStore: ObjectStore, SourceRepository {
    enum Node: Hashable, Sendable {
        case file(String, isExecutable: Bool = false)
        /// A file whose bytes are no text.
        case data([UInt8])
        case link(String)
        case folder([String: Node])
    }

    private struct State {
        var nodes: [String: Node] = [:]
        var failures: [StorageError] = []
    }

    private let state = Mutex(State())

    /// Makes the next writes fail.
    func fail(with errors: [StorageError]) { state.withLock { $0.failures = errors } }

    /// Remembers a node, and says how a step names it.
    func track(_ node: Node) -> TrackedEntry {
        let digest = Self.digest(of: node)
        let id = String(digest.hex.prefix(40))
        state.withLock { $0.nodes[id] = node }
        switch node {
        case .file(_, let isExecutable): return TrackedEntry(mode: isExecutable ? .executable : .file, id: id)
        case .data: return TrackedEntry(mode: .file, id: id)
        case .link: return TrackedEntry(mode: .link, id: id)
        case .folder: return TrackedEntry(mode: .directory, id: id)
        }
    }

    func keep(_ node: Node) -> TreeDigest {
        let digest = Self.digest(of: node)
        state.withLock { $0.nodes[digest.hex] = node }
        return TreeDigest(digest)
    }

    func node(_ tree: TreeDigest) -> Node? { state.withLock { $0.nodes[tree.digest.hex] } }

    private static func digest(of node: Node) -> Digest {
        var builder = DigestBuilder(domain: "test")
        switch node {
        case .file(let text, let isExecutable): builder.add("file", [text, "\(isExecutable)"])
        case .data(let bytes): builder.add("data", Digest.of(bytes))
        case .link(let target): builder.add("link", target)
        case .folder(let entries):
            for (name, entry) in entries.sorted(by: { $0.key < $1.key }) { builder.add(name, digest(of: entry)) }
        }
        return builder.finish()
    }

    private static func write(_ node: Node, to path: String) {
        switch node {
        case .file(let text, let isExecutable):
            Files.write(text, to: path)
            chmod(path, isExecutable ? 0o755 : 0o644)
        case .data(let bytes): try? LocalFiles.writeAtomically(bytes, to: path, mode: 0o644, durable: false)
        case .link(let target): symlink(target, path)
        case .folder(let entries):
            mkdir(path, 0o755)
            for (name, entry) in entries { write(entry, to: path + "/" + name) }
        }
    }

    private static func read(_ path: String) throws(StorageError) -> Node {
        var status = stat()
        lstat(path, &status)
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .file(Files.read(path) ?? "", isExecutable: status.st_mode & 0o100 != 0)
        case S_IFDIR:
            var entries: [String: Node] = [:]
            for name in Files.names(path) { entries[name] = try read(path + "/" + name) }
            return .folder(entries)
        default: throw StorageError(.unsupportedFile, "\(path) is neither a file nor a folder")
        }
    }

    // MARK: ObjectStore

    func put(path: String) async throws(StorageError) -> StoredArtifact {
        let failure = state.withLock { $0.failures.isEmpty ? nil : $0.failures.removeFirst() }
        if let failure { throw failure }
        let node = try Self.read(path)
        let tree = keep(node)
        // As the store does, a file is also found by the digest of its bytes.
        if case .file(let text, let isExecutable) = node {
            let name = TreeDigest.file(content: Digest.of(Array(text.utf8)), executable: isExecutable).digest.hex
            state.withLock { $0.nodes[name] = node }
        }
        return StoredArtifact(tree: tree, size: 1, fileCount: 1, formats: [])
    }

    func put(bytes: [UInt8]) async throws(StorageError) -> Digest {
        throw StorageError(.io, "not needed here")
    }

    func read(_ content: Digest, limit: Int) async throws(StorageError) -> [UInt8] {
        throw StorageError(.notFound, "\(content) is not stored")
    }

    func materialize(_ tree: TreeDigest, at path: String) async throws(StorageError) {
        guard let node = node(tree) else { throw StorageError(.notFound, "\(tree) is not stored") }
        Self.write(node, to: path)
    }

    func entry(_ path: String, in tree: TreeDigest) async throws(StorageError) -> TreeDigest? { nil }
    func contains(_ tree: TreeDigest) async throws(StorageError) -> Bool { node(tree) != nil }
    func collect(keeping roots: Set<TreeDigest>, olderThan grace: Duration) async throws(StorageError) -> Int64 { 0 }

    // MARK: SourceRepository

    func export(_ entry: TrackedEntry, to path: String) async throws(SourceError) -> [LargeFile] {
        guard let node = state.withLock({ $0.nodes[entry.id] }) else {
            throw SourceError(.notFound, "\(entry.id) is not in the mirror")
        }
        Self.write(node, to: path)
        return []
    }

    func read(_ blobs: [String], limit: Int) async throws(SourceError) -> [String: [UInt8]] {
        state.withLock { state in
            blobs.reduce(into: [:]) { result, id in
                if case .file(let text, _) = state.nodes[id] { result[id] = Array(text.utf8) }
            }
        }
    }

    func tip(deadline: Duration) async throws(SourceError) -> CommitID? { nil }
    func fetch(_ commit: CommitID, deadline: Duration) async throws(SourceError) {}
    func facts(of commit: CommitID) async throws(SourceError) -> CommitFacts {
        throw SourceError(.notFound, "no commits here")
    }
    func changes(
        from: CommitID?, to: CommitID, below: RepositoryPath
    ) async throws(SourceError) -> [PathChange]? { nil }
    func entries(
        _ paths: [RepositoryPath], at commit: CommitID
    ) async throws(SourceError) -> [RepositoryPath: TrackedEntry] { [:] }
}
