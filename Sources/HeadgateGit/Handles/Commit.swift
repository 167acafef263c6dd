import CLibgit2
import HeadgateCore

/// One commit, closed at the end of its life.
struct Commit: ~Copyable {
    let pointer: OpaquePointer

    init(_ id: CommitID, in repository: borrowing Repository) throws(SourceError) {
        var name = git_oid(id)
        var pointer: OpaquePointer?
        let code = git_commit_lookup(&pointer, repository.pointer, &name)
        guard code >= 0, let pointer else {
            throw code == GIT_ENOTFOUND.rawValue
                ? SourceError(.notFound, "commit \(id.short) is not in \(repository.name)")
                : LibGit2.failure(code, "cannot read commit \(id.short)")
        }
        self.pointer = pointer
    }

    deinit { git_commit_free(pointer) }

    var tree: git_oid { git_commit_tree_id(pointer).pointee }
}
