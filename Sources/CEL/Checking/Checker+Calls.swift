// Functions and operators.
extension Checker {
    mutating func call(_ id: NodeID, _ name: String, _ arguments: [NodeID]) -> CELType {
        let isAbsolute = name.hasPrefix(".")
        let plain = isAbsolute ? String(name.dropFirst()) : name
        let types = arguments.map { check($0) }
        guard let (found, overloads) = environment.function(plain, isAbsolute: isAbsolute) else {
            references[id] = .undeclared(plain)
            guard isReporting else { return .dyn }
            if plain == "has" {
                report(id, "'has' does not take \(Self.count(arguments))", hint: "it is called as has(a.b)")
                return .dyn
            }
            let hint = nearestName(to: plain, among: environment.globalFunctionNames)
            report(id, "there is no function '\(plain)'", hint: hint.map { "did you mean '\($0)'?" })
            return .dyn
        }
        return resolve(id, found, overloads, types, isMember: false, isNamespaced: false)
    }

    mutating func memberCall(_ id: NodeID, _ target: NodeID, _ name: String, _ arguments: [NodeID]) -> CELType {
        if let (prefix, isAbsolute) = dottedName(target), isAbsolute || localSlot(firstPart(prefix)) == nil,
            let (found, overloads) = environment.function("\(prefix).\(name)", isAbsolute: isAbsolute)
        {
            let types = arguments.map { check($0) }
            return resolve(id, found, overloads, types, isMember: false, isNamespaced: true)
        }
        guard let overloads = environment.functions[name], !isReporting || namespace(target) == nil else {
            return undeclaredMember(id, target, name, arguments)
        }
        let types = [check(target)] + arguments.map { check($0) }
        return resolve(id, name, overloads, types, isMember: true, isNamespaced: false)
    }

    /// Tells of a member function that is not there, and not of what follows from it: a namespace is no name, and what
    /// was meant for the variable of a macro is not declared.
    private mutating func undeclaredMember(
        _ id: NodeID,
        _ target: NodeID,
        _ name: String,
        _ arguments: [NodeID]
    ) -> CELType {
        references[id] = .undeclared(name)
        guard isReporting else {
            for part in [target] + arguments { _ = check(part) }
            return .dyn
        }
        let namespace = namespace(target)
        let told = diagnostics
        _ = check(target)
        if namespace != nil { diagnostics = told }
        let full = namespace.map { "\($0).\(name)" } ?? name
        let near: String? =
            namespace == nil
            ? nearestName(to: name, among: environment.memberFunctionNames)
            : Self.otherNames[full]
                ?? nearestName(
                    to: full, among: environment.globalFunctionNames + Array(Node.Macro.namespacedForms.keys).sorted())
        let form = (Node.Macro.forms[full] ?? Node.Macro.namespacedForms[full]).map { "it is called as \($0)" }
        report(
            id, form == nil ? "there is no function '\(full)'" : "'\(full)' does not take \(Self.count(arguments))",
            hint: form ?? near.map { "did you mean '\($0)'?" })
        let before = diagnostics
        for argument in arguments { _ = check(argument) }
        if let near, Node.Macro.forms[near] ?? Node.Macro.namespacedForms[near] != nil { diagnostics = before }
        return .dyn
    }

    /// What other languages call functions of this one.
    private static let otherNames = [
        "math.max": "math.greatest", "math.maximum": "math.greatest", "math.min": "math.least",
        "math.minimum": "math.least",
    ]

    private static func count(_ arguments: [NodeID]) -> String {
        arguments.count == 1 ? "one argument" : "\(arguments.count) arguments"
    }

    /// The dotted name of what can only be the namespace of functions.
    private func namespace(_ target: NodeID) -> String? {
        guard let (name, isAbsolute) = dottedName(target), isAbsolute || localSlot(firstPart(name)) == nil,
            environment.lookUp(name, isAbsolute: isAbsolute) == nil,
            environment.lookUp(firstPart(name), isAbsolute: isAbsolute) == nil
        else { return nil }
        let isKnown = name == "cel" || environment.globalFunctionNames.contains { $0.hasPrefix("\(name).") }
        return isKnown ? name : nil
    }

