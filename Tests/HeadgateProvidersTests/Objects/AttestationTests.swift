import HeadgateCore
import Testing

@testable import HeadgateProviders

@Suite struct AttestationTests {
    @Test func `what is signed is encoded as the specification's example`() {
        let encoded = DSSEEnvelope.encoding(of: Array("hello world".utf8), type: "http://example.com/HelloWorld")
        #expect(String(decoding: encoded, as: UTF8.self) == "DSSEv1 29 http://example.com/HelloWorld 11 hello world")
    }

    @Test func `lengths are those of bytes`() {
        let encoded = DSSEEnvelope.encoding(of: Array("ü".utf8), type: "ä")
        #expect(String(decoding: encoded, as: UTF8.self) == "DSSEv1 2 ä 2 ü")
    }

    @Test func `only a trusted key's signature of the same bytes counts`() throws {
        let key = SigningKey()
        let body = Array("statement".utf8)
        let envelope = try DSSEEnvelope(body, type: DSSEEnvelope.inTotoType, by: key)
        #expect(envelope.verified(by: [SigningKey().verifyingKey, key.verifyingKey])?.body == body)
        #expect(envelope.verified(by: [key.verifyingKey])?.signer == key.id)
        #expect(envelope.verified(by: [SigningKey().verifyingKey]) == nil)
        #expect(envelope.verified(by: []) == nil)
        let other = try DSSEEnvelope(Array("other".utf8), type: DSSEEnvelope.inTotoType, by: key)
        let mixed = DSSEEnvelopeParts(
            payload: other.payload, payloadType: envelope.payloadType, signatures: envelope.signatures)
        #expect(try mixed.envelope.verified(by: [key.verifyingKey]) == nil)
        // The type is signed too.
        let retyped = DSSEEnvelopeParts(
            payload: envelope.payload, payloadType: "text/plain", signatures: envelope.signatures)
        #expect(try retyped.envelope.verified(by: [key.verifyingKey]) == nil)
    }

    private struct DSSEEnvelopeParts: Codable {
        let payload: String
        let payloadType: String
        let signatures: [DSSEEnvelope.Signature]

        var envelope: DSSEEnvelope {
            get throws { try JSONFile.decode(DSSEEnvelope.self, JSONFile.bytes(self)) }
        }
    }

    @Test func `keys are read as OpenSSL writes them`() throws {
        // RFC 8410, section 10.3 and 10.1.
        let secret = """
            -----BEGIN PRIVATE KEY-----
            MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
            -----END PRIVATE KEY-----
            """
        let open = """
            -----BEGIN PUBLIC KEY-----
            MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
            -----END PUBLIC KEY-----
            """
        let key = try SigningKey(pem: secret)
        #expect(try VerifyingKey.read(pem: open).map(\.id) == [key.id])
        #expect(try SigningKey(pem: key.secretPEM).id == key.id)
    }

    @Test(arguments: ["", "hunter2", "-----BEGIN PRIVATE KEY-----\naHVudGVyMg==\n-----END PRIVATE KEY-----"])
    func `an error about a key never quotes it`(_ text: String) {
        let error = #expect(throws: KeyError.self) { try SigningKey(pem: text) }
        #expect(error?.description.contains("hunter2") == false)
        #expect(error?.description.contains("aHVudGVyMg") == false)
        #expect("\(SigningKey())" == "<secret>")
    }
}
