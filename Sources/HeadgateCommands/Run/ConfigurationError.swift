import Foundation
import Yams

/// What is wrong with a configuration or an option, for people; the exit code is 64.
struct ConfigurationError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    /// What a YAML parser could not read.
    init(_ error: YamlError, in file: String) {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let about = context.map { " \($0.text.trimmingCharacters(in: .whitespaces))" } ?? ""
            self.init("\(file):\(mark.line):\(mark.column): not valid YAML: \(problem)\(about)")
        case .no, .memory, .reader, .writer, .emitter, .representer, .dataCouldNotBeDecoded, .duplicatedKeysInMapping:
            self.init("\(file): not valid YAML: \(error)")
        }
    }

    /// What does not fit where it stands.
    init(_ error: DecodingError, in file: String, _ root: Node) {
        switch error {
        case .keyNotFound(let key, let context):
            let (node, path) = Self.find(context.codingPath, in: root)
            let within = path.isEmpty ? "" : "\(path)."
            self.init("\(file)\(node.place): missing field \"\(within)\(key.stringValue)\"")
        case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
            let (node, path) = Self.find(context.codingPath, in: root)
            self.init(
                "\(file)\(node.place): \(path.isEmpty ? "it" : path): expected \(Self.word(type)), found \(node.word)")
        case .dataCorrupted(let context):
            let (node, path) = Self.find(context.codingPath, in: root)
            self.init("\(file)\(node.place): \(path): \(node.word) is not allowed here")
        @unknown default: self.init("\(file): \(error)")
        }
    }

    private static func find(_ path: [any CodingKey], in root: Node) -> (node: Node, path: String) {
        var node = root
        var text = ""
        for key in path {
            guard let next = key.intValue.map({ node.sequence?[$0] }) ?? node.mapping?[key.stringValue] else { break }
            node = next
            text += key.intValue.map { "[\($0)]" } ?? (text.isEmpty ? "" : ".") + key.stringValue
        }
        return (node, text)
    }

    private static func word(_ type: Any.Type) -> String {
        switch type {
        case is Node.Sequence.Type: "a list"
        case is Node.Mapping.Type: "a mapping"
        case is Node.Scalar.Type: "one value"
        case is Int.Type: "a whole number"
        case is Bool.Type: "true or false"
        case is String.Type: "text"
        default: "another kind of value"
        }
    }
}

extension Node {
    /// `:line:column`, as far as it is known.
    var place: String { mark.map { ":\($0.line):\($0.column)" } ?? "" }

    fileprivate var word: String {
        switch self {
        case .scalar(let scalar): "\"\(scalar.string)\""
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .alias: "an alias"
        }
    }
}
