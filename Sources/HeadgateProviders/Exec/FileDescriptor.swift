import Glibc

/// A descriptor that is closed when its owner is done with it.
struct FileDescriptor: ~Copyable {
    let raw: Int32

    init(_ raw: Int32) { self.raw = raw }

    /// Opens a file, closed on exec.
    init(opening path: String, _ flags: Int32, mode: mode_t = 0o600) throws(SystemError) {
        var raw: Int32
        repeat { raw = open(path, flags | O_CLOEXEC, mode) } while raw < 0 && errno == EINTR
        guard raw >= 0 else { throw SystemError("cannot open", path) }
        self.raw = raw
    }

    deinit { close(raw) }

    /// Gives the descriptor away, open.
    consuming func take() -> Int32 {
        let raw = raw
        discard self
        return raw
    }

    func write(_ bytes: some Collection<UInt8>, name: String) throws(SystemError) {
        let bytes = Array(bytes)
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(raw, $0.baseAddress.map { $0 + done }, $0.count - done) }
            if count < 0 {
                if errno == EINTR { continue }
                throw SystemError("cannot write", name)
            }
            done += count
        }
    }

    /// Reads up to a number of bytes; empty at the end.
    func read(upTo limit: Int, name: String) throws(SystemError) -> [UInt8] {
        while true {
            var failure: Int32 = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
                let got = Glibc.read(raw, buffer.baseAddress, limit)
                failure = got < 0 ? errno : 0
                count = max(got, 0)
            }
            if failure == 0 { return bytes }
            if failure != EINTR { throw SystemError("cannot read", name, number: failure) }
        }
    }

    /// Reads to the end, or up to a limit.
    func readAll(limit: Int, name: String) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < limit {
            let chunk = try read(upTo: min(65536, limit - bytes.count), name: name)
            if chunk.isEmpty { break }
            bytes += chunk
        }
        return bytes
    }
}
