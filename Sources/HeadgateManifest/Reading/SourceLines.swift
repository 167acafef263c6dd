import HeadgateCore

/// A file's bytes by line, with line ends as YAML counts them.
struct SourceLines: Sendable {
    let bytes: [UInt8]
    /// The offset of each line's first byte.
    let starts: [Int]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        var starts = [0]
        bytes.withUnsafeBufferPointer { bytes in
            var offset = 0
            while offset < bytes.count {
                let length = Self.lineEnd(bytes, at: offset)
                offset += max(length, 1)
                if length > 0 { starts.append(offset) }
            }
        }
        self.starts = starts
    }

    /// The line's bytes without its end; empty for a line that is not there.
    func line(_ number: Int) -> ArraySlice<UInt8> {
        guard starts.indices.contains(number - 1) else { return [] }
        var end = number < starts.count ? starts[number] : bytes.count
        let start = starts[number - 1]
        while end > start, bytes[end - 1] == UInt8(ascii: "\n") || bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        return bytes[start..<end]
    }

    /// The byte at a mark; the end of the file for a mark beyond it.
    func offset(of mark: YAMLMark) -> Int {
        guard starts.indices.contains(Int(mark.line) - 1) else { return bytes.count }
        var offset = starts[Int(mark.line) - 1]
        var column = 1
        while column < mark.column, offset < bytes.count {
            offset += 1
            while offset < bytes.count, bytes[offset] & 0xC0 == 0x80 { offset += 1 }
            column += 1
        }
        return offset
    }

    /// The mark of a byte.
    func mark(of offset: Int) -> YAMLMark {
        var low = 0
        var high = starts.count - 1
        while low < high {
            let middle = (low + high + 1) / 2
            if starts[middle] <= offset { low = middle } else { high = middle - 1 }
        }
        let column = bytes[starts[low]..<min(max(offset, starts[low]), bytes.count)].count { $0 & 0xC0 != 0x80 }
        return YAMLMark(line: Int32(low + 1), column: Int32(column + 1))
    }

    // CR LF, CR, LF, NEL, LS and PS, as YAML 1.1 has them, so that our lines are the parser's.
    static func lineEnd(_ bytes: UnsafeBufferPointer<UInt8>, at offset: Int) -> Int {
        switch bytes[offset] {
        case 0x0A: 1
        case 0x0D: offset + 1 < bytes.count && bytes[offset + 1] == 0x0A ? 2 : 1
        case 0xC2 where offset + 1 < bytes.count && bytes[offset + 1] == 0x85: 2
        case 0xE2
        where offset + 2 < bytes.count && bytes[offset + 1] == 0x80
            && (bytes[offset + 2] == 0xA8 || bytes[offset + 2] == 0xA9):
            3
        default: 0
        }
    }
}

/// The line of a file that a diagnostic points to, with a caret beneath the column.
package enum SourceExcerpt {
    /// The most columns that are shown; a longer line is cut around the place.
    package static let width = 120

    /// Two lines, or nil when the file has no such line.
    package static func render(_ source: [UInt8], line: Int, column: Int) -> String? {
        let lines = SourceLines(source)
        guard lines.starts.indices.contains(line - 1) else { return nil }
        let scalars = Array(String(decoding: lines.line(line), as: UTF8.self).unicodeScalars)
        let place = min(max(column - 1, 0), scalars.count)
        let first = scalars.count <= width ? 0 : max(0, min(place - width / 2, scalars.count - width))
        var shown = String.UnicodeScalarView()
        for scalar in scalars[first..<min(first + width, scalars.count)] {
            shown.append(scalar.value < 0x20 || scalar.value == 0x7F ? " " : scalar)
        }
        return String(shown) + "\n" + String(repeating: " ", count: place - first) + "^"
    }
}
