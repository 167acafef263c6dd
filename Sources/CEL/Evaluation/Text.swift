// Strings as bytes. Swift compares strings by canonical equivalence, the language by Unicode scalars, and the order of
// UTF-8 bytes is the order of scalars.

/// Negative, zero or positive as `a` stands before, with or after `b`.
func utf8Compare(_ a: String, _ b: String) -> Int {
    withBytes(a) { left in
        withBytes(b) { right in
            let common = min(left.count, right.count)
            for i in 0..<common where left[i] != right[i] { return left[i] < right[i] ? -1 : 1 }
            return left.count - right.count
        }
    }
}

@inline(__always)
func utf8Equal(_ a: String, _ b: String) -> Bool {
    guard a.utf8.count == b.utf8.count else { return false }
    return withBytes(a) { left in withBytes(b) { right in bytesEqual(left, right) } }
}

@inline(__always)
func bytesEqual(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    for i in 0..<left.count where left[i] != right[i] { return false }
    return true
}

/// Runs `body` on the UTF-8 bytes of a string.
@inline(__always)
func withBytes<Result>(_ text: String, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    if let result = text.utf8.withContiguousStorageIfAvailable(body) { return result }
    var native = text
    return native.withUTF8(body)
}

/// The number of Unicode scalars.
func scalarCount(_ text: String) -> Int {
    withBytes(text) { bytes in
        var continuation = 0
        for byte in bytes where byte & 0xC0 == 0x80 { continuation += 1 }
        return bytes.count - continuation
    }
}

/// The first place at or after `start` where `needle` stands in `haystack`, in bytes.
func firstIndex(
    of needle: UnsafeBufferPointer<UInt8>,
    in haystack: UnsafeBufferPointer<UInt8>,
    from start: Int = 0
) -> Int? {
    guard let first = needle.first else { return start <= haystack.count ? start : nil }
    guard haystack.count >= needle.count else { return nil }
    var place = start
    while place <= haystack.count - needle.count {
        if haystack[place] == first,
            bytesEqual(UnsafeBufferPointer(rebasing: haystack[place..<(place + needle.count)]), needle)
        {
            return place
        }
        place += 1
    }
    return nil
}
