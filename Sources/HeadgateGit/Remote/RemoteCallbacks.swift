import CLibgit2
import FoundationEssentials
import Glibc
import HeadgateCore

/// What the library asks during one connection, and why it was told to stop.
///
/// Callbacks never throw; they leave the reason here, set the library's error and return its code.
final class RemoteCallbacks {
    private let request: RemoteRequest
    private let url: RemoteURL
    private let knownHosts: KnownHosts
    private var wasAsked = false
    private(set) var failure: SourceError?
    /// What the remote said of references that it did not take.
    private(set) var refusals: [String] = []

    init(_ request: RemoteRequest, _ url: RemoteURL) {
        self.request = request
        self.url = url
        var lines = request.hostKeyLines
        for file in url.transport == .ssh ? request.hostKeyFiles : [] {
            let path = file.hasPrefix("~/") ? (Self.home ?? "") + file.dropFirst() : file
            lines += "\n" + ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "")
        }
        knownHosts = KnownHosts(lines)
    }

    /// Fills in the library's table; this object must outlive the connection.
    func install(in table: inout git_remote_callbacks) {
        table.payload = Unmanaged.passUnretained(self).toOpaque()
        table.credentials = { out, _, user, allowed, payload in
            RemoteCallbacks.from(payload)?.answer(out, user.map { String(cString: $0) }, allowed) ?? GIT_EAUTH.rawValue
        }
        table.certificate_check = { certificate, valid, host, payload in
            guard let callbacks = RemoteCallbacks.from(payload), let certificate else {
                return GIT_ECERTIFICATE.rawValue
            }
            return callbacks.check(certificate, isValid: valid != 0)
        }
        table.push_update_reference = { _, status, payload in
            if let status { RemoteCallbacks.from(payload)?.refusals.append(String(cString: status)) }
            return 0
        }
        table.transfer_progress = { progress, payload in
            guard let callbacks = RemoteCallbacks.from(payload), let progress else { return GIT_EUSER.rawValue }
            return callbacks.admit(progress.pointee.received_bytes)
        }
    }

    /// The header that proves a password at the first request, which spares a refused one a listing.
    var headers: [String] {
        guard request.credentials.kind == .password else { return [] }
        let (user, password) = (request.credentials.user ?? "", request.credentials.secret ?? "")
        return ["Authorization: " + GitRemote.basic(user, password)]
    }

    private static var home: String? { getenv("HOME").map { String(cString: $0) } }

    private static func from(_ payload: UnsafeMutableRawPointer?) -> RemoteCallbacks? {
        payload.map { Unmanaged<RemoteCallbacks>.fromOpaque($0).takeUnretainedValue() }
    }

    private func stop(_ code: git_error_code, _ error: SourceError) -> Int32 {
        failure = failure ?? error
        git_error_set_str(Int32(GIT_ERROR_CALLBACK.rawValue), error.message)
        return code.rawValue
    }

    // MARK: Credentials

    private func answer(
        _ out: UnsafeMutablePointer<UnsafeMutablePointer<git_credential>?>?, _ urlUser: String?, _ allowed: UInt32
    ) -> Int32 {
        let credentials = request.credentials
        let user = credentials.user ?? urlUser ?? "git"
        if allowed & GIT_CREDENTIAL_USERNAME.rawValue != 0 { return git_credential_username_new(out, user) }
        // The library asks again after every refusal, without end; a second question means a refused answer.
        guard !wasAsked else { return stop(GIT_EAUTH, refusal(of: user)) }
        wasAsked = true
        switch credentials.kind {
        case .none: return stop(GIT_EAUTH, refusal(of: user))
        case .password:
            // The header has been sent already, and the server has refused it.
            return stop(GIT_EAUTH, refusal(of: user))
        case .sshKey, .sshAgent:
            guard allowed & GIT_CREDENTIAL_SSH_KEY.rawValue != 0 else {
                let message = "\(url.host) accepts no SSH keys for user '\(user)'"
                return stop(GIT_EAUTH, SourceError(.authentication, message))
            }
            guard let path = credentials.keyFile else { return git_credential_ssh_key_from_agent(out, user) }
            guard access(path, R_OK) == 0 else {
                return stop(GIT_EAUTH, SourceError(.authentication, "the SSH key \(path) cannot be read"))
            }
            let publicKey = access(path + ".pub", R_OK) == 0 ? path + ".pub" : nil
            return git_credential_ssh_key_new(out, user, publicKey, path, credentials.secret)
        }
    }

    /// Why the remote did not let us in, with what to do about it.
    func refusal(of user: String) -> SourceError {
        let advice =
            switch request.credentials.kind {
            case .none: "it asks for credentials, and none are configured"
            case .password: "it refused the configured user and password or token"
            case .sshAgent: "it refused every key of the SSH agent for user '\(user)'"
            case .sshKey where SSHKeyFile.isRSA(request.credentials.keyFile ?? ""):
                "it refused the RSA key \(request.credentials.keyFile ?? "") for user '\(user)': use an ed25519 key "
                    + "(libssh2 1.10 signs with RSA keys only by SHA-1, which servers no longer accept)"
            case .sshKey: "it refused the SSH key \(request.credentials.keyFile ?? "") for user '\(user)'"
            }
        return SourceError(.authentication, "cannot log in to \(url.host): \(advice)")
    }

    // MARK: Hosts

    private func check(_ certificate: UnsafeMutablePointer<git_cert>, isValid: Bool) -> Int32 {
        guard certificate.pointee.cert_type == GIT_CERT_HOSTKEY_LIBSSH2 else {
            if isValid { return 0 }
            let message =
                "the certificate of \(url.host) is not trusted: if a private authority signed it, name its file"
            return stop(GIT_ECERTIFICATE, SourceError(.hostKey, message))
        }
        let key = UnsafeMutableRawPointer(certificate).assumingMemoryBound(to: git_cert_hostkey.self).pointee
        guard key.type.rawValue & GIT_CERT_SSH_RAW.rawValue != 0, let start = key.hostkey else {
            return stop(GIT_ECERTIFICATE, SourceError(.hostKey, "\(url.host) showed no host key"))
        }
        let bytes = Array(UnsafeRawBufferPointer(start: start, count: key.hostkey_len))
        let shown = "\(KnownHosts.type(of: bytes)) \(KnownHosts.fingerprint(bytes))"
        switch knownHosts.check(host: url.host, port: url.port, key: bytes) {
        case .known: return 0
        case .revoked:
            return stop(GIT_ECERTIFICATE, SourceError(.hostKey, "\(url.host) showed a revoked host key: \(shown)"))
        case .unknown:
            let message = "the host key of \(url.host) is not known (\(shown)): add it to known_hosts if it is right"
            return stop(GIT_ECERTIFICATE, SourceError(.hostKey, message))
        case .different(let types):
            let message =
                "the host key of \(url.host) (\(shown)) is not the one in known_hosts (\(types.joined(separator: ", "))): "
                + "if the host has keys of several types, add them all; otherwise someone may be posing as it"
            return stop(GIT_ECERTIFICATE, SourceError(.hostKey, message))
        }
    }

    // MARK: Size

    private func admit(_ received: Int) -> Int32 {
        guard request.byteLimit > 0, received > request.byteLimit else { return 0 }
        let message = "\(url) sends more than the \(request.byteLimit) bytes that one fetch may bring"
        return stop(GIT_EUSER, SourceError(.tooLarge, message))
    }
}
