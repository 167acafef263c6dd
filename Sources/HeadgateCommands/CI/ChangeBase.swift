import HeadgateCore
import HeadgateGit

/// Finds the commit that a change starts from.
struct ChangeBase {
    let checkout: GitCheckout
    let system: CISystem
    /// What a person gave; nil finds it by the CI system's variables.
    let given: String?

    /// How far back a shallow clone is walked.
    private static let walkLimit = 20_000

    /// The common ancestor of head and what it will be merged into; nil when head is the first commit.
    func find(_ head: CommitID) async throws(SourceError) -> CommitID? {
        if let given {
            let commit = try await checkout.resolve(given)
            return try await ancestor(commit, head, called: given)
        }
        var isNamed = false
        for base in system.bases {
            // A job may check out the branch instead of its merge.
            if base.isMergeParent {
                guard system.commit == nil || system.commit == head,
                    try await checkout.facts(of: head).parents.count == 2
                else { continue }
            }
            guard let commit = try? await checkout.resolve(base.name) else { continue }
            isNamed = true
            let found = base.isExact ? commit : try await ancestor(commit, head, called: base.name)
            if found != head { return found }
        }
        let parent = try await checkout.facts(of: head).parents.first
        guard isNamed || system.kind == .none && parent == nil else { throw unnamed() }
        // Head is on the branch that it would be merged into: what its last commit changed.
        guard let parent else { return nil }
        return try await present(parent)
    }

    /// Nothing in the checkout says what the change will be merged into.
    private func unnamed() -> SourceError {
        let names = system.bases.map(\.name).joined(separator: ", ")
        guard system.kind == .none else {
            return SourceError(
                .notFound,
                "\(system.kind.rawValue) says that the change starts at \(names), and none is in this checkout: "
                    + "\(system.historyFix), or give --base")
        }
        let fix = checkout.isShallow ? ", or \(system.historyFix)" : ""
        return SourceError(
            .notFound,
            "it is not known what this change will be merged into: none of \(names) is in this checkout: "
                + "give --base REF, such as --base origin/develop\(fix)")
    }

    private func present(_ commit: CommitID) async throws(SourceError) -> CommitID {
        do {
            _ = try await checkout.facts(of: commit)
        } catch {
            guard checkout.isShallow else { throw error }
            throw shallow("its commit \(commit.short)")
        }
        return commit
    }

    private func shallow(_ what: String) -> SourceError {
        SourceError(
            .notFound, "this checkout is a shallow clone that lacks \(what): \(system.historyFix)")
    }

    private func ancestor(
        _ base: CommitID, _ head: CommitID, called name: String
    ) async throws(SourceError) -> CommitID {
        if base == head { return base }
        guard checkout.isShallow else {
            guard let found = try await checkout.mergeBase(base, head) else {
                throw SourceError(.notFound, "\(name) and \(head.short) have no commit in common")
            }
            return found
        }
        let reached = await history(of: head)
        if let found = await first(from: base, in: reached) { return found }
        throw shallow("where \(name) and \(head.short) parted")
    }

    /// Commits that are here and reached from one.
    private func history(of commit: CommitID) async -> Set<CommitID> {
        var reached: Set<CommitID> = []
        var open = [commit]
        while let next = open.popLast(), reached.count < Self.walkLimit {
            guard !reached.contains(next), let facts = try? await checkout.facts(of: next) else { continue }
            reached.insert(next)
            open += facts.parents
        }
        return reached
    }

    private func first(from commit: CommitID, in reached: Set<CommitID>) async -> CommitID? {
        var seen: Set<CommitID> = []
        var open = [commit][...]
        while let next = open.popFirst(), seen.count < Self.walkLimit {
            if reached.contains(next) { return next }
            guard seen.insert(next).inserted, let facts = try? await checkout.facts(of: next) else { continue }
            open += facts.parents
        }
        return nil
    }
}
