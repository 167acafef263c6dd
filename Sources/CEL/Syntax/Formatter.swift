/// Prints expressions in one form.
public enum ExpressionFormatter {
    /// An expression in its usual form: one space around operators, no needless parentheses, single quotes.
    ///
    /// Where a line would be longer than `width`, the operands of `&&`, `||` and `?:` begin lines of their own. An
    /// expression with a comment comes back as it is, since the form has no place for it.
    ///
    /// - Parameters:
    ///   - source: The expression.
    ///   - width: The longest line wanted, in characters.
    /// - Returns: The formatted expression.
    /// - Throws: `CompilationError` if the source cannot be parsed.
    public static func format(_ source: String, width: Int = 100) throws(CompilationError) -> String {
        let tree = try Parser.parse(source)
        if tree.hasComments { return source }
        return print(tree.root, Unparser(tree: tree), indent: "", width: width)
    }

    private static func print(_ id: NodeID, _ unparser: Unparser, indent: String, width: Int) -> String {
        let line = unparser.print(id)
        guard indent.count + line.count > width else { return line }
        let deeper = indent + "    "
        switch unparser.tree[id].kind {
        case .logical(let sign, let operands):
            let parts = operands.map { operand in
                wrapped(operand, unparser, above: unparser.precedence(id) + 1, indent: deeper, width: width)
            }
            return parts.joined(separator: "\n\(indent)\(sign.rawValue) ")
        case .conditional(let condition, let whenTrue, let whenFalse):
            let test = wrapped(condition, unparser, above: 1, indent: deeper, width: width)
            let first = wrapped(whenTrue, unparser, above: 1, indent: deeper, width: width)
            let second = wrapped(whenFalse, unparser, above: 0, indent: indent, width: width)
            return "\(test)\n\(indent)? \(first)\n\(indent): \(second)"
        default: return line
        }
    }

    private static func wrapped(
        _ id: NodeID,
        _ unparser: Unparser,
        above minimum: Int,
        indent: String,
        width: Int
    ) -> String {
        let text = print(id, unparser, indent: indent, width: width)
        return unparser.precedence(id) < minimum ? "(\(text))" : text
    }
}
