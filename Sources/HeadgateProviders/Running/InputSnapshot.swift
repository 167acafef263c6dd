import HeadgateCore

/// What stood in a workspace before the command: `inputs.json`, to tell afterwards what the command wrote.
struct InputSnapshot: Hashable, Sendable, Codable {
    /// Sizes of files by path.
    var files: [String: Int64] = [:]
    /// Targets of links by path.
    var links: [String: String] = [:]

    init(_ entries: [FileTree.Entry]) {
        for entry in entries {
            switch entry.kind {
            case .file: files[entry.path] = entry.size
            case .link(let target): links[entry.path] = target
            case .folder, .other: continue
            }
        }
    }

    /// Paths that were created or changed outside of what a step declares; folders and Python's caches do not count.
    ///
    /// - Parameters:
    ///   - entries: What stands there now.
    ///   - declared: Outputs and metrics, relative to the tree, without a slash at the end.
    /// - Returns: Their paths, relative to the tree.
    func undeclared(_ entries: [FileTree.Entry], declared: [String]) -> [String] {
        entries.filter { entry in
            switch entry.kind {
            case .folder: return false
            case .file:
                if files[entry.path] == entry.size, entry.modified == LocalFiles.fixedNanoseconds { return false }
            case .link(let target): if links[entry.path] == target { return false }
            case .other: break
            }
            let parts = entry.path.split(separator: "/")
            if parts.contains("__pycache__") || entry.path.utf8.suffix(4).elementsEqual(".pyc".utf8) { return false }
            return !declared.contains { $0 == entry.path || entry.path.utf8.starts(with: ($0 + "/").utf8) }
        }.map(\.path)
    }
}
