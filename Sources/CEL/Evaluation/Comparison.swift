/// A comparison of a number that an evaluation read with another number.
public struct Comparison: Hashable, Sendable {
    /// How the number that was read has to be, seen from it.
    public enum Sign: String, Hashable, Sendable, CaseIterable {
        case below = "<"
        case atMost = "<="
        case above = ">"
        case atLeast = ">="
    }

    /// What was read, such as `candidate.metrics.accuracy`, with the values of what stands in brackets.
    public let path: String
    /// As the expression has it, whatever stands around the comparison.
    public let sign: Sign
    /// The number on the other side.
    public let bound: Double
}

extension Program {
    /// The comparisons that an evaluation makes of what it reads with a number, in order, each once.
    ///
    /// What is not evaluated, since something before it decides, is not among them.
    ///
    /// - Parameter activation: The values of the variables.
    /// - Returns: The comparisons.
    public func comparisons(_ activation: Activation) -> [Comparison] {
        let explainer = Explainer(checked, matching(activation), Meter(limits: limits))
        _ = explainer.run()
        var seen: Set<Comparison> = []
        return explainer.comparisons.filter { seen.insert($0).inserted }
    }
}

extension Explainer {
    /// The comparisons at a node whose operands were just evaluated; one that has a path on either side is two.
    func comparisons(at id: NodeID) -> [Comparison] {
        guard case .binary(let sign, let left, let right) = program.tree[id].kind,
            let (forth, back) = Self.signs(of: sign)
        else { return [] }
        return [(left, forth, right), (right, back, left)].compactMap { read, sign, other in
            guard let path = path(of: read), let bound = number(of: other) else { return nil }
            return Comparison(path: path, sign: sign, bound: bound)
        }
    }

    private static func signs(of sign: BinaryOperator) -> (Comparison.Sign, Comparison.Sign)? {
        switch sign {
        case .less: (.below, .above)
        case .lessOrEqual: (.atMost, .atLeast)
        case .greater: (.above, .below)
        case .greaterOrEqual: (.atLeast, .atMost)
        case .equal, .notEqual, .in, .add, .subtract, .multiply, .divide, .remainder: nil
        }
    }

    private func value(of id: NodeID) -> Value? {
        if case .literal(let value) = program.tree[id].kind { return value }
        guard case .value(let value) = outcomes[id] else { return nil }
        return value
    }

    private func number(of id: NodeID) -> Double? {
        let number: Double? =
            switch value(of: id) {
            case .int(let number): Double(number)
            case .uint(let number): Double(number)
            case .double(let number): number
            default: nil
            }
        return number.flatMap { $0.isFinite ? $0 : nil }
    }

    private func path(of id: NodeID) -> String? {
        switch program.tree[id].kind {
        case .identifier(let name, _): return isLoopVariable(id, name) ? nil : name
        case .select(let operand, let field): return path(of: operand).map { "\($0).\(field)" }
        case .index(let operand, let key):
            guard case .string(let text) = value(of: key) else { return nil }
            return path(of: operand).map { "\($0).\(text)" }
        default: return nil
        }
    }
}
