import HeadgateCore

/// Finds where the characters of a scalar's value stand in the file.
///
/// Exact for plain, quoted and literal scalars. A folded block is exact but for the white space that folding replaced.
struct ExpressionPosition {
    /// Where the value's first character stands.
    let start: YAMLMark
    /// Places at which the value does not simply go on beside what came before; nil when it does throughout.
    let segments: [PolicyExpression.Segment]?

    private struct Walk {
        let raw: [UInt8]
        let value: [UInt8]
        var rawOffset: Int
        var offset = 0
        var line: Int
        var column: Int
        var segments: [PolicyExpression.Segment] = []
        /// White space up to here is known to end no line.
        private var inlineUntil = 0

        init(raw: [UInt8], value: [UInt8], rawOffset: Int, at mark: YAMLMark) {
            self.raw = raw
            self.value = value
            self.rawOffset = rawOffset
            line = Int(mark.line)
            column = Int(mark.column)
        }

        var rawByte: UInt8? { rawOffset < raw.count ? raw[rawOffset] : nil }
        var byte: UInt8? { offset < value.count ? value[offset] : nil }

        mutating func skipRaw(_ count: Int) {
            for _ in 0..<count where rawOffset < raw.count {
                let length = raw.withUnsafeBufferPointer { SourceLines.lineEnd($0, at: rawOffset) }
                if length > 0 {
                    line += 1
                    column = 1
                    rawOffset += length
                } else {
                    rawOffset += 1
                    while let byte = rawByte, byte & 0xC0 == 0x80 { rawOffset += 1 }
                    column += 1
                }
            }
        }

        mutating func skipValue() {
            offset += 1
            while let byte, byte & 0xC0 == 0x80 { offset += 1 }
        }

        /// Whether white space that ends a line comes next.
        mutating func isBeforeLineEnd() -> Bool {
            guard rawOffset >= inlineUntil else { return false }
            for position in rawOffset..<raw.count {
                let byte = raw[position]
                if byte == 0x0A || byte == 0x0D { return true }
                inlineUntil = position
                guard byte == 0x20 || byte == 0x09 else { return false }
            }
            return false
        }

        mutating func mark() {
            if segments.last?.offset == Int32(offset) { segments.removeLast() }
            segments.append(
                PolicyExpression.Segment(offset: Int32(offset), line: Int32(line), column: Int32(column)))
        }
    }

    init(of scalar: YAMLScalar, at mark: YAMLMark, in lines: SourceLines) {
        var walk = Walk(
            raw: lines.bytes, value: Array(scalar.text.utf8), rawOffset: lines.offset(of: mark), at: mark)
        switch scalar.style {
        case .plain: break
        case .singleQuoted, .doubleQuoted: walk.skipRaw(1)
        case .literal, .folded: Self.enterBlock(&walk)
        }
        walk.mark()
        while walk.byte != nil, walk.rawByte != nil { Self.step(&walk, scalar.style) }
        start = YAMLMark(
            line: walk.segments.first?.line ?? mark.line, column: walk.segments.first?.column ?? mark.column)
        segments = walk.segments.count > 1 ? walk.segments : nil
    }

    private static func step(_ walk: inout Walk, _ style: YAMLScalar.Style) {
        if style == .singleQuoted, walk.rawByte == UInt8(ascii: "'") {
            walk.skipRaw(2)
            walk.skipValue()
            return walk.mark()
        }
        if style == .doubleQuoted, walk.rawByte == UInt8(ascii: "\\") { return escape(&walk) }
        if walk.isBeforeLineEnd() {
            while let byte = walk.rawByte, isBlank(byte) { walk.skipRaw(1) }
            while let byte = walk.byte, isBlank(byte) { walk.skipValue() }
            return walk.mark()
        }
        walk.skipRaw(1)
        walk.skipValue()
    }

    // The value begins after the header's line and the indentation.
    private static func enterBlock(_ walk: inout Walk) {
        let line = walk.line
        while walk.line == line, walk.rawByte != nil { walk.skipRaw(1) }
        while let byte = walk.rawByte, isBlank(byte) { walk.skipRaw(1) }
        while let byte = walk.byte, isBlank(byte) { walk.skipValue() }
    }

    private static func escape(_ walk: inout Walk) {
        walk.skipRaw(1)
        guard let kind = walk.rawByte else { return }
        if kind == 0x0A || kind == 0x0D {
            while let byte = walk.rawByte, isBlank(byte) { walk.skipRaw(1) }
        } else {
            let digits: [UInt8: Int] = [UInt8(ascii: "x"): 2, UInt8(ascii: "u"): 4, UInt8(ascii: "U"): 8]
            walk.skipRaw(1 + (digits[kind] ?? 0))
            walk.skipValue()
        }
        walk.mark()
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }
}
