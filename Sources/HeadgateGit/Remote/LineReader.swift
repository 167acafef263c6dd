import Glibc

/// Lines of a descriptor, without their ends.
struct LineReader {
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private var searched = 0
    private let limit = 64 << 20

    init(descriptor: Int32) { self.descriptor = descriptor }

    /// Waits for the next line; nil at the end, on an error and for a line beyond any sense.
    mutating func next() -> [UInt8]? {
        while true {
            if let line = take() { return line }
            guard buffer.count < limit, receive() else { return nil }
        }
    }

    /// The next line if it is already here.
    mutating func take() -> [UInt8]? {
        guard let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) else {
            searched = buffer.count
            return nil
        }
        let line = Array(buffer[..<end])
        buffer.removeSubrange(...end)
        searched = 0
        return line
    }

    /// Reads once; false at the end and on an error.
    mutating func receive() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0, buffer.count + count <= limit else { return false }
            buffer += chunk[..<count]
            return true
        }
    }
}