    private func firstPart(_ name: String) -> String { String(name.prefix { $0 != "." }) }

    mutating func operation(_ id: NodeID, _ function: String, symbol: String, _ types: [CELType]) -> CELType {
        let overloads = environment.functions[function] ?? []
        let (result, candidates) = match(overloads, types, isMember: false)
        references[id] = .function(
            ResolvedFunction(
                name: function, candidates: candidates.isEmpty ? overloads : candidates, isNamespaced: false)
        )
        guard let result else {
            guard isReporting else { return .dyn }
            let shownTypes = types.map { shown($0) }
            if types.count == 1 {
                report(id, "'\(symbol)' does not apply to \(shownTypes[0])")
            } else {
                report(
                    id, "'\(symbol)' does not apply to \(shownTypes[0]) and \(shownTypes[1])",
                    hint: Self.hint(symbol, resolved(types[0]), resolved(types[1]))
                )
            }
            return .dyn
        }
        return result
    }

    /// What to write where an operator does not apply to the types of its operands.
    static func hint(_ symbol: String, _ left: CELType, _ right: CELType) -> String? {
        switch (left, right) {
        case (.int, .double), (.double, .int), (.uint, .double), (.double, .uint):
            return "numbers do not convert by themselves: write double(…), or 1.0 for 1"
        case (.string, .timestamp), (.timestamp, .string): return "write timestamp(…) around the text"
        case (.string, .duration), (.duration, .string): return "write duration(…) around the text"
        case (.string, _) where symbol == "+", (_, .string) where symbol == "+":
            return "write string(…) around the part that is not a string"
        default: return nil
        }
    }

    private mutating func resolve(
        _ id: NodeID,
        _ name: String,
        _ overloads: [FunctionOverload],
        _ types: [CELType],
        isMember: Bool,
        isNamespaced: Bool
    ) -> CELType {
        let (result, candidates) = match(overloads, types, isMember: isMember)
        let possible = candidates.isEmpty ? overloads.filter { $0.signature.isMember == isMember } : candidates
        references[id] = .function(ResolvedFunction(name: name, candidates: possible, isNamespaced: isNamespaced))
        if let result { return result }
        guard isReporting else { return .dyn }
        let given = types.map { shown($0) }.joined(separator: ", ")
        let forms = overloads.prefix(6).map { $0.signature.describe(as: name) }
        report(id, "'\(name)' does not take (\(given))", hint: "it is called as " + forms.joined(separator: "; "))
        return .dyn
    }

    /// The result type of a call, nil if no overload fits, and the overloads that fit.
    private mutating func match(
        _ overloads: [FunctionOverload],
        _ types: [CELType],
        isMember: Bool
    ) -> (CELType?, [FunctionOverload]) {
        var fitting: [FunctionOverload] = []
        var result: CELType?
        let saved = substitution
        var afterFirst = substitution
        for overload in overloads where overload.signature.isMember == isMember {
            guard overload.signature.takes(types.count) else { continue }
            substitution = saved
            let signature = overload.isGeneric ? substitution.instantiate(overload.signature) : overload.signature
            var fits = true
            for (index, type) in types.enumerated() {
                let parameter = signature.parameters[min(index, signature.parameters.count - 1)]
                guard substitution.isAssignable(type, to: parameter) else {
                    fits = false
                    break
                }
            }
            guard fits else { continue }
            fitting.append(overload)
            let type = overload.isGeneric ? substitution.apply(signature.result, freeToDyn: false) : signature.result
            if let previous = result {
                if previous != type { result = .dyn }
            } else {
                result = type
                afterFirst = substitution
            }
        }
        substitution = fitting.count == 1 ? afterFirst : saved
        return (result, fitting)
    }
}

extension Overload {
    func takes(_ count: Int) -> Bool {
        isVariadic ? count >= parameters.count : count == parameters.count
    }

    func describe(as name: String) -> String {
        var arguments = parameters.map(\.description)
        if isVariadic { arguments.append("…") }
        guard isMember else { return "\(name)(\(arguments.joined(separator: ", ")))" }
        return "\(arguments[0]).\(name)(\(arguments.dropFirst().joined(separator: ", ")))"
    }
}
