import Foundation
import HeadgateCore

/// A folder's files as they are on disk, committed or not, for checking manifests.
struct WorkTree: SourceRepository {
    let root: String
    /// Whether a link to a file is that file; only for folders that no repository has a say in.
    var followsLinks = false

    /// What stands for the commit of files that are in none.
    static let commit = CommitID(String(repeating: "0", count: 40)).orDie("40 zeros are a commit's digits")

    func tip(deadline: Duration) async throws(SourceError) -> CommitID? { Self.commit }

    func fetch(_ commit: CommitID, deadline: Duration) async throws(SourceError) {}

    func facts(of commit: CommitID) async throws(SourceError) -> CommitFacts {
        let nobody = CommitFacts.Person(name: "", email: "")
        return CommitFacts(
            commit: commit, parents: [], author: nobody, committer: nobody, message: "", time: .now)
    }

    func changes(
        from: CommitID?, to: CommitID, below: RepositoryPath
    ) async throws(SourceError) -> [PathChange]? {
        let base = below.text.isEmpty ? root : "\(root)/\(below.text)"
        guard let walk = FileManager.default.enumerator(atPath: base) else {
            throw SourceError(.notFound, "\(base) cannot be read")
        }
        var changes: [PathChange] = []
        for case let name as String in walk {
            let last = name.split(separator: "/").last ?? ""
            if last.hasPrefix(".") {
                walk.skipDescendants()
                continue
            }
            guard let path = below.resolving(name), let entry = entry(path), entry.mode != .directory else { continue }
            changes.append(PathChange(path: path, entry: entry))
        }
        return changes.sorted { $0.path < $1.path }
    }

    func entries(
        _ paths: [RepositoryPath], at commit: CommitID
    ) async throws(SourceError) -> [RepositoryPath: TrackedEntry] {
        var entries: [RepositoryPath: TrackedEntry] = [:]
        for path in paths { entries[path] = entry(path) }
        return entries
    }

    func read(_ blobs: [String], limit: Int) async throws(SourceError) -> [String: [UInt8]] {
        var contents: [String: [UInt8]] = [:]
        for path in blobs {
            guard let data = FileManager.default.contents(atPath: "\(root)/\(path)") else {
                throw SourceError(.notFound, "\(path) cannot be read")
            }
            guard data.count <= limit else { throw SourceError(.tooLarge, "\(path) has \(data.count) bytes") }
            contents[path] = Array(data)
        }
        return contents
    }

    func export(_ entry: TrackedEntry, to path: String) async throws(SourceError) -> [LargeFile] {
        throw SourceError(.unsupported, "files of a work tree are not exported")
    }

    // Nothing is digested: a file's path names its content while a check lasts.
    private func entry(_ path: RepositoryPath) -> TrackedEntry? {
        let full = path.text.isEmpty ? root : "\(root)/\(path.text)"
        let real = followsLinks ? URL(fileURLWithPath: full).resolvingSymlinksInPath().path : full
        let attributes = try? FileManager.default.attributesOfItem(atPath: real)
        switch attributes?[.type] as? FileAttributeType {
        case .typeDirectory: return TrackedEntry(mode: .directory, id: path.text)
        case .typeSymbolicLink: return TrackedEntry(mode: .link, id: path.text)
        case .typeRegular: return TrackedEntry(mode: .file, id: path.text)
        default: return nil
        }
    }
}
