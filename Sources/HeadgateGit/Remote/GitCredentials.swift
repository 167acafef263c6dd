package import HeadgateCore

/// How the controller proves to a remote who it is; comes from the controller's configuration only.
package enum GitCredentials: Sendable {
    case none
    /// A private key in a file. The user is taken from the address, or is `git`, unless it is given.
    case sshKey(path: String, passphrase: Secret? = nil, user: String? = nil)
    /// The keys of the agent that `SSH_AUTH_SOCK` names.
    case sshAgent(user: String? = nil)
    /// A user and a password or token, for `https`; refused over plain `http` except to this machine.
    case password(user: String, Secret)
}

/// Which host keys SSH accepts; a host that is not among them is refused.
package enum HostKeys: Sendable, Hashable {
    /// `~/.ssh/known_hosts` and `/etc/ssh/ssh_known_hosts`.
    case userFiles
    /// A file in the format of `known_hosts`.
    case file(String)
    /// Lines in the format of `known_hosts`.
    case text(String)
}

/// A repository to fetch from, and how.
package struct GitRemote: Sendable {
    package let url: RemoteURL
    package let credentials: GitCredentials
    package let hostKeys: HostKeys
    /// A file of PEM certificates to trust for `https` instead of the system's.
    package let certificates: String?

    /// Refuses credentials that do not fit the address.
    package init(
        url: RemoteURL, credentials: GitCredentials = .none, hostKeys: HostKeys = .userFiles,
        certificates: String? = nil
    ) throws(SourceError) {
        switch (credentials, url.transport) {
        case (.password, .http) where !url.isLoopback:
            throw SourceError(.unsupported, "\(url) would send the password in the clear: use https://")
        case (.password, .http), (.password, .https), (.sshKey, .ssh), (.sshAgent, .ssh), (.none, _): break
        case (.password, _):
            throw SourceError(.unsupported, "a password or token does not fit \(url): it is for https:// only")
        case (.sshKey, _), (.sshAgent, _):
            throw SourceError(.unsupported, "an SSH key does not fit \(url): it is for ssh:// only")
        }
        self.url = url
        self.credentials = credentials
        self.hostKeys = hostKeys
        self.certificates = certificates
    }
}
