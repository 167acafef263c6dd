/// Gives names their meaning and nodes their types.
///
/// Lenient checking reports nothing: what has no meaning stays undeclared, what has no type is `dyn`.
struct Checker {
    let tree: SyntaxTree
    let environment: Environment
    let isLenient: Bool
    var substitution = Substitution()
    var types: [CELType]
    var references: [Reference?]
    var slots: [Int]
    var diagnostics: [Diagnostic] = []
    private var scope: [(name: String, type: CELType)] = []
    private var slotCount = 0

    static func check(
        _ tree: SyntaxTree,
        in environment: Environment,
        isLenient: Bool
    ) throws(CompilationError) -> CheckedTree {
        var checker = Checker(tree, environment, isLenient: isLenient)
        _ = checker.check(tree.root)
        guard checker.diagnostics.isEmpty else {
            let sorted = checker.diagnostics.sorted { $0.location.offset < $1.location.offset }
            throw CompilationError(diagnostics: sorted)
        }
        let types = checker.types.map { checker.substitution.apply($0, freeToDyn: true) }
        return CheckedTree(
            tree: tree,
            types: types,
            references: checker.references,
            slots: checker.slots,
            slotCount: checker.slotCount,
            environment: environment
        )
    }

    private init(_ tree: SyntaxTree, _ environment: Environment, isLenient: Bool) {
        self.tree = tree
        self.environment = environment
        self.isLenient = isLenient
        types = Array(repeating: .dyn, count: tree.nodes.count)
        references = Array(repeating: nil, count: tree.nodes.count)
        slots = Array(repeating: 0, count: tree.nodes.count)
    }

    /// A person reads this many mistakes at most.
    private static let maximumDiagnostics = 50

    /// Whether one more mistake would be told; if not, looking for a hint is wasted.
    var isReporting: Bool { !isLenient && diagnostics.count < Self.maximumDiagnostics }

    mutating func report(_ id: NodeID, _ message: String, hint: String? = nil) {
        report(at: tree[id].position, message, hint: hint)
    }

    mutating func report(at position: Int, _ message: String, hint: String? = nil) {
        guard isReporting else { return }
        diagnostics.append(tree.source.diagnostic(at: position, message, hint: hint))
    }

    // MARK: Scopes

    /// Checks `body` with variables in scope, and says in which slot the first one lies.
    mutating func withVariables(
        _ variables: [(name: String, type: CELType)],
        of id: NodeID,
        _ body: (inout Checker) -> Void
    ) {
        slots[id] = scope.count
        scope += variables
        slotCount = max(slotCount, scope.count)
        body(&self)
        scope.removeLast(variables.count)
    }

    func localSlot(_ name: String) -> Int? {
        scope.lastIndex { $0.name == name }
    }

    // MARK: Nodes

    mutating func check(_ id: NodeID) -> CELType {
        let type = inferredType(of: id)
        types[id] = type
        return type
    }

    private mutating func inferredType(of id: NodeID) -> CELType {
        switch tree[id].kind {
        case .literal(let value): return value.type
        case .identifier(let name, let isAbsolute): return identifier(id, name, isAbsolute: isAbsolute)
        case .select(let operand, let field):
            if let found = qualified(id) { return found }
            if isUndeclared(id, within: operand) { return .dyn }
            return selectedType(check(operand), field, at: id)
        case .optionalSelect(let operand, let field):
            let selected = selectedType(unwrapped(check(operand)), field, at: id)
            return .optional(selected)
        case .has(let operand, let field):
            _ = selectedType(check(operand), field, at: id)
            return .bool
        case .index(let operand, let key):
            let operandType = resolved(check(operand))
            let keyType = check(key)
            if case .optional(let wrapped) = operandType { return .optional(element(of: wrapped, keyType, at: id)) }
            return element(of: operandType, keyType, at: id)
        case .optionalIndex(let operand, let key):
            let operandType = unwrapped(check(operand))
            return .optional(element(of: operandType, check(key), at: id))
        case .call(let name, let arguments): return call(id, name, arguments)
        case .memberCall(let target, let name, let arguments): return memberCall(id, target, name, arguments)
        case .unary(let sign, let operand):
            let operandType = check(operand)
            return operation(id, sign.function, symbol: sign.rawValue, [operandType])
        case .binary(let sign, let left, let right):
            let leftType = check(left)
            let rightType = check(right)
            return operation(id, sign.function, symbol: sign.rawValue, [leftType, rightType])
        case .logical(let sign, let operands):
            for operand in operands { expectBool(operand, of: "'\(sign.rawValue)'") }
            return .bool
        case .conditional(let condition, let whenTrue, let whenFalse):
            expectBool(condition, of: "a condition")
            return conditional(id, check(whenTrue), check(whenFalse))
        case .list(let elements): return list(elements)
        case .map(let entries): return map(entries)
        case .record(let name, let fields): return record(id, name, fields)
        case .comprehension(let loop): return comprehension(id, loop)
        case .bind(let name, let value, let body):
            let type = check(value)
            var result = CELType.dyn
            withVariables([(name, type)], of: id) { result = $0.check(body) }
            return result
        case .optionalMap(let target, let variable, let body, let isFlat):
            return optionalMap(id, target, variable, body, isFlat: isFlat)
        case .block(let values, let body): return block(id, values, body)
        }
    }

