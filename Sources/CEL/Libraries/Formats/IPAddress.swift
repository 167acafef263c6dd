/// An address of the Internet Protocol, version 4 or 6.
struct IPAddress: Sendable, Hashable {
    /// 4 or 6.
    let family: Int
    /// The address, right-aligned.
    let bits: UInt128

    /// Why a text is no address or no range.
    struct ParseError: Error, Sendable, Hashable {
        let message: String
    }

    init(family: Int, bits: UInt128) {
        self.family = family
        self.bits = bits
    }

    /// Reads an address.
    ///
    /// Zones, leading zeros in IPv4, and IPv4 written inside IPv6 (`::ffff:192.0.2.1`) are refused. The same written in
    /// hexadecimal (`::ffff:c000:201`) is the IPv4 address.
    init(_ text: String) throws(ParseError) {
        let bytes = Array(text.utf8)
        guard !bytes.contains(UInt8(ascii: "%")) else {
            throw ParseError(message: "IP address '\(text)' with zone value is not allowed")
        }
        let isVersion6 = bytes.contains(UInt8(ascii: ":"))
        if isVersion6, bytes.contains(UInt8(ascii: ".")) {
            throw ParseError(message: "IPv4-mapped IPv6 address '\(text)' is not allowed")
        }
        guard let bits = isVersion6 ? Self.version6(bytes[...]) : Self.version4(bytes[...]) else {
            throw ParseError(message: "IP address '\(text)' parse error during conversion from string")
        }
        let isMapped = isVersion6 && bits >> 32 == 0xFFFF
        family = isVersion6 && !isMapped ? 6 : 4
        self.bits = isMapped ? bits & 0xFFFF_FFFF : bits
    }

    /// Whether a text is the one canonical form of its address (RFC 5952).
    static func isCanonical(_ text: String) throws(ParseError) -> Bool {
        try IPAddress(text).text.utf8.elementsEqual(text.utf8)
    }

    /// 32 or 128.
    var width: Int { family == 4 ? 32 : 128 }

    /// The canonical form (RFC 5952).
    var text: String {
        if family == 4 {
            return (0..<4).map { String(UInt8(truncatingIfNeeded: bits >> (24 - 8 * $0))) }.joined(separator: ".")
        }
        let groups = (0..<8).map { UInt16(truncatingIfNeeded: bits >> (112 - 16 * $0)) }
        let zeros = Self.longestZeros(groups)
        var text = ""
        var index = 0
        while index < 8 {
            if index == zeros.lowerBound, zeros.count > 1 {
                text += "::"
                index = zeros.upperBound
                continue
            }
            if !text.isEmpty, !text.utf8.elementsEqual("::".utf8), text.utf8.last != UInt8(ascii: ":") { text += ":" }
            text += String(groups[index], radix: 16)
            index += 1
        }
        return text
    }

    var isUnspecified: Bool { bits == 0 }

    /// 127.0.0.0/8 or ::1.
    var isLoopback: Bool { family == 4 ? bits >> 24 == 127 : bits == 1 }

    /// 224.0.0.0/4 or ff00::/8.
    var isMulticast: Bool { family == 4 ? bits >> 28 == 0xE : bits >> 120 == 0xFF }

    /// 224.0.0.0/24, or IPv6 multicast of the link's scope.
    var isLinkLocalMulticast: Bool { family == 4 ? bits >> 8 == 0xE0_0000 : bits >> 112 & 0xFF0F == 0xFF02 }

    /// 169.254.0.0/16 or fe80::/10.
    var isLinkLocalUnicast: Bool { family == 4 ? bits >> 16 == 0xA9FE : bits >> 118 == 0x3FA }

    /// Neither unspecified, broadcast, loopback, multicast nor local to the link; private networks do count.
    var isGlobalUnicast: Bool {
        !(isUnspecified || isLoopback || isMulticast || isLinkLocalUnicast || (family == 4 && bits == 0xFFFF_FFFF))
    }

    private static func longestZeros(_ groups: [UInt16]) -> Range<Int> {
        var longest = 0..<0
        var start = 0
        for (index, group) in groups.enumerated() {
            if group != 0 {
                start = index + 1
            } else if index + 1 - start > longest.count {
                longest = start..<index + 1
            }
        }
        return longest
    }

    private static func version4(_ bytes: ArraySlice<UInt8>) -> UInt128? {
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bits: UInt128 = 0
        for part in parts {
            guard (1...3).contains(part.count), part.count == 1 || part.first != UInt8(ascii: "0"),
                part.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains)
            else { return nil }
            let octet = part.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
            guard octet <= 255 else { return nil }
            bits = bits << 8 | UInt128(octet)
        }
        return bits
    }

    private static func version6(_ bytes: ArraySlice<UInt8>) -> UInt128? {
        let colon = UInt8(ascii: ":")
        guard let gap = bytes.indices.dropLast().first(where: { bytes[$0] == colon && bytes[$0 + 1] == colon }) else {
            guard let groups = groups(bytes), groups.count == 8 else { return nil }
            return groups.reduce(0) { $0 << 16 | UInt128($1) }
        }
        guard let head = groups(bytes[..<gap]), let tail = groups(bytes[(gap + 2)...]), head.count + tail.count <= 7
        else { return nil }
        let high = head.reduce(UInt128(0)) { $0 << 16 | UInt128($1) }
        let low = tail.reduce(UInt128(0)) { $0 << 16 | UInt128($1) }
        // Shifting by the full width gives zero, which is right for an empty head.
        return high << UInt128(16 * (8 - head.count)) | low
    }

    private static func groups(_ bytes: ArraySlice<UInt8>) -> [UInt16]? {
        guard !bytes.isEmpty else { return [] }
        var groups: [UInt16] = []
        for part in bytes.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false) {
            guard (1...4).contains(part.count), part.allSatisfy(isHexDigit),
                let group = UInt16(String(decoding: part, as: UTF8.self), radix: 16)
            else { return nil }
            groups.append(group)
        }
        return groups
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
    }
}
