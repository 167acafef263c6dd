// Fields and elements.
extension Checker {
    mutating func selectedType(_ operand: CELType, _ field: String, at id: NodeID) -> CELType {
        switch resolved(operand) {
        case .dyn: return .dyn
        case .parameter:
            _ = substitution.isAssignable(operand, to: .dyn)
            return .dyn
        case .map(_, let value): return value
        case .optional(let wrapped): return .optional(selectedType(wrapped, field, at: id))
        case .record(let name): return fieldType(name, field, at: id)
        case let other:
            report(id, "\(shown(other)) has no fields", hint: nil)
            return .dyn
        }
    }

    private mutating func fieldType(_ record: String, _ field: String, at id: NodeID) -> CELType {
        guard let type = environment.record(named: record) else { return .dyn }
        if let declared = type.fields[field] { return declared }
        if type.isOpen { return .dyn }
        report(id, "\(type.name) has no field '\(field)'", hint: fieldHint(field, type))
        return .dyn
    }

    func fieldHint(_ field: String, _ type: RecordType) -> String {
        if let near = nearestName(to: field, among: type.fields.keys.sorted()) { return "did you mean '\(near)'?" }
        let known = type.fields.keys.sorted().prefix(12).joined(separator: ", ")
        return known.isEmpty ? "it has no fields at all" : "its fields: \(known)"
    }

    mutating func element(of container: CELType, _ key: CELType, at id: NodeID) -> CELType {
        switch resolved(container) {
        case .dyn, .parameter: return .dyn
        case .list(let element):
            switch resolved(key) {
            case .int, .uint, .double, .dyn, .parameter: break
            case let other: report(id, "a list is indexed by int, found \(shown(other))")
            }
            return element
        case .map(let keyType, let value):
            let isNumber = isNumeric(resolved(key)) && isNumeric(resolved(keyType))
            if !isNumber, !substitution.isAssignable(key, to: keyType) {
                report(id, "the map has \(shown(keyType)) keys, found \(shown(key))")
            }
            return value
        case .record(let name):
            report(id, "\(name) is a record: its fields are read with a dot")
            return .dyn
        case let other:
            report(id, "\(shown(other)) cannot be indexed")
            return .dyn
        }
    }

    private func isNumeric(_ type: CELType) -> Bool {
        type == .int || type == .uint || type == .double
    }

    mutating func comprehension(_ id: NodeID, _ loop: Node.Comprehension) -> CELType {
        let range = resolved(check(loop.range))
        let types: (CELType, CELType)
        switch range {
        case .dyn, .parameter: types = (.dyn, .dyn)
        case .list(let element): types = loop.second == nil ? (element, .dyn) : (.int, element)
        case .map(let key, let value): types = (key, value)
        case let other:
            report(loop.range, "\(shown(other)) cannot be looped over: \(loop.macro.rawValue)() needs a list or map")
            types = (.dyn, .dyn)
        }
        var variables = [(name: loop.first, type: types.0)]
        if let second = loop.second { variables.append((second, types.1)) }
        var body = CELType.dyn
        withVariables(variables, of: id) { checker in
            if let filter = loop.filter { checker.expectBool(filter, of: "the filter of \(loop.macro.rawValue)()") }
            switch loop.macro {
            case .all, .exists, .existsOne, .filter:
                checker.expectBool(loop.body, of: "\(loop.macro.rawValue)()")
            default:
                body = checker.check(loop.body)
            }
        }
        switch loop.macro {
        case .all, .exists, .existsOne: return .bool
        case .filter: return .list(types.0)
        case .map, .transformList: return .list(body)
        case .transformMap: return .map(loop.second == nil || isList(range) ? .int : types.0, body)
        case .transformMapEntry:
            switch resolved(body) {
            case .map(let key, let value): return .map(key, value)
            case .dyn, .parameter: return .anyMap
            case let other:
                report(loop.body, "transformMapEntry() needs a map, found \(shown(other))")
                return .anyMap
            }
        case .sortBy:
            expectOrdered(body, loop.body)
            if case .map = range {
                report(loop.range, "sortBy() needs a list")
            }
            return .list(types.0)
        }
    }

    private func isList(_ type: CELType) -> Bool {
        if case .list = type { true } else { false }
    }

    private mutating func expectOrdered(_ type: CELType, _ id: NodeID) {
        switch resolved(type) {
        case .dyn, .parameter, .bool, .int, .uint, .double, .string, .bytes, .timestamp, .duration: break
        case let other: report(id, "sortBy() needs keys that have an order, found \(shown(other))")
        }
    }
}
