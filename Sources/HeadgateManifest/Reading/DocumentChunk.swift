/// A part of a file that begins with a document marker, so that an error in it leaves the other parts alone.
///
/// YAML allows no `---` at the start of a line but as a marker, not even within a scalar, so lines tell enough.
struct DocumentChunk {
    let bytes: Range<Int>
    /// The number of the chunk's first line, counted from 1.
    let firstLine: Int

    static func split(_ lines: SourceLines) -> [DocumentChunk] {
        var chunks: [DocumentChunk] = []
        var first = 1
        var holdsContent = false
        for number in lines.starts.indices.map({ $0 + 1 }) {
            let line = lines.line(number)
            if isMarker(line), holdsContent {
                chunks.append(chunk(lines, first, number))
                first = number
            } else if !isMarker(line), line.isEmpty || line.first == UInt8(ascii: "#") || isDirective(line) {
                continue
            }
            holdsContent = true
        }
        chunks.append(chunk(lines, first, lines.starts.count + 1))
        return chunks
    }

    private static func chunk(_ lines: SourceLines, _ first: Int, _ next: Int) -> DocumentChunk {
        let end = next <= lines.starts.count ? lines.starts[next - 1] : lines.bytes.count
        return DocumentChunk(bytes: lines.starts[first - 1]..<end, firstLine: first)
    }

    private static func isMarker(_ line: ArraySlice<UInt8>) -> Bool {
        guard line.starts(with: "---".utf8) else { return false }
        guard let next = line.dropFirst(3).first else { return true }
        return next == UInt8(ascii: " ") || next == UInt8(ascii: "\t")
    }

    // Directives stand before the first marker, and belong to the document after it.
    private static func isDirective(_ line: ArraySlice<UInt8>) -> Bool { line.first == UInt8(ascii: "%") }
}
