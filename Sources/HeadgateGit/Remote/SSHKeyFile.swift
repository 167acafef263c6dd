import FoundationEssentials
import HeadgateCore

/// What can be told of a private key without its passphrase.
enum SSHKeyFile {
    /// Whether a file holds an RSA key, which the SSH library can only use with SHA-1 and servers therefore refuse.
    static func isRSA(_ path: String) -> Bool {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return false }
        if text.contains("BEGIN RSA PRIVATE KEY") { return true }
        let lines = text.split(whereSeparator: \.isNewline)
        guard lines.first == "-----BEGIN OPENSSH PRIVATE KEY-----" else { return false }
        let body = lines.dropFirst().prefix { !$0.hasPrefix("-----") }.joined()
        guard let data = Data(base64Encoded: body) else { return false }
        // OpenSSH's PROTOCOL.key: magic, cipher, kdf, kdf options, number of keys, public key.
        var reader = SSHReader(Array(data))
        guard reader.skip("openssh-key-v1\0"), reader.string() != nil, reader.string() != nil,
            reader.string() != nil, reader.number() != nil, let key = reader.string()
        else { return false }
        return KnownHosts.type(of: key) == "ssh-rsa"
    }
}
