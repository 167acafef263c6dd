/// The least and most cost units that an evaluation can use.
public struct CostEstimate: Sendable, Hashable {
    /// The least.
    public let minimum: UInt64
    /// The most; `UInt64.max` where no bound on a size gives one.
    public let maximum: UInt64

    /// A range of costs.
    public init(_ minimum: UInt64, _ maximum: UInt64) {
        self.minimum = minimum
        self.maximum = maximum
    }

    static let zero = CostEstimate(0, 0)

    static func exactly(_ cost: UInt64) -> CostEstimate { CostEstimate(cost, cost) }

    static func + (a: CostEstimate, b: CostEstimate) -> CostEstimate {
        CostEstimate(a.minimum.addingClamped(b.minimum), a.maximum.addingClamped(b.maximum))
    }
}

/// Estimates costs from the table that the meter charges by, and from the environment's size bounds.
struct CostEstimator {
    private let program: CheckedTree
    private var locals: [Extent]

    /// What is known of the size of a node's value.
    struct Extent {
        var size: UInt64 = .max
        /// The attribute path under which the environment may bound the sizes of parts.
        var path: String?
        /// The extents of elements, for literals and loops.
        var element: UInt64 = .max

        static let scalar = Extent(size: 1)
    }

    static func estimate(_ program: CheckedTree) -> CostEstimate {
        var estimator = CostEstimator(program)
        return estimator.estimate(program.tree.root).cost
    }

    private init(_ program: CheckedTree) {
        self.program = program
        locals = Array(repeating: Extent(), count: program.slotCount)
    }

    private func bounded(_ path: String?, _ type: CELType) -> Extent {
        if type.isScalar { return .scalar }
        guard let path else { return Extent() }
        let bounds = program.environment.sizeBounds
        return Extent(
            size: bounds[path].map { UInt64(max(0, $0)) } ?? .max,
            path: path,
            element: bounds[path + "[]"].map { UInt64(max(0, $0)) } ?? .max
        )
    }

    private mutating func estimate(_ id: NodeID) -> (cost: CostEstimate, extent: Extent) {
        switch program.references[id] {
        case .variable(let index):
            let name = program.environment.variables.names[index]
            return (.exactly(CostTable.name), bounded(name, program.types[id]))
        case .local(let slot): return (.exactly(CostTable.name), locals[slot])
        case .constant(let value): return (.zero, Extent(size: value.size, element: value.largestElement))
        case .undeclared:
            if case .identifier = program.tree[id].kind { return (.exactly(CostTable.name), Extent()) }
        default: break
        }
        switch program.tree[id].kind {
        case .literal(let value): return (.zero, Extent(size: value.size))
        case .identifier: return (.exactly(CostTable.name), Extent())
        case .select(let operand, let field), .optionalSelect(let operand, let field):
            let inner = estimate(operand)
            let path = inner.extent.path.map { $0 + Value.string(field).pathSuffix }
            return (inner.cost + .exactly(CostTable.select).orLess, bounded(path, program.types[id]))
        case .has(let operand, _):
            return (estimate(operand).cost + .exactly(CostTable.select).orLess, .scalar)
        case .index(let operand, let key), .optionalIndex(let operand, let key):
            let inner = estimate(operand)
            let cost = inner.cost + estimate(key).cost + .exactly(CostTable.call)
            return (cost.orLess, elementExtent(inner.extent, program.types[id], key))
        case .call(_, let arguments): return call(id, arguments)
        case .memberCall(let target, _, let arguments):
            if case .function(let function) = program.references[id], function.isNamespaced {
                return call(id, arguments)
            }
            return call(id, [target] + arguments)
        case .unary(_, let operand): return call(id, [operand])
        case .binary(_, let left, let right): return call(id, [left, right])
        case .logical(_, let operands):
            let costs = operands.map { estimate($0).cost }
            let total = costs.reduce(.zero, +)
            return (CostEstimate(costs[0].minimum, total.maximum), .scalar)
        case .conditional(let condition, let whenTrue, let whenFalse):
            let test = estimate(condition).cost
            let a = estimate(whenTrue)
            let b = estimate(whenFalse)
            let branches = CostEstimate(
                min(a.cost.minimum, b.cost.minimum),
                max(a.cost.maximum, b.cost.maximum)
            )
            let extent = Extent(
                size: max(a.extent.size, b.extent.size),
                element: max(a.extent.element, b.extent.element)
            )
            return ((test + branches).orLess, extent)
        default: return estimateForm(id)
        }
    }

