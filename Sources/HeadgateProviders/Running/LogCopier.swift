import Glibc
import Synchronization

/// Appends what is new in one log to another.
final class LogCopier: Sendable {
    private let source: String
    private let destination: String
    private let offset = Mutex<Int>(0)

    init(from source: String, to destination: String) {
        self.source = source
        self.destination = destination
    }

    /// A line of Headgate's own.
    func note(_ text: String) { append(Array("[headgate] \(text)\n".utf8)) }

    func copy() {
        offset.withLock { offset in
            guard let file = try? FileDescriptor(opening: source, O_RDONLY) else { return }
            lseek(file.raw, off_t(offset), SEEK_SET)
            guard let bytes = try? file.readAll(limit: 1 << 20, name: source), !bytes.isEmpty else { return }
            offset += bytes.count
            append(bytes)
        }
    }

    // Progress is a convenience: a log that cannot be written ends nothing.
    private func append(_ bytes: [UInt8]) {
        guard let file = try? FileDescriptor(opening: destination, O_WRONLY | O_CREAT | O_APPEND) else { return }
        try? file.write(bytes, name: destination)
    }
}
