import Testing

@testable import CEL

@Suite struct Base64Tests {
    // RFC 4648, section 10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
        ("Hello World!", "SGVsbG8gV29ybGQh"),
    ])
    func `the vectors of the standard hold both ways`(_ text: String, _ encoded: String) {
        #expect(Base64.encode(Array(text.utf8)) == encoded)
        #expect(Base64.decode(encoded) == Array(text.utf8))
        #expect(Base64.decode(String(encoded.prefix { $0 != "=" })) == Array(text.utf8))
    }

    @Test func `every byte survives`() {
        for count in 0..<70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ count) }
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
        }
        #expect(Base64.decode("Zm\r\n9v\n") == Array("foo".utf8))
        #expect(Base64.encode([0xFB, 0xFF]) == "+/8=")
    }

    @Test(arguments: ["Z", "Zg=", "Zg===", "Z===", "=", "Zg==Zg==", "Zm9v=", "Zm-v", "Zm_v", "Zm 9v", "Zm9é"])
    func `what is not base 64 is refused`(_ text: String) {
        #expect(Base64.decode(text) == nil)
    }
}