    func resolved(_ type: CELType) -> CELType { substitution.resolve(type) }

    func unwrapped(_ type: CELType) -> CELType {
        if case .optional(let wrapped) = resolved(type) { resolved(wrapped) } else { resolved(type) }
    }

    func shown(_ type: CELType) -> String { substitution.apply(type, freeToDyn: true).description }

    mutating func expectBool(_ id: NodeID, of what: String) {
        let type = check(id)
        guard !substitution.isAssignable(type, to: .bool) else { return }
        report(id, "\(what) needs a bool, found \(shown(type))")
    }

    private mutating func conditional(_ id: NodeID, _ whenTrue: CELType, _ whenFalse: CELType) -> CELType {
        let saved = substitution
        if substitution.isAssignable(whenFalse, to: whenTrue) { return substitution.moreGeneral(whenTrue, whenFalse) }
        substitution = saved
        if substitution.isAssignable(whenTrue, to: whenFalse) { return substitution.moreGeneral(whenFalse, whenTrue) }
        substitution = saved
        report(
            id,
            "the branches of '?:' have different types: \(shown(whenTrue)) and \(shown(whenFalse))",
            hint: "wrap one in dyn() if both are meant"
        )
        return .dyn
    }

    private mutating func list(_ elements: [Node.ListElement]) -> CELType {
        var joined: CELType?
        for element in elements {
            var type = check(element.value)
            if element.isOptional { type = optionalPayload(type, element.value) }
            joined = joined.map { substitution.join($0, type) } ?? type
        }
        return .list(joined ?? substitution.fresh())
    }

    private mutating func map(_ entries: [Node.MapEntry]) -> CELType {
        var key: CELType?
        var value: CELType?
        for entry in entries {
            let keyType = check(entry.key)
            switch resolved(keyType) {
            case .bool, .int, .uint, .string, .dyn, .parameter: break
            case let other: report(entry.key, "\(shown(other)) may not be the key of a map")
            }
            key = key.map { substitution.join($0, keyType) } ?? keyType
            var valueType = check(entry.value)
            if entry.isOptional { valueType = optionalPayload(valueType, entry.value) }
            value = value.map { substitution.join($0, valueType) } ?? valueType
        }
        return .map(key ?? substitution.fresh(), value ?? substitution.fresh())
    }

    mutating func optionalPayload(_ type: CELType, _ id: NodeID) -> CELType {
        switch resolved(type) {
        case .optional(let wrapped): return wrapped
        case .dyn, .parameter: return .dyn
        case let other:
            report(id, "'?' needs an optional value, found \(shown(other))")
            return .dyn
        }
    }

