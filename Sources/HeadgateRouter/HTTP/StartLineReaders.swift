import NIOCore

/// Reads `METHOD target HTTP/1.x`.
enum RequestLineReader {
    static func read(
        _ raw: UnsafeRawBufferPointer, end: Int, bytes: ByteBuffer, limits: HeadReader.Limits
    ) throws(HTTPProblem) -> MessageHead {
        var methodEnd = 0
        while methodEnd < end, isToken(raw[methodEnd]) { methodEnd += 1 }
        guard methodEnd > 0, methodEnd <= 32, methodEnd < end, raw[methodEnd] == 0x20 else {
            throw HTTPProblem(400, "the request line has no method")
        }
        let targetStart = methodEnd + 1
        var targetEnd = targetStart
        while targetEnd < end, raw[targetEnd] > 0x20, raw[targetEnd] != 0x7f { targetEnd += 1 }
        guard targetEnd > targetStart, targetEnd < end, raw[targetEnd] == 0x20 else {
            throw HTTPProblem(400, "the request line has no target")
        }
        guard targetEnd - targetStart <= limits.target else {
            throw HTTPProblem(414, "the target has more than \(limits.target) bytes")
        }
        let minorVersion = try version(UnsafeRawBufferPointer(rebasing: raw[(targetEnd + 1)..<end]))
        var line = MessageHead.RequestLine(
            method: 0..<methodEnd, path: targetStart..<targetStart, targetEnd: targetEnd, authority: nil,
            isHead: HeaderKind.equal(UnsafeRawBufferPointer(rebasing: raw[0..<methodEnd]), "head"))
        try target(raw, targetStart, targetEnd, into: &line)
        return MessageHead(bytes: bytes, startLine: .request(line), minorVersion: minorVersion)
    }

    private static func version(_ text: UnsafeRawBufferPointer) throws(HTTPProblem) -> Int {
        if text.elementsEqual("HTTP/1.1".utf8) { return 1 }
        if text.elementsEqual("HTTP/1.0".utf8) { return 0 }
        let isHTTP = text.count == 8 && text.starts(with: "HTTP/".utf8) && text[6] == UInt8(ascii: ".")
        throw isHTTP
            ? HTTPProblem(505, "only HTTP/1.0 and HTTP/1.1 are spoken here")
            : HTTPProblem(400, "the request line has no version")
    }

    private static func target(
        _ raw: UnsafeRawBufferPointer, _ start: Int, _ end: Int, into line: inout MessageHead.RequestLine
    ) throws(HTTPProblem) {
        var pathStart = start
        if raw[start] != UInt8(ascii: "/") {
            if end - start == 1, raw[start] == UInt8(ascii: "*") { return }
            let scheme = UnsafeRawBufferPointer(rebasing: raw[start..<min(start + 7, end)])
            guard HeaderKind.equal(scheme, "http://") else {
                throw HTTPProblem(400, "the target is neither a path nor an http address")
            }
            let authority = start + 7
            pathStart = authority
            while pathStart < end, raw[pathStart] != UInt8(ascii: "/"), raw[pathStart] != UInt8(ascii: "?") {
                pathStart += 1
            }
            guard pathStart > authority else { throw HTTPProblem(400, "the target has no host") }
            line.authority = authority..<pathStart
        }
        var pathEnd = pathStart
        while pathEnd < end, raw[pathEnd] != UInt8(ascii: "?"), raw[pathEnd] != UInt8(ascii: "#") { pathEnd += 1 }
        guard !hasDotSegment(raw[pathStart..<pathEnd]) else {
            throw HTTPProblem(400, "the path has a dot segment")
        }
        line.path = pathStart..<pathEnd
    }

    // A server behind the router could resolve these to a path outside of the prefix that was matched.
    private static func hasDotSegment(_ path: Slice<UnsafeRawBufferPointer>) -> Bool {
        var dots = 0
        var onlyDots = true
        var index = path.startIndex
        while index < path.endIndex {
            var byte = path[index]
            if byte == UInt8(ascii: "%"), index + 2 < path.endIndex,
                let decoded = decodedMark(path[index + 1], path[index + 2])
            {
                byte = decoded
                index += 2
            }
            if byte == UInt8(ascii: "/") || byte == UInt8(ascii: "\\") {
                if onlyDots, dots == 1 || dots == 2 { return true }
                dots = 0
                onlyDots = true
            } else if byte == UInt8(ascii: ".") {
                dots += 1
            } else {
                onlyDots = false
            }
            index += 1
        }
        return onlyDots && (dots == 1 || dots == 2)
    }

    /// The dot or slash that two hex digits stand for.
    private static func decodedMark(_ high: UInt8, _ low: UInt8) -> UInt8? {
        switch (high, lowered(low)) {
        case (UInt8(ascii: "2"), UInt8(ascii: "e")): UInt8(ascii: ".")
        case (UInt8(ascii: "2"), UInt8(ascii: "f")): UInt8(ascii: "/")
        case (UInt8(ascii: "5"), UInt8(ascii: "c")): UInt8(ascii: "\\")
        default: nil
        }
    }
}

/// Reads `HTTP/1.x status reason`.
enum StatusLineReader {
    static func read(
        _ raw: UnsafeRawBufferPointer, end: Int, bytes: ByteBuffer
    ) throws(HTTPProblem) -> MessageHead {
        let bad = HTTPProblem(502, "the answer's status line is not HTTP/1")
        guard end >= 12, raw[0..<7].elementsEqual("HTTP/1.".utf8), raw[8] == 0x20 else { throw bad }
        let minorVersion = Int(raw[7]) - 0x30
        guard minorVersion == 0 || minorVersion == 1 else { throw bad }
        var status = 0
        for index in 9..<12 {
            guard raw[index] &- 0x30 < 10 else { throw bad }
            status = status * 10 + Int(raw[index] &- 0x30)
        }
        guard (100...599).contains(status), end == 12 || raw[12] == 0x20 else { throw bad }
        for index in 12..<end where raw[index] < 0x20 && raw[index] != 0x09 || raw[index] == 0x7f { throw bad }
        return MessageHead(
            bytes: bytes, startLine: .response(status: status, reason: min(13, end)..<end), minorVersion: minorVersion)
    }
}

/// Whether a byte may stand in a method or a field's name, by RFC 9110 section 5.6.2.
@inline(__always)
func isToken(_ byte: UInt8) -> Bool {
    // One bit a character: digits, letters and !#$%&'*+-.^_`|~
    if byte < 64 { return (0x03ff_6cfa_0000_0000 as UInt64) >> UInt64(byte) & 1 == 1 }
    if byte < 128 { return (0x57ff_ffff_c7ff_fffe as UInt64) >> UInt64(byte - 64) & 1 == 1 }
    return false
}
