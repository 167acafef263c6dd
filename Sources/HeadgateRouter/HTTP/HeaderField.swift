/// One header line of a parsed head: offsets from the head's first byte.
struct HeaderField {
    var start: Int32
    var nameEnd: Int32
    var valueStart: Int32
    var valueEnd: Int32
    /// Past the line's CR LF.
    var end: Int32
    var kind: HeaderKind

    var name: Range<Int> { Int(start)..<Int(nameEnd) }
    var value: Range<Int> { Int(valueStart)..<Int(valueEnd) }
}

/// The header fields that a router must know.
enum HeaderKind: UInt8 {
    case other
    case connection, contentLength, transferEncoding, host, expect
    /// Concerns one connection only, by RFC 9110 section 7.6.1, or is named by `Connection`.
    case hopByHop
    case forwardedFor, forwardedProto, forwardedPrefix
    case headgateVersion

    /// Knows a field by its name, in any case.
    static func of(_ name: UnsafeRawBufferPointer) -> HeaderKind {
        switch name.count {
        case 2: equal(name, "te") ? .hopByHop : .other
        case 4: equal(name, "host") ? .host : .other
        case 6: equal(name, "expect") ? .expect : .other
        case 7: equal(name, "upgrade") || equal(name, "trailer") ? .hopByHop : .other
        case 10: equal(name, "connection") ? .connection : equal(name, "keep-alive") ? .hopByHop : .other
        case 14: equal(name, "content-length") ? .contentLength : .other
        case 15: equal(name, "x-forwarded-for") ? .forwardedFor : .other
        case 16: equal(name, "proxy-connection") ? .hopByHop : .other
        case 17:
            equal(name, "transfer-encoding")
                ? .transferEncoding : equal(name, "x-forwarded-proto") ? .forwardedProto : .other
        case 18:
            equal(name, "x-headgate-version")
                ? .headgateVersion
                : equal(name, "x-forwarded-prefix")
                    ? .forwardedPrefix : equal(name, "proxy-authenticate") ? .hopByHop : .other
        case 19: equal(name, "proxy-authorization") ? .hopByHop : .other
        default: .other
        }
    }

    /// Compares without regard to ASCII case; the second is in lower case.
    static func equal(_ bytes: UnsafeRawBufferPointer, _ lowercase: StaticString) -> Bool {
        guard bytes.count == lowercase.utf8CodeUnitCount else { return false }
        let other = UnsafeRawBufferPointer(start: lowercase.utf8Start, count: bytes.count)
        for index in 0..<bytes.count where lowered(bytes[index]) != other[index] { return false }
        return true
    }
}

/// An ASCII letter in lower case; any other byte as it is.
@inline(__always)
func lowered(_ byte: UInt8) -> UInt8 {
    byte &- 0x41 < 26 ? byte | 0x20 : byte
}
