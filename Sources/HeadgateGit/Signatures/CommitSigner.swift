import Crypto
import FoundationEssentials
package import HeadgateCore

/// A key that signs commits, as `git commit -S` does with `gpg.format=ssh`.
package struct CommitSigner: Sendable {
    private let key: Curve25519.Signing.PrivateKey

    /// Reads OpenSSH's PROTOCOL.key: an Ed25519 key without a passphrase.
    ///
    /// - Throws: ``SourceError`` with `.unsupported`, which says nothing of what the file holds.
    package init(openSSH text: String) throws(SourceError) {
        let lines = text.split(whereSeparator: \.isNewline)
        guard lines.first == "-----BEGIN OPENSSH PRIVATE KEY-----",
            let data = Data(base64Encoded: lines.dropFirst().prefix { !$0.hasPrefix("-----") }.joined())
        else { throw Self.unreadable }
        var reader = SSHReader(Array(data))
        guard reader.skip("openssh-key-v1\0"), let cipher = reader.text() else { throw Self.unreadable }
        guard cipher == "none" else {
            throw SourceError(.unsupported, "the key has a passphrase, which nobody is there to type")
        }
        guard reader.string() != nil, reader.string() != nil, reader.number() == 1, reader.string() != nil,
            let secret = reader.string()
        else { throw Self.unreadable }
        var members = SSHReader(secret)
        guard let check = members.number(), check == members.number(), members.text() == SSHSignature.keyType,
            members.string() != nil, let pair = members.string(), pair.count == 64,
            let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: pair.prefix(32))
        else { throw Self.unreadable }
        self.key = key
    }

    private static var unreadable: SourceError {
        SourceError(.unsupported, "not an Ed25519 key in OpenSSH's format: make one with `ssh-keygen -t ed25519`")
    }

    /// A signature in the form that Git keeps in a commit.
    func signature(of message: [UInt8]) throws(SourceError) -> String {
        let (space, hash) = (Array("git".utf8), Array("sha512".utf8))
        let signed = SSHSignature.signed(space, hash: hash, digest: Array(SHA512.hash(data: message)))
        guard let proof = try? key.signature(for: signed) else { throw Self.unreadable }
        let type = SSHReader.framed(Array(SSHSignature.keyType.utf8))
        let parts = [
            type + SSHReader.framed(key.publicKey.rawRepresentation), space, [], hash, type + SSHReader.framed(proof),
        ]
        let blob = Array(SSHSignature.magic.utf8) + [0, 0, 0, 1] + parts.flatMap { SSHReader.framed($0) }
        var rest = Data(blob).base64EncodedString()[...]
        var lines = [SSHSignature.begin]
        while !rest.isEmpty {
            lines.append(String(rest.prefix(70)))
            rest = rest.dropFirst(70)
        }
        return (lines + [SSHSignature.end]).joined(separator: "\n")
    }
}
