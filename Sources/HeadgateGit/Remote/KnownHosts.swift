import Crypto
import FoundationEssentials

/// Host keys in the format of OpenSSH's `known_hosts`, see sshd(8).
struct KnownHosts {
    enum Answer: Equatable {
        case known
        case revoked
        /// The host is known, by other keys; their types.
        case different([String])
        case unknown
    }

    private struct Line {
        let isRevoked: Bool
        let hosts: [String]
        let type: String
        let key: [UInt8]
    }

    private let lines: [Line]

    init(_ text: String) {
        lines = text.split(whereSeparator: \.isNewline).compactMap { line in
            var fields = line.split { $0 == " " || $0 == "\t" }
            var marker: Substring?
            if let first = fields.first, first.hasPrefix("@") { marker = fields.removeFirst() }
            // A certificate authority's line proves no plain key.
            guard marker == nil || marker == "@revoked", fields.count >= 3, !fields[0].hasPrefix("#"),
                let key = Data(base64Encoded: String(fields[2]))
            else { return nil }
            return Line(
                isRevoked: marker != nil, hosts: fields[0].split(separator: ",").map(String.init),
                type: String(fields[1]), key: Array(key)
            )
        }
    }

    /// Whether a key is the host's.
    func check(host: String, port: Int?, key: [UInt8]) -> Answer {
        let name = port == nil || port == 22 ? host : "[\(host)]:\(port ?? 22)"
        let matching = lines.filter { Self.matches(name, $0.hosts) }
        if matching.contains(where: { $0.isRevoked && $0.key == key }) { return .revoked }
        let valid = matching.filter { !$0.isRevoked }
        if valid.contains(where: { $0.key == key }) { return .known }
        return valid.isEmpty ? .unknown : .different(Array(Set(valid.map(\.type))).sorted())
    }

    /// `SHA256:` and the digest in base 64, as `ssh-keygen -l` prints it.
    static func fingerprint(_ key: [UInt8]) -> String {
        let digest = Data(SHA256.hash(data: key)).base64EncodedString()
        return "SHA256:" + digest.filter { $0 != "=" }
    }

    /// The type that a key states about itself, such as `ssh-ed25519`.
    static func type(of key: [UInt8]) -> String {
        var reader = SSHReader(key)
        return reader.text() ?? "unknown"
    }

    private static func matches(_ host: String, _ patterns: [String]) -> Bool {
        var found = false
        for pattern in patterns {
            if pattern.hasPrefix("|1|") {
                found = found || isHashed(host, pattern)
            } else if pattern.hasPrefix("!") {
                if isGlob(Array(pattern.dropFirst().lowercased().utf8)[...], Array(host.utf8)[...]) { return false }
            } else {
                found = found || isGlob(Array(pattern.lowercased().utf8)[...], Array(host.utf8)[...])
            }
        }
        return found
    }

    private static func isHashed(_ host: String, _ pattern: String) -> Bool {
        let parts = pattern.split(separator: "|")
        guard parts.count == 3, let salt = Data(base64Encoded: String(parts[1])),
            let digest = Data(base64Encoded: String(parts[2]))
        else { return false }
        let key = SymmetricKey(data: salt)
        return HMAC<Insecure.SHA1>.isValidAuthenticationCode(digest, authenticating: Array(host.utf8), using: key)
    }

    private static func isGlob(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        if first == UInt8(ascii: "*") {
            let rest = pattern.dropFirst().drop { $0 == UInt8(ascii: "*") }
            return (text.startIndex...text.endIndex).contains { isGlob(rest, text[$0...]) }
        }
        guard let byte = text.first, first == UInt8(ascii: "?") || first == byte else { return false }
        return isGlob(pattern.dropFirst(), text.dropFirst())
    }
}
