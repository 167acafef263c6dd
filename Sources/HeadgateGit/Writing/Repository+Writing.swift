import CLibgit2
import HeadgateCore

extension Repository {
    /// Commits on the line of first parents from a commit back to another one, which is not among them; newest first.
    ///
    /// Nil when the older one is not on that line.
    func firstParents(from newer: CommitID, backTo older: CommitID, limit: Int) throws(SourceError) -> [CommitID]? {
        var line: [CommitID] = []
        var next = newer
        while next != older {
            line.append(next)
            guard line.count <= limit else {
                throw SourceError(
                    .tooLarge, "there are more than \(limit) commits between \(older.short) and \(newer.short)")
            }
            let commit = try Commit(next, in: self)
            guard git_commit_parentcount(commit.pointer) > 0 else { return nil }
            next = try CommitID(git_commit_parent_id(commit.pointer, 0).pointee)
        }
        return line
    }

    /// The tree that is left when a commit's changes against its first parent are taken back from another tree.
    ///
    /// - Throws: `.conflict`, with the paths that have changed since, when that cannot be done.
    func reverting(_ id: CommitID, from tree: git_oid) throws(SourceError) -> git_oid {
        let commit = try Commit(id, in: self)
        guard git_commit_parentcount(commit.pointer) > 0 else {
            throw SourceError(.conflict, "\(id.short) is the first commit and cannot be reverted")
        }
        let parent = try Commit(CommitID(git_commit_parent_id(commit.pointer, 0).pointee), in: self)
        let (ours, reverted, before) = (try open(tree), try open(commit.tree), try open(parent.tree))
        defer { for tree in [ours, reverted, before] { git_tree_free(tree) } }
        var options = git_merge_options()
        git_merge_options_init(&options, UInt32(GIT_MERGE_OPTIONS_VERSION))
        var index: OpaquePointer?
        try LibGit2.check(
            git_merge_trees(&index, pointer, reverted, ours, before, &options), "cannot revert \(id.short)")
        defer { git_index_free(index) }
        guard git_index_has_conflicts(index) == 0 else {
            let paths = try conflicts(of: index)
            let more = paths.count > 5 ? " and \(paths.count - 5) more" : ""
            throw SourceError(
                .conflict,
                "\(id.short) cannot be reverted by itself: \(paths.prefix(5).joined(separator: ", "))\(more) "
                    + "changed again since")
        }
        var written = git_oid()
        try LibGit2.check(git_index_write_tree_to(&written, index, pointer), "cannot write a tree")
        return written
    }

    /// Writes a commit that no reference points to, signed where there is a key.
    func write(
        _ tree: git_oid, onto parent: CommitID, _ message: String, by person: CommitFacts.Person, at time: Instant,
        signedWith key: CommitSigner?
    ) throws(SourceError) -> CommitID {
        let parent = try Commit(parent, in: self)
        var signature: UnsafeMutablePointer<git_signature>?
        try LibGit2.check(
            git_signature_new(&signature, person.name, person.email, time.milliseconds / 1000, 0),
            "'\(person.name) <\(person.email)>' cannot author a commit")
        defer { git_signature_free(signature) }
        let content = try open(tree)
        defer { git_tree_free(content) }
        var written = git_oid()
        var parents: [OpaquePointer?] = [parent.pointer]
        guard let key else {
            let code = git_commit_create(
                &written, pointer, nil, signature, signature, "UTF-8", message, content, 1, &parents)
            try LibGit2.check(code, "cannot write a commit")
            return try CommitID(written)
        }
        var text = git_buf()
        let code = git_commit_create_buffer(
            &text, pointer, signature, signature, "UTF-8", message, content, 1, &parents)
        try LibGit2.check(code, "cannot write a commit")
        defer { git_buf_dispose(&text) }
        let bytes = UnsafeRawBufferPointer(start: text.ptr, count: text.size)
        let proof = try key.signature(of: Array(bytes))
        // Without a name, the signature stands in the header where Git itself looks for it: `gpgsig`.
        try LibGit2.check(
            git_commit_create_with_signature(&written, pointer, text.ptr, proof, nil), "cannot write a signed commit")
        return try CommitID(written)
    }

    func tree(of commit: CommitID) throws(SourceError) -> git_oid { try Commit(commit, in: self).tree }

    private func open(_ name: git_oid) throws(SourceError) -> OpaquePointer? {
        var name = name
        var tree: OpaquePointer?
        try LibGit2.check(git_tree_lookup(&tree, pointer, &name), "cannot read tree \(name.hex)")
        return tree
    }

    private func conflicts(of index: OpaquePointer?) throws(SourceError) -> [String] {
        var iterator: OpaquePointer?
        try LibGit2.check(git_index_conflict_iterator_new(&iterator, index), "cannot read conflicts")
        defer { git_index_conflict_iterator_free(iterator) }
        var paths: Set<String> = []
        var sides:
            (
                UnsafePointer<git_index_entry>?, UnsafePointer<git_index_entry>?, UnsafePointer<git_index_entry>?
            )
        while git_index_conflict_next(&sides.0, &sides.1, &sides.2, iterator) == 0 {
            if let path = (sides.0 ?? sides.1 ?? sides.2)?.pointee.path { paths.insert(String(cString: path)) }
        }
        return paths.sorted()
    }
}
