import NIOCore

/// Reads the header lines of a head and what they say about its framing.
struct FieldsReader {
    let isRequest: Bool
    private var hosts = 0
    private var hasTransferEncoding = false
    private var connectionNames: [Range<Int>] = []

    init(isRequest: Bool) { self.isRequest = isRequest }

    private var badStatus: Int { isRequest ? 400 : 502 }

    mutating func read(
        _ raw: UnsafeRawBufferPointer, lineEnds: [Int], into head: inout MessageHead
    ) throws(HTTPProblem) {
        head.fields.reserveCapacity(lineEnds.count - 2)
        for line in 1..<(lineEnds.count - 1) {
            var field = try field(raw, lineEnds[line - 1], lineEnds[line] - 2)
            if field.kind != .other { try note(&field, raw, &head) }
            head.fields.append(field)
        }
        for name in connectionNames { drop(name, raw, &head) }
        guard !isRequest else { return try checkRequest(&head) }
        if hasTransferEncoding { head.contentLength = nil }
    }

    private func field(_ raw: UnsafeRawBufferPointer, _ start: Int, _ end: Int) throws(HTTPProblem) -> HeaderField {
        var colon = start
        while colon < end, isToken(raw[colon]) { colon += 1 }
        guard colon > start, colon < end, raw[colon] == UInt8(ascii: ":") else {
            throw HTTPProblem(badStatus, "a header line has no valid name")
        }
        for index in (colon + 1)..<end where raw[index] < 0x20 && raw[index] != 0x09 || raw[index] == 0x7f {
            throw HTTPProblem(badStatus, "a header's value holds a control character")
        }
        var valueStart = colon + 1
        var valueEnd = end
        while valueStart < valueEnd, raw[valueStart] == 0x20 || raw[valueStart] == 0x09 { valueStart += 1 }
        while valueEnd > valueStart, raw[valueEnd - 1] == 0x20 || raw[valueEnd - 1] == 0x09 { valueEnd -= 1 }
        return HeaderField(
            start: Int32(start), nameEnd: Int32(colon), valueStart: Int32(valueStart), valueEnd: Int32(valueEnd),
            end: Int32(end + 2), kind: HeaderKind.of(UnsafeRawBufferPointer(rebasing: raw[start..<colon])))
    }

    private mutating func note(
        _ field: inout HeaderField, _ raw: UnsafeRawBufferPointer, _ head: inout MessageHead
    ) throws(HTTPProblem) {
        let value = UnsafeRawBufferPointer(rebasing: raw[field.value])
        switch field.kind {
        case .other, .hopByHop, .forwardedPrefix, .headgateVersion: break
        case .forwardedFor: head.hasForwardedFor = true
        case .forwardedProto: head.hasForwardedProto = true
        case .host: hosts += 1
        case .expect:
            guard HeaderKind.equal(value, "100-continue") else {
                throw HTTPProblem(417, "only 100-continue can be expected")
            }
            head.expectsContinue = true
        case .connection: noteConnection(raw, field.value, &head)
        case .contentLength: try noteLength(value, &field, &head)
        case .transferEncoding:
            guard !hasTransferEncoding, HeaderKind.equal(value, "chunked") else {
                throw HTTPProblem(isRequest ? 501 : 502, "the only transfer encoding is a single chunked")
            }
            hasTransferEncoding = true
            head.isChunked = true
        }
    }

    private func noteLength(
        _ value: UnsafeRawBufferPointer, _ field: inout HeaderField, _ head: inout MessageHead
    ) throws(HTTPProblem) {
        guard (1...18).contains(value.count), value.allSatisfy({ $0 &- 0x30 < 10 }) else {
            throw HTTPProblem(badStatus, "Content-Length is not a number")
        }
        let length = value.reduce(0) { $0 * 10 + Int($1 &- 0x30) }
        if let earlier = head.contentLength {
            guard !isRequest, earlier == length else { throw HTTPProblem(badStatus, "Content-Length stands twice") }
            field.kind = .hopByHop
        }
        head.contentLength = length
    }

    private mutating func noteConnection(
        _ raw: UnsafeRawBufferPointer, _ value: Range<Int>, _ head: inout MessageHead
    ) {
        for part in raw[value].split(separator: UInt8(ascii: ",")) {
            var range = part.startIndex..<part.endIndex
            while let first = range.first, raw[first] == 0x20 || raw[first] == 0x09 {
                range = (range.lowerBound + 1)..<range.upperBound
            }
            while let last = range.last, raw[last] == 0x20 || raw[last] == 0x09 {
                range = range.lowerBound..<(range.upperBound - 1)
            }
            let name = UnsafeRawBufferPointer(rebasing: raw[range])
            if HeaderKind.equal(name, "close") {
                head.saysClose = true
            } else if HeaderKind.equal(name, "keep-alive") {
                head.saysKeepAlive = true
            } else if !name.isEmpty, connectionNames.count < 16 {
                connectionNames.append(range)
            }
        }
    }

    // Fields that the router itself reads keep their meaning: naming Content-Length here must not unframe a message.
    private func drop(_ name: Range<Int>, _ raw: UnsafeRawBufferPointer, _ head: inout MessageHead) {
        for index in head.fields.indices where head.fields[index].kind == .other {
            let field = head.fields[index]
            guard field.name.count == name.count else { continue }
            if raw[field.name].lazy.map(lowered).elementsEqual(raw[name].lazy.map(lowered)) {
                head.fields[index].kind = .hopByHop
            }
        }
    }

    private func checkRequest(_ head: inout MessageHead) throws(HTTPProblem) {
        if hasTransferEncoding {
            guard head.minorVersion == 1 else {
                throw HTTPProblem(400, "an HTTP/1.0 request has no transfer encoding")
            }
            guard head.contentLength == nil else {
                throw HTTPProblem(400, "the request has both Content-Length and Transfer-Encoding")
            }
        }
        guard hosts == 1 || hosts == 0 && head.minorVersion == 0 else {
            throw HTTPProblem(400, "the request has \(hosts) Host fields where one is due")
        }
    }
}
