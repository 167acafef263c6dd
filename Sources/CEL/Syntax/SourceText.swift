/// A place in an expression's source.
public struct SourceLocation: Sendable, Hashable {
    /// The offset in UTF-8 bytes from the start of the source.
    public let offset: Int
    /// The line, counted from 1.
    public let line: Int
    /// The column, counted from 1 in Unicode scalars.
    public let column: Int
}

/// An expression's text with what is needed to name places in it.
struct SourceText: Sendable {
    let text: String
    private let lineStarts: [Int]

    init(_ text: String) {
        var native = text
        native.makeContiguousUTF8()
        self.text = native
        var starts = [0]
        var offset = 0
        for byte in native.utf8 {
            offset += 1
            if byte == UInt8(ascii: "\n") { starts.append(offset) }
        }
        lineStarts = starts
    }

    func location(at offset: Int) -> SourceLocation {
        var low = 0
        var high = lineStarts.count - 1
        while low < high {
            let middle = (low + high + 1) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle - 1 }
        }
        let prefix = slice(lineStarts[low]..<max(offset, lineStarts[low]))
        return SourceLocation(offset: offset, line: low + 1, column: prefix.unicodeScalars.count + 1)
    }

    /// The text of a range of bytes; a range that cuts a scalar is repaired with U+FFFD.
    func slice(_ range: Range<Int>) -> String {
        let bytes = text.utf8
        let lower = min(max(range.lowerBound, 0), bytes.count)
        let upper = min(max(range.upperBound, lower), bytes.count)
        let start = bytes.index(bytes.startIndex, offsetBy: lower)
        let end = bytes.index(bytes.startIndex, offsetBy: upper)
        return String(decoding: bytes[start..<end], as: UTF8.self)
    }

    /// The line that holds `location`, without its line end.
    func line(of location: SourceLocation) -> String {
        let start = lineStarts[location.line - 1]
        let end = location.line < lineStarts.count ? lineStarts[location.line] - 1 : text.utf8.count
        let line = slice(start..<max(start, end))
        return line.last == "\r" ? String(line.dropLast()) : line
    }

    /// The line at `location` with a caret beneath the column, clipped to a readable width.
    func excerpt(at location: SourceLocation) -> String {
        let scalars = Array(line(of: location).unicodeScalars)
        let width = 100
        var first = 0
        if scalars.count > width, location.column > width / 2 {
            first = min(location.column - width / 2, scalars.count - width)
        }
        var shown = String.UnicodeScalarView()
        for scalar in scalars[first..<min(scalars.count, first + width)] {
            shown.append(scalar.value < 0x20 || scalar.value == 0x7F ? " " : scalar)
        }
        let caret = String(repeating: " ", count: max(0, location.column - 1 - first)) + "^"
        return " | \(String(shown))\n | \(caret)"
    }
}
