package import HeadgateCore

extension Mirror {
    /// Puts a commit on top of the followed branch, whatever others put there meanwhile.
    ///
    /// The body makes a commit on the tip that it is given, such as with ``revert(_:onto:message:by:at:)``; it is asked
    /// again when the branch has moved before the push arrived, so that of two writers neither undoes the other.
    /// - Parameters:
    ///   - attempts: How often the branch may move away.
    ///   - deadline: For everything together.
    ///   - make: Gives the commit to be pushed, with the tip as its only parent.
    /// - Returns: The branch with the commit that was pushed.
    /// - Throws: What the body throws, or ``SourceError``: `.unsupported` where no branch is followed, `.refused` by the
    ///   remote, `.moved` when every attempt came too late.
    package nonisolated func push(
        attempts: Int = 10, deadline: Duration, _ make: (Revision) async throws -> CommitID
    ) async throws -> Revision {
        let end = ContinuousClock.now + deadline
        var last = SourceError(.moved, "\(remote.url): no attempt was made")
        for attempt in 0..<attempts {
            // Writers that meet again and again would go in step.
            if attempt > 0 { try await Task.sleep(for: .milliseconds(Int.random(in: 0...(50 << min(attempt, 5))))) }
            guard let tip = try await revision(deadline: end - .now) else {
                throw SourceError(.notFound, "\(reference) does not exist on the remote")
            }
            let branch = try branch(of: tip)
            try await fetch(tip.commit, deadline: end - .now)
            let commit = try await make(tip)
            do throws(SourceError) {
                try await push(commit, to: branch, deadline: end - .now)
                return Revision(reference: branch, commit: commit)
            } catch {
                guard error.code == .moved else { throw error }
                last = error
            }
        }
        throw last
    }

    private nonisolated func branch(of tip: Revision) throws(SourceError) -> String {
        switch reference {
        case .branch(let name): return name
        case .head:
            guard tip.reference != "HEAD" else {
                throw SourceError(
                    .unsupported, "\(remote.url) does not say which branch is its default: name the branch")
            }
            return tip.reference
        case .tag, .versions, .commit:
            throw SourceError(
                .unsupported, "\(remote.url) is followed at \(reference), and a commit can be added to a branch only")
        }
    }

    /// Takes back what commits changed, one after the other, in one commit that no reference points to yet.
    ///
    /// The commits are given newest first, and the new one follows the tip.
    /// - Throws: `.conflict` when one of them cannot be taken back, or when nothing is left to do.
    package func revert(
        _ commits: [CommitID], onto tip: CommitID, message: String, by person: CommitFacts.Person, at time: Instant,
        signedWith key: CommitSigner? = nil
    ) throws(SourceError) -> CommitID {
        try read { repository throws(SourceError) in
            let before = try repository.tree(of: tip)
            var tree = before
            for commit in commits { tree = try repository.reverting(commit, from: tree) }
            guard !tree.isSame(as: before) else {
                throw SourceError(.conflict, "\(tip.short) has nothing left of what is to be reverted")
            }
            return try repository.write(tree, onto: tip, message, by: person, at: time, signedWith: key)
        }
    }

    /// The commits since an older one on the line of first parents, newest first; nil when it is not on that line.
    package func commits(since older: CommitID, to newer: CommitID) throws(SourceError) -> [CommitID]? {
        try read { repository throws(SourceError) in
            try repository.firstParents(from: newer, backTo: older, limit: 1000)
        }
    }
}
