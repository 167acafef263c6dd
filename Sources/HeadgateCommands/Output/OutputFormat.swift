import ArgumentParser
import Foundation
import HeadgateCore
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
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    static func yaml(_ value: some Encodable) throws -> String {
        let encoder = YAMLEncoder()
        encoder.options = YAMLEncoder.Options(sortKeys: true)
        return try encoder.encode(value).trimmingCharacters(in: .newlines)
    }

    private static func table<Row>(_ rows: [Row], _ columns: [Column<Row>]) -> String {
        let cells = [columns.map(\.title)] + rows.map { row in columns.map { clean($0.text(row)) } }
        let widths = columns.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
        return cells.map { line in
            line.enumerated().map { index, cell in
                index == line.count - 1 ? cell : cell.padding(toLength: widths[index], withPad: " ", startingAt: 0)
            }.joined(separator: "   ")
        }.joined(separator: "\n")
    }

    // Text from a repository must not move the cursor of a terminal.
    static func clean(_ text: String) -> String {
        var cleaned = ""
        for scalar in text.unicodeScalars {
            let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            cleaned.unicodeScalars.append(isControl ? " " : scalar)
        }
        return cleaned
    }
}

/// Times as people read them.
enum TimeText {
    /// Such as `2026-03-01T12:00:00Z`.
    static func stamp(_ instant: Instant) -> String {
        Date(timeIntervalSince1970: Double(instant.milliseconds) / 1000).formatted(.iso8601)
    }

    /// `45s`, `3m10s`, `2h5m`, `4d3h`, as kubectl prints ages.
    static func age(since instant: Instant, now: Instant = .now) -> String {
        let seconds = max(0, (now - instant).milliseconds / 1000)
        switch seconds {
        case ..<120: return "\(seconds)s"
        case ..<7200: return "\(seconds / 60)m\(seconds % 60)s"
        case ..<172_800: return "\(seconds / 3600)h\(seconds / 60 % 60)m"
        default: return "\(seconds / 86_400)d\(seconds / 3600 % 24)h"
        }
    }
}

extension Instant {
    /// The machine's time.
    static var now: Instant { Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }
}

/// What a person at a terminal sees besides results.
enum Terminal {
    static let isInteractive = isatty(1) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
    static let hasColor = isInteractive && ProcessInfo.processInfo.environment["NO_COLOR"] == nil

    /// Talk goes to standard error, so that data can be piped.
    static func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}
