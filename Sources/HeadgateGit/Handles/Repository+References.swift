import CLibgit2
import HeadgateCore

extension Repository {
    /// What a reference points to; nil when there is none of that name.
    func target(of reference: String) throws(SourceError) -> git_oid? {
        var name = git_oid()
        let code = git_reference_name_to_id(&name, pointer, reference)
        if code == GIT_ENOTFOUND.rawValue { return nil }
        try LibGit2.check(code, "cannot read \(reference)")
        return name
    }

    /// Points a reference at an object, whatever it pointed to.
    func point(_ reference: String, at name: git_oid) throws(SourceError) {
        var name = name
        var handle: OpaquePointer?
        let code = git_reference_create(&handle, pointer, reference, &name, 1, "headgate")
        git_reference_free(handle)
        try LibGit2.check(code, "cannot write \(reference)")
    }

    /// Removes a reference; one that is not there is removed already.
    func removeReference(_ reference: String) throws(SourceError) {
        let code = git_reference_remove(pointer, reference)
        if code != GIT_ENOTFOUND.rawValue { try LibGit2.check(code, "cannot remove \(reference)") }
    }

    /// The names of references that match a pattern such as `refs/heads/*`, sorted.
    func references(matching pattern: String) throws(SourceError) -> [String] {
        var iterator: OpaquePointer?
        try LibGit2.check(git_reference_iterator_glob_new(&iterator, pointer, pattern), "cannot list \(pattern)")
        defer { git_reference_iterator_free(iterator) }
        var names: [String] = []
        var name: UnsafePointer<CChar>?
        while git_reference_next_name(&name, iterator) == 0 {
            if let name { names.append(String(cString: name)) }
        }
        return names.sorted()
    }

    /// The commit that an object is or, as an annotated tag, names; nil when it is neither or not there.
    func commit(from name: git_oid) throws(SourceError) -> CommitID? {
        var name = name
        var object: OpaquePointer?
        let found = git_object_lookup(&object, pointer, &name, GIT_OBJECT_ANY)
        if found == GIT_ENOTFOUND.rawValue { return nil }
        try LibGit2.check(found, "cannot read \(name.hex)")
        defer { git_object_free(object) }
        var peeled: OpaquePointer?
        let code = git_object_peel(&peeled, object, GIT_OBJECT_COMMIT)
        if code == GIT_EPEEL.rawValue || code == GIT_EINVALIDSPEC.rawValue || code == GIT_ENOTFOUND.rawValue {
            return nil
        }
        try LibGit2.check(code, "cannot follow \(name.hex) to a commit")
        defer { git_object_free(peeled) }
        return try CommitID(git_object_id(peeled).pointee)
    }

    /// Whether a commit is in the repository.
    func contains(_ commit: CommitID) throws(SourceError) -> Bool {
        try self.commit(from: git_oid(commit)) != nil
    }

    /// Whether one commit is the other or is reached from it; false when the newer one is not there.
    func isAncestor(_ older: CommitID, of newer: CommitID) throws(SourceError) -> Bool {
        if older == newer { return true }
        var olderName = git_oid(older)
        var newerName = git_oid(newer)
        let code = git_graph_descendant_of(pointer, &newerName, &olderName)
        if code == GIT_ENOTFOUND.rawValue { return false }
        try LibGit2.check(code, "cannot compare \(older.short) and \(newer.short)")
        return code == 1
    }

    /// The best common ancestor; nil when the histories are unrelated.
    func mergeBase(_ one: CommitID, _ other: CommitID) throws(SourceError) -> CommitID? {
        for commit in [one, other] where try !contains(commit) {
            throw SourceError(.notFound, "commit \(commit.short) is not in \(name)")
        }
        if isShallow { throw shallowRefusal }
        var first = git_oid(one)
        var second = git_oid(other)
        var base = git_oid()
        let code = git_merge_base(&base, pointer, &first, &second)
        if code == GIT_ENOTFOUND.rawValue { return nil }
        try LibGit2.check(code, "cannot find the common ancestor of \(one.short) and \(other.short)")
        return try CommitID(base)
    }

    /// The commit that a text as `HEAD~2`, `main`, `v1.2` or the first digits of an id names.
    func resolve(_ text: String) throws(SourceError) -> CommitID {
        guard !text.utf8.contains(0), text.utf8.count <= 1024 else {
            throw SourceError(.notFound, "that is not the name of a commit")
        }
        var object: OpaquePointer?
        let code = git_revparse_single(&object, pointer, text)
        switch git_error_code(rawValue: code) {
        case GIT_ENOTFOUND, GIT_EINVALIDSPEC, GIT_EUNBORNBRANCH:
            let hint = isShallow ? "; \(name) is a shallow clone, so older commits are missing" : ""
            throw SourceError(.notFound, "no commit is called '\(text)' in \(name)\(hint)")
        case GIT_EAMBIGUOUS:
            throw SourceError(.notFound, "'\(text)' is short for several commits of \(name): give more digits")
        default: try LibGit2.check(code, "cannot resolve '\(text)'")
        }
        defer { git_object_free(object) }
        guard let commit = try commit(from: git_object_id(object).pointee) else {
            throw SourceError(.notFound, "'\(text)' names no commit in \(name)")
        }
        return commit
    }
}

extension Repository {
    /// The branch that `HEAD` stands for; nil when it names a commit.
    func headBranch() throws(SourceError) -> String? {
        var head: OpaquePointer?
        try LibGit2.check(git_reference_lookup(&head, pointer, "HEAD"), "cannot read HEAD")
        defer { git_reference_free(head) }
        guard let target = git_reference_symbolic_target(head).map({ String(cString: $0) }),
            target.hasPrefix("refs/heads/")
        else { return nil }
        return String(target.dropFirst("refs/heads/".count))
    }
}
