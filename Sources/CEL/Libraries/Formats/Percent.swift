/// Percent-encoding (RFC 3986, section 2) as the parts of a URL use it.
enum Percent {
    /// Whether each percent sign has two hexadecimal digits.
    static func isWellFormed(_ text: some StringProtocol) -> Bool {
        decoded(text.utf8, plusIsSpace: false) != nil
    }

    /// A path as it stands where that is valid, else decoded and encoded again.
    static func normalizedPath(_ text: Substring) -> String {
        guard !text.utf8.allSatisfy({ mayStandInPath($0) || $0 == percent }) else { return String(text) }
        guard let bytes = decoded(text.utf8, plusIsSpace: false) else { return String(text) }
        var encoded: [UInt8] = []
        for byte in bytes {
            if isUnreserved(byte) || "$&+,/:;=@".utf8.contains(byte) {
                encoded.append(byte)
            } else {
                encoded.append(percent)
                encoded.append(contentsOf: NumberText.hex(CollectionOfOne(byte), uppercase: true).utf8)
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    /// A key or a value of a query, where a plus sign is a space; nil where an escape is malformed.
    static func decodedQuery(_ text: Substring) -> String? {
        decoded(text.utf8, plusIsSpace: true).map { String(decoding: $0, as: UTF8.self) }
    }

    /// A host, where only bytes that are not ASCII, and the percent sign of a zone, may be escaped; nil otherwise.
    static func decodedHost(_ text: Substring) -> String? {
        guard let bytes = decoded(text.utf8, plusIsSpace: false) else { return nil }
        let plain = text.utf8.filter { $0 < 0x80 && $0 != percent }.count
        let escapes = text.utf8.filter { $0 == percent }.count
        let kept = bytes.filter { $0 < 0x80 && $0 != percent }.count
        // Each escape of an ASCII character would give one more than two digits fewer.
        guard kept == plain - 2 * escapes else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    static func mayStandInUser(_ byte: UInt8) -> Bool {
        isUnreserved(byte) || "!$&'()*+,;=:%@".utf8.contains(byte)
    }

    static func mayStandInHost(_ byte: UInt8) -> Bool {
        byte >= 0x80 || isUnreserved(byte) || "!$&'()*+,;=:[]<>\"%".utf8.contains(byte)
    }

    private static let percent = UInt8(ascii: "%")

    private static func mayStandInPath(_ byte: UInt8) -> Bool {
        isUnreserved(byte) || "!$&'()*+,;=:@[]/".utf8.contains(byte)
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || "-._~".utf8.contains(byte)
    }

    private static func decoded(_ text: some Collection<UInt8>, plusIsSpace: Bool) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var iterator = text.makeIterator()
        while let byte = iterator.next() {
            if byte == percent {
                guard let high = iterator.next().flatMap(hexValue), let low = iterator.next().flatMap(hexValue)
                else { return nil }
                bytes.append(high << 4 | low)
            } else {
                bytes.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return bytes
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
