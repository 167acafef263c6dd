import Glibc
package import HeadgateCore

extension StateLayout {
    /// Deletes folders of runs and environments that nobody names and that are older than a grace time; gives the bytes.
    ///
    /// A trial deletes nothing. An environment that is deleted is made again from its lock.
    package func sweepFolders(
        keeping roots: LedgerRoots, olderThan grace: Duration, isTrial: Bool
    ) async throws(StorageError) -> (runs: Int64, environments: Int64) {
        try await Workers.run { () throws(StorageError) in
            let limit = time(nil) - Int(grace.components.seconds)
            let runs = try Self.sweep(self.runs, before: limit, isTrial) { name in
                RunID(name).map { !roots.runs.contains($0) } ?? false
            }
            let environments = try Self.sweep(self.environments, before: limit, isTrial) { name in
                Digest(name).map { !roots.environments.contains(EnvironmentDigest($0)) } ?? false
            }
            return (runs, environments)
        }
    }

    private static func sweep(
        _ folder: String, before limit: Int, _ isTrial: Bool, _ isGarbage: (String) -> Bool
    ) throws(StorageError) -> Int64 {
        guard try LocalFiles.facts(folder) != nil else { return 0 }
        var freed: Int64 = 0
        for name in try LocalFiles.names(in: folder) where isGarbage(name) {
            let path = "\(folder)/\(name)"
            guard let facts = try LocalFiles.facts(path), facts.modified.tv_sec <= limit else { continue }
            freed += size(path)
            if !isTrial { LocalFiles.removeAll(path) }
        }
        return freed
    }

    /// The bytes of all files below a path; what cannot be read counts nothing.
    private static func size(_ path: String) -> Int64 {
        guard let facts = (try? LocalFiles.facts(path)) ?? nil else { return 0 }
        guard facts.kind == .folder else { return facts.kind == .file ? facts.size : 0 }
        return ((try? LocalFiles.names(in: path)) ?? []).reduce(0) { $0 + size("\(path)/\($1)") }
    }
}
