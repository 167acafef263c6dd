import HeadgateCore
import HeadgateManifest

/// Runs the PolicyTests that a change touches: their own text, their policy, or a file that they read.
struct ChangePolicyTests {
    let repository: any SourceRepository
    /// The folder of the manifests.
    let folder: RepositoryPath
    /// Nil when head is the first commit.
    let base: CommitID?
    let head: CommitID
    /// Policies that head has no more.
    let removed: Set<PolicyName>

    /// A file at head; nil for one that is too large.
    private typealias Texts = [RepositoryPath: [UInt8]?]

    /// What is wrong with how the tests in changed files are written, and how their cases went when they are run.
    func results(running: Bool) async throws(SourceError) -> (problems: [Diagnostic], cases: [PolicyTestResult]) {
        let changes = try await repository.changes(from: base, to: head, below: .root) ?? []
        let changed = Set(changes.map(\.path))
        guard !changed.isEmpty else { return ([], []) }
        // To say how tests are written, the files that changed are enough.
        var texts = try await manifests { running || changed.contains($0) }
        let reads = texts.reduce(into: Set<RepositoryPath>()) { paths, text in
            let tests = text.value.map { PolicyTestParser.parse($0, file: text.key).tests } ?? []
            for test in tests { paths.formUnion(test.reads) }
        }
        let manifests = texts.keys.sorted()
        let others = try await repository.entries(reads.subtracting(manifests).sorted(), at: head)
        texts.merge(try await read(others, limit: PolicyFiles.maxEvidenceSize)) { first, _ in first }
        let files = PolicyFiles(manifests) { [texts] file, limit throws(PolicyFiles.Unreadable) in
            guard let text = texts[file] else {
                throw PolicyFiles.Unreadable(file: file, problem: "there is no such file at head")
            }
            guard let text, text.count <= limit else {
                throw PolicyFiles.Unreadable(file: file, problem: "it is larger than \(limit >> 20) MiB")
            }
            return text
        }
        let problems = files.testDiagnostics.filter { $0.location.map { changed.contains($0.file) } ?? false }
        guard running else { return (problems, []) }
        let run = PolicyTestRun(files) { test, spec, policy in
            changed.contains(test.location.file) || !changed.isDisjoint(with: test.reads)
                || policy.map { changed.contains($0.meta.location.file) } ?? removed.contains(spec.policy)
        }
        return (problems, run.results)
    }

    /// The files that may hold policies or tests of them.
    private func manifests(where isWanted: (RepositoryPath) -> Bool) async throws(SourceError) -> Texts {
        let listing = try await repository.changes(from: nil, to: head, below: folder) ?? []
        let entries = listing.compactMap { item in
            item.entry.flatMap {
                ManifestParser.isManifestPath(item.path) && isWanted(item.path) ? (item.path, $0) : nil
            }
        }
        var texts = Texts()
        var rest = entries[...]
        while !rest.isEmpty {
            let batch = Dictionary(rest.prefix(SnapshotBuilder.batch)) { first, _ in first }
            rest = rest.dropFirst(SnapshotBuilder.batch)
            let read = try await read(batch, limit: ManifestParser.maxFileSize)
            texts.merge(read.filter { $0.value.map(PolicyTestParser.mentionsPolicies) ?? false }) { first, _ in first }
        }
        return texts
    }

    /// Plain files only: nothing is followed.
    private func read(_ entries: [RepositoryPath: TrackedEntry], limit: Int) async throws(SourceError) -> Texts {
        let plain = entries.filter { $0.value.mode == .file || $0.value.mode == .executable }
        let blobs = Set(plain.values.map(\.id)).sorted()
        let contents = try await SnapshotBuilder.read(blobs, from: repository, limit: limit)
        return plain.mapValues { contents[$0.id] ?? nil }
    }
}
