import Crypto
import FoundationEssentials

/// A signature as `ssh-keygen -Y sign` makes it; the format is OpenSSH's PROTOCOL.sshsig.
struct SSHSignature {
    static let begin = "-----BEGIN SSH SIGNATURE-----"
    static let end = "-----END SSH SIGNATURE-----"
    static let magic = "SSHSIG"
    /// The one kind of key that is understood.
    static let keyType = "ssh-ed25519"

    let publicKey: [UInt8]
    let namespace: String
    private let reserved: [UInt8]
    private let hash: String
    private let signature: [UInt8]

    init?(armoured: String) {
        let lines = armoured.split(whereSeparator: \.isNewline)
        guard lines.first == Self.begin[...], lines.last == Self.end[...],
            let data = Data(base64Encoded: lines.dropFirst().dropLast().joined())
        else { return nil }
        var reader = SSHReader(Array(data))
        guard reader.skip(Self.magic), reader.number() == 1, let publicKey = reader.string(),
            let namespace = reader.text(), let reserved = reader.string(), let hash = reader.text(),
            let signature = reader.string(), reader.isAtEnd
        else { return nil }
        self.publicKey = publicKey
        self.namespace = namespace
        self.reserved = reserved
        self.hash = hash
        self.signature = signature
    }

    /// Whether the signature's own key made it over these bytes; false for a kind of key or hash that is not known.
    func isValid(for message: [UInt8]) -> Bool {
        let digest: [UInt8]
        switch hash {
        case "sha256": digest = Array(SHA256.hash(data: message))
        case "sha512": digest = Array(SHA512.hash(data: message))
        default: return false
        }
        let signed = Self.signed(
            Array(namespace.utf8), reserved: reserved, hash: Array(hash.utf8), digest: digest)
        var key = SSHReader(publicKey)
        var blob = SSHReader(signature)
        guard key.text() == Self.keyType, let point = key.string(), key.isAtEnd, blob.text() == Self.keyType,
            let proof = blob.string(), blob.isAtEnd,
            let verifier = try? Curve25519.Signing.PublicKey(rawRepresentation: point)
        else { return false }
        return verifier.isValidSignature(proof, for: signed)
    }

    /// What a key signs in place of the message itself.
    static func signed(_ namespace: [UInt8], reserved: [UInt8] = [], hash: [UInt8], digest: [UInt8]) -> [UInt8] {
        [namespace, reserved, hash, digest].reduce(into: Array(magic.utf8)) { $0 += SSHReader.framed($1) }
    }
}
