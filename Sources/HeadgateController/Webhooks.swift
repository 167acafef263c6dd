import Crypto
package import HeadgateCore

/// Checks that a webhook comes from who may send it.
///
/// The payload itself is never believed: it is a hint to look.
package struct Webhooks: Sendable {
    /// How a Git host proves itself.
    package enum Kind: String, Sendable, Codable, CaseIterable {
        /// Such as `X-Hub-Signature-256: sha256=<hex>`.
        case github
        /// Such as `X-Gitlab-Token: <secret>`.
        case gitlab
        /// Such as `X-Gitea-Signature: <hex>`.
        case gitea
        /// Such as `X-Hub-Signature: sha256=<hex>`.
        case bitbucket
        /// Such as `X-Signature: sha256=<hex>`.
        case generic
    }

    package struct Hook: Sendable {
        package let kind: Kind
        package let source: SourceName
        package let secret: [UInt8]

        package init(kind: Kind, source: SourceName, secret: [UInt8]) {
            self.kind = kind
            self.source = source
            self.secret = secret
        }
    }

    private let hooks: [String: Hook]

    package init(_ hooks: [String: Hook]) { self.hooks = hooks }

    /// The source that a webhook is for; nil for one that is unknown, unsigned or wrongly signed.
    ///
    /// - Parameters:
    ///   - name: The last part of the webhook's path.
    ///   - headers: By lower-case name.
    ///   - body: As received.
    /// - Returns: The source to look at.
    package func verify(_ name: String, headers: [String: String], body: [UInt8]) -> SourceName? {
        guard let hook = hooks[name], !hook.secret.isEmpty else { return nil }
        switch hook.kind {
        case .gitlab:
            let token = Array((headers["x-gitlab-token"] ?? "").utf8)
            // Digests of both make the comparison take the same time whatever they hold.
            return Digest.of(token) == Digest.of(hook.secret) ? hook.source : nil
        case .github: return check(headers["x-hub-signature-256"], hook, body, prefix: "sha256=")
        case .gitea: return check(headers["x-gitea-signature"], hook, body, prefix: "")
        case .bitbucket: return check(headers["x-hub-signature"], hook, body, prefix: "sha256=")
        case .generic: return check(headers["x-signature"], hook, body, prefix: "sha256=")
        }
    }

    private func check(_ header: String?, _ hook: Hook, _ body: [UInt8], prefix: String) -> SourceName? {
        guard let header, header.hasPrefix(prefix), let mac = Hex.decode(header.dropFirst(prefix.count).utf8) else {
            return nil
        }
        let key = SymmetricKey(data: hook.secret)
        return HMAC<SHA256>.isValidAuthenticationCode(mac, authenticating: body, using: key) ? hook.source : nil
    }
}
