/// The offsets of one time zone at all times.
struct TimeZoneRules: Sendable, Hashable {
    private let transitions: [Int64]
    /// The offset from each transition on.
    private let offsets: [Int32]
    private let initialOffset: Int32
    private let rule: PosixTimeRule?

    /// The same offset at all times.
    init(fixedOffset: Int32) {
        transitions = []
        offsets = []
        initialOffset = fixedOffset
        rule = nil
    }

    /// Reads a time zone file (RFC 8536), version 1 through 4; nil where it is malformed.
    init?(tzif bytes: [UInt8]) {
        guard var header = Header(bytes, at: 0) else { return nil }
        var timeSize = 4
        if header.version >= 2 {
            // The second block has 64-bit times; the first is there for old readers.
            guard let second = Header(bytes, at: header.end(timeSize: 4)) else { return nil }
            header = second
            timeSize = 8
        }
        let end = header.end(timeSize: timeSize)
        guard end <= bytes.count, header.typeCount > 0 else { return nil }

        var position = header.start
        var transitions: [Int64] = []
        transitions.reserveCapacity(header.timeCount)
        for _ in 0..<header.timeCount {
            let time = bytes.bigEndian(at: position, size: timeSize)
            if let last = transitions.last, time <= last { return nil }
            transitions.append(time)
            position += timeSize
        }
        let indices = bytes[position..<position + header.timeCount]
        position += header.timeCount
        let types = (0..<header.typeCount).map { Int32(bytes.bigEndian(at: position + $0 * 6, size: 4)) }
        var offsets: [Int32] = []
        offsets.reserveCapacity(indices.count)
        for index in indices {
            guard Int(index) < types.count else { return nil }
            offsets.append(types[Int(index)])
        }
        self.transitions = transitions
        self.offsets = offsets
        initialOffset = types[0]
        rule = timeSize == 8 ? Self.footer(bytes[end...]) : nil
    }

    /// Seconds east of UTC at a time in seconds since 1970-01-01T00:00:00Z.
    func offset(atSeconds seconds: Int64) -> Int32 {
        guard let last = transitions.last else { return rule?.offset(atSeconds: seconds) ?? initialOffset }
        if seconds >= last, let rule { return rule.offset(atSeconds: seconds) }
        var low = 0
        var high = transitions.count
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle] <= seconds {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low == 0 ? initialOffset : offsets[low - 1]
    }

    private static func footer(_ bytes: ArraySlice<UInt8>) -> PosixTimeRule? {
        let newline = UInt8(ascii: "\n")
        guard bytes.first == newline else { return nil }
        let line = bytes.dropFirst().prefix { $0 != newline }
        return PosixTimeRule(line)
    }

    private struct Header {
        let version: Int
        let start: Int
        let timeCount: Int
        let typeCount: Int
        private let otherCounts: (utc: Int, standard: Int, leap: Int, characters: Int)

        init?(_ bytes: [UInt8], at offset: Int) {
            guard offset >= 0, bytes.count - offset >= 44, bytes[offset..<offset + 4].elementsEqual("TZif".utf8)
            else { return nil }
            let counts = (0..<6).map { Int(bytes.bigEndian(at: offset + 20 + $0 * 4, size: 4)) }
            // No real file comes near; the bound keeps the sums below from overflowing.
            guard counts.allSatisfy({ (0...1_000_000).contains($0) }) else { return nil }
            version = bytes[offset + 4] == 0 ? 1 : Int(bytes[offset + 4]) - Int(UInt8(ascii: "0"))
            start = offset + 44
            otherCounts = (counts[0], counts[1], counts[2], counts[5])
            timeCount = counts[3]
            typeCount = counts[4]
        }

        func end(timeSize: Int) -> Int {
            start + timeCount * (timeSize + 1) + typeCount * 6 + otherCounts.characters
                + otherCounts.leap * (timeSize + 4) + otherCounts.standard + otherCounts.utc
        }
    }
}

extension [UInt8] {
    /// A signed big-endian number of 4 or 8 bytes.
    fileprivate func bigEndian(at offset: Int, size: Int) -> Int64 {
        var value: UInt64 = 0
        for byte in self[offset..<offset + size] { value = value << 8 | UInt64(byte) }
        return size == 4 ? Int64(Int32(truncatingIfNeeded: value)) : Int64(bitPattern: value)
    }
}
