import HeadgateCore

/// A reference as a remote lists it.
struct RemoteReference: Codable, Hashable, Sendable {
    let name: String
    let id: String
    /// For `HEAD`: the branch that it stands for, without `refs/heads/`.
    var branch: String?
}

/// What the helper is asked, one JSON object a line.
///
/// It goes over a private socket and holds secrets, so it is neither printed nor logged.
struct RemoteRequest: Codable, Sendable {
    enum Operation: String, Codable, Sendable { case list, fetch, push, repack }

    struct Credentials: Codable, Sendable {
        enum Kind: String, Codable, Sendable { case none, sshKey, sshAgent, password }
        var kind = Kind.none
        var user: String?
        var keyFile: String?
        var secret: String?
    }

    let operation: Operation
    /// After this time the helper ends itself, should nobody have ended it.
    let milliseconds: Int
    var url = ""
    var credentials = Credentials()
    var hostKeyFiles: [String] = []
    var hostKeyLines = ""
    var certificates: String?
    /// For a listing: names that are wanted, and prefixes, which end in `/`.
    var wanted: [String] = []
    /// For a fetch, push or repack: the mirror's folder.
    var mirror = ""
    var refspecs: [String] = []
    var byteLimit = 0
}

/// What the helper answers, one JSON object a line.
struct RemoteAnswer: Codable, Sendable {
    var references: [RemoteReference] = []
    var receivedBytes = 0
    var error: SourceError?
}

extension RemoteRequest {
    init(_ operation: Operation, _ remote: GitRemote, milliseconds: Int) {
        self.init(operation: operation, milliseconds: milliseconds)
        url = remote.url.text
        certificates = remote.certificates
        switch remote.hostKeys {
        case .userFiles: hostKeyFiles = ["~/.ssh/known_hosts", "/etc/ssh/ssh_known_hosts"]
        case .file(let path): hostKeyFiles = [path]
        case .text(let lines): hostKeyLines = lines
        }
        switch remote.credentials {
        case .none: break
        case .sshKey(let path, let passphrase, let user):
            credentials = Credentials(kind: .sshKey, user: user, keyFile: path, secret: passphrase?.text)
        case .sshAgent(let user): credentials = Credentials(kind: .sshAgent, user: user)
        case .password(let user, let secret):
            credentials = Credentials(kind: .password, user: user, secret: secret.text)
        }
    }
}
