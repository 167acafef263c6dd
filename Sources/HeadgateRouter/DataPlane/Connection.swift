import NIOCore

/// One end of a connection whose bytes we read and write ourselves: joins small writes, and holds reads back when the
/// other side cannot take more.
class Connection: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private(set) var context: ChannelHandlerContext?
    /// Small pieces that go out together; the storage is used again once the channel has let go of it.
    private var outgoing = ByteBuffer()
    private var isOutgoingPassedOn = false
    private var needsFlush = false
    private var isPaused = false
    private var isReadHeld = false

    final func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    final func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    // MARK: Reading

    final func read(context: ChannelHandlerContext) {
        if isPaused {
            isReadHeld = true
        } else {
            context.read()
        }
    }

    /// Stops or resumes reading; bytes that arrive meanwhile wait in the kernel, and so does their sender.
    final func setPaused(_ paused: Bool) {
        guard paused != isPaused else { return }
        isPaused = paused
        guard !paused, isReadHeld else { return }
        isReadHeld = false
        context?.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

    func channelReadComplete(context: ChannelHandlerContext) {}

    func channelWritabilityChanged(context: ChannelHandlerContext) {}

    func channelActive(context: ChannelHandlerContext) {}

    func channelInactive(context: ChannelHandlerContext) {}

    final func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    // MARK: Writing

    /// Whether the peer takes what we send as fast as we send it.
    final var isWritable: Bool { context?.channel.isWritable ?? false }

    /// Writes into the buffer of small pieces.
    final func compose(_ write: (inout ByteBuffer) -> Void) {
        if isOutgoingPassedOn {
            outgoing.clear()
            isOutgoingPassedOn = false
        }
        write(&outgoing)
    }

    /// Sends data after all that was sent before; large data is not copied.
    final func send(_ data: ByteBuffer) {
        let held = isOutgoingPassedOn ? 0 : outgoing.readableBytes
        if data.readableBytes <= 4096, held <= 8192 {
            compose { _ = $0.writeImmutableBuffer(data) }
        } else {
            passOn()
            needsFlush = true
            context?.write(wrapOutboundOut(data), promise: nil)
        }
    }

    final func flush() {
        passOn()
        guard needsFlush else { return }
        needsFlush = false
        context?.flush()
    }

    /// Sends what is left and then the end of our side.
    final func finishSending() {
        flush()
        context?.close(mode: .output, promise: nil)
    }

    final func close() {
        context?.close(promise: nil)
    }

    private func passOn() {
        guard !isOutgoingPassedOn, outgoing.readableBytes > 0 else { return }
        isOutgoingPassedOn = true
        needsFlush = true
        context?.write(wrapOutboundOut(outgoing), promise: nil)
    }

    /// Sends a piece of a body, as a chunk where the body is chunked.
    final func sendBody(_ data: ByteBuffer, chunked: Bool) {
        guard chunked else { return send(data) }
        compose { buffer in
            buffer.writeString(String(data.readableBytes, radix: 16))
            buffer.writeStaticString("\r\n")
        }
        send(data)
        compose { _ = $0.writeStaticString("\r\n") }
    }

    /// Sends the end of a chunked body; trailers are not passed on.
    final func sendLastChunk() {
        compose { _ = $0.writeStaticString("0\r\n\r\n") }
    }
}
