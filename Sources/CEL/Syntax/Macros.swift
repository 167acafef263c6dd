// Calls that the parser reads as special forms.
extension Parser {
    mutating func globalCall(
        _ name: String,
        _ arguments: [NodeID],
        at position: Int,
        from start: Int
    ) throws(SyntaxError) -> NodeID {
        guard macrosEnabled, name == "has", arguments.count == 1 else {
            return try node(.call(name, arguments), at: position, from: start)
        }
        guard case .select(let operand, let field) = tree[arguments[0]].kind else {
            throw SyntaxError(
                offset: tree[arguments[0]].position,
                message: "has() needs a field selection",
                hint: "write has(a.b)"
            )
        }
        return try node(.has(operand, field: field), at: position, from: start)
    }

    mutating func memberCall(
        _ target: NodeID,
        _ name: String,
        _ arguments: [NodeID],
        at position: Int,
        from start: Int
    ) throws(SyntaxError) -> NodeID {
        if macrosEnabled, let special = try specialForm(target, name, arguments, at: position) {
            return try node(special, at: position, from: start)
        }
        return try node(.memberCall(target, name, arguments), at: position, from: start)
    }

    private func specialForm(
        _ target: NodeID,
        _ name: String,
        _ arguments: [NodeID],
        at position: Int
    ) throws(SyntaxError) -> Node.Kind? {
        if case .identifier("cel", _) = tree[target].kind {
            return try namespaceForm(name, arguments)
        }
        switch (name, arguments.count) {
        case ("all", 2): return try loop(.all, target, arguments)
        case ("exists", 2): return try loop(.exists, target, arguments)
        case ("exists_one", 2), ("existsOne", 2): return try loop(.existsOne, target, arguments)
        case ("filter", 2): return try loop(.filter, target, arguments)
        case ("map", 2): return try loop(.map, target, arguments)
        case ("map", 3): return try loop(.map, target, arguments, hasFilter: true)
        case ("sortBy", 2): return try loop(.sortBy, target, arguments)
        case ("all", 3): return try loop(.all, target, arguments, variables: 2)
        case ("exists", 3): return try loop(.exists, target, arguments, variables: 2)
        case ("existsOne", 3), ("exists_one", 3): return try loop(.existsOne, target, arguments, variables: 2)
        case ("transformList", 3): return try loop(.transformList, target, arguments, variables: 2)
        case ("transformMap", 3): return try loop(.transformMap, target, arguments, variables: 2)
        case ("transformMapEntry", 3): return try loop(.transformMapEntry, target, arguments, variables: 2)
        case ("transformList", 4): return try loop(.transformList, target, arguments, variables: 2, hasFilter: true)
        case ("transformMap", 4): return try loop(.transformMap, target, arguments, variables: 2, hasFilter: true)
        case ("transformMapEntry", 4):
            return try loop(.transformMapEntry, target, arguments, variables: 2, hasFilter: true)
        case ("optMap", 2), ("optFlatMap", 2):
            let variable = try variableName(arguments[0])
            return .optionalMap(target, variable: variable, arguments[1], isFlat: name == "optFlatMap")
        default: return nil
        }
    }

    private func namespaceForm(_ name: String, _ arguments: [NodeID]) throws(SyntaxError) -> Node.Kind? {
        switch (name, arguments.count) {
        case ("bind", 3):
            return .bind(try variableName(arguments[0]), arguments[1], arguments[2])
        case ("block", 2):
            guard case .list(let elements) = tree[arguments[0]].kind else {
                throw SyntaxError(offset: tree[arguments[0]].position, message: "cel.block() needs a list literal")
            }
            return .block(elements.map(\.value), arguments[1])
        case ("index", 1), ("iterVar", 2), ("accuVar", 2):
            return blockVariable(name, arguments).map { .identifier($0, isAbsolute: false) }
        default: return nil
        }
    }

    /// The name behind `cel.index(0)` or `cel.iterVar(0, 1)`; no source can spell it as an identifier.
    private func blockVariable(_ name: String, _ arguments: [NodeID]) -> String? {
        var text = "@\(name)"
        for argument in arguments {
            guard case .literal(.int(let number)) = tree[argument].kind, number >= 0 else { return nil }
            text += ":\(number)"
        }
        return text
    }

    private func loop(
        _ macro: Node.Macro,
        _ target: NodeID,
        _ arguments: [NodeID],
        variables: Int = 1,
        hasFilter: Bool = false
    ) throws(SyntaxError) -> Node.Kind {
        let first = try variableName(arguments[0])
        let second = variables == 2 ? try variableName(arguments[1]) : nil
        if first == second {
            throw SyntaxError(offset: tree[arguments[1]].position, message: "the two variables have the same name")
        }
        return .comprehension(
            Node.Comprehension(
                macro: macro,
                range: target,
                first: first,
                second: second,
                filter: hasFilter ? arguments[variables] : nil,
                body: arguments[arguments.count - 1]
            )
        )
    }

    private func variableName(_ id: NodeID) throws(SyntaxError) -> String {
        guard case .identifier(let name, isAbsolute: false) = tree[id].kind else {
            throw SyntaxError(offset: tree[id].position, message: "expected a simple variable name")
        }
        return name
    }
}
