#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Finds literal bytes.
enum ByteSearch {
    /// The first position at or after `start` where the bytes stand, or nil.
    static func first(_ wanted: [UInt8], in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
        guard let first = wanted.first, let base = bytes.baseAddress else { return nil }
        var position = start
        while bytes.count - position >= wanted.count {
            let count = bytes.count - position - wanted.count + 1
            guard let found = memchr(base + position, Int32(first), count) else { return nil }
            position = found.assumingMemoryBound(to: UInt8.self) - UnsafeMutablePointer(mutating: base)
            let candidate = UnsafeBufferPointer(start: base + position, count: wanted.count)
            if candidate.elementsEqual(wanted) { return position }
            position += 1
        }
        return nil
    }
}
