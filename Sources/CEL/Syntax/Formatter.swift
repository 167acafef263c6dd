/// Prints expressions in one form.
public enum ExpressionFormatter {
    /// An expression in its usual form: one space around operators, no needless parentheses, single quotes.
    ///
    /// Where a line would be longer than `width`, lines begin at the operands of `&&`, `||`, `?:` and relations, at the
    /// calls of a chain behind its first one, at parts of sums and products, and at arguments; the outermost first. Of
    /// sums, products and arguments as many stand on a line as fit. What has no such place may be longer. The form
    /// depends on the expression's meaning only, so what is formatted stays as it is. An expression with a comment
    /// comes back as it is, since the form has no place for it.
    ///
    /// - Parameters:
    ///   - source: The expression.
    ///   - width: The longest line wanted, in characters.
    /// - Returns: The formatted expression.
    /// - Throws: `CompilationError` if the source cannot be parsed.
    public static func format(_ source: String, width: Int = 100) throws(CompilationError) -> String {
        let tree = try Parser.parse(source)
        if tree.hasComments { return source }
        return ExpressionLayout(unparser: Unparser(tree: tree)).layout(tree.root).text(width: width)
    }
}

/// Where the lines of an expression may end.
private struct ExpressionLayout {
    let unparser: Unparser

    func layout(_ id: NodeID) -> Layout {
        switch unparser.tree[id].kind {
        case .literal, .identifier, .has, .block: .text(unparser.print(id))
        case .select, .optionalSelect, .index, .optionalIndex, .memberCall, .comprehension, .optionalMap: chain(id)
        case .call(let name, let arguments): .sequence([.text(name), list("(", arguments.map(layout), ")")])
        case .unary: unary(id)
        case .binary(let sign, _, _) where sign.precedence == 3: relation(id)
        case .binary(let sign, _, _): terms(id, at: sign.precedence)
        case .logical(let sign, let operands): logical(sign.rawValue, operands, unparser.precedence(id))
        case .conditional(let condition, let whenTrue, let whenFalse):
            .group(
                .sequence([
                    operand(condition, above: 1), .line(" "), .text("? "), part(whenTrue, above: 1),
                    .line(" "), .text(": "), operand(whenFalse, above: 0),
                ]))
        case .list(let elements): list("[", elements.map { optional($0.isOptional, layout($0.value)) }, "]")
        case .map(let entries):
            list(
                "{",
                entries.map { entry in
                    optional(entry.isOptional, .sequence([layout(entry.key), .text(": "), layout(entry.value)]))
                }, "}")
        case .record(let name, let fields):
            .sequence([
                .text(name),
                list(
                    "{",
                    fields.map { field in
                        optional(
                            field.isOptional,
                            .sequence([.text(Unparser.fieldText(field.name) + ": "), layout(field.value)]))
                    }, "}"),
            ])
        case .bind(let name, let value, let body):
            .group(
                .sequence([
                    .text("cel.bind(\(name), "), .indented(layout(value)), .text(","), .line(" "), layout(body),
                    .text(")"),
                ]))
        }
    }

    private func operand(_ id: NodeID, above minimum: Int) -> Layout {
        guard unparser.precedence(id) < minimum else { return layout(id) }
        return .sequence([.text("("), .indented(layout(id)), .text(")")])
    }

    /// An operand behind its sign: what it breaks into stands further in, as chains and parentheses see to themselves.
    private func part(_ id: NodeID, above minimum: Int) -> Layout {
        let precedence = unparser.precedence(id)
        return precedence >= minimum && precedence < 6 ? .indented(layout(id)) : operand(id, above: minimum)
    }

    private func optional(_ isOptional: Bool, _ layout: Layout) -> Layout {
        isOptional ? .sequence([.text("?"), layout]) : layout
    }

