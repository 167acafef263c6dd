import ArgumentParser
import Foundation
import HeadgateCore
import HeadgateReport
import Yams

/// How results are printed.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table, wide, json, yaml
}

/// One column of a table.
struct Column<Row>: Sendable {
    let title: String
    let isWide: Bool
    let text: @Sendable (Row) -> String

    init(_ title: String, wide: Bool = false, _ text: @escaping @Sendable (Row) -> String) {
        self.title = title
        isWide = wide
        self.text = text
    }
}

/// Prints rows in any format; the one place where results become text.
enum Renderer {
    static func render<Row: Encodable>(_ rows: [Row], _ columns: [Column<Row>], as format: OutputFormat) throws
        -> String
    {
        switch format {
        case .table: table(rows, columns.filter { !$0.isWide })
        case .wide: table(rows, columns)
        case .json: try json(rows)
        case .yaml: try yaml(rows)
        }
    }

    static func json(_ value: some Encodable) throws -> String {
        if let rows = value as? any Collection, rows.isEmpty { return "[]" }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return ReportJSON.escaped(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    static func yaml(_ value: some Encodable) throws -> String {
        // Through JSON, so that both have the same members and numbers are written as people write them.
        let tree = try JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode(value))
        return try Yams.serialize(node: node(tree), width: -1, allowUnicode: true, sortKeys: true)
            .trimmingCharacters(in: .newlines)
    }

    private static func node(_ value: JSONValue) throws -> Node {
        switch value {
        case .null, .bool, .integer, .number: Node(value.canonicalText)
        case .string(let text): Node(text, Tag(.implicit), isPlain(text) ? .any : .doubleQuoted)
        case .array(let items): Node(try items.map(node))
        case .object: Node(try value.sortedMembers.map { (Node($0.name), try node($0.value)) })
        }
    }

    /// Whether a text without quotes is read as that text, and not as a number, a time or a truth value.
    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first else { return false }
        let words: Set = ["true", "false", "yes", "no", "on", "off", "y", "n", "null", "~"]
        return !("0"..."9" ~= first || "+-.<=".unicodeScalars.contains(first)) && !words.contains(text.lowercased())
    }

    private static func table<Row>(_ rows: [Row], _ columns: [Column<Row>]) -> String {
        let cells = [columns.map(\.title)] + rows.map { row in columns.map { clean($0.text(row)) } }
        let widths = columns.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
        return cells.map { line in
            zip(line, widths).map { pad($0, to: $1) }.joined(separator: "   ").trimmingTrailingSpaces
        }.joined(separator: "\n")
    }

    /// With spaces up to a width.
    static func pad(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    /// Lines of a name and a text, aligned; nothing for an empty text.
    static func facts(_ pairs: [(name: String, text: String?)]) -> [String] {
        let width = (pairs.map(\.name.count).max() ?? 0) + 2
        return pairs.compactMap { pair in
            guard let text = pair.text, !text.isEmpty else { return nil }
            return pad("\(pair.name):", to: width) + " " + text
        }
    }

    /// A text of several lines, each cleaned and after some spaces.
    static func lines(_ text: String, indent: String) -> String {
        text.split(separator: "\n").map { indent + clean(String($0)) }.joined(separator: "\n")
    }

    // Text from a repository must not move the cursor of a terminal, nor begin a command of a CI system's log.
    static func clean(_ text: String) -> String {
        var cleaned = ""
        var isNewLine = false
        for scalar in text.unicodeScalars {
            // An expression of several lines is one when it is put on one.
            if isNewLine, scalar == " " { continue }
            isNewLine = scalar == "\n"
            cleaned.unicodeScalars.append(scalar)
        }
        return LineText.clean(cleaned)
    }
}

/// What a person at a terminal sees besides results.
enum Terminal {
    /// Whether talk is read by a person as it comes.
    static let isTalkInteractive = isatty(2) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
    static let isInteractive = isatty(1) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
    static let hasColor = isInteractive && ProcessInfo.processInfo.environment["NO_COLOR"] == nil

    /// Columns of the terminal that talk goes to.
    static var width: Int {
        var size = winsize()
        return ioctl(2, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 20 ? Int(size.ws_col) : 80
    }

    /// Talk goes to standard error, so that data can be piped; nobody has to hear it.
    static func note(_ text: String) { write(LineText.cleanLines(text) + "\n") }

    /// Writes talk as it is, such as what moves the cursor.
    static func write(_ text: String) { try? StandardStream.errors.write(text) }
}
