/// Reads SSH's wire format (RFC 4251, section 5): lengths and strings.
struct SSHReader {
    private var bytes: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { self.bytes = bytes[...] }

    var isAtEnd: Bool { bytes.isEmpty }

    /// A 32-bit number, the highest byte first.
    mutating func number() -> UInt32? {
        guard bytes.count >= 4 else { return nil }
        defer { bytes = bytes.dropFirst(4) }
        return bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// A string of bytes after its length.
    mutating func string() -> [UInt8]? {
        let start = bytes
        guard let length = number(), length <= bytes.count else {
            bytes = start
            return nil
        }
        defer { bytes = bytes.dropFirst(Int(length)) }
        return Array(bytes.prefix(Int(length)))
    }

    mutating func text() -> String? {
        string().flatMap { String(validating: $0, as: UTF8.self) }
    }

    /// Skips a fixed text; false when something else stands there.
    mutating func skip(_ text: String) -> Bool {
        guard bytes.starts(with: text.utf8) else { return false }
        bytes = bytes.dropFirst(text.utf8.count)
        return true
    }

    /// The format's form of a string.
    static func framed(_ string: some Collection<UInt8>) -> [UInt8] {
        withUnsafeBytes(of: UInt32(string.count).bigEndian) { Array($0) } + string
    }
}
