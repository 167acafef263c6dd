/// Constants that a function cannot use, whatever else an expression reads: a mistake of whoever wrote it.
final class ConstantFaults {
    private(set) var diagnostics: [Diagnostic] = []

    func add(_ diagnostic: Diagnostic) {
        // A part may be compiled in two ways, and is wrong in both.
        if !diagnostics.contains(diagnostic) { diagnostics.append(diagnostic) }
    }
}

// Regular expressions, times and other texts that are known when an expression is compiled.
extension Compiler {
    /// The function with its constant regular expression prepared; what is wrong with a constant is noted.
    func preparingConstant(_ function: ResolvedFunction, _ arguments: [NodeID]) -> ResolvedFunction {
        guard function.candidates.count == 1, let overload = function.candidates.first, let rule = overload.constant
        else { return function }
        switch rule.need {
        case .pattern(_, let body):
            guard let expression = constantPattern(function, arguments) else { return function }
            return ResolvedFunction(
                name: function.name, candidates: [overload.prepared(with: expression, body)],
                isNamespaced: function.isNamespaced)
        case .text(let check):
            if let faults, let text = constantText(arguments, rule.argument) {
                do throws(EvaluationError) {
                    try check.run(text)
                } catch {
                    faults.add(diagnostic(arguments[rule.argument], error.message))
                }
            }
            return function
        }
    }

    /// The regular expression that a call is made with, if it is constant; what is wrong with it is noted.
    func constantPattern(_ function: ResolvedFunction, _ arguments: [NodeID]) -> RE2? {
        guard function.candidates.count == 1, let rule = function.candidates.first?.constant,
            case .pattern(let maximumGroups, _) = rule.need, let text = constantText(arguments, rule.argument)
        else { return nil }
        do throws(RE2.SyntaxError) {
            let expression = try RE2(text)
            if expression.groupCount <= maximumGroups { return expression }
            let message = "the regular expression may have one capturing group, not \(expression.groupCount)"
            faults?.add(diagnostic(arguments[rule.argument], message))
        } catch {
            let message = "the regular expression is wrong: \(error.message)"
            faults?.add(diagnostic(arguments[rule.argument], message, offset: error.offset, in: text))
        }
        return nil
    }

    private func constantText(_ arguments: [NodeID], _ index: Int) -> String? {
        guard arguments.indices.contains(index), isConstant(arguments[index]),
            case .constant(.string(let text), _) = code(arguments[index])
        else { return nil }
        return text
    }

    /// A diagnostic at a literal, or at a byte of its text where that stands in the source as it is.
    private func diagnostic(_ id: NodeID, _ message: String, offset: Int = 0, in text: String = "") -> Diagnostic {
        let source = program.tree.source
        let range = program.tree[id].range
        for (opening, closing) in [("'", "'"), ("\"", "\""), ("r'", "'"), ("r\"", "\"")]
        where !text.isEmpty && utf8Equal(source.slice(range), opening + text + closing) {
            return source.diagnostic(at: range.lowerBound + opening.utf8.count + offset, message)
        }
        return source.diagnostic(at: range.lowerBound, message)
    }
}
