import HeadgateCore
import Synchronization
import Testing

@testable import HeadgateManifest

/// A repository of texts, with ids by content as Git has them.
final class MemoryRepository: SourceRepository {
    struct Counts: Equatable {
        var comparisons = 0
        var listings = 0
        var blobs = 0
    }

    private struct State {
        var commits: [[RepositoryPath: TrackedEntry]] = []
        var blobs: [String: [UInt8]] = [:]
        var counts = Counts()
    }

    private let state = Mutex(State())

    /// What was asked for since the last call.
    func takeCounts() -> Counts {
        state.withLock { state in
            defer { state.counts = Counts() }
            return state.counts
        }
    }

    /// Adds a commit with these files; a text that begins with `->` is a symbolic link.
    func commit(_ files: [String: String]) throws -> CommitID {
        try state.withLock { state in
            var entries: [RepositoryPath: TrackedEntry] = [:]
            for (name, text) in files {
                let id = String(Digest.of(Array(text.utf8)).hex.prefix(40))
                state.blobs[id] = Array(text.utf8)
                let path = try #require(RepositoryPath(name))
                entries[path] = TrackedEntry(mode: text.hasPrefix("->") ? .link : .file, id: id)
            }
            state.commits.append(entries)
            return try #require(CommitID(String(repeating: "0", count: 32) + hex(state.commits.count)))
        }
    }

    private func hex(_ number: Int) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: 8 - text.count) + text
    }

    private func files(_ commit: CommitID, in state: State) throws(SourceError) -> [RepositoryPath: TrackedEntry] {
        guard let number = Int(commit.hex, radix: 16), state.commits.indices.contains(number - 1) else {
            throw SourceError(.notFound, "no commit \(commit)")
        }
        return state.commits[number - 1]
    }

    func changes(from: CommitID?, to: CommitID, below: RepositoryPath) throws(SourceError) -> [PathChange]? {
        try state.withLock { state throws(SourceError) in
            state.counts.comparisons += 1
            let old = try from.map { commit throws(SourceError) in try files(commit, in: state) } ?? [:]
            let new = try files(to, in: state)
            return Set(old.keys).union(new.keys).sorted().compactMap { path in
                guard old[path] != new[path], path.isWithin(below) else { return nil }
                return PathChange(path: path, entry: new[path])
            }
        }
    }

    func entries(_ paths: [RepositoryPath], at commit: CommitID) throws(SourceError) -> [RepositoryPath: TrackedEntry] {
        try state.withLock { state throws(SourceError) in
            state.counts.listings += 1
            let files = try files(commit, in: state)
            var found: [RepositoryPath: TrackedEntry] = [:]
            for path in paths {
                if let entry = files[path] {
                    found[path] = entry
                    continue
                }
                let inside = files.filter { $0.key.isWithin(path) }.sorted { $0.key < $1.key }
                guard !inside.isEmpty else { continue }
                let text = inside.map { "\($0.key) \($0.value.id)" }.joined(separator: "\n")
                found[path] = TrackedEntry(mode: .directory, id: String(Digest.of(Array(text.utf8)).hex.prefix(40)))
            }
            return found
        }
    }

    func read(_ blobs: [String], limit: Int) throws(SourceError) -> [String: [UInt8]] {
        try state.withLock { state throws(SourceError) in
            var contents: [String: [UInt8]] = [:]
            for blob in blobs {
                guard let bytes = state.blobs[blob] else { throw SourceError(.notFound, blob) }
                guard bytes.count <= limit else { throw SourceError(.tooLarge, blob) }
                contents[blob] = bytes
                state.counts.blobs += 1
            }
            return contents
        }
    }

    func tip(deadline: Duration) throws(SourceError) -> CommitID? { nil }
    func fetch(_ commit: CommitID, deadline: Duration) throws(SourceError) {}
    func facts(of commit: CommitID) throws(SourceError) -> CommitFacts { throw SourceError(.unsupported, "no facts") }
    func export(_ entry: TrackedEntry, to path: String) throws(SourceError) -> [LargeFile] {
        throw SourceError(.unsupported, "no")
    }
}

/// A builder with the repository that it follows.
struct Following {
    let repository = MemoryRepository()
    var builder: SnapshotBuilder

    init(folder: String = "") throws {
        builder = SnapshotBuilder(source: try source(), folder: try #require(RepositoryPath(folder)))
    }

    /// Commits files and takes the commit in; gives what changed, as `Kind/name`.
    @discardableResult mutating func take(_ files: [String: String]) async throws -> Set<String> {
        let commit = try repository.commit(files)
        let prepared = try await builder.prepare(commit, from: repository)
        return Set(try builder.commit(prepared).map(\.description))
    }

    var desired: DesiredState { builder.desired }
    var briefs: [String] {
        desired.diagnostics.map { "\($0.location?.file.text ?? ""):\($0.brief)" }
    }
    var quarantined: Set<String> { Set(desired.quarantined.keys.map(\.description)) }
}
