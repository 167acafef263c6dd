import Crypto
import FoundationEssentials
import HeadgateCore

/// An Ed25519 key that makes attestations, as `openssl genpkey -algorithm ed25519` writes it.
package struct SigningKey: Sendable {
    private let key: Curve25519.Signing.PrivateKey
    /// What others know it by: the SHA-256 of its public half as a SubjectPublicKeyInfo, in hex.
    package let id: String

    /// PKCS #8 of an Ed25519 key, up to its 32 bytes (RFC 8410).
    private static let prefix: [UInt8] = [
        0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
    ]

    /// Makes a new key.
    package init() { self.init(Curve25519.Signing.PrivateKey()) }

    /// Reads a PEM text; the error never quotes it (I10).
    package init(pem: String) throws(KeyError) {
        guard let bytes = PEM.blocks(pem, "PRIVATE KEY").first, bytes.count == Self.prefix.count + 32,
            bytes.starts(with: Self.prefix),
            let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: bytes.dropFirst(Self.prefix.count))
        else {
            throw KeyError(
                "the signing key is not an Ed25519 private key in PEM, as `headgate key generate` writes it")
        }
        self.init(key)
    }

    private init(_ key: Curve25519.Signing.PrivateKey) {
        self.key = key
        id = VerifyingKey(key.publicKey).id
    }

    /// The key itself, to be kept in a file that nobody else can read.
    package var secretPEM: String { PEM.text(Self.prefix + Array(key.rawRepresentation), "PRIVATE KEY") }

    package var verifyingKey: VerifyingKey { VerifyingKey(key.publicKey) }

    func sign(_ bytes: [UInt8]) throws(KeyError) -> [UInt8] {
        do {
            return Array(try key.signature(for: bytes))
        } catch {
            throw KeyError("signing failed")
        }
    }
}

extension SigningKey: CustomStringConvertible, CustomReflectable {
    package var description: String { "<secret>" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// The public half of an Ed25519 key.
package struct VerifyingKey: Sendable {
    private let key: Curve25519.Signing.PublicKey
    /// The SHA-256 of the SubjectPublicKeyInfo, in hex.
    package let id: String

    /// SubjectPublicKeyInfo of an Ed25519 key, up to its 32 bytes (RFC 8410).
    private static let prefix: [UInt8] = [
        0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00,
    ]

    init(_ key: Curve25519.Signing.PublicKey) {
        self.key = key
        id = Digest.of(Self.prefix + Array(key.rawRepresentation)).hex
    }

    /// All keys of a PEM text; at least one.
    package static func read(pem: String) throws(KeyError) -> [VerifyingKey] {
        var keys: [VerifyingKey] = []
        for bytes in PEM.blocks(pem, "PUBLIC KEY") {
            guard bytes.count == prefix.count + 32, bytes.starts(with: prefix),
                let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes.dropFirst(prefix.count))
            else { throw KeyError("a trusted key is not an Ed25519 public key in PEM") }
            keys.append(VerifyingKey(key))
        }
        guard !keys.isEmpty else { throw KeyError("there is no public key in PEM") }
        return keys
    }

    package var pem: String { PEM.text(Self.prefix + Array(key.rawRepresentation), "PUBLIC KEY") }

    func isValid(_ signature: [UInt8], for bytes: [UInt8]) -> Bool { key.isValidSignature(signature, for: bytes) }
}

/// Why a key cannot be used; never with a part of it.
package struct KeyError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// Textual encoding of keys (RFC 7468).
private enum PEM {
    static func text(_ bytes: [UInt8], _ label: String) -> String {
        "-----BEGIN \(label)-----\n\(Base64Text.encode(bytes))\n-----END \(label)-----\n"
    }

    /// The blocks with a label; what is not base64 is left out.
    static func blocks(_ text: String, _ label: String) -> [[UInt8]] {
        var blocks: [[UInt8]] = []
        var open: String?
        for line in text.split(whereSeparator: \.isNewline) {
            let line = line.filter { !$0.isWhitespace }
            if line == "-----BEGIN\(label.filter { !$0.isWhitespace })-----" {
                open = ""
            } else if line.hasPrefix("-----") {
                if let body = open, let bytes = Base64Text.decode(body) { blocks.append(bytes) }
                open = nil
            } else if let body = open {
                open = body + line
            }
        }
        return blocks
    }
}

/// Base64 of RFC 4648.
enum Base64Text {
    static func encode(_ bytes: some Collection<UInt8>) -> String { Data(bytes).base64EncodedString() }

    /// Reads the standard and the URL-safe alphabet; nil for anything else.
    static func decode(_ text: String) -> [UInt8]? {
        var standard = text.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 }
        while !standard.count.isMultiple(of: 4) { standard.append("=") }
        return Data(base64Encoded: String(standard)).map(Array.init)
    }
}
