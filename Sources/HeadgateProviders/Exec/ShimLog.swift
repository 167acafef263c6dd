import Glibc

/// A command's output as a file of bounded size with lines of bounded length, secrets left out.
///
/// A log that is not rotated keeps its beginning as it comes and its end when it is finished; a rotated one keeps the last.
final class ShimLog {
    enum Overflow {
        case keepEnds, rotate
    }

    private let path: String
    private let limits: ShimSpec.LogLimits
    private let overflow: Overflow
    private let secrets: [[UInt8]]
    private var file: Int32 = -1
    private var line: [UInt8] = []
    private var isInLongLine = false
    /// Bytes of the file and of what waits to be written to it.
    private var size = 0
    private var pending: [UInt8] = []
    /// The last lines of a log that is full; empty before.
    private var tail: [UInt8] = []
    private var isFull = false
    private(set) var written = 0
    private(set) var dropped = 0

    init(path: String, limits: ShimSpec.LogLimits, overflow: Overflow, secrets: [String]) {
        self.path = path
        self.limits = limits
        self.overflow = overflow
        // A secret of many lines comes out as many lines; what is shorter would tear holes into every text.
        self.secrets = secrets.flatMap { $0.utf8.split(whereSeparator: { $0 == 10 || $0 == 13 }) }
            .map(Array.init).filter { $0.count >= 4 }.sorted { $0.count > $1.count }
        open()
        size = Int(max(0, lseek(file, 0, SEEK_END)))
    }

    deinit { if file >= 0 { close(file) } }

    func append(_ bytes: ArraySlice<UInt8>) {
        var rest = bytes
        while let end = rest.firstIndex(of: 10) {
            extend(rest[..<end])
            endLine()
            rest = rest[(end + 1)...]
        }
        extend(rest)
        write()
    }

    /// Whether there is the beginning of a line that ``flush()`` would write.
    var hasOpenLine: Bool { secrets.isEmpty && !line.isEmpty && !isInLongLine && !isFull }

    /// Writes what has no line end yet, unless a secret could be cut in two by it.
    func flush() {
        guard hasOpenLine else { return }
        put(line)
        line = []
        write()
    }

    /// A line of the shim's own.
    func note(_ text: String) {
        if !line.isEmpty { endLine() }
        keep(Array("[headgate] \(text)\n".utf8))
        write()
    }

    func finish() {
        if !line.isEmpty { endLine() }
        trimTail(to: limits.bytes / 2)
        if dropped > 0 { put(Array("[headgate] \(dropped) bytes of output left out\n".utf8)) }
        put(tail)
        tail = []
        write()
    }

    private func extend(_ bytes: ArraySlice<UInt8>) {
        let room = limits.lineBytes + (secrets.first?.count ?? 0) - line.count
        if room > 0 { line += bytes.prefix(room) }
        if bytes.count > max(room, 0) {
            isInLongLine = true
            dropped += bytes.count - max(room, 0)
        }
    }

    private func endLine() {
        var text = redacted(line)
        if isInLongLine || text.count > limits.lineBytes {
            text = text.prefix(limits.lineBytes) + Array(" [headgate] line cut".utf8)
        }
        text.append(10)
        keep(text)
        line = []
        isInLongLine = false
    }

    private func redacted(_ line: [UInt8]) -> [UInt8] {
        secrets.reduce(line) { text, secret in
            var result: [UInt8] = []
            var rest = text[...]
            while let range = rest.firstRange(of: secret) {
                result += rest[..<range.lowerBound] + Array("<secret>".utf8)
                rest = rest[range.upperBound...]
            }
            return result + rest
        }
    }

    private func keep(_ text: [UInt8]) {
        switch overflow {
        case .rotate:
            if size + text.count > limits.bytes / 2 { rotate() }
            put(text)
        case .keepEnds:
            let half = limits.bytes / 2
            guard isFull || size + text.count > half else { return put(text) }
            if !isFull { put(Array("[headgate] the log is full: its end follows when it is known\n".utf8)) }
            isFull = true
            tail += text
            if tail.count > 2 * half { trimTail(to: half) }
        }
    }

    private func trimTail(to limit: Int) {
        guard tail.count > limit else { return }
        let start = tail[(tail.count - limit)...].firstIndex(of: 10).map { $0 + 1 } ?? tail.count
        dropped += start
        tail.removeSubrange(..<start)
    }

    private func rotate() {
        write()
        close(file)
        rename(path, path + ".1")
        open()
        size = 0
    }

    private func open() {
        file = Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    }

    private func put(_ bytes: [UInt8]) {
        size += bytes.count
        pending += bytes
    }

    // A log that cannot be written, as on a full disk, must not end what it is about.
    private func write() {
        guard !pending.isEmpty else { return }
        let count = max(0, Glibc.write(file, pending, pending.count))
        written += count
        dropped += pending.count - count
        pending.removeAll(keepingCapacity: true)
    }
}
