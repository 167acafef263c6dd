extension MetricsSpec {
    /// What a metrics document lacks of what is declared, in sentences about the step: policies take it for unknown.
    package func shortcomings(of document: JSONValue) -> [String] {
        guard let names else { return [] }
        var reported: [String: JSONValue] = [:]
        Self.collect(document, "", &reported)
        let strangers = reported.keys.filter { names[$0] == nil }.sorted()
        return names.sorted { $0.key < $1.key }.compactMap { name, type in
            guard let value = reported[name] else {
                let near = Spelling.nearest(to: name, among: strangers)
                return "did not report the metric \(name), which it declares"
                    + (near.map { "; \(file) has \"\($0)\"" } ?? "")
            }
            return type.takes(value) ? nil : "reported the metric \(name) as \(value.kind), and declares it as \(type)"
        }
    }

    /// Values by name, dots for nesting.
    fileprivate static func collect(_ value: JSONValue, _ path: String, _ values: inout [String: JSONValue]) {
        guard case .object = value else { return values[path] = value }
        for (name, nested) in value.sortedMembers {
            collect(nested, path.isEmpty ? name : "\(path).\(name)", &values)
        }
    }
}

extension [String: MetricType] {
    /// What of a metrics document is of another type than is declared here, in parts of a sentence: a name, and how.
    package func mistyped(in document: JSONValue) -> [String] {
        var given: [String: JSONValue] = [:]
        MetricsSpec.collect(document, "", &given)
        return given.sorted { $0.key < $1.key }.compactMap { name, value in
            guard let type = self[name], !type.takes(value) else { return nil }
            return "\(name) as \(value.kind), which is declared as \(type)"
        }
    }
}

extension MetricType {
    fileprivate func takes(_ value: JSONValue) -> Bool {
        switch (self, value) {
        // Each element is taken like a metric of its own.
        case (_, .array(let elements)): elements.allSatisfy(takes)
        case (.double, .integer), (.int, .integer), (.string, .string), (.bool, .bool): true
        case (.double, .number(let number)): number.isFinite
        case (.double, _), (.int, _), (.string, _), (.bool, _): false
        }
    }
}

extension JSONValue {
    fileprivate var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a bool"
        case .integer: "a whole number"
        case .number(let number): number.isFinite ? "a number" : "no finite number"
        case .string: "a string"
        case .array: "a list with something else in it"
        case .object: "an object"
        }
    }
}
