/// Watches an evaluation.
final class Explainer {
    /// What a node gave, with what the nodes in it gave before.
    struct Sighting {
        let id: NodeID
        let variables: [(name: String, value: Value)]
        let outcome: Evaluation.Outcome
        let parts: [Sighting]
        /// Whether it came when enough was kept, so that it stays only if its turn decides.
        var isSurplus = false
        /// Of a loop, how many turns beside the one that decided are not kept.
        var hiddenTurns = 0
    }

    /// Numbers that were read beyond this many are not kept.
    private static let maximumComparisons = 2_000

    let program: CheckedTree
    private let activation: Activation
    private let meter: Meter
    /// Beyond this many, what nodes in loops gave is kept of one turn only, the one that decided.
    private let loopSteps: Int
    /// What no outer node has taken in yet.
    private var pending: [Sighting] = []
    private var sightingCount = 0
    /// The turns beyond those that are kept, of the loops that are running.
    private var surplusTurns: [NodeID: SurplusTurns] = [:]
    /// The nodes that a turn of a loop evaluates.
    private var turnParts: [NodeID: TurnPart] = [:]
    /// What each node gave; of a node in a loop, in the last turn.
    private(set) var outcomes: [NodeID: Evaluation.Outcome] = [:]
    /// Of what was read with numbers, in order.
    private(set) var comparisons: [Comparison] = []
    private var origins = ErrorOrigins()
    private var depths: [Int]
    /// The loop variables around each node.
    private var loops: [[(name: String, slot: Int)]]
    private var prefixes: Set<NodeID> = []
    /// Where each node stands before those in it, and the last place among these.
    private var spans: [ClosedRange<Int>]

    init(_ program: CheckedTree, _ activation: Activation, _ meter: Meter, loopSteps: Int = 2_000) {
        self.program = program
        self.activation = activation
        self.meter = meter
        self.loopSteps = loopSteps
        let count = program.tree.nodes.count
        depths = Array(repeating: 0, count: count)
        loops = Array(repeating: [], count: count)
        spans = Array(repeating: 0...0, count: count)
        var place = 0
        survey(program.tree.root, depth: 0, around: [], &place)
    }

    private func survey(_ id: NodeID, depth: Int, around: [(name: String, slot: Int)], _ place: inout Int) {
        depths[id] = depth
        loops[id] = around
        place += 1
        let start = place
        defer { spans[id] = start...place }
        let kind = program.tree[id].kind
        switch kind {
        case .select(let operand, _), .optionalSelect(let operand, _), .index(let operand, _),
            .optionalIndex(let operand, _), .has(let operand, _):
            prefixes.insert(operand)
        default: break
        }
        guard case .comprehension(let loop) = kind else {
            for child in children(of: id) { survey(child, depth: depth + 1, around: around, &place) }
            return
        }
        survey(loop.range, depth: depth + 1, around: around, &place)
        var inner = around + [(name: loop.first, slot: program.slots[id])]
        if let second = loop.second { inner.append((second, program.slots[id] + 1)) }
        if let filter = loop.filter {
            survey(filter, depth: depth + 1, around: inner, &place)
            turnParts[filter] = TurnPart(loop: id, macro: loop.macro, isCondition: true, isFirst: true)
        }
        survey(loop.body, depth: depth + 1, around: inner, &place)
        turnParts[loop.body] = TurnPart(
            loop: id, macro: loop.macro, isCondition: loop.macro.hasConditionAsBody,
            isFirst: !(loop.filter.map(isWorthShowing) ?? false))
    }

    /// The children that are expressions: neither the first parts of a dotted name nor the namespace of a function.
    func children(of id: NodeID) -> [NodeID] {
        switch (program.tree[id].kind, program.references[id]) {
        case (.select, .some): []
        case (.memberCall(_, _, let arguments), .function(let function)) where function.isNamespaced: arguments
        case (let kind, _): kind.children
        }
    }

    func type(of id: NodeID) -> CELType { program.types[id] }

    func isInLoop(_ id: NodeID) -> Bool { !loops[id].isEmpty }

    func isLoopVariable(_ id: NodeID, _ name: String) -> Bool { loops[id].contains { $0.name == name } }

    func isConstant(_ id: NodeID) -> Bool {
        if case .constant = program.references[id] { true } else { false }
    }

    // MARK: Watching

    /// Runs the evaluation and gives each node's outcome, that of the last turn in a loop.
    func run() -> (Evaluation, [NodeID: Evaluation.Outcome]) {
        var evaluator = PlainEvaluator(program, activation, meter: meter) { [self] id, result, evaluator in
            switch result {
            case .success(.unknown(let set)): outcomes[id] = .unknown(set)
            case .success(let value): outcomes[id] = .value(value)
            case .failure(let error):
                outcomes[id] = .error(error)
                origins.note(error, at: id, among: children(of: id)) { hint(for: error, at: id) }
            }
            if comparisons.count < Self.maximumComparisons { comparisons += comparisons(at: id) }
            keep(id, evaluator)
        }
        do throws(EvaluationError) {
            let value = try evaluator.evaluate()
            return (Evaluation(value, cost: evaluator.meter.cost), outcomes)
        } catch {
            return (Evaluation(error, cost: evaluator.meter.cost), outcomes)
        }
    }

