import FoundationEssentials
package import HeadgateCore

extension GitRemote {
    /// Where Git LFS looks for contents when nothing else is configured, by its specification of server discovery.
    package var largeFiles: LargeFileStore {
        switch url.transport {
        case .local:
            do throws(SourceError) {
                return .folder(try Repository(containing: url.localPath ?? "").folder + "/lfs")
            } catch {
                return .none(error.message)
            }
        case .http, .https: return .server(LargeFileServer(url: largeFileAddress, authorization: authorization))
        case .ssh, .git:
            return .none("contents in Git LFS are fetched over https only: watch the repository by its https address")
        }
    }

    private var largeFileAddress: String {
        let scheme = url.transport == .https ? "https://" : "http://"
        let rest = url.text.dropFirst(scheme.count).prefix { $0 != "?" && $0 != "#" }
        let path = rest.drop { $0 != "/" }.split(separator: "/").joined(separator: "/")
        // Without the user, who is proved by a header.
        let authority = rest.prefix { $0 != "/" }.split(separator: "@").last ?? ""
        return "\(scheme)\(authority)/\(path)\(path.hasSuffix(".git") ? "" : ".git")/info/lfs"
    }

    private var authorization: Secret? {
        guard case .password(let user, let secret) = credentials else { return nil }
        return Secret(Self.basic(user, secret.text))
    }

    /// The value of HTTP's field `Authorization` for a user and a password.
    static func basic(_ user: String, _ password: String) -> String {
        "Basic " + Data("\(user):\(password)".utf8).base64EncodedString()
    }
}
