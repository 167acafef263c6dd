import CLibgit2
import HeadgateCore

/// The library's process-wide settings and its errors.
enum LibGit2 {
    /// Starts the library once; every handle asks for it before its first call.
    static func start() { _ = started }

    private static let started: Void = {
        git_libgit2_init()
        // A user's or system's configuration must not redirect addresses, set proxies or switch off certificate checks.
        for level in [
            GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL,
        ] {
            _ = headgate_git_set_search_path(level.rawValue, "")
        }
        // Nothing that a repository's configuration names is ever executed, so its owner does not matter.
        _ = headgate_git_set_owner_validation(0)
        _ = headgate_git_set_fsync(1)
        _ = headgate_git_set_mwindow_size(32 << 20)
        _ = headgate_git_set_mwindow_mapped_limit(128 << 20)
        // Counts the objects' bytes in the repository, of which a small folder has a tenth of what it takes parsed.
        _ = headgate_git_set_cache_limit(64 << 10)
    }()

    /// Throws the library's error if a call failed.
    ///
    /// To be asked at once, on the same thread: the library keeps its message by thread.
    static func check(_ code: Int32, _ operation: @autoclosure () -> String) throws(SourceError) {
        guard code >= 0 else { throw failure(code, operation()) }
    }

    /// The error of the call that just failed on this thread.
    static func failure(_ code: Int32, _ operation: String) -> SourceError {
        let last = git_error_last()
        let text = last.flatMap { $0.pointee.message }.map { String(cString: $0) } ?? "no reason given"
        let kind = last.map { git_error_t(rawValue: UInt32(bitPattern: $0.pointee.klass)) }
        return SourceError(self.code(for: code, kind, text), "\(operation): \(text)")
    }

    private static func code(for code: Int32, _ kind: git_error_t?, _ text: String) -> SourceError.Code {
        switch git_error_code(rawValue: code) {
        case GIT_ENOTFOUND: return .notFound
        case GIT_EAUTH: return .authentication
        case GIT_ECERTIFICATE: return .hostKey
        case GIT_EMISMATCH: return .corrupted
        default: break
        }
        if text.hasSuffix("No space left on device") || text.hasSuffix("Disk quota exceeded") { return .diskFull }
        switch kind {
        case GIT_ERROR_NET, GIT_ERROR_SSH, GIT_ERROR_HTTP, GIT_ERROR_SSL: return .unreachable
        case GIT_ERROR_ZLIB, GIT_ERROR_INDEXER, GIT_ERROR_OBJECT, GIT_ERROR_TREE, GIT_ERROR_SHA: return .corrupted
        default: return .other
        }
    }
}
