import CLibgit2
import Glibc
import HeadgateCore

/// An open repository, closed at the end of its life; to be used by one thread at a time.
struct Repository: ~Copyable {
    let pointer: OpaquePointer
    /// What error messages call it.
    let name: String

    /// Opens a bare repository that is ours.
    init(bare path: String, name: String) throws(SourceError) {
        LibGit2.start()
        var pointer: OpaquePointer?
        let code = git_repository_open_bare(&pointer, path)
        guard code >= 0, let pointer else { throw LibGit2.failure(code, "cannot open the repository \(path)") }
        self.pointer = pointer
        self.name = name
    }

    /// Opens the repository that a folder belongs to, bare or with a work tree.
    init(containing path: String) throws(SourceError) {
        LibGit2.start()
        var pointer: OpaquePointer?
        let code = git_repository_open_ext(&pointer, path, 0, nil)
        guard code >= 0, let pointer else {
            let failure = LibGit2.failure(code, "cannot open the repository of \(path)")
            if code == GIT_ENOTFOUND.rawValue {
                let isThere = access(path, F_OK) == 0
                throw SourceError(.notFound, "\(path) \(isThere ? "is not in a Git repository" : "does not exist")")
            }
            guard failure.message.contains("objectformat") else { throw failure }
            throw Self.unsupportedHash(path)
        }
        self.pointer = pointer
        self.name = path
    }

    /// Makes an empty bare repository in a folder that does not exist yet.
    static func create(at path: String) throws(SourceError) {
        LibGit2.start()
        var options = git_repository_init_options()
        git_repository_init_options_init(&options, UInt32(GIT_REPOSITORY_INIT_OPTIONS_VERSION))
        options.flags =
            GIT_REPOSITORY_INIT_BARE.rawValue | GIT_REPOSITORY_INIT_NO_REINIT.rawValue
            | GIT_REPOSITORY_INIT_MKDIR.rawValue | GIT_REPOSITORY_INIT_MKPATH.rawValue
        options.mode = 0o700
        var pointer: OpaquePointer?
        let code = git_repository_init_ext(&pointer, path, &options)
        try LibGit2.check(code, "cannot make a repository at \(path)")
        git_repository_free(pointer)
    }

    deinit { git_repository_free(pointer) }

    /// The folder of the repository itself, without a slash at the end.
    var folder: String { Self.path(git_repository_commondir(pointer)) }

    /// The work tree's folder; nil for a bare repository.
    var workTree: String? { git_repository_workdir(pointer).map { Self.path($0) } }

    var isShallow: Bool { git_repository_is_shallow(pointer) == 1 }

    /// Refuses what the library would open and then misread.
    func refuseUnsupported(shallow: Bool) throws(SourceError) {
        if try setting("extensions.objectformat").map({ $0.lowercased() != "sha1" }) ?? false {
            throw Self.unsupportedHash(name)
        }
        if try isPartial {
            throw SourceError(
                .unsupported,
                "\(name) is a partial clone, whose missing files cannot be fetched one by one: use a full clone"
            )
        }
        if shallow, isShallow { throw shallowRefusal }
    }

    /// Why something cannot be done in a shallow clone, and what to do about it.
    var shallowRefusal: SourceError {
        SourceError(
            .unsupported,
            "\(name) is a shallow clone: run `git fetch --unshallow` there, or have CI fetch the full history"
        )
    }

    private static func unsupportedHash(_ name: String) -> SourceError {
        SourceError(.unsupported, "\(name) uses SHA-256 object names; only SHA-1 repositories are supported")
    }

    private static func path(_ text: UnsafePointer<CChar>?) -> String {
        let path = text.map { String(cString: $0) } ?? ""
        return path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }

    private var isPartial: Bool {
        get throws(SourceError) {
            if try setting("extensions.partialclone") != nil { return true }
            var config: OpaquePointer?
            try LibGit2.check(git_repository_config_snapshot(&config, pointer), "cannot read the settings of \(name)")
            defer { git_config_free(config) }
            var iterator: OpaquePointer?
            let code = git_config_iterator_glob_new(&iterator, config, #"^remote\..*\.promisor$"#)
            try LibGit2.check(code, "cannot read the settings of \(name)")
            defer { git_config_iterator_free(iterator) }
            var entry: UnsafeMutablePointer<git_config_entry>?
            while git_config_next(&entry, iterator) == 0 {
                if let value = entry?.pointee.value, String(cString: value).lowercased() == "true" { return true }
            }
            return false
        }
    }

    /// A value of the repository's configuration, or the user's; nil for none.
    func setting(_ key: String) throws(SourceError) -> String? {
        var config: OpaquePointer?
        try LibGit2.check(git_repository_config_snapshot(&config, pointer), "cannot read the settings of \(name)")
        defer { git_config_free(config) }
        var value: UnsafePointer<CChar>?
        guard git_config_get_string(&value, config, key) == 0, let value else { return nil }
        return String(cString: value)
    }
}
