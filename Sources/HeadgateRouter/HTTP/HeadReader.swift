import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Finds and parses heads of HTTP/1 messages, strictly: what two servers could read in two ways is refused.
///
/// Follows RFC 9112. Refused are lines that end in LF alone, folded lines, spaces before a colon, control characters,
/// repeated or unclear framing, and both kinds of framing at once.
struct HeadReader {
    struct Limits {
        var bytes: Int
        var fields: Int
        var target: Int
    }

    enum Outcome {
        case incomplete
        case head(MessageHead)
        case problem(HTTPProblem)
    }

    private let limits: Limits
    private let readsRequests: Bool
    /// Ends of the lines found so far, past their LF, from the buffer's reader index.
    private var lineEnds: [Int] = []
    private var scanned = 0

    init(limits: Limits, readsRequests: Bool) {
        self.limits = limits
        self.readsRequests = readsRequests
    }

    /// Whether a part of a head was seen.
    var isUnderWay: Bool { scanned > 0 }

    /// Takes the next head from the buffer when it is there as a whole.
    mutating func next(_ buffer: inout ByteBuffer) -> Outcome {
        if scanned == 0, readsRequests { Self.skipEmptyLines(&buffer) }
        let found = buffer.withUnsafeReadableBytes { findEnd(in: $0) }
        switch found {
        case .failure(let problem): return .problem(problem)
        case .success(nil):
            return buffer.readableBytes > limits.bytes
                ? .problem(HTTPProblem(431, "the head has more than \(limits.bytes) bytes")) : .incomplete
        case .success(let length?):
            defer { reset() }
            guard length <= limits.bytes else {
                return .problem(HTTPProblem(431, "the head has more than \(limits.bytes) bytes"))
            }
            guard lineEnds.count - 2 <= limits.fields else {
                return .problem(HTTPProblem(431, "the head has more than \(limits.fields) fields"))
            }
            guard let bytes = buffer.readSlice(length: length) else { return .incomplete }
            return parse(bytes)
        }
    }

    private mutating func reset() {
        lineEnds.removeAll(keepingCapacity: true)
        scanned = 0
    }

    // RFC 9112 section 2.2 asks servers to pass over an empty line before a request.
    private static func skipEmptyLines(_ buffer: inout ByteBuffer) {
        while buffer.readableBytes >= 2,
            buffer.getInteger(at: buffer.readerIndex, as: UInt16.self) == 0x0d0a
        {
            buffer.moveReaderIndex(forwardBy: 2)
        }
    }

    private mutating func findEnd(in raw: UnsafeRawBufferPointer) -> Result<Int?, HTTPProblem> {
        guard let base = raw.baseAddress else { return .success(nil) }
        while scanned < raw.count {
            guard let hit = memchr(base + scanned, 0x0a, raw.count - scanned) else {
                scanned = raw.count
                return .success(nil)
            }
            let feed = UnsafeRawPointer(hit) - base
            guard feed > 0, raw[feed - 1] == 0x0d else {
                return .failure(HTTPProblem(400, "a line of the head ends in LF without CR"))
            }
            let start = lineEnds.last ?? 0
            lineEnds.append(feed + 1)
            scanned = feed + 1
            if feed - 1 == start { return .success(feed + 1) }
        }
        return .success(nil)
    }

    private func parse(_ bytes: ByteBuffer) -> Outcome {
        let result = bytes.withUnsafeReadableBytes { raw -> Result<MessageHead, HTTPProblem> in
            do throws(HTTPProblem) {
                var head =
                    readsRequests
                    ? try RequestLineReader.read(raw, end: lineEnds[0] - 2, bytes: bytes, limits: limits)
                    : try StatusLineReader.read(raw, end: lineEnds[0] - 2, bytes: bytes)
                var fields = FieldsReader(isRequest: readsRequests)
                try fields.read(raw, lineEnds: lineEnds, into: &head)
                return .success(head)
            } catch {
                return .failure(error)
            }
        }
        switch result {
        case .success(let head): return .head(head)
        case .failure(let problem): return .problem(problem)
        }
    }
}
