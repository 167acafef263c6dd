import Foundation
import HeadgateCore
import Logging

/// Writes logs to standard error, a line each.
struct LogOutput: LogHandler {
    let isJSON: Bool
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    static func logger(format: RunCommand.LogFormat, level: Logger.Level) -> Logger {
        Logger(label: "headgate") { _ in LogOutput(isJSON: format == .json, logLevel: level) }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        let facts = all.map { ($0.key, "\($0.value)") }.sorted { $0.0 < $1.0 }
        let time = TimeText.stamp(.now)
        let line: String
        if isJSON {
            let members = Dictionary(facts.map { ($0.0, JSONValue.string($0.1)) }) { first, _ in first }
            line =
                JSONValue.object(
                    members.merging([
                        "time": .string(time), "level": .string(event.level.rawValue),
                        "message": .string("\(event.message)"),
                    ]) { $1 }
                ).canonicalText
        } else {
            let detail = facts.first { $0.0 == "detail" }?.1
            let rest = facts.filter { $0.0 != "detail" }.map { "\($0.0)=\($0.1)" }.joined(separator: " ")
            line = Renderer.clean(
                "\(time) \(event.level.rawValue.uppercased())  \(detail ?? "\(event.message)")\(rest.isEmpty ? "" : "  \(rest)")"
            )
        }
        Terminal.write(line + "\n")
    }
}
