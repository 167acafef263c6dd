import Glibc
package import HeadgateCore

extension FolderObjectStore {
    package func collect(
        keeping roots: Set<TreeDigest>, olderThan grace: Duration
    ) async throws(StorageError) -> Int64 {
        try await collect(keeping: roots, olderThan: grace, isTrial: false) { _ in }
    }

    /// Deletes what none of the roots reaches, or as a trial only counts it.
    ///
    /// Tells the bytes freed so far as it goes.
    package func collect(
        keeping roots: Set<TreeDigest>, olderThan grace: Duration, isTrial: Bool,
        _ progress: @escaping @Sendable (Int64) -> Void
    ) async throws(StorageError) -> Int64 {
        try await Workers.run { () throws(StorageError) in
            let kept = try self.reachable(from: roots)
            var now = timespec()
            clock_gettime(CLOCK_REALTIME, &now)
            let (seconds, attoseconds) = grace.components
            let limit = Self.nanoseconds(now) - seconds * 1_000_000_000 - attoseconds / 1_000_000_000
            var freed: Int64 = 0
            for name in try LocalFiles.names(in: self.path) {
                let folder = "\(self.path)/\(name)"
                if name == "tmp" || name == "corrupted" {
                    freed += try self.sweep(folder, before: limit, isTrial) { _ in true }
                } else if let prefix = Hex.decode(name.utf8), prefix.count == 1 {
                    freed += try self.sweep(folder, before: limit, isTrial) { rest in
                        Digest(name + rest).map { !kept.contains($0) } ?? false
                    }
                }
                progress(freed)
            }
            return freed
        }
    }

    /// The roots' own texts and all contents that they name.
    private func reachable(from roots: Set<TreeDigest>) throws(StorageError) -> Set<Digest> {
        var kept: Set<Digest> = []
        for root in roots.sorted() {
            kept.insert(root.digest)
            let text: TreeNode
            do throws(StorageError) {
                text = try node(root)
            } catch {
                // What is gone or corrupted names nothing; a root may be a content's own digest, too.
                if error.code == .notFound || error.code == .corrupted { continue }
                throw error
            }
            for (content, _) in text.contents { kept.insert(content) }
        }
        return kept
    }

    private func sweep(
        _ folder: String, before limit: Int64, _ isTrial: Bool, _ isGarbage: (String) -> Bool
    ) throws(StorageError) -> Int64 {
        let old = try LocalFiles.names(in: folder).filter(isGarbage)
        if old.isEmpty { return 0 }
        // Whoever stores the same bytes again touches them under the shared lock, so the age seen here is final.
        return try locked(exclusively: true) { () throws(StorageError) in
            var freed: Int64 = 0
            for name in old {
                let path = "\(folder)/\(name)"
                guard let facts = try LocalFiles.facts(path), facts.kind == .file,
                    Self.nanoseconds(facts.modified) <= limit, isTrial || unlink(path) == 0
                else { continue }
                freed += facts.size
            }
            return freed
        }
    }

    private static func nanoseconds(_ time: timespec) -> Int64 {
        Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
