import HeadgateCore
import HeadgateGit

/// Finds the commit that a change starts from.
struct ChangeBase {
    let checkout: GitCheckout
    let system: CISystem
    /// What a person gave; nil finds it by the CI system's variables.
    let given: String?

    /// The commit that a change starts from; nil for nothing.
    struct Found {
        let commit: CommitID?
        /// What the change will be merged into, where that has gone on since.
        var movedOn: String?

        /// What a reader of a report on a head should know of it; nil for nothing.
        func note(_ head: CommitID) -> String? {
            guard let commit else {
                return "\(head.short) is the first commit: it is compared with nothing, so all is new"
            }
            return movedOn.map {
                "\($0) has gone on since \(commit.short): what was merged there is not judged with this change; rebase "
                    + "onto it, or merge it, to have both judged"
            }
        }
    }

    /// How far back a shallow clone is walked.
    private static let walkLimit = 20_000

    /// The common ancestor of head and what it will be merged into.
    func find(_ head: CommitID) async throws(SourceError) -> Found {
        if let given {
            let commit = try await named(given)
            return found(try await ancestor(commit, head, called: given), of: commit, called: given)
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
            let start = base.isExact ? commit : try await ancestor(commit, head, called: base.name)
            if start != head { return found(start, of: commit, called: base.name) }
        }
        let parent = try await checkout.facts(of: head).parents.first
        guard isNamed || system.kind == .none && parent == nil else { throw unnamed() }
        // Head is on the branch that it would be merged into: what its last commit changed.
        guard let parent else { return Found(commit: nil) }
        return Found(commit: try await present(parent))
    }

    private func found(_ start: CommitID, of tip: CommitID, called name: String) -> Found {
        let prefix = ["refs/remotes/", "refs/heads/"].first { name.hasPrefix($0) } ?? ""
        return Found(commit: start, movedOn: start == tip ? nil : String(name.dropFirst(prefix.count)))
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