    private mutating func estimateForm(_ id: NodeID) -> (cost: CostEstimate, extent: Extent) {
        switch program.tree[id].kind {
        case .list(let elements):
            let parts = elements.map { estimate($0.value) }
            let cost = parts.map(\.cost).reduce(.exactly(CostTable.list), +)
            return (
                cost.orLess, Extent(size: UInt64(elements.count), element: parts.map(\.extent.size).max() ?? 0)
            )
        case .map(let entries):
            let parts = entries.map { (estimate($0.key), estimate($0.value)) }
            let cost = parts.map { $0.0.cost + $0.1.cost }.reduce(.exactly(CostTable.map), +)
            return (
                cost.orLess,
                Extent(size: UInt64(entries.count), element: parts.map { $0.1.extent.size }.max() ?? 0)
            )
        case .record(_, let fields):
            let cost = fields.map { estimate($0.value).cost }.reduce(.exactly(CostTable.record), +)
            return (cost.orLess, Extent())
        case .comprehension(let loop): return comprehension(id, loop)
        case .bind(_, let value, let body):
            let bound = estimate(value)
            locals[program.slots[id]] = bound.extent
            let inner = estimate(body)
            return ((bound.cost + inner.cost).orLess, inner.extent)
        case .optionalMap(let target, _, let body, _):
            let outer = estimate(target)
            locals[program.slots[id]] = Extent(path: outer.extent.path)
            let inner = estimate(body)
            return (CostEstimate(outer.cost.minimum, (outer.cost + inner.cost).maximum), Extent())
        case .block(let values, let body):
            var cost = CostEstimate.zero
            for (offset, value) in values.enumerated() {
                let bound = estimate(value)
                locals[program.slots[id] + offset] = bound.extent
                cost = cost + bound.cost
            }
            let inner = estimate(body)
            return ((cost + inner.cost).orLess, inner.extent)
        default: return (.zero, Extent())
        }
    }

    private func elementExtent(_ container: Extent, _ type: CELType, _ key: NodeID) -> Extent {
        if type.isScalar { return .scalar }
        var path = container.path.map { $0 + "[]" }
        if case .literal(.string(let name)) = program.tree[key].kind {
            path = container.path.map { $0 + Value.string(name).pathSuffix }
        }
        var extent = bounded(path, type)
        extent.size = min(extent.size, container.element)
        return extent
    }

    private mutating func comprehension(
        _ id: NodeID,
        _ loop: Node.Comprehension
    ) -> (cost: CostEstimate, extent: Extent) {
        let range = estimate(loop.range)
        var element = bounded(range.extent.path.map { $0 + "[]" }, .dyn)
        element.size = min(element.size, range.extent.element)
        let isMap = if case .map = program.types[loop.range] { true } else { false }
        let slot = program.slots[id]
        if loop.second != nil {
            locals[slot] = isMap ? Extent() : program.types[loop.range] == .dyn ? Extent() : .scalar
            locals[slot + 1] = element
        } else {
            locals[slot] = isMap ? Extent() : element
        }
        let filter = loop.filter.map { estimate($0).cost } ?? .zero
        let body = estimate(loop.body)
        let turn = CostTable.iteration.addingClamped(filter.maximum).addingClamped(body.cost.maximum)
        var maximum = range.cost.maximum.addingClamped(turn.multipliedClamped(by: range.extent.size))
        if loop.macro == .sortBy {
            let comparisons = CostRule.sort(0).cost { _ in range.extent.size }
            maximum = maximum.addingClamped(comparisons)
            if !program.types[loop.body].isScalar { maximum = .max }
        }
        let cost = CostEstimate(range.cost.minimum, maximum)
        switch loop.macro {
        case .all, .exists, .existsOne: return (cost, .scalar)
        case .filter, .sortBy:
            return (cost, Extent(size: range.extent.size, path: range.extent.path, element: element.size))
        case .map, .transformList, .transformMap:
            return (cost, Extent(size: range.extent.size, element: body.extent.size))
        case .transformMapEntry: return (cost, Extent())
        }
    }

