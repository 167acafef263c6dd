import CLibgit2
import Glibc
import HeadgateCore

/// One folder of a commit, closed at the end of its life.
struct Tree: ~Copyable {
    private let pointer: OpaquePointer?

    /// A folder without entries.
    init() { pointer = nil }

    init(_ name: git_oid, in repository: borrowing Repository) throws(SourceError) {
        var name = name
        var pointer: OpaquePointer?
        let code = git_tree_lookup(&pointer, repository.pointer, &name)
        try LibGit2.check(code, "cannot read tree \(name.hex)")
        self.pointer = pointer
    }

    deinit { git_tree_free(pointer) }

    var count: Int { pointer == nil ? 0 : git_tree_entrycount(pointer) }

    subscript(index: Int) -> TreeEntry? {
        pointer == nil ? nil : git_tree_entry_byindex(pointer, index).map(TreeEntry.init)
    }

    func entry(_ name: Substring) -> TreeEntry? {
        pointer == nil ? nil : git_tree_entry_byname(pointer, String(name)).map(TreeEntry.init)
    }

    /// How two entries stand in Git's order of names: negative, zero or positive.
    func order(at index: Int, in other: borrowing Tree, at otherIndex: Int) -> Int32 {
        git_tree_entry_cmp(git_tree_entry_byindex(pointer, index), git_tree_entry_byindex(other.pointer, otherIndex))
    }

    /// Whether two entries of one name have the same mode and content.
    func isSame(at index: Int, in other: borrowing Tree, at otherIndex: Int) -> Bool {
        let own = git_tree_entry_byindex(pointer, index)
        let theirs = git_tree_entry_byindex(other.pointer, otherIndex)
        return git_oid_equal(git_tree_entry_id(own), git_tree_entry_id(theirs)) != 0
            && git_tree_entry_filemode(own) == git_tree_entry_filemode(theirs)
    }
}

/// An entry of a ``Tree``, copied out of it.
struct TreeEntry {
    /// The name as Git has it, which need not be UTF-8.
    let name: [UInt8]
    let mode: TrackedEntry.Mode
    let id: git_oid

    init(_ entry: OpaquePointer) {
        let text = git_tree_entry_name(entry)
        name = text.map { Array(UnsafeRawBufferPointer(start: $0, count: strlen($0))) } ?? []
        id = git_tree_entry_id(entry).pointee
        mode =
            switch git_tree_entry_filemode(entry) {
            case GIT_FILEMODE_TREE: .directory
            case GIT_FILEMODE_BLOB_EXECUTABLE: .executable
            case GIT_FILEMODE_LINK: .link
            case GIT_FILEMODE_COMMIT: .submodule
            default: .file
            }
    }

    var tracked: TrackedEntry { TrackedEntry(mode: mode, id: id.hex) }

    /// The name, unless it is one that could lead elsewhere or that no manifest could write.
    var safeName: String? {
        guard let text = String(validating: name, as: UTF8.self), !text.utf8.contains(UInt8(ascii: "/")), text != ".",
            let path = RepositoryPath(text), path.text.utf8.elementsEqual(name)
        else { return nil }
        return text
    }

    /// The name for people, with what is not UTF-8 replaced.
    var printableName: String { String(decoding: name, as: UTF8.self) }
}
