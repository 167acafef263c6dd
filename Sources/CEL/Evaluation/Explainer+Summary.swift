// What an evaluation gave in a few words.
extension Explainer {
    /// The text of a node with the values of what it reads behind each, and its own behind an arrow.
    func summary(of id: NodeID) -> String {
        let tree = program.tree
        var insertions: [(offset: Int, text: String)] = []
        collectValues(id, isOperand: false, into: &insertions)
        insertions.sort { $0.offset < $1.offset }
        var text = ""
        var place = tree[id].range.lowerBound
        for insertion in insertions {
            text += tree.source.slice(place..<insertion.offset) + insertion.text
            place = insertion.offset
        }
        text += tree.source.slice(place..<tree[id].range.upperBound)
        return "\(text) → \(shortText(outcomes[id]))"
    }

    private func shortText(_ outcome: Evaluation.Outcome?) -> String {
        switch outcome {
        case .value(let value): value.summary()
        case .error(let error): "error: \(error.message)"
        case .unknown: "unknown"
        case nil: "not evaluated"
        }
    }

    private func collectValues(_ id: NodeID, isOperand: Bool, into insertions: inout [(offset: Int, text: String)]) {
        guard !isInLoop(id) else { return }
        let kind = program.tree[id].kind
        let isAttribute =
            switch kind {
            case .identifier, .select, .index: true
            default: false
            }
        let isShown: Bool =
            switch kind {
            case .identifier, .select, .index, .optionalIndex, .optionalSelect: true
            case .call, .memberCall, .comprehension: isOperand
            default: false
            }
        if isShown, let outcome = outcomes[id], !isConstant(id) {
            insertions.append((program.tree[id].range.upperBound, " (\(shortText(outcome)))"))
            if isAttribute { return }
        }
        let areOperands =
            switch kind {
            case .binary, .unary: true
            default: false
            }
        for child in children(of: id) { collectValues(child, isOperand: areOperands, into: &insertions) }
    }

    /// The parts that decided the outcome of a node.
    func reasons(_ id: NodeID) -> [String] {
        switch program.tree[id].kind {
        case .logical(let sign, let operands):
            let deciding = operands.filter { operand in
                guard let outcome = outcomes[operand] else { return false }
                switch (outcomes[id], outcome) {
                case (.value(.bool(let whole)), .value(.bool(let part))): return whole == part
                case (.value, _): return false
                case (_, .value(.bool(let part))): return part == sign.decisive
                default: return true
                }
            }
            return deciding.isEmpty ? [summary(of: id)] : deciding.flatMap { reasons($0) }
        case .conditional(let condition, let whenTrue, let whenFalse):
            guard case .value(.bool(let flag)) = outcomes[condition] else { return reasons(condition) }
            return reasons(flag ? whenTrue : whenFalse)
        case .bind(_, _, let body), .block(_, let body): return reasons(body)
        default: return [summary(of: id)]
        }
    }
}
