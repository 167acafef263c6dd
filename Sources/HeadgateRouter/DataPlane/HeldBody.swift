import NIOCore

/// A request's body: what waits to be sent, and what was sent and could be needed again.
struct HeldBody {
    private(set) var pieces: [ByteBuffer] = []
    /// The first piece that was not sent.
    private var next = 0
    private(set) var heldBytes = 0
    private(set) var isReplayable = true
    var isComplete = false

    /// Whether every piece so far was sent.
    var isSent: Bool { next == pieces.count }

    /// - Returns: How many more bytes are held.
    mutating func append(_ piece: ByteBuffer) -> Int {
        pieces.append(piece)
        heldBytes += piece.readableBytes
        return piece.readableBytes
    }

    /// The next piece to send, and how many bytes are held no more.
    mutating func takeNext() -> (piece: ByteBuffer, released: Int)? {
        guard next < pieces.count else { return nil }
        let piece = pieces[next]
        guard !isReplayable else {
            next += 1
            return (piece, 0)
        }
        pieces.removeFirst()
        heldBytes -= piece.readableBytes
        return (piece, piece.readableBytes)
    }

    /// Begins again at the first piece.
    mutating func rewind() {
        precondition(isReplayable, "what was let go cannot be sent again")
        next = 0
    }

    /// Lets go of what was sent.
    /// - Returns: How many bytes are held no more.
    mutating func stopHolding() -> Int {
        isReplayable = false
        let released = pieces[..<next].reduce(0) { $0 + $1.readableBytes }
        pieces.removeFirst(next)
        next = 0
        heldBytes -= released
        return released
    }

    /// Lets go of everything.
    /// - Returns: How many bytes are held no more.
    mutating func clear() -> Int {
        let released = heldBytes
        pieces = []
        next = 0
        heldBytes = 0
        isReplayable = false
        return released
    }

    /// All pieces as one buffer, for a body that is held whole.
    var whole: ByteBuffer {
        guard pieces.count != 1 else { return pieces[0] }
        var whole = ByteBuffer()
        whole.reserveCapacity(heldBytes)
        for piece in pieces { whole.writeImmutableBuffer(piece) }
        return whole
    }
}
