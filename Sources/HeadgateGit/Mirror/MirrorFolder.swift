import CLibgit2
import Glibc
import HeadgateCore

/// The files of a mirror, and what keeps them in order.
struct MirrorFolder {
    let path: String

    private var packs: String { "\(path)/objects/pack" }

    /// Makes an empty mirror, whole or not at all.
    func create(describing url: RemoteURL) throws(SourceError) {
        guard !Disk.exists(path) else { return }
        let unfinished = "\(path).new"
        Disk.remove(unfinished)
        try Repository.create(at: unfinished)
        // For people who look into the state folder.
        let text = "Headgate's mirror of \(url)\n"
        Disk.remove("\(unfinished)/description")
        try Disk.write(Array(text.utf8), to: "\(unfinished)/description")
        try Disk.check(rename(unfinished, path), "cannot make \(path)")
    }

    /// Removes what a process that was killed has left: locks and unfinished files.
    ///
    /// To be called when nobody writes to the mirror.
    func sweep() {
        Disk.remove("\(path).new")
        for name in Disk.names(in: path) where name.hasSuffix(".lock") { Disk.remove("\(path)/\(name)") }
        sweepLocks(in: "\(path)/refs", depth: 0)
        for name in Disk.names(in: "\(path)/objects") where name.hasPrefix("tmp_") {
            Disk.remove("\(path)/objects/\(name)")
        }
        sweepPacks()
    }

    /// Removes packs that were not finished.
    func sweepPacks() {
        let names = Disk.names(in: packs)
        let present = Set(names)
        for name in names where !Self.isFinished(name, among: present) { Disk.remove("\(packs)/\(name)") }
    }

    var packCount: Int { Disk.names(in: packs).filter { $0.hasSuffix(".pack") }.count }

    /// Joins all packs into one and drops what no reference reaches.
    ///
    /// Git does it where it is installed, since it reuses what is compressed already; else the library does.
    func repack() throws(SourceError) {
        sweepPacks()
        guard let git = Self.git else { return try repackByLibrary() }
        let arguments = [
            "-c", "gc.auto=0", "-c", "core.fsync=all", "--git-dir", path, "repack", "-a", "-d", "-q",
        ]
        // The helper's standard output carries its answers.
        let (status, complaint) = try Command.run(git, arguments)
        guard status == 0 else { throw SourceError(.other, "git repack failed in \(path): \(complaint)") }
    }

    /// The same without Git.
    func repackByLibrary() throws(SourceError) {
        let repository = try Repository(bare: path, name: path)
        let old = Disk.names(in: packs)
        var builder: OpaquePointer?
        try LibGit2.check(git_packbuilder_new(&builder, repository.pointer), "cannot repack \(path)")
        defer { git_packbuilder_free(builder) }
        git_packbuilder_set_threads(builder, 1)
        var walk: OpaquePointer?
        try LibGit2.check(git_revwalk_new(&walk, repository.pointer), "cannot repack \(path)")
        defer { git_revwalk_free(walk) }
        for reference in try repository.references(matching: "refs/*") {
            guard var target = try repository.target(of: reference) else { continue }
            var name = target
            try LibGit2.check(git_packbuilder_insert_recur(builder, &target, nil), "cannot repack \(path)")
            // A tag may name a tree or a blob, which has no history to walk.
            guard let commit = try repository.commit(from: name) else { continue }
            name = git_oid(commit)
            try LibGit2.check(git_revwalk_push(walk, &name), "cannot repack \(path)")
        }
        try LibGit2.check(git_packbuilder_insert_walk(builder, walk), "cannot repack \(path)")
        guard git_packbuilder_object_count(builder) > 0 else { return }
        try LibGit2.check(git_packbuilder_write(builder, nil, 0o444, nil, nil), "cannot repack \(path)")
        let new = git_packbuilder_name(builder).map { "pack-\(String(cString: $0))." } ?? ""
        guard Disk.names(in: packs).contains("\(new)idx") else {
            throw SourceError(.other, "cannot repack \(path): the new pack is not there")
        }
        // The index goes last, as a pack without one is swept and an index without a pack is an error.
        for name in old.sorted(by: >) where !name.hasPrefix(new) { Disk.remove("\(packs)/\(name)") }
    }

    private func sweepLocks(in folder: String, depth: Int) {
        guard depth < 16 else { return }
        for name in Disk.names(in: folder) {
            let inner = "\(folder)/\(name)"
            if name.hasSuffix(".lock") { Disk.remove(inner) } else { sweepLocks(in: inner, depth: depth + 1) }
        }
    }

    private static func isFinished(_ name: String, among present: Set<String>) -> Bool {
        if name.hasPrefix("multi-pack-index") { return true }
        guard name.hasPrefix("pack-"), let dot = name.firstIndex(of: ".") else { return false }
        let stem = name[..<dot]
        guard stem.utf8.count == 45 else { return false }
        return present.contains("\(stem).pack") && present.contains("\(stem).idx")
    }

    private static var git: String? {
        let folders = (getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin").split(separator: ":")
        return folders.map { "\($0)/git" }.first { access($0, X_OK) == 0 }
    }
}
