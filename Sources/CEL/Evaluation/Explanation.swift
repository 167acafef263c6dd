/// The value of every sub-expression of an evaluation.
public struct Explanation: Sendable {
    /// A sub-expression and its value.
    public struct Step: Sendable {
        /// The source text.
        public let text: String
        /// Where it begins.
        public let location: SourceLocation
        /// How deep it lies in the expression; the whole has depth 0.
        public let depth: Int
        /// The variables of the loops around it, for this turn.
        public let variables: [(name: String, value: Value)]
        /// What it gave; nil if it was not evaluated.
        public let outcome: Evaluation.Outcome?
        /// Whether it is only a part of a longer path such as `candidate.metrics.accuracy`.
        public let isPathPrefix: Bool
    }

    /// The sub-expressions in source order, the outer before the inner.
    ///
    /// Literals are left out; in a loop each turn has steps of its own, up to a bound.
    public let steps: [Step]
    /// The evaluation itself.
    public let evaluation: Evaluation
    /// The source with the values of what it reads: `candidate.metrics.accuracy (0.91) >= 0.95 → false`.
    public let summary: String
    /// The same for those parts that decided: of a false `a && b`, the operands that are not true.
    public let reasons: [String]
}

extension Program {
    /// Evaluates the expression and keeps the value of every sub-expression.
    ///
    /// - Parameters:
    ///   - activation: The values of the variables.
    ///   - limits: Limits for this evaluation; the environment's by default.
    /// - Returns: The values, in source order.
    public func explain(_ activation: Activation, limits: Limits? = nil) -> Explanation {
        Explainer(checked, matching(activation), Meter(limits: limits ?? self.limits)).explanation()
    }
}

/// Watches an evaluation.
final class Explainer {
    private struct Sighting {
        let id: NodeID
        let variables: [(name: String, value: Value)]
        let outcome: Evaluation.Outcome
    }

    /// Steps beyond this many are not kept.
    private static let maximumSteps = 2_000

    private let program: CheckedTree
    private let activation: Activation
    private let meter: Meter
    private var sightings: [Sighting] = []
    private var outcomes: [NodeID: Evaluation.Outcome] = [:]
    private var depths: [Int]
    /// The loop variables around each node.
    private var loops: [[(name: String, slot: Int)]]
    private var prefixes: Set<NodeID> = []

    init(_ program: CheckedTree, _ activation: Activation, _ meter: Meter) {
        self.program = program
        self.activation = activation
        self.meter = meter
        depths = Array(repeating: 0, count: program.tree.nodes.count)
        loops = Array(repeating: [], count: program.tree.nodes.count)
        survey(program.tree.root, depth: 0, around: [])
    }

    private func survey(_ id: NodeID, depth: Int, around: [(name: String, slot: Int)]) {
        depths[id] = depth
        loops[id] = around
        let kind = program.tree[id].kind
        switch kind {
        case .select(let operand, _), .optionalSelect(let operand, _), .index(let operand, _),
            .optionalIndex(let operand, _), .has(let operand, _):
            prefixes.insert(operand)
        default: break
        }
        guard case .comprehension(let loop) = kind else {
            for child in kind.children { survey(child, depth: depth + 1, around: around) }
            return
        }
        survey(loop.range, depth: depth + 1, around: around)
        var inner = around + [(name: loop.first, slot: program.slots[id])]
        if let second = loop.second { inner.append((second, program.slots[id] + 1)) }
        if let filter = loop.filter { survey(filter, depth: depth + 1, around: inner) }
        survey(loop.body, depth: depth + 1, around: inner)
    }

    /// Runs the evaluation and gives each node's outcome, that of the last turn in a loop.
    func run() -> (Evaluation, [NodeID: Evaluation.Outcome]) {
        var evaluator = PlainEvaluator(program, activation, meter: meter) { [self] id, result, evaluator in
            let outcome: Evaluation.Outcome =
                switch result {
                case .success(.unknown(let set)): .unknown(set)
                case .success(let value): .value(value)
                case .failure(let error): .error(error)
                }
            outcomes[id] = outcome
            guard sightings.count < Self.maximumSteps else { return }
            let variables = loops[id].map { (name: $0.name, value: evaluator.locals[$0.slot]) }
            sightings.append(Sighting(id: id, variables: variables, outcome: outcome))
        }
        do throws(EvaluationError) {
            let value = try evaluator.evaluate()
            return (Evaluation(value, cost: evaluator.meter.cost), outcomes)
        } catch {
            return (Evaluation(error, cost: evaluator.meter.cost), outcomes)
        }
    }

    func type(of id: NodeID) -> CELType { program.types[id] }

    func isInLoop(_ id: NodeID) -> Bool { !loops[id].isEmpty }

    func explanation() -> Explanation {
        let evaluation = run().0
        let reasons = reasons(program.tree.root)
        return Explanation(
            steps: steps(),
            evaluation: evaluation,
            summary: summary(of: program.tree.root),
            reasons: reasons
        )
    }

    private func steps() -> [Explanation.Step] {
        let tree = program.tree
        var byNode: [NodeID: [Sighting]] = [:]
        for sighting in sightings { byNode[sighting.id, default: []].append(sighting) }
        let order = tree.nodes.indices.sorted { a, b in
            let left = tree[a].range
            let right = tree[b].range
            return (left.lowerBound, -left.upperBound, depths[a]) < (right.lowerBound, -right.upperBound, depths[b])
        }
        var steps: [Explanation.Step] = []
        for id in order where isWorthShowing(id) {
            let seen = byNode[id].map { $0.map { ($0.variables, Optional($0.outcome)) } } ?? [([], outcomes[id])]
            for (variables, outcome) in seen {
                steps.append(
                    Explanation.Step(
                        text: tree.text(of: id),
                        location: tree.source.location(at: tree[id].range.lowerBound),
                        depth: depths[id],
                        variables: variables,
                        outcome: outcome,
                        isPathPrefix: prefixes.contains(id)
                    )
                )
            }
        }
        return steps
    }

    private func isWorthShowing(_ id: NodeID) -> Bool {
        if case .constant = program.references[id] { return false }
        if prefixes.contains(id), outcomes[id] == nil { return false }
        if case .literal = program.tree[id].kind { return false }
        return true
    }

    // MARK: Summaries

    /// The text of a node with the values of what it reads behind each, and its own behind an arrow.
    private func summary(of id: NodeID) -> String {
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
        for child in kind.children { collectValues(child, isOperand: areOperands, into: &insertions) }
    }

    private func isConstant(_ id: NodeID) -> Bool {
        if case .constant = program.references[id] { true } else { false }
    }

    /// The parts that decided the outcome of a node.
    private func reasons(_ id: NodeID) -> [String] {
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
