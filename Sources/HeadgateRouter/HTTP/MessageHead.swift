import NIOCore

/// A parsed head of a request or a response, with the bytes that it was read from.
struct MessageHead {
    /// Start line through the empty line.
    var bytes: ByteBuffer
    var fields: [HeaderField] = []
    var startLine: StartLine
    /// 1 for HTTP/1.1, 0 for HTTP/1.0.
    var minorVersion: Int
    var contentLength: Int?
    var isChunked = false
    var saysClose = false
    var saysKeepAlive = false
    var expectsContinue = false
    var hasForwardedFor = false
    var hasForwardedProto = false

    enum StartLine {
        case request(RequestLine)
        case response(status: Int, reason: Range<Int>)
    }

    /// Offsets from the head's first byte.
    struct RequestLine {
        var method: Range<Int>
        /// The path without the query; starts with `/`, or is empty for `*`.
        var path: Range<Int>
        /// Past the query.
        var targetEnd: Int
        /// The authority of an absolute target, which then stands for `Host`.
        var authority: Range<Int>?
        var isHead: Bool
    }

    var request: RequestLine {
        guard case .request(let line) = startLine else { preconditionFailure("a response has no request line") }
        return line
    }

    var status: Int {
        guard case .response(let status, _) = startLine else { preconditionFailure("a request has no status") }
        return status
    }

    /// Whether the sender keeps the connection open after this message.
    var keepsAlive: Bool { minorVersion == 1 ? !saysClose : saysKeepAlive && !saysClose }

    /// The value of the first field of a name, which is given in lower case.
    func value(of lowercaseName: [UInt8]) -> ByteBuffer? {
        let found = bytes.withUnsafeReadableBytes { raw -> Range<Int>? in
            for field in fields where Int(field.nameEnd - field.start) == lowercaseName.count {
                if raw[field.name].lazy.map(lowered).elementsEqual(lowercaseName) { return field.value }
            }
            return nil
        }
        return found.flatMap { bytes.getSlice(at: bytes.readerIndex + $0.lowerBound, length: $0.count) }
    }

    /// The value of a cookie; the first when it is sent twice.
    func cookie(_ name: [UInt8]) -> ByteBuffer? {
        let header = Array("cookie".utf8)
        let found = bytes.withUnsafeReadableBytes { raw -> Range<Int>? in
            for field in fields where Int(field.nameEnd - field.start) == header.count {
                guard raw[field.name].lazy.map(lowered).elementsEqual(header) else { continue }
                if let range = Self.cookie(name, in: raw, field.value) { return range }
            }
            return nil
        }
        return found.flatMap { bytes.getSlice(at: bytes.readerIndex + $0.lowerBound, length: $0.count) }
    }

    private static func cookie(
        _ name: [UInt8], in raw: UnsafeRawBufferPointer, _ value: Range<Int>
    ) -> Range<Int>? {
        for pair in raw[value].split(separator: UInt8(ascii: ";")) {
            let pair = pair.drop { $0 == UInt8(ascii: " ") }
            guard let equals = pair.firstIndex(of: UInt8(ascii: "=")) else { continue }
            if pair[..<equals].elementsEqual(name) { return pair.index(after: equals)..<pair.endIndex }
        }
        return nil
    }
}

/// Why a message cannot be served, and the status that says so.
struct HTTPProblem: Error, Equatable {
    let status: Int
    let reason: String

    init(_ status: Int, _ reason: String) {
        self.status = status
        self.reason = reason
    }
}
