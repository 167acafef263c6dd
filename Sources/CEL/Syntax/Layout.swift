/// Text with places where lines may end, to be laid out for a width.
///
/// After Wadler's "A prettier printer": a group stands on one line where it fits, and else ends a line at each of its own
/// places, of which inner groups decide for themselves.
indirect enum Layout {
    case text(String)
    /// A line end where its group is broken, otherwise the text.
    case line(String)
    case sequence([Layout])
    /// Four columns further in, from its next line on.
    case indented(Layout)
    case group(Layout)

    /// A layout that still has to be printed.
    private struct Piece {
        let layout: Layout
        let indent: Int
        let isFlat: Bool
    }

    /// The text, with no line longer than `width` as far as that can be.
    func text(width: Int) -> String {
        var text = ""
        var column = 0
        var open = [Piece(layout: self, indent: 0, isFlat: false)]
        while let piece = open.popLast() {
            switch piece.layout {
            case .text(let part):
                text += part
                column += part.count
            case .line(let part) where piece.isFlat:
                text += part
                column += part.count
            case .line:
                text += "\n" + String(repeating: " ", count: piece.indent)
                column = piece.indent
            case .sequence, .indented: Self.unfold(piece, onto: &open)
            case .group(let inner):
                let flat = Piece(layout: inner, indent: piece.indent, isFlat: true)
                let fits = piece.isFlat || Self.fits(flat, before: open, in: width - column)
                open.append(fits ? flat : Piece(layout: inner, indent: piece.indent, isFlat: false))
            }
        }
        return text
    }

    /// Whether a piece fits on the line, with what follows it up to the next place where the line may end.
    private static func fits(_ piece: Piece, before rest: [Piece], in width: Int) -> Bool {
        var room = width
        var next = rest.count
        var open = [piece]
        while room >= 0 {
            if open.isEmpty {
                guard next > 0 else { return true }
                next -= 1
                open.append(rest[next])
            }
            let piece = open.removeLast()
            switch piece.layout {
            case .text(let part): room -= part.count
            case .line(let part) where piece.isFlat: room -= part.count
            case .line: return true
            case .sequence, .indented: unfold(piece, onto: &open)
            case .group(let inner): open.append(Piece(layout: inner, indent: piece.indent, isFlat: piece.isFlat))
            }
        }
        return false
    }

    private static func unfold(_ piece: Piece, onto open: inout [Piece]) {
        switch piece.layout {
        case .sequence(let parts):
            for part in parts.reversed() {
                open.append(Piece(layout: part, indent: piece.indent, isFlat: piece.isFlat))
            }
        case .indented(let inner):
            open.append(Piece(layout: inner, indent: piece.indent + 4, isFlat: piece.isFlat))
        case .text, .line, .group: open.append(piece)
        }
    }
}
