import CLibgit2
import Glibc
import HeadgateCore

/// One listing or fetch, in the helper's process.
struct RemoteSession {
    private let request: RemoteRequest
    private let url: RemoteURL
    private let callbacks: RemoteCallbacks

    init(_ request: RemoteRequest) throws(SourceError) {
        LibGit2.start()
        self.request = request
        url = try RemoteURL(request.url)
        callbacks = RemoteCallbacks(request, url)
        if let certificates = request.certificates {
            let code = headgate_git_set_certificates(certificates, nil)
            try LibGit2.check(code, "cannot read the certificates in \(certificates)")
        }
        if let path = url.localPath {
            try Repository(containing: path).refuseUnsupported(shallow: true)
        }
    }

    /// Asks the remote once for its references, and gives those that are wanted.
    func list() throws(SourceError) -> [RemoteReference] {
        var remote: OpaquePointer?
        try LibGit2.check(git_remote_create_detached(&remote, url.text), "cannot use \(url)")
        defer { git_remote_free(remote) }
        var options = git_remote_connect_options()
        git_remote_connect_options_init(&options, UInt32(GIT_REMOTE_CONNECT_OPTIONS_VERSION))
        callbacks.install(in: &options.callbacks)
        options.follow_redirects = GIT_REMOTE_REDIRECT_NONE
        options.proxy_opts.type = GIT_PROXY_AUTO
        let code = withStrings(callbacks.headers) { headers in
            options.custom_headers = headers
            return withExtendedLifetime(callbacks) { git_remote_connect_ext(remote, GIT_DIRECTION_FETCH, &options) }
        }
        try check(code, "cannot list")
        defer { git_remote_disconnect(remote) }
        var heads: UnsafeMutablePointer<UnsafePointer<git_remote_head>?>?
        var count = 0
        try check(git_remote_ls(&heads, &count, remote), "cannot list")
        return UnsafeBufferPointer(start: heads, count: count).compactMap { head in
            guard let head = head?.pointee, let name = head.name.map({ String(cString: $0) }), isWanted(name) else {
                return nil
            }
            let branch = head.symref_target.map { String(cString: $0) }
            return RemoteReference(
                name: name, id: head.oid.hex,
                branch: branch.flatMap { $0.hasPrefix("refs/heads/") ? String($0.dropFirst(11)) : nil }
            )
        }
    }

    private func mirror() throws(SourceError) -> Repository {
        try Repository(bare: request.mirror, name: "the mirror of \(url)")
    }

    /// A remote that stands in no configuration; the caller frees it.
    private func remote(of repository: borrowing Repository) throws(SourceError) -> OpaquePointer? {
        var remote: OpaquePointer?
        try LibGit2.check(git_remote_create_anonymous(&remote, repository.pointer, url.text), "cannot use \(url)")
        return remote
    }

    /// Brings what the refspecs name into the mirror; gives the bytes that were received.
    func fetch() throws(SourceError) -> Int {
        MirrorFolder(path: request.mirror).sweepPacks()
        let repository = try mirror()
        let remote = try remote(of: repository)
        defer { git_remote_free(remote) }
        var options = git_fetch_options()
        git_fetch_options_init(&options, UInt32(GIT_FETCH_OPTIONS_VERSION))
        callbacks.install(in: &options.callbacks)
        options.prune = GIT_FETCH_PRUNE
        options.update_fetchhead = 0
        options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE
        options.follow_redirects = GIT_REMOTE_REDIRECT_NONE
        options.proxy_opts.type = GIT_PROXY_AUTO
        let code = withStrings(callbacks.headers) { headers in
            withStrings(request.refspecs) { refspecs in
                options.custom_headers = headers
                var refspecs = refspecs
                return withExtendedLifetime(callbacks) {
                    git_remote_fetch(remote, &refspecs, &options, "headgate fetch")
                }
            }
        }
        try check(code, "cannot fetch from")
        return git_remote_stats(remote)?.pointee.received_bytes ?? 0
    }

    /// Sends what the refspecs name; the remote takes it only on top of what it has.
    func push() throws(SourceError) {
        let repository = try mirror()
        if let path = url.localPath, try Repository(containing: path).workTree != nil {
            throw SourceError(
                .unsupported, "\(url) has a work tree, which a push would leave behind: follow a bare repository")
        }
        let remote = try remote(of: repository)
        defer { git_remote_free(remote) }
        var options = git_push_options()
        git_push_options_init(&options, UInt32(GIT_PUSH_OPTIONS_VERSION))
        callbacks.install(in: &options.callbacks)
        options.follow_redirects = GIT_REMOTE_REDIRECT_NONE
        options.proxy_opts.type = GIT_PROXY_AUTO
        let code = withStrings(callbacks.headers) { headers in
            withStrings(request.refspecs) { refspecs in
                options.custom_headers = headers
                var refspecs = refspecs
                return withExtendedLifetime(callbacks) { git_remote_push(remote, &refspecs, &options) }
            }
        }
        if code == GIT_ENONFASTFORWARD.rawValue {
            throw SourceError(.moved, "\(url) has moved on since it was looked at")
        }
        try check(code, "cannot push to")
        guard let refusal = callbacks.refusals.first else { return }
        throw SourceError(Self.isMoved(refusal) ? .moved : .refused, "\(url) did not take the commit: \(refusal)")
    }

    /// Whether a server's words mean that another push was faster; a hook's or a rule's no is something else.
    private static func isMoved(_ refusal: String) -> Bool {
        let words = ["non-fast-forward", "fetch first", "cannot lock", "failed to update ref", "stale info", "is at"]
        let isRule = ["hook", "protected", "denied", "prohibited"].contains { refusal.contains($0) }
        return !isRule && words.contains { refusal.contains($0) }
    }

    private func isWanted(_ name: String) -> Bool {
        request.wanted.contains { $0.hasSuffix("/") ? name.hasPrefix($0) : name == $0 }
    }

    private func check(_ code: Int32, _ operation: String) throws(SourceError) {
        guard code < 0 else { return }
        let failure = LibGit2.failure(code, "\(operation) \(url)")
        if let reason = callbacks.failure { throw reason }
        throw explain(failure, code)
    }

    /// Says in our words what the library says in the protocol's.
    private func explain(_ failure: SourceError, _ code: Int32) -> SourceError {
        let text = failure.message
        if text.contains("parsing REF pkt-line") || text.contains("invalid packet line") {
            let reason = "is a shallow clone or uses SHA-256 object names, and neither is supported"
            return SourceError(.unsupported, "\(url) \(reason); follow a full SHA-1 repository")
        }
        if code == GIT_EAUTH.rawValue || text.contains("status code: 401") || text.contains("status code: 403") {
            return callbacks.refusal(of: request.credentials.user ?? url.user ?? "git")
        }
        if text.contains("status code: 404") {
            return SourceError(.notFound, "\(url) is not there, or the configured credentials may not see it")
        }
        if text.contains("offsite redirects") || text.contains("redirect") {
            return SourceError(.unsupported, "\(text): configure the address that it leads to")
        }
        // Over a network, a failed call of the operating system means that nobody answered.
        if url.transport != .local, failure.code == .other { return SourceError(.unreachable, text) }
        return failure
    }
}

/// Lends strings as the library's list of strings.
private func withStrings<Result>(_ strings: [String], _ body: (git_strarray) -> Result) -> Result {
    var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeMutableBufferPointer { buffer in
        body(git_strarray(strings: buffer.baseAddress, count: buffer.count))
    }
}
