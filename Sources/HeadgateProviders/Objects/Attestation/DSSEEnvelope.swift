import FoundationEssentials
import HeadgateCore

/// A signed text of a given type.
///
/// https://github.com/secure-systems-lab/dsse/blob/master/envelope.md
struct DSSEEnvelope: Codable, Sendable {
    struct Signature: Codable, Sendable {
        var keyid: String?
        let sig: String
    }

    static let inTotoType = "application/vnd.in-toto+json"

    let payload: String
    let payloadType: String
    let signatures: [Signature]

    /// Signs a body.
    init(_ body: [UInt8], type: String, by key: SigningKey) throws(KeyError) {
        payload = Base64Text.encode(body)
        payloadType = type
        let signature = try key.sign(Self.encoding(of: body, type: type))
        signatures = [Signature(keyid: key.id, sig: Base64Text.encode(signature))]
    }

    /// The body and who signed it, when one of the trusted keys did; nil for anything else.
    ///
    /// A key's id is a hint only: what counts is whose key verifies.
    func verified(by trusted: [VerifyingKey]) -> (body: [UInt8], signer: String)? {
        guard payloadType == Self.inTotoType, signatures.count <= 32, let body = Base64Text.decode(payload) else {
            return nil
        }
        let signed = Self.encoding(of: body, type: payloadType)
        for signature in signatures {
            guard let bytes = Base64Text.decode(signature.sig) else { continue }
            if let key = trusted.first(where: { $0.isValid(bytes, for: signed) }) { return (body, key.id) }
        }
        return nil
    }

    /// The pre-authentication encoding: what is signed.
    static func encoding(of body: [UInt8], type: String) -> [UInt8] {
        Array("DSSEv1 \(type.utf8.count) \(type) \(body.count) ".utf8) + body
    }
}