    private mutating func record(_ id: NodeID, _ name: String, _ fields: [Node.RecordField]) -> CELType {
        let type = environment.record(named: name)
        if type == nil { report(at: tree[id].range.lowerBound, "there is no record type '\(name)'") }
        for field in fields {
            var found = check(field.value)
            if field.isOptional { found = optionalPayload(found, field.value) }
            guard let type else { continue }
            guard let declared = type.fields[field.name] ?? (type.isOpen ? .dyn : nil) else {
                report(
                    at: field.position, "\(type.name) has no field '\(field.name)'", hint: fieldHint(field.name, type))
                continue
            }
            guard !substitution.isAssignable(found, to: declared) else { continue }
            report(field.value, "field '\(field.name)' is \(shown(declared)), found \(shown(found))")
        }
        references[id] = type == nil ? .undeclared(name) : nil
        return type.map { .record($0.name) } ?? .dyn
    }

    private mutating func optionalMap(
        _ id: NodeID,
        _ target: NodeID,
        _ variable: String,
        _ body: NodeID,
        isFlat: Bool
    ) -> CELType {
        let targetType = check(target)
        let payload = optionalPayload(targetType, target)
        var result = CELType.dyn
        withVariables([(variable, payload)], of: id) { result = $0.check(body) }
        guard isFlat else { return .optional(result) }
        return .optional(optionalPayload(result, body))
    }

    private mutating func block(_ id: NodeID, _ values: [NodeID], _ body: NodeID) -> CELType {
        slots[id] = scope.count
        for (index, value) in values.enumerated() {
            let type = check(value)
            scope.append(("@index:\(index)", type))
            slotCount = max(slotCount, scope.count)
        }
        let result = check(body)
        scope.removeLast(values.count)
        return result
    }

    // MARK: Names

    private mutating func identifier(_ id: NodeID, _ name: String, isAbsolute: Bool) -> CELType {
        if !isAbsolute, let slot = localSlot(name) {
            references[id] = .local(slot)
            return scope[slot].type
        }
        if let found = environment.lookUp(name, isAbsolute: isAbsolute) {
            references[id] = found.reference
            return found.type
        }
        references[id] = .undeclared(name)
        guard isReporting else { return .dyn }
        if !name.hasPrefix("@") {
            let locals = scope.map(\.name).filter { !$0.hasPrefix("@") }
            let near = nearestName(to: name, among: locals + environment.visibleNames)
            let hint = environment.undeclaredHints[name] ?? near.map { "did you mean '\($0)'?" }
            report(id, "undeclared name '\(name)'", hint: hint)
        } else {
            report(id, "this position of cel.block() is not defined here")
        }
        return .dyn
    }

    /// The meaning of a chain of selections as one dotted name, if it has one.
    private mutating func qualified(_ id: NodeID) -> CELType? {
        guard let (name, isAbsolute) = dottedName(id) else { return nil }
        let first = name.prefix { $0 != "." }
        if !isAbsolute, localSlot(String(first)) != nil { return nil }
        guard let found = environment.lookUp(name, isAbsolute: isAbsolute) else { return nil }
        references[id] = found.reference
        return found.type
    }

    /// Reports a name that is not among those that begin alike, such as `variables.drp` beside `variables.drop`.
    private mutating func isUndeclared(_ id: NodeID, within operand: NodeID) -> Bool {
        guard isReporting, case .identifier(let first, let isAbsolute) = tree[operand].kind, localSlot(first) == nil,
            environment.lookUp(first, isAbsolute: isAbsolute) == nil, let name = dottedName(id)?.name
        else { return false }
        if let hint = environment.undeclaredHints[name] {
            report(id, "undeclared name '\(name)'", hint: hint)
            return true
        }
        let siblings = environment.visibleNames.filter { $0.hasPrefix("\(first).") }.sorted()
        guard !siblings.isEmpty else { return false }
        let near = nearestName(to: name, among: siblings).map { "did you mean '\($0)'?" }
        let known = "declared are \(siblings.prefix(12).joined(separator: ", "))\(siblings.count > 12 ? ", …" : "")"
        report(id, "undeclared name '\(name)'", hint: near ?? known)
        return true
    }

    func dottedName(_ id: NodeID) -> (name: String, isAbsolute: Bool)? {
        switch tree[id].kind {
        case .identifier(let name, let isAbsolute): (name, isAbsolute)
        case .select(let operand, let field): dottedName(operand).map { ("\($0.name).\(field)", $0.isAbsolute) }
        default: nil
        }
    }
}
