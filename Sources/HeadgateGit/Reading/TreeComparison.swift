import CLibgit2
package import HeadgateCore

/// Paths that differ between two commits, and names that were passed over.
package struct ChangeReport: Hashable, Sendable {
    /// In the order of a walk; a folder is never among them.
    package internal(set) var changes: [PathChange] = []
    /// Paths that no manifest could write, as names that are not UTF-8 or that mean `.git`; the first hundred.
    package internal(set) var skipped: [String] = []
}

/// Walks two trees side by side and opens only the folders in which they differ.
struct TreeComparison: ~Copyable {
    private var report = ChangeReport()
    private let limits: GitLimits

    init(limits: GitLimits) { self.limits = limits }

    consuming func finish() -> ChangeReport { report }

    /// Notes what differs between two folders; nil stands for a folder that is not there.
    mutating func compare(
        _ old: git_oid?, _ new: git_oid?, at path: RepositoryPath, depth: Int = 0, in repository: borrowing Repository
    ) throws(SourceError) {
        if let old, let new, old.isSame(as: new) { return }
        guard depth < limits.depth else {
            throw SourceError(.tooLarge, "\(path) is more than \(limits.depth) folders deep")
        }
        let oldTree = if let old { try Tree(old, in: repository) } else { Tree() }
        let newTree = if let new { try Tree(new, in: repository) } else { Tree() }
        var left = 0
        var right = 0
        let (leftEnd, rightEnd) = (oldTree.count, newTree.count)
        while left < leftEnd || right < rightEnd {
            let order: Int32 =
                if left == leftEnd { 1 } else if right == rightEnd { -1 } else {
                    oldTree.order(at: left, in: newTree, at: right)
                }
            if order == 0, oldTree.isSame(at: left, in: newTree, at: right) {
                left += 1
                right += 1
                continue
            }
            let before = order <= 0 ? oldTree[left] : nil
            let after = order >= 0 ? newTree[right] : nil
            if order <= 0 { left += 1 }
            if order >= 0 { right += 1 }
            try note(before, after, at: path, depth: depth, in: repository)
        }
    }

    private mutating func note(
        _ before: TreeEntry?, _ after: TreeEntry?, at parent: RepositoryPath, depth: Int,
        in repository: borrowing Repository
    ) throws(SourceError) {
        guard let entry = after ?? before else { return }
        guard let name = entry.safeName, let path = parent.resolving(name) else {
            if report.skipped.count < 100 { report.skipped.append("\(parent)/\(entry.printableName)") }
            return
        }
        let oldFolder = before?.mode == .directory ? before?.id : nil
        let newFolder = after?.mode == .directory ? after?.id : nil
        // A file that takes a folder's place sorts elsewhere, so both sides are folders here or neither is.
        if oldFolder != nil || newFolder != nil {
            try compare(oldFolder, newFolder, at: path, depth: depth + 1, in: repository)
            return
        }
        report.changes.append(PathChange(path: path, entry: after?.tracked))
        guard report.changes.count <= limits.files else {
            throw SourceError(.tooLarge, "more than \(limits.files) files differ; a source may not be larger than that")
        }
    }
}
