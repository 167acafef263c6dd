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
            return try await ancestor(named(given), head, called: given)
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

    /// The commit of what a person gave.
    private func named(_ name: String) async throws(SourceError) -> CommitID {
        do {
            return try await checkout.resolve(name)
        } catch {
            guard error.code == .notFound else { throw error }
            let lack = "there is no \(name) in this checkout: "
            guard Self.branch(of: name) == name.prefix(while: Self.isOfName) else {
                throw SourceError(.notFound, lack + fix(name))
            }
            // A clone of another branch has it under the name of its origin, if at all.
            let remote = "origin/\(name)"
            let isHere = (try? await checkout.resolve("refs/remotes/\(remote)")) != nil
            throw SourceError(.notFound, lack + (isHere ? "" : "\(fix(name)) and ") + "give --base \(remote)")
        }
    }

    /// What brings a base, or the rest of the history: the system's setting, and Git's command.
    private func fix(_ base: String? = nil) -> String {
        var command = checkout.isShallow ? "git fetch --unshallow origin" : "git fetch origin"
        if let base, let branch = Self.branch(of: base) {
            command += " \(branch):refs/remotes/origin/\(branch)"
        } else if let base, CommitID(base) != nil {
            command += " \(base)"
        }
        return [system.historySetting, "run `\(command)`"].compactMap(\.self).joined(separator: ", or ")
    }

    /// The branch that a text starts from; nil for a commit.
    private static func branch(of text: String) -> Substring? {
        let prefix = ["refs/remotes/origin/", "refs/heads/", "origin/"].first { text.hasPrefix($0) } ?? ""
        let name = text.dropFirst(prefix.count).prefix(while: isOfName)
        return name.isEmpty || name == "HEAD" || name.count >= 7 && name.allSatisfy(\.isHexDigit) ? nil : name
    }

    /// Whether a letter stands in a branch's name, and not in what follows it, as in `main~2`.
    private static func isOfName(_ letter: Character) -> Bool { !"~^:@".contains(letter) }

    /// Nothing in the checkout says what the change will be merged into.
    private func unnamed() -> SourceError {
        let names = system.bases.map(\.name).joined(separator: ", ")
        let fix = fix(system.bases.lazy.map(\.name).first { Self.branch(of: $0) != nil || CommitID($0) != nil })
        guard system.kind == .none else {
            return SourceError(
                .notFound,
                "\(system.kind.rawValue) says that the change starts at \(names), and none is in this checkout: "
                    + "\(fix), or give --base")
        }
        return SourceError(
            .notFound,
            "it is not known what this change will be merged into: none of \(names) is in this checkout: "
                + "\(fix), or give --base REF, such as --base origin/develop")
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
            .notFound, "this checkout is a shallow clone that lacks \(what): \(fix())")
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
