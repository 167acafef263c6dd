import NIOCore

/// What a request's head becomes on its way to a model server.
struct ForwardedRequest {
    /// Bytes at the start of the path that are not passed on.
    var strippedPrefix: Int
    /// Put before the rest of the path.
    var addedPrefix: [UInt8]
    var clientAddress: [UInt8]
    var keepsExpect: Bool
}

/// What an answer's head becomes on its way to the client.
struct ForwardedResponse {
    var isChunked: Bool
    /// `Connection: close`, or `keep-alive` for a client of HTTP/1.0, or nothing.
    var connection: StaticString?
    /// The whole line that names the version.
    var versionLine: [UInt8]
}

extension ByteBuffer {
    /// Writes a request's head without what concerns the client's connection only.
    mutating func writeRequest(_ head: MessageHead, _ forwarded: ForwardedRequest) {
        let line = head.request
        head.bytes.withUnsafeReadableBytes { raw in
            writeBytes(raw[line.method])
            writeInteger(0x20 as UInt8)
            writeBytes(forwarded.addedPrefix)
            let rest = (line.path.lowerBound + forwarded.strippedPrefix)..<line.targetEnd
            if rest.isEmpty || raw[rest.lowerBound] != UInt8(ascii: "/") { writeInteger(UInt8(ascii: "/")) }
            writeBytes(raw[rest])
            writeStaticString(" HTTP/1.1\r\n")
            if let authority = line.authority {
                writeStaticString("host: ")
                writeBytes(raw[authority])
                writeStaticString("\r\n")
            }
            writeFields(of: head, raw) { kind in
                switch kind {
                case .other, .contentLength, .headgateVersion: true
                case .host: line.authority == nil
                case .expect: forwarded.keepsExpect
                case .forwardedProto: true
                case .connection, .transferEncoding, .hopByHop, .forwardedFor, .forwardedPrefix: false
                }
            }
            writeForwarded(head, raw, forwarded)
        }
        writeStaticString(head.isChunked ? "transfer-encoding: chunked\r\n\r\n" : "\r\n")
    }

    /// Writes an answer's head without what concerns the server's connection only.
    mutating func writeResponse(_ head: MessageHead, _ forwarded: ForwardedResponse) {
        head.bytes.withUnsafeReadableBytes { raw in
            writeStatusLine(of: head, raw)
            writeFields(of: head, raw) { kind in
                switch kind {
                case .other, .host, .expect, .forwardedFor, .forwardedProto, .forwardedPrefix: true
                case .contentLength: !forwarded.isChunked
                case .connection, .transferEncoding, .hopByHop, .headgateVersion: false
                }
            }
        }
        if forwarded.isChunked { writeStaticString("transfer-encoding: chunked\r\n") }
        if let connection = forwarded.connection { writeStaticString(connection) }
        writeBytes(forwarded.versionLine)
        writeStaticString("\r\n")
    }

    /// Writes a 1xx answer.
    mutating func writeInterim(_ head: MessageHead) {
        head.bytes.withUnsafeReadableBytes { raw in
            writeStatusLine(of: head, raw)
            writeFields(of: head, raw) { $0 == .other }
        }
        writeStaticString("\r\n")
    }

    /// Writes an answer of the router's own.
    mutating func writeProblem(_ problem: HTTPProblem, closes: Bool, toHead: Bool) {
        let body = "{\"error\":\"\(problem.reason.filter { $0 != "\"" && $0 != "\\" })\"}\n"
        let retry = problem.status == 503 ? "retry-after: 1\r\n" : ""
        writeString("HTTP/1.1 \(problem.status) \(Self.reason(of: problem.status))\r\n")
        writeString("content-type: application/json\r\ncontent-length: \(body.utf8.count)\r\n\(retry)")
        writeString(closes ? "connection: close\r\n\r\n" : "\r\n")
        if !toHead { writeString(body) }
    }

    private mutating func writeStatusLine(of head: MessageHead, _ raw: UnsafeRawBufferPointer) {
        guard case .response(_, let reason) = head.startLine else { return }
        writeStaticString("HTTP/1.1 ")
        writeBytes(raw[9..<12])
        writeInteger(0x20 as UInt8)
        writeBytes(raw[reason])
        writeStaticString("\r\n")
    }

    /// Copies the lines that are kept, neighbours at once.
    private mutating func writeFields(
        of head: MessageHead, _ raw: UnsafeRawBufferPointer, where isKept: (HeaderKind) -> Bool
    ) {
        var run: Range<Int>?
        for field in head.fields {
            if isKept(field.kind) {
                run = (run?.lowerBound ?? Int(field.start))..<Int(field.end)
            } else if let range = run {
                writeBytes(UnsafeRawBufferPointer(rebasing: raw[range]))
                run = nil
            }
        }
        if let range = run { writeBytes(UnsafeRawBufferPointer(rebasing: raw[range])) }
    }

    private mutating func writeForwarded(
        _ head: MessageHead, _ raw: UnsafeRawBufferPointer, _ forwarded: ForwardedRequest
    ) {
        writeStaticString("x-forwarded-for: ")
        if head.hasForwardedFor {
            for field in head.fields where field.kind == .forwardedFor {
                writeBytes(raw[field.value])
                writeStaticString(", ")
            }
        }
        writeBytes(forwarded.clientAddress)
        if !head.hasForwardedProto { writeStaticString("\r\nx-forwarded-proto: http") }
        writeStaticString("\r\nx-forwarded-prefix: ")
        let path = head.request.path.lowerBound
        writeBytes(raw[path..<(path + forwarded.strippedPrefix)])
        writeStaticString("\r\n")
    }

    private static func reason(of status: Int) -> String {
        switch status {
        case 400: "Bad Request"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 414: "URI Too Long"
        case 417: "Expectation Failed"
        case 431: "Request Header Fields Too Large"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        default: "Error"
        }
    }
}