    /// As many parts on a line as fit.
    private func list(_ opening: String, _ parts: [Layout], _ closing: String) -> Layout {
        let rest = parts.dropFirst().map { Layout.group(.sequence([.text(","), .line(" "), $0])) }
        return .sequence([.text(opening), .indented(.sequence(parts.prefix(1) + rest)), .text(closing)])
    }

    // MARK: Operators

    private func unary(_ id: NodeID) -> Layout {
        guard case .unary(let sign, let target) = unparser.tree[id].kind else { return .text(unparser.print(id)) }
        // What begins with a digit has parentheses behind a minus.
        if sign == .negate, unparser.print(target).utf8.first?.isDigit == true { return .text(unparser.print(id)) }
        return .sequence([.text(sign.rawValue), operand(target, above: 6)])
    }

    private func logical(_ sign: String, _ operands: [NodeID], _ precedence: Int) -> Layout {
        let parts = operands.map { part($0, above: precedence + 1) }
        let rest = parts.dropFirst().map { Layout.sequence([.line(" "), .text("\(sign) "), $0]) }
        return .group(.sequence(parts.prefix(1) + rest))
    }

    private func relation(_ id: NodeID) -> Layout {
        guard case .binary(let sign, let left, let right) = unparser.tree[id].kind else { return layout(id) }
        return .group(
            .sequence([
                operand(left, above: sign.precedence), .line(" "), .text("\(sign.rawValue) "),
                part(right, above: sign.precedence + 1),
            ]))
    }

    /// A sum or a product: `a - b + c` is one list of terms.
    private func terms(_ id: NodeID, at precedence: Int) -> Layout {
        var rest: [Layout] = []
        var first = id
        while case .binary(let sign, let left, let right) = unparser.tree[first].kind, sign.precedence == precedence {
            rest.append(
                .group(.sequence([.line(" "), .text("\(sign.rawValue) "), part(right, above: precedence + 1)])))
            first = left
        }
        return .sequence([operand(first, above: precedence)] + rest.reversed())
    }

    // MARK: Chains

    /// What follows a dot or stands in brackets.
    private struct Link {
        let layout: Layout
        let isCall: Bool
    }

    private func chain(_ id: NodeID) -> Layout {
        var links: [Link] = []
        var start = id
        while let (target, link) = link(start) {
            links.append(link)
            start = target
        }
        links.reverse()
        var parts = [operand(start, above: 7)]
        var hasCall = false
        for link in links {
            if link.isCall, hasCall { parts.append(.line("")) }
            hasCall = hasCall || link.isCall
            parts.append(link.layout)
        }
        guard links.count(where: \.isCall) > 1 else { return .sequence(parts) }
        return .group(.indented(.sequence(parts)))
    }

    private func link(_ id: NodeID) -> (target: NodeID, link: Link)? {
        func call(_ name: String, _ arguments: [Layout]) -> Link {
            Link(layout: .sequence([.text(".\(name)"), list("(", arguments, ")")]), isCall: true)
        }
        func plain(_ parts: Layout...) -> Link { Link(layout: .sequence(parts), isCall: false) }
        switch unparser.tree[id].kind {
        case .select(let target, let field): return (target, plain(.text(".\(Unparser.fieldText(field))")))
        case .optionalSelect(let target, let field): return (target, plain(.text(".?\(Unparser.fieldText(field))")))
        case .index(let target, let key): return (target, plain(.text("["), .indented(layout(key)), .text("]")))
        case .optionalIndex(let target, let key):
            return (target, plain(.text("[?"), .indented(layout(key)), .text("]")))
        case .memberCall(let target, let name, let arguments): return (target, call(name, arguments.map(layout)))
        case .optionalMap(let target, let variable, let body, let isFlat):
            return (target, call(isFlat ? "optFlatMap" : "optMap", [.text(variable), layout(body)]))
        case .comprehension(let loop):
            let bodies = [loop.filter, loop.body].compactMap(\.self).map(layout)
            return (loop.range, call(unparser.name(of: loop), unparser.variables(of: loop).map(Layout.text) + bodies))
        default: return nil
        }
    }
}
