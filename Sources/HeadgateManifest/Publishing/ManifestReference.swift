import HeadgateCore

/// The reference of manifests for readers, made from the declarations that decode them.
package enum ManifestReference {
    /// The whole document in Markdown, as `docs/manifests.md` holds it.
    package static func markdown() -> String {
        var described: Set<String> = []
        var sections = [introduction, section(Declaration.metadata.schema, &described)]
        for kind in Kind.allCases {
            sections.append(opening(kind.rawValue, Declaration.summary(of: kind), ManifestExample.text(kind)))
            sections.append(section(Declaration.spec(of: kind).schema, &described))
        }
        sections.append(opening(PolicyTestParser.kind, PolicyTestParser.summary, ManifestExample.policyTest))
        sections.append(section(Declaration.policyTest.schema, &described))
        return sections.joined().trimmingNewlines + "\n"
    }

    private static func opening(_ kind: String, _ summary: String, _ example: String) -> String {
        """
        ## \(kind)
        \(summary)

        ```yaml
        \(example.trimmingNewlines)
        ```


        """
    }

    /// Tables of an object's fields and of all that they hold, in the order in which they are met.
    private static func section(_ schema: Schema, _ described: inout Set<String>) -> String {
        var text = ""
        var waiting = objects(in: schema)
        while !waiting.isEmpty {
            let object = waiting.removeFirst()
            guard described.insert(object.title).inserted else { continue }
            text += table(object)
            waiting = object.members.flatMap { objects(in: $0.schema) } + waiting
        }
        return text
    }

    private static func objects(in schema: Schema) -> [ObjectSchema] {
        switch schema {
        case .object(let object): [object]
        case .list(let element, _), .map(let element, _): objects(in: element)
        case .either(let scalar, let mapping): objects(in: scalar) + objects(in: mapping)
        case .text, .integer, .number, .boolean, .any, .options: []
        }
    }

    private static func table(_ object: ObjectSchema) -> String {
        var text = "### \(object.title)\n"
        guard !object.members.isEmpty else { return text + "It has no fields: write `{}`.\n\n" }
        for choice in object.choices {
            let names = choice.names.map { "`\($0)`" }.joined(separator: ", ")
            text += "\(choice.isRequired ? "Exactly" : "At most") one of \(names) is given.\n"
        }
        if !object.choices.isEmpty { text += "\n" }
        text += "| field | value | default | meaning |\n|---|---|---|---|\n"
        for member in object.members {
            let standing =
                switch member.presence {
                case .required: "required"
                case .optional(let shown): shown.map { "`\($0)`" } ?? ""
                case .choice: "one of"
                }
            let meaning = ([member.summary] + meanings(of: member.schema)).joined(separator: " ")
            text += "| `\(member.name)` | \(phrase(member.schema)) | \(standing) | \(cell(meaning)) |\n"
        }
        return text + "\n"
    }

    private static func phrase(_ schema: Schema) -> String {
        switch schema {
        case .text(let form): form.label
        case .integer(let range):
            range.upperBound == .max
                ? "whole number, at least \(range.lowerBound)"
                : "whole number, \(range.lowerBound) through \(range.upperBound)"
        case .number(let range): range.map { "number, at least \($0.lowerBound)" } ?? "number"
        case .boolean: "`true` or `false`"
        case .any: "any value"
        case .options(let options): options.map { "`\($0.name)`" }.joined(separator: ", ")
        case .list(let element, let count):
            "list of " + phrase(element) + (count.lowerBound > 0 ? ", not empty" : "")
        case .map(let element, let keys): "mapping of \(keys.label) to \(phrase(element))"
        case .object(let object): "[\(object.title)](#\(object.anchor))"
        case .either(let scalar, let mapping): "\(phrase(scalar)), or \(phrase(mapping))"
        }
    }

    private static func meanings(of schema: Schema) -> [String] {
        switch schema {
        case .options(let options):
            options.count > 1 && Set(options.map(\.name)) != Set(Kind.allCases.map(\.rawValue))
                ? options.map { "`\($0.name)`: \($0.summary)" } : []
        case .list(let element, _), .map(let element, _): meanings(of: element)
        case .either(let scalar, _): meanings(of: scalar)
        case .text, .integer, .number, .boolean, .any, .object: []
        }
    }

    private static func cell(_ text: String) -> String {
        text.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
    }
}

extension String {
    /// Without line ends at its end.
    fileprivate var trimmingNewlines: String {
        var text = self[...]
        while text.last == "\n" { text = text.dropLast() }
        return String(text)
    }
}
