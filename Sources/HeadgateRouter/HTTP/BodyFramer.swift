import NIOCore

/// Takes a message's body out of a connection's bytes, by its framing.
struct BodyFramer {
    enum Framing: Equatable {
        case none
        case length(Int)
        case chunked
        /// Until the connection ends; answers only.
        case untilClose
    }

    enum Output {
        case data(ByteBuffer)
        /// Told once.
        case end
        case needsMore
        case problem(HTTPProblem)
    }

    private enum State {
        case bytes(Int)
        case untilClose
        case size(value: Int, digits: Int)
        case sizeExtension(Int)
        case sizeLF
        case chunk(Int)
        case chunkCR
        case chunkLF
        case trailer(total: Int, line: Int)
        case trailerLF(total: Int, line: Int)
        case ended
    }

    let framing: Framing
    private var state: State
    /// The size that was read of the chunk that begins after this line.
    private var pendingSize = 0

    init(_ framing: Framing) {
        self.framing = framing
        switch framing {
        case .none: state = .bytes(0)
        case .length(let length): state = .bytes(length)
        case .chunked: state = .size(value: 0, digits: 0)
        case .untilClose: state = .untilClose
        }
    }

    /// The framing of a request's body: without a length or chunks there is none.
    static func ofRequest(_ head: MessageHead) -> Framing {
        head.isChunked ? .chunked : head.contentLength.map { $0 == 0 ? .none : .length($0) } ?? .none
    }

    /// The framing of an answer's body, by RFC 9112 section 6.3.
    static func ofResponse(_ head: MessageHead, toHead: Bool) -> Framing {
        if toHead || head.status == 204 || head.status == 304 { return .none }
        if head.isChunked { return .chunked }
        guard let length = head.contentLength else { return .untilClose }
        return length == 0 ? .none : .length(length)
    }

    /// Whether the end follows without another byte.
    var isRead: Bool {
        if case .bytes(0) = state { true } else { false }
    }

    /// Takes the next piece of the body from the buffer.
    mutating func next(_ buffer: inout ByteBuffer) -> Output {
        while true {
            switch state {
            case .ended: return .needsMore
            case .bytes(0):
                state = .ended
                return .end
            case .bytes(let left):
                guard let data = Self.take(left, from: &buffer) else { return .needsMore }
                state = .bytes(left - data.readableBytes)
                return .data(data)
            case .untilClose:
                guard let data = Self.take(.max, from: &buffer) else { return .needsMore }
                return .data(data)
            case .chunk(let left):
                guard let data = Self.take(left, from: &buffer) else { return .needsMore }
                state = data.readableBytes == left ? .chunkCR : .chunk(left - data.readableBytes)
                return .data(data)
            case .size, .sizeExtension, .sizeLF, .chunkCR, .chunkLF, .trailer, .trailerLF:
                guard let byte = buffer.readInteger(as: UInt8.self) else { return .needsMore }
                guard step(byte) else {
                    return .problem(HTTPProblem(400, "the chunked body is malformed"))
                }
                if case .ended = state { return .end }
            }
        }
    }

    private static func take(_ limit: Int, from buffer: inout ByteBuffer) -> ByteBuffer? {
        let count = min(limit, buffer.readableBytes)
        return count > 0 ? buffer.readSlice(length: count) : nil
    }

    /// One byte between two chunks; false when it may not stand there.
    private mutating func step(_ byte: UInt8) -> Bool {
        switch state {
        case .size(let value, let digits):
            if let digit = hexDigit(byte) {
                state = .size(value: value << 4 | digit, digits: digits + 1)
                return digits < 15
            }
            pendingSize = value
            state = byte == 0x0d ? .sizeLF : .sizeExtension(0)
            return digits > 0 && (byte == 0x0d || byte == UInt8(ascii: ";"))
        case .sizeExtension(let count):
            guard byte == 0x0d else {
                state = .sizeExtension(count + 1)
                return count < 256 && (byte >= 0x20 || byte == 0x09)
            }
            state = .sizeLF
        case .sizeLF:
            state = pendingSize == 0 ? .trailer(total: 0, line: 0) : .chunk(pendingSize)
            return byte == 0x0a
        case .chunkCR:
            state = .chunkLF
            return byte == 0x0d
        case .chunkLF:
            state = .size(value: 0, digits: 0)
            return byte == 0x0a
        case .trailer(let total, let line):
            state = byte == 0x0d ? .trailerLF(total: total, line: line) : .trailer(total: total + 1, line: line + 1)
            return total < 8192 && (byte >= 0x20 || byte == 0x09 || byte == 0x0d)
        case .trailerLF(let total, let line):
            state = line == 0 ? .ended : .trailer(total: total, line: 0)
            return byte == 0x0a
        case .bytes, .untilClose, .chunk, .ended: return false
        }
        return true
    }

    private func hexDigit(_ byte: UInt8) -> Int? {
        switch byte {
        case 0x30...0x39: Int(byte) - 0x30
        case 0x41...0x46: Int(byte) - 0x41 + 10
        case 0x61...0x66: Int(byte) - 0x61 + 10
        default: nil
        }
    }
}
