/// A range of addresses: an address, whose bits are all kept, and the length of its network's prefix.
struct CIDR: Sendable, Hashable {
    let address: IPAddress
    let prefixLength: Int

    /// Reads a range such as `192.168.0.0/24` or `2001:db8::/32`, with the strictness of ``IPAddress``.
    init(_ text: String) throws(IPAddress.ParseError) {
        let invalid = IPAddress.ParseError(
            message: "network address '\(text)' parse error during conversion from string"
        )
        guard let slash = text.utf8.lastIndex(of: UInt8(ascii: "/")) else { throw invalid }
        let host = text[..<slash]
        guard !host.utf8.contains(UInt8(ascii: "%")) else {
            throw IPAddress.ParseError(message: "CIDR '\(text)' with zone value is not allowed")
        }
        let address = try IPAddress(String(host))
        let digits = text[text.utf8.index(after: slash)...].utf8
        guard (1...3).contains(digits.count), digits.count == 1 || digits.first != UInt8(ascii: "0"),
            digits.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains)
        else { throw invalid }
        var length = digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        // An IPv4 address in IPv6 notation counts its prefix in IPv6 bits.
        if address.family == 4, host.utf8.contains(UInt8(ascii: ":")) { length -= 96 }
        guard (0...address.width).contains(length) else { throw invalid }
        self.init(address: address, prefixLength: length)
    }

    private init(address: IPAddress, prefixLength: Int) {
        self.address = address
        self.prefixLength = prefixLength
    }

    var text: String { "\(address.text)/\(prefixLength)" }

    /// The range with the bits past the prefix cleared.
    var masked: CIDR {
        let bits = (address.bits >> hostBits) << hostBits
        return CIDR(address: IPAddress(family: address.family, bits: bits), prefixLength: prefixLength)
    }

    /// Whether an address of the same family lies in the range.
    func contains(_ other: IPAddress) -> Bool {
        other.family == address.family && (other.bits ^ address.bits) >> hostBits == 0
    }

    /// Whether all of another range lies in this one.
    func contains(_ other: CIDR) -> Bool {
        prefixLength <= other.prefixLength && contains(other.address)
    }

    private var hostBits: UInt128 { UInt128(address.width - prefixLength) }
}
