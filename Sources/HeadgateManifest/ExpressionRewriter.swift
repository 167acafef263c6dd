package import HeadgateCore

/// Rewrites expressions where they stand in a file and leaves every other byte as it is.
package struct ExpressionRewriter {
    /// The file with its expressions rewritten.
    package private(set) var bytes: [UInt8]
    /// Where expressions were rewritten.
    package private(set) var changed: [SourceLocation] = []
    /// Where an expression could not be written in another form without touching something else.
    package private(set) var left: [SourceLocation] = []

    private let file: RepositoryPath
    private let format: (String, Int) -> String?

    /// The longest line wanted, in columns of the file.
    package static let width = 120

    /// Rewrites every expression of a file's Policies and Deployments.
    ///
    /// - Parameters:
    ///   - bytes: The file.
    ///   - file: Its path.
    ///   - format: Gives an expression's usual form for a width, with line ends where it is longer; nil to leave it.
    package init(_ bytes: [UInt8], file: RepositoryPath, format: @escaping (String, Int) -> String?) {
        let mark = Array("\u{FEFF}".utf8)
        let hasMark = bytes.starts(with: mark)
        self.bytes = hasMark ? Array(bytes.dropFirst(mark.count)) : bytes
        self.file = file
        self.format = format
        defer { if hasMark { self.bytes = mark + self.bytes } }
        guard bytes.count <= ManifestParser.maxFileSize else { return }
        // From the end, so that what is still to be rewritten stays where it is.
        let found = Self.expressions(in: self.bytes)
        for node in found.reversed() { rewrite(node) }
        changed.reverse()
        left.reverse()
    }

    // MARK: Finding

    /// A scalar that holds an expression.
    private struct Found {
        let scalar: YAMLScalar
        let mark: YAMLMark
        /// Whether block scalars may stand here: not within `{}` and `[]`.
        let mayBeBlock: Bool
        /// The column of the key.
        let keyColumn: Int
    }

    private static let names: Set<String> = ["expression", "messageExpression"]

    private static func documents(_ bytes: [UInt8]) -> [YAMLNode]? {
        let lines = SourceLines(bytes)
        var roots: [YAMLNode] = []
        for chunk in DocumentChunk.split(lines) {
            let read = YAMLReader.read(chunk, of: lines, maxNodes: YAMLLimits.nodes)
            guard read.problems.isEmpty else { return nil }
            roots += read.documents.map(\.root)
        }
        return roots
    }

    private static func expressions(in bytes: [UInt8]) -> [Found] {
        let lines = SourceLines(bytes)
        var found: [Found] = []
        func visit(_ node: YAMLNode, inFlow: Bool) {
            switch node.content {
            case .mapping(let entries):
                let isFlow = inFlow || byte(at: node.mark, lines) == UInt8(ascii: "{")
                for entry in entries {
                    if names.contains(entry.key), case .scalar(let scalar) = entry.value.content, !scalar.isNull {
                        found.append(
                            Found(
                                scalar: scalar, mark: entry.value.mark, mayBeBlock: !isFlow,
                                keyColumn: Int(entry.keyMark.column)))
                    } else {
                        visit(entry.value, inFlow: isFlow)
                    }
                }
            case .sequence(let items):
                let isFlow = inFlow || byte(at: node.mark, lines) == UInt8(ascii: "[")
                for item in items { visit(item, inFlow: isFlow) }
            case .scalar, .refused: return
            }
        }
        for root in documents(bytes) ?? [] {
            guard root["apiVersion"]?.scalarText?.hasPrefix(Declaration.apiGroup) == true,
                let kind = root["kind"]?.scalarText, [Kind.policy, .deployment].map(\.rawValue).contains(kind),
                let spec = root["spec"]
            else { continue }
            visit(spec, inFlow: false)
        }
        return found.sorted { ($0.mark.line, $0.mark.column) < ($1.mark.line, $1.mark.column) }
    }

    private static func byte(at mark: YAMLMark, _ lines: SourceLines) -> UInt8? {
        let offset = lines.offset(of: mark)
        return offset < lines.bytes.count ? lines.bytes[offset] : nil
    }

    // MARK: Rewriting

    private mutating func rewrite(_ found: Found) {
        let lines = SourceLines(bytes)
        let range = Self.range(of: found, lines)
        let source = found.scalar.text
        let margin = found.keyColumn + 1
        guard let line = format(source, Int.max), let wrapped = format(source, Self.width - margin) else { return }
        let place = SourceLocation(file: file, line: Int(found.mark.line), column: Int(found.mark.column))
        for text in Self.candidates(found, line: line, wrapped: wrapped, lines) {
            if bytes[range].elementsEqual(text.utf8) { return }
            var edited = bytes
            edited.replaceSubrange(range, with: text.utf8)
            guard Self.isSame(edited, bytes, but: found.mark, format) else { continue }
            bytes = edited
            changed.append(place)
            return
        }
        left.append(place)
    }

    /// Ways to write an expression, the one nearest to how it is written first.
    private static func candidates(
        _ found: Found, line: String, wrapped: String, _ lines: SourceLines
    ) -> [String] {
        let margin = found.keyColumn + 1
        var inline: [String]
        switch found.scalar.style {
        case .literal, .folded:
            let header = String(decoding: lines.line(Int(found.mark.line)), as: UTF8.self)
            let start = header.unicodeScalars.dropFirst(Int(found.mark.column) - 1)
            return [
                block(
                    String(String.UnicodeScalarView(start)), wrapped, indent: margin,
                    end: lines.end(of: Int(found.mark.line)))
            ]
        case .plain, .singleQuoted, .doubleQuoted:
            let single =
                "'" + line.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
            let double = JSONValue.string(line).canonicalText
            switch found.scalar.style {
            case .singleQuoted: inline = [single, double]
            case .doubleQuoted: inline = [double, single]
            case .plain, .literal, .folded:
                inline = line.contains("'") ? [line, double, single] : [line, single, double]
            }
        }
        let room = width - (Int(found.mark.column) - 1)
        guard found.mayBeBlock, inline[0].count > room else { return inline }
        // Behind a block there is no room for a comment, beside which the line stays long.
        return [block(">-", wrapped, indent: margin, end: lines.end(of: Int(found.mark.line)))] + inline
    }

    private static func block(_ header: String, _ text: String, indent: Int, end: String) -> String {
        let margin = String(repeating: " ", count: indent)
        return ([header] + text.split(separator: "\n").map { margin + $0 }).joined(separator: end)
    }

    /// Whether two files say the same but for the form of one expression.
    private static func isSame(
        _ edited: [UInt8], _ original: [UInt8], but mark: YAMLMark, _ format: (String, Int) -> String?
    ) -> Bool {
        guard let new = documents(edited), let old = documents(original), new.count == old.count else { return false }
        func same(_ left: YAMLNode, _ right: YAMLNode) -> Bool {
            switch (left.content, right.content) {
            case (.scalar(let new), .scalar(let old)):
                if right.mark == mark { return format(new.text, Int.max) == format(old.text, Int.max) }
                return new.text == old.text && (new.style == .plain) == (old.style == .plain)
            case (.mapping(let new), .mapping(let old)):
                return new.count == old.count
                    && zip(new, old).allSatisfy { $0.key == $1.key && same($0.value, $1.value) }
            case (.sequence(let new), .sequence(let old)):
                return new.count == old.count && zip(new, old).allSatisfy(same)
            case (.refused, .refused): return true
            default: return false
            }
        }
        return zip(new, old).allSatisfy(same)
    }

    // MARK: Where a scalar ends

    private static func range(of found: Found, _ lines: SourceLines) -> Range<Int> {
        let start = lines.offset(of: found.mark)
        let bytes = lines.bytes
        var end = start
        switch found.scalar.style {
        case .plain:
            // White space within may be folded; all else stands as it is.
            for byte in found.scalar.text.utf8 where !isBlank(byte) {
                while end < bytes.count, isBlank(bytes[end]) { end += 1 }
                guard end < bytes.count, bytes[end] == byte else { return start..<start }
                end += 1
            }
        case .singleQuoted:
            end += 1
            while end < bytes.count {
                if bytes[end] == UInt8(ascii: "'") {
                    guard end + 1 < bytes.count, bytes[end + 1] == UInt8(ascii: "'") else { break }
                    end += 1
                }
                end += 1
            }
            end += 1
        case .doubleQuoted:
            end += 1
            while end < bytes.count, bytes[end] != UInt8(ascii: "\"") {
                end += bytes[end] == UInt8(ascii: "\\") ? 2 : 1
            }
            end += 1
        case .literal, .folded: return start..<blockEnd(from: Int(found.mark.line), lines)
        }
        return start..<min(end, bytes.count)
    }

    /// The end of a block's last line that holds anything.
    private static func blockEnd(from header: Int, _ lines: SourceLines) -> Int {
        var end = lines.line(header).endIndex
        var margin: Int?
        for number in (header + 1)..<max(header + 1, lines.starts.count + 1) {
            let line = lines.line(number)
            let indent = line.prefix { $0 == UInt8(ascii: " ") }.count
            if indent == line.count { continue }
            if let margin, indent < margin { break }
            margin = margin ?? indent
            end = line.endIndex
        }
        return end
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }
}

extension SourceLines {
    /// How a line ends.
    fileprivate func end(of number: Int) -> String {
        guard starts.indices.contains(number), starts[number] > 1 else { return "\n" }
        return bytes[starts[number] - 2] == UInt8(ascii: "\r") ? "\r\n" : "\n"
    }
}