    private func keep(_ id: NodeID, _ evaluator: borrowing PlainEvaluator) {
        guard let outcome = outcomes[id], isWorthShowing(id) else { return }
        var ended = surplusTurns.removeValue(forKey: id)
        let hiddenTurns = ended?.end(&pending) ?? 0
        let isSurplus = isInLoop(id) && sightingCount >= loopSteps
        if isInLoop(id), !isSurplus { sightingCount += 1 }
        let inner = pending.suffix {
            spans[$0.id].lowerBound > spans[id].lowerBound && spans[id].contains(spans[$0.id])
        }
        let parts = Array(inner)
        pending.removeLast(parts.count)
        let variables = loops[id].map { (name: $0.name, value: evaluator.locals[$0.slot]) }
        if isSurplus, let part = turnParts[id] {
            surplusTurns[part.loop, default: SurplusTurns()].add(part, outcome, &pending)
        }
        pending.append(
            Sighting(
                id: id, variables: variables, outcome: outcome, parts: parts, isSurplus: isSurplus,
                hiddenTurns: hiddenTurns))
    }

    func explanation() -> Explanation {
        let evaluation = run().0
        var steps: [Explanation.Step] = []
        for sighting in pending { add(sighting, to: &steps) }
        return Explanation(
            steps: steps,
            evaluation: evaluation,
            summary: summary(of: program.tree.root),
            reasons: reasons(program.tree.root),
            failure: failure(evaluation)
        )
    }

    // MARK: Steps

    private func add(_ sighting: Sighting, to steps: inout [Explanation.Step], hiddenTurns: Int = 0) {
        let id = sighting.id
        steps.append(step(id, sighting.variables, sighting.outcome, hiddenTurns))
        let children = children(of: id)
        var rest = sighting.parts
        if case .comprehension(let loop) = program.tree[id].kind {
            let last = rest.lastIndex { !$0.isSurplus || $0.id == loop.range }.map { $0 + 1 } ?? 0
            for (index, part) in rest.enumerated() {
                add(part, to: &steps, hiddenTurns: index == last ? sighting.hiddenTurns : 0)
            }
            rest = []
        }
        for child in children {
            for part in rest where part.id == child { add(part, to: &steps) }
            if outcomes[child] == nil, isWorthShowing(child) { steps.append(step(child, sighting.variables, nil)) }
        }
    }

    private func step(
        _ id: NodeID,
        _ variables: [(name: String, value: Value)],
        _ outcome: Evaluation.Outcome?,
        _ hiddenTurns: Int = 0
    ) -> Explanation.Step {
        Explanation.Step(
            text: program.tree.text(of: id),
            location: program.tree.source.location(at: program.tree[id].range.lowerBound),
            depth: depths[id],
            variables: variables,
            outcome: outcome,
            isPathPrefix: prefixes.contains(id),
            hiddenTurns: hiddenTurns
        )
    }

    /// Whether a node's value says more than its text, and is not said elsewhere.
    private func isWorthShowing(_ id: NodeID) -> Bool {
        // The variables of the loops stand beside every step.
        !isWrittenOut(id) && !isLoopVariable(id)
    }

    private func isWrittenOut(_ id: NodeID) -> Bool {
        switch program.tree[id].kind {
        case .literal: true
        case .list(let elements): elements.allSatisfy { isWrittenOut($0.value) }
        default: isConstant(id)
        }
    }

    private func isLoopVariable(_ id: NodeID) -> Bool {
        guard case .local(let slot) = program.references[id] else { return false }
        return loops[id].contains { $0.slot == slot }
    }

    // MARK: Errors

    private func failure(_ evaluation: Evaluation) -> Diagnostic? {
        guard case .error(let error) = evaluation.result else { return nil }
        let origin = origins[error, at: program.tree.root]
        let position = program.tree[origin?.node ?? program.tree.root].position
        return program.tree.source.diagnostic(at: position, error.message, hint: origin?.hint)
    }

    /// The text of what a field was read of though it is null.
    private func null(at id: NodeID) -> String? {
        switch program.tree[id].kind {
        case .select(let operand, _), .optionalSelect(let operand, _), .has(let operand, _):
            guard case .value(.null) = outcomes[operand] else { return nil }
            return program.tree.text(of: operand)
        default: return nil
        }
    }

    /// What may have been meant where reading a field or key failed.
    private func hint(for error: EvaluationError, at id: NodeID) -> String? {
        if let null = null(at: id) {
            return "\(null) is null here: say first what holds then, as in '\(null) == null || …'"
        }
        if error.kind == .noSuchOverload, case .binary(let sign, let left, let right) = program.tree[id].kind,
            case .value(let a) = outcomes[left], case .value(let b) = outcomes[right]
        {
            return Checker.hint(sign.rawValue, a.type, b.type)
        }
        guard error.kind == .noSuchKey || error.kind == .noSuchField else { return nil }
        let (container, name): (NodeID, String)
        switch program.tree[id].kind {
        case .select(let operand, let field): (container, name) = (operand, field)
        case .index(let operand, let key):
            guard case .value(.string(let text)) = outcomes[key] else { return nil }
            (container, name) = (operand, text)
        default: return nil
        }
        guard case .value(let value) = outcomes[container], let fields = value.fields else { return nil }
        let keys = fields.keys.prefix(1_000).compactMap { key in
            if case .string(let text) = key { text } else { nil }
        }
        if let near = nearestName(to: name, among: keys) { return "did you mean '\(near)'?" }
        guard !keys.isEmpty else { return nil }
        let known = keys.prefix(12).map(\.clipped).joined(separator: ", ")
        return "there are \(known)\(keys.count > 12 ? ", …" : "")"
    }
}

extension ClosedRange<Int> {
    fileprivate func contains(_ other: ClosedRange<Int>) -> Bool {
        lowerBound <= other.lowerBound && other.upperBound <= upperBound
    }
}

extension Array {
    /// The longest end of which every element fulfils a condition.
    fileprivate func suffix(while condition: (Element) -> Bool) -> ArraySlice<Element> {
        self[((lastIndex { !condition($0) }) ?? -1) + 1..<count]
    }
}
