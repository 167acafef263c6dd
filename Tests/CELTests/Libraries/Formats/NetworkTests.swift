import Testing

@testable import CEL

@Suite struct NetworkTests {
    @Test(arguments: [
        ("192.168.0.1", "192.168.0.1", 4), ("0.0.0.0", "0.0.0.0", 4), ("::", "::", 6), ("::1", "::1", 6),
        ("1::", "1::", 6),
        ("2001:DB8::68", "2001:db8::68", 6), ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1", 6),
        ("1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7", 6),
        ("1:0:0:2:0:0:0:3", "1:0:0:2::3", 6), ("0:0:0:0:0:0:0:1", "::1", 6), ("fe80:0000::00ab", "fe80::ab", 6),
        ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0", 6), ("::ffff:c0a8:1", "192.168.0.1", 4),
    ])
    func `addresses are read and written in their canonical form`(_ text: String, _ canonical: String, _ family: Int)
        throws
    {
        let address = try IPAddress(text)
        #expect(address.text == canonical)
        #expect(address.family == family)
        #expect(try IPAddress.isCanonical(text) == (text == canonical))
        #expect(try IPAddress(canonical) == address)
    }

    @Test(arguments: [
        "", "192.168.0.1.0", "192.168.0", "192.168.0.256", "192.168.00.1", "192.168.0.01", "1.2.3.", ".1.2.3",
        "1.2.3.4 ", "2001:db8:::68",
        ":::", ":", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "g::", "fe80::1%en0",
        "::ffff:192.168.0.1", "::1.2.3.4",
        "1:2:3:4:5:6:7:8::", ":1:2:3:4:5:6:7", "1:", "+1::", "[::1]", "1.2.3.-4", "١.2.3.4",
    ])
    func `what is no address is refused`(_ text: String) {
        #expect(throws: IPAddress.ParseError.self) { try IPAddress(text) }
        #expect(throws: IPAddress.ParseError.self) { try IPAddress.isCanonical(text) }
    }

    @Test(arguments: [
        ("0.0.0.0", "unspecified"), ("::", "unspecified"), ("127.0.0.1", "loopback"), ("127.255.0.1", "loopback"),
        ("::1", "loopback"),
        ("224.0.0.1", "multicast linkMulticast"), ("224.0.1.1", "multicast"), ("ff02::1", "multicast linkMulticast"),
        ("ff05::1", "multicast"), ("169.254.169.254", "linkUnicast"), ("fe80::1", "linkUnicast"), ("fd80::1", "global"),
        ("192.168.0.1", "global"), ("1.2.3.4", "global"), ("2001:db8::abcd", "global"), ("255.255.255.255", ""),
        ("ff00::1", "multicast"),
        ("febf::1", "linkUnicast"), ("fec0::1", "global"), ("239.1.1.1", "multicast"),
    ])
    func `addresses know what they are for`(_ text: String, _ kinds: String) throws {
        let address = try IPAddress(text)
        var found: [String] = []
        if address.isUnspecified { found.append("unspecified") }
        if address.isLoopback { found.append("loopback") }
        if address.isMulticast { found.append("multicast") }
        if address.isLinkLocalMulticast { found.append("linkMulticast") }
        if address.isLinkLocalUnicast { found.append("linkUnicast") }
        if address.isGlobalUnicast { found.append("global") }
        #expect(found.joined(separator: " ") == kinds)
    }

    @Test(arguments: [
        ("192.168.0.1/24", "192.168.0.1/24", "192.168.0.0/24"), ("10.0.0.0/8", "10.0.0.0/8", "10.0.0.0/8"),
        ("1.2.3.4/32", "1.2.3.4/32", "1.2.3.4/32"), ("1.2.3.4/0", "1.2.3.4/0", "0.0.0.0/0"),
        ("2001:DB8::1/32", "2001:db8::1/32", "2001:db8::/32"),
        ("::1/128", "::1/128", "::1/128"), ("ffff::/0", "ffff::/0", "::/0"),
        ("::ffff:c0a8:101/120", "192.168.1.1/24", "192.168.1.0/24"),
    ])
    func `ranges are read, written and masked`(_ text: String, _ written: String, _ masked: String) throws {
        let range = try CIDR(text)
        #expect(range.text == written)
        #expect(range.masked.text == masked)
        #expect(try CIDR(written) == range)
    }

    @Test(arguments: [
        "", "/", "192.168.0.0/", "192.168.0.0", "192.168.0.0/33", "::/129", "1.2.3.4/-1", "1.2.3.4/+1", "1.2.3.4/08",
        "1.2.3.4/8/8", "fe80::1%en0/24",
        "::ffff:192.168.0.1/24", "1.2.3/8", "::ffff:c0a8:1/24", "1.2.3.4/ 8", "1.2.3.4/9999999999999999999999",
    ])
    func `what is no range is refused`(_ text: String) {
        #expect(throws: IPAddress.ParseError.self) { try CIDR(text) }
    }

    @Test(arguments: [
        ("192.168.0.0/24", "192.168.0.1", true), ("192.168.0.0/24", "192.168.1.1", false),
        ("192.168.0.9/24", "192.168.0.1", true),
        ("2001:db8::/32", "2001:db8::1", true), ("2001:db8::/32", "192.168.1.1", false),
        ("192.168.1.1/32", "2001:db8::1", false),
        ("0.0.0.0/0", "255.1.2.3", true), ("::/0", "1.2.3.4", false), ("::/0", "ffff::", true),
        ("1.2.3.4/32", "1.2.3.4", true),
    ])
    func `ranges contain addresses of their family`(_ range: String, _ address: String, _ expected: Bool) throws {
        #expect(try CIDR(range).contains(IPAddress(address)) == expected)
    }

    @Test(arguments: [
        ("192.168.0.0/24", "192.168.0.0/25", true), ("192.168.0.0/24", "192.168.0.1/32", true),
        ("192.168.0.0/24", "192.168.0.0/23", false),
        ("10.0.0.0/8", "10.0.0.0/8", true), ("2001:db8::/32", "2001:db8::/33", true),
        ("10.0.0.0/8", "11.0.0.0/9", false),
        ("0.0.0.0/0", "::/1", false),
    ])
    func `ranges contain ranges`(_ outer: String, _ inner: String, _ expected: Bool) throws {
        #expect(try CIDR(outer).contains(CIDR(inner)) == expected)
    }
}
