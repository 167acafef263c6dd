extension Program {
    /// What is left of the expression when what is known is filled in, but within loops.
    ///
    /// `metrics.auc >= 0.9 && size(slices) > 3` with the metrics known is `size(slices) > 3`. Where the value is known
    /// altogether, that is the residual; where there is no literal for a known part, its source stays.
    ///
    /// - Parameters:
    ///   - activation: The values of the variables; what is not known yet is `Value.unknown` there, or not set at all
    ///     with `unsetIsUnknown`.
    ///   - limits: Limits for the evaluation; the environment's by default.
    /// - Returns: Source text.
    public func residual(_ activation: Activation, limits: Limits? = nil) -> String {
        let explainer = Explainer(checked, matching(activation), Meter(limits: limits ?? self.limits))
        let (_, outcomes) = explainer.run()
        var builder = ResidualBuilder(tree: checked.tree, outcomes: outcomes, explainer: explainer)
        let root = builder.reduce(checked.tree.root)
        return Unparser(tree: builder.tree).print(root)
    }
}

/// Rewrites a tree by what an evaluation gave for each node.
struct ResidualBuilder {
    /// The old nodes, with new ones behind them.
    var tree: SyntaxTree
    let outcomes: [NodeID: Evaluation.Outcome]
    let explainer: Explainer

    /// Longer literals are not filled in.
    private static let maximumLiteral = 200

    private mutating func add(_ kind: Node.Kind, like id: NodeID) -> NodeID {
        tree.add(kind, at: tree[id].position, in: tree[id].range)
    }

    mutating func reduce(_ id: NodeID) -> NodeID {
        guard !explainer.isInLoop(id) else { return id }
        switch outcomes[id] {
        case .value(let value):
            guard let text = value.literalText, text.utf8.count <= Self.maximumLiteral else { return id }
            return add(.literal(value), like: id)
        case .unknown: return rebuild(id)
        case .error, nil: return id
        }
    }

    private mutating func rebuild(_ id: NodeID) -> NodeID {
        switch tree[id].kind {
        case .logical(let sign, let operands):
            let left = operands.filter { operand in
                if case .value(.bool(let flag)) = outcomes[operand] { flag == sign.decisive } else { true }
            }
            // What may turn out to be no bool must stay an error, so it keeps a neutral operand beside it.
            let isAlone = left.count == 1 && explainer.type(of: left[0]) != .bool
            let neutral = isAlone ? [add(.literal(.bool(!sign.decisive)), like: id)] : []
            let rest = neutral + left.map { reduce($0) }
            return rest.count == 1 ? rest[0] : add(.logical(sign, rest), like: id)
        case .conditional(let condition, let whenTrue, let whenFalse):
            if case .value(.bool(let flag)) = outcomes[condition] {
                let branch = flag ? whenTrue : whenFalse
                let reduced = reduce(branch)
                // A narrower type could choose another function: the sum of no doubles is 0.0, of nothing 0.
                let isNarrower = id != tree.root && explainer.type(of: branch) != explainer.type(of: id)
                return isNarrower ? add(.call("dyn", [reduced]), like: id) : reduced
            }
            return add(.conditional(reduce(condition), reduce(whenTrue), reduce(whenFalse)), like: id)
        case .index(let operand, let key): return add(.index(reduce(operand), reduce(key)), like: id)
        case .optionalIndex(let operand, let key): return add(.optionalIndex(reduce(operand), reduce(key)), like: id)
        case .call(let name, let arguments): return add(.call(name, arguments.map { reduce($0) }), like: id)
        case .memberCall(let target, let name, let arguments):
            return add(.memberCall(reduce(target), name, arguments.map { reduce($0) }), like: id)
        case .unary(let sign, let operand): return add(.unary(sign, reduce(operand)), like: id)
        case .binary(let sign, let left, let right):
            return add(.binary(sign, reduce(left), reduce(right)), like: id)
        case .list(let elements):
            let reduced = elements.map {
                Node.ListElement(value: $0.isOptional ? $0.value : reduce($0.value), isOptional: $0.isOptional)
            }
            return add(.list(reduced), like: id)
        case .map(let entries):
            let reduced = entries.map {
                Node.MapEntry(
                    key: reduce($0.key),
                    value: $0.isOptional ? $0.value : reduce($0.value),
                    isOptional: $0.isOptional
                )
            }
            return add(.map(reduced), like: id)
        case .bind(let name, let value, let body): return add(.bind(name, reduce(value), reduce(body)), like: id)
        default: return id
        }
    }
}
