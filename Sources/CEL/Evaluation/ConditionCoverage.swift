/// A part of an expression that is true or false.
public struct Condition: Sendable, Hashable {
    /// The source text.
    public let text: String
    /// Where it begins.
    public let location: SourceLocation
}

/// Which conditions of an expression were seen true, and which false, over any number of evaluations.
public struct ConditionCoverage: Sendable {
    /// What was seen of a condition.
    public struct Sighting: Sendable, Hashable {
        /// Whether it was evaluated at all, be it to an unknown or an error.
        public internal(set) var wasEvaluated = false
        /// Whether it was true once.
        public internal(set) var wasTrue = false
        /// Whether it was false once.
        public internal(set) var wasFalse = false
    }

    /// The conditions in source order, the outer before the inner.
    public let conditions: [Condition]
    /// What was seen of each, in the same order.
    public private(set) var sightings: [Sighting]
    private let places: [NodeID: Int]
    private let root: NodeID

    /// What was seen of the expression as a whole; nil if it is no condition.
    public var wholeExpression: Sighting? { places[root].map { sightings[$0] } }

    /// Nothing seen yet.
    public init(_ program: Program) {
        let tree = program.checked.tree
        let nodes = Self.conditions(of: program.checked).sorted { left, right in
            let (a, b) = (tree[left].range, tree[right].range)
            return (a.lowerBound, -a.upperBound) < (b.lowerBound, -b.upperBound)
        }
        conditions = nodes.map { id in
            Condition(text: tree.text(of: id), location: tree.source.location(at: tree[id].range.lowerBound))
        }
        sightings = Array(repeating: Sighting(), count: nodes.count)
        root = tree.root
        places = Dictionary(uniqueKeysWithValues: nodes.enumerated().map { ($1, $0) })
    }

    /// Adds what was seen of the same program elsewhere.
    public mutating func merge(_ other: ConditionCoverage) {
        for (place, sighting) in other.sightings.enumerated() where sightings.indices.contains(place) {
            sightings[place].wasEvaluated = sightings[place].wasEvaluated || sighting.wasEvaluated
            sightings[place].wasTrue = sightings[place].wasTrue || sighting.wasTrue
            sightings[place].wasFalse = sightings[place].wasFalse || sighting.wasFalse
        }
    }

    mutating func note(_ id: NodeID, _ result: Result<Value, EvaluationError>) {
        guard let place = places[id] else { return }
        sightings[place].wasEvaluated = true
        guard case .success(.bool(let flag)) = result else { return }
        if flag { sightings[place].wasTrue = true } else { sightings[place].wasFalse = true }
    }

    /// Nodes of type bool, and those of unknown type where a bool must stand; literals cannot be both and are left out.
    private static func conditions(of program: CheckedTree) -> Set<NodeID> {
        let tree = program.tree
        var found: Set<NodeID> = []
        func visit(_ id: NodeID, mustBeBool: Bool) {
            let isLiteral = if case .literal = tree[id].kind { true } else { false }
            let isConstant = if case .constant = program.references[id] { true } else { false }
            let isCondition = program.types[id] == .bool || mustBeBool && program.types[id] == .dyn
            if isCondition, !isLiteral, !isConstant { found.insert(id) }
            switch tree[id].kind {
            case .logical(_, let operands): for operand in operands { visit(operand, mustBeBool: true) }
            case .unary(.not, let operand): visit(operand, mustBeBool: true)
            case .conditional(let condition, let whenTrue, let whenFalse):
                visit(condition, mustBeBool: true)
                visit(whenTrue, mustBeBool: mustBeBool)
                visit(whenFalse, mustBeBool: mustBeBool)
            case .comprehension(let loop):
                visit(loop.range, mustBeBool: false)
                if let filter = loop.filter { visit(filter, mustBeBool: true) }
                visit(loop.body, mustBeBool: [.all, .exists, .existsOne, .filter].contains(loop.macro))
            case let kind: for child in kind.children { visit(child, mustBeBool: false) }
            }
        }
        visit(tree.root, mustBeBool: false)
        return found
    }
}

extension Program {
    /// Evaluates the expression and notes what its conditions gave.
    ///
    /// - Parameters:
    ///   - activation: The values of the variables.
    ///   - coverage: Of this program.
    /// - Returns: The same, at the same cost, as a plain evaluation.
    public func evaluate(_ activation: Activation, noting coverage: inout ConditionCoverage) -> Evaluation {
        let watch = Watch(coverage)
        var evaluator = PlainEvaluator(checked, matching(activation), meter: Meter(limits: limits)) { id, result, _ in
            watch.coverage.note(id, result)
        }
        defer { coverage = watch.coverage }
        do throws(EvaluationError) {
            let value = try evaluator.evaluate()
            return Evaluation(value, cost: evaluator.meter.cost)
        } catch {
            return Evaluation(error, cost: evaluator.meter.cost)
        }
    }

    /// The coverage while an evaluation adds to it.
    private final class Watch {
        var coverage: ConditionCoverage
        init(_ coverage: ConditionCoverage) { self.coverage = coverage }
    }
}