    private mutating func call(_ id: NodeID, _ arguments: [NodeID]) -> (cost: CostEstimate, extent: Extent) {
        let parts = arguments.map { estimate($0) }
        let base = parts.map(\.cost).reduce(.exactly(CostTable.call), +)
        guard case .function(let function) = program.references[id] else { return (base.orLess, Extent()) }
        let sizes = parts.map(\.extent.size)
        let types = arguments.map { program.types[$0] }
        var least = UInt64.max
        var most: UInt64 = 0
        var size: UInt64 = 0
        for candidate in function.candidates {
            least = 0
            most = max(most, worstCost(candidate, types, parts.map(\.extent)))
            size = max(size, candidate.signature.result.isScalar ? 1 : candidate.size.maximum(sizes))
        }
        let own = CostEstimate(least == .max ? 0 : least, function.candidates.isEmpty ? 0 : most)
        // The argument of orValue() may stay unevaluated, and an argument may end in an error.
        return ((base + own).orLess, Extent(size: function.candidates.isEmpty ? .max : size))
    }

    private func worstCost(_ candidate: FunctionOverload, _ types: [CELType], _ extents: [Extent]) -> UInt64 {
        switch candidate.cost {
        case .metered: .max
        case .comparison: comparisonCost(candidate, types, extents)
        default: candidate.cost.cost { $0 < extents.count ? extents[$0].size : .max }
        }
    }

    /// The cost of looking at values that the function compares, where their types bound it.
    private func comparisonCost(_ candidate: FunctionOverload, _ types: [CELType], _ extents: [Extent]) -> UInt64 {
        let narrowed = zip(types, candidate.signature.parameters).map { type, parameter in
            type == .dyn && !parameter.hasParameter ? parameter : type
        }
        if narrowed.allSatisfy(\.isScalar) { return 0 }
        if narrowed.allSatisfy({ $0.isScalar || $0.isText }), let least = extents.map(\.size).min() {
            return CostRule.traverse([0]).cost { _ in least }
        }
        // `x in list` looks at each element, and at its text only if `x` is text of the same length.
        if candidate.signature.parameters.count == 2, case .list = candidate.signature.parameters[1],
            case .list(let element) = narrowed[1], narrowed[0].isScalar || narrowed[0].isText
        {
            let least = min(extents[0].size, extents[1].element)
            let isText = narrowed[0].isText && !element.isScalar
            let comparison = isText ? CostRule.traverse([0]).cost { _ in least } : 0
            return extents[1].size.multipliedClamped(by: comparison.addingClamped(1))
        }
        return .max
    }
}

extension CostEstimate {
    /// The same at most, and nothing at least: an error or an unknown may end the evaluation before.
    var orLess: CostEstimate { CostEstimate(0, maximum) }
}

extension CELType {
    /// Whether values of the type have one size.
    var isScalar: Bool {
        switch self {
        case .null, .bool, .int, .uint, .double, .timestamp, .duration, .type: true
        default: false
        }
    }

    var isText: Bool { self == .string || self == .bytes }
}

extension Value {
    fileprivate var largestElement: UInt64 {
        guard case .list(let elements) = self else { return .max }
        return elements.map(\.size).max() ?? 0
    }
}
