package import HeadgateCore

/// JSON Schemas of the kinds of manifests, made from the declarations that decode them.
package enum ManifestSchema {
    /// The schema of a kind, in draft 2020-12, as text that an editor or `python -m jsonschema` can read.
    package static func jsonSchema(_ kind: Kind) -> String {
        jsonSchema(kind.rawValue, Declaration.summary(of: kind), Declaration.spec(of: kind).schema)
    }

    /// The schema of tests of policies.
    package static func policyTestSchema() -> String {
        jsonSchema(PolicyTestParser.kind, PolicyTestParser.summary, Declaration.policyTest.schema)
    }

    private static func jsonSchema(_ kind: String, _ summary: String, _ schema: Schema) -> String {
        var definitions: [String: JSONValue] = [:]
        let metadata = value(of: Declaration.metadata.schema, &definitions)
        let spec = value(of: schema, &definitions)
        let root: [String: JSONValue] = [
            "$schema": .string("https://json-schema.org/draft/2020-12/schema"),
            "$id": .string("https://\(Declaration.apiVersion)/\(kind).schema.json"),
            "title": .string(kind),
            "description": .string(summary),
            "type": .string("object"),
            "properties": .object([
                "apiVersion": .object(["const": .string(Declaration.apiVersion)]),
                "kind": .object(["const": .string(kind)]),
                "metadata": metadata,
                "spec": spec,
            ]),
            "required": .array(["apiVersion", "kind", "metadata", "spec"].map(JSONValue.string)),
            "additionalProperties": .bool(false),
            "$defs": .object(definitions),
        ]
        return JSONValue.object(root).indentedText + "\n"
    }

    private static func value(of schema: Schema, _ definitions: inout [String: JSONValue]) -> JSONValue {
        switch schema {
        case .text(let form): return value(of: form)
        case .integer(let range):
            var members: [String: JSONValue] = [
                "type": .string("integer"), "minimum": .integer(Int64(range.lowerBound)),
            ]
            if range.upperBound != .max { members["maximum"] = .integer(Int64(range.upperBound)) }
            return .object(members)
        case .number(let range):
            guard let least = range?.lowerBound else { return .object(["type": .string("number")]) }
            return .object(["type": .string("number"), "minimum": .number(least)])
        case .boolean: return .object(["type": .string("boolean")])
        case .any: return .object([:])
        case .options(let options):
            return .object([
                "oneOf": .array(
                    options.map { ["const": .string($0.name), "description": .string($0.summary)] }.map(
                        JSONValue.object))
            ])
        case .list(let element, let count):
            var members: [String: JSONValue] = ["type": .string("array"), "items": value(of: element, &definitions)]
            if count.lowerBound > 0 { members["minItems"] = .integer(Int64(count.lowerBound)) }
            if count.upperBound != .max { members["maxItems"] = .integer(Int64(count.upperBound)) }
            return .object(members)
        case .map(let element, let keys):
            var members: [String: JSONValue] = [
                "type": .string("object"), "additionalProperties": value(of: element, &definitions),
            ]
            if let pattern = keys.pattern { members["propertyNames"] = .object(["pattern": .string(pattern)]) }
            return .object(members)
        case .object(let object): return reference(to: object, &definitions)
        case .either(let scalar, let mapping):
            return .object(["anyOf": .array([value(of: scalar, &definitions), value(of: mapping, &definitions)])])
        }
    }

    private static func value(of form: TextForm) -> JSONValue {
        guard let pattern = form.pattern else {
            // Without quotes, 8080 and true are texts too where a text is declared.
            return .object(["type": .array(["string", "number", "boolean"].map(JSONValue.string))])
        }
        return .object(["type": .string("string"), "pattern": .string(pattern)])
    }

    private static func reference(to object: ObjectSchema, _ definitions: inout [String: JSONValue]) -> JSONValue {
        let reference = JSONValue.object(["$ref": .string("#/$defs/\(object.anchor)")])
        guard definitions[object.anchor] == nil else { return reference }
        definitions[object.anchor] = .null
        var properties: [String: JSONValue] = [:]
        var required: [JSONValue] = []
        for member in object.members {
            guard case .object(var property) = value(of: member.schema, &definitions) else { continue }
            property["description"] = .string(member.summary)
            switch member.presence {
            case .required: required.append(.string(member.name))
            case .optional(let shown): property["default"] = shown.flatMap { defaultValue($0, of: member.schema) }
            case .choice: break
            }
            properties[member.name] = .object(property)
        }
        var members: [String: JSONValue] = [
            "title": .string(object.title), "type": .string("object"), "properties": .object(properties),
            "additionalProperties": .bool(false),
        ]
        if !required.isEmpty { members["required"] = .array(required) }
        let choices = object.choices.map(value)
        if let only = choices.first, choices.count == 1 { members.merge(only) { first, _ in first } }
        if choices.count > 1 { members["allOf"] = .array(choices.map(JSONValue.object)) }
        definitions[object.anchor] = .object(members)
        return reference
    }

    private static func value(of choice: ObjectSchema.Choice) -> [String: JSONValue] {
        var cases = choice.names.map { JSONValue.object(["required": .array([.string($0)])]) }
        if !choice.isRequired { cases.append(.object(["not": .object(["anyOf": .array(cases)])])) }
        return ["oneOf": .array(cases)]
    }

    private static func defaultValue(_ text: String, of schema: Schema) -> JSONValue? {
        switch schema {
        case .integer: Int64(text).map(JSONValue.integer)
        case .number: Double(text).map(JSONValue.number)
        case .boolean: .bool(text == "true")
        case .list: .array([])
        case .map: .object([:])
        case .text, .options, .either: .string(text)
        case .any, .object: nil
        }
    }
}

extension ObjectSchema {
    /// The title as a link's target.
    var anchor: String {
        title.lowercased().split(separator: " ").map { word in word.filter { $0.isLetter || $0 == "-" } }
            .joined(separator: "-")
    }
}

extension JSONValue {
    /// JSON for people: two spaces a level, names in order.
    var indentedText: String { indentedText(at: "") }

    private func indentedText(at indent: String) -> String {
        let inner = indent + "  "
        switch self {
        case .array(let values) where !values.isEmpty:
            let lines = values.map { inner + $0.indentedText(at: inner) }
            return "[\n" + lines.joined(separator: ",\n") + "\n\(indent)]"
        case .object(let members) where !members.isEmpty:
            let lines = sortedMembers.map { member in
                inner + JSONValue.string(member.name).canonicalText + ": " + member.value.indentedText(at: inner)
            }
            return "{\n" + lines.joined(separator: ",\n") + "\n\(indent)}"
        case .null, .bool, .integer, .number, .string, .array, .object: return canonicalText
        }
    }
}
