#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Reads time zone files from a folder.
enum TimeZoneFile {
    // No zone comes near; it bounds what a wrong file can cost.
    private static let maximumSize = 1 << 20

    /// The bytes of a file, or nil where it cannot be read or is too large.
    ///
    /// The name is a relative path that has been checked.
    static func read(_ name: String, below folder: String) -> [UInt8]? {
        let descriptor = open("\(folder)/\(name)", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { _ = close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 8192)
        while bytes.count <= maximumSize {
            let capacity = chunk.count
            let count = chunk.withUnsafeMutableBytes { systemRead(descriptor, $0.baseAddress, capacity) }
            if count == 0 { return bytes }
            if count < 0 {
                guard errno == EINTR else { return nil }
                continue
            }
            bytes.append(contentsOf: chunk[..<count])
        }
        return nil
    }
}

// `read` inside the type would name its own method.
private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(descriptor, buffer, count)
}
