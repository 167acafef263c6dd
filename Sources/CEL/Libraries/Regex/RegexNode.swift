/// A parsed regular expression.
indirect enum RegexNode: Sendable, Hashable {
    case empty
    /// One scalar of a set; an empty set never matches.
    case set(ScalarSet)
    case assertion(Assertion)
    case sequence([RegexNode])
    /// The first that leads to a match is taken.
    case choice([RegexNode])
    case loop(RegexNode, Repetition)
    case capture(RegexNode, group: Int)

    enum Assertion: UInt8, Sendable, Hashable {
        case textStart
        case textEnd
        case lineStart
        case lineEnd
        case wordBoundary
        case notWordBoundary
    }

    struct Repetition: Sendable, Hashable {
        var minimum: Int
        /// Nil is no bound.
        var maximum: Int?
        var isGreedy: Bool
    }

    /// Whether the empty text can match.
    var canBeEmpty: Bool {
        switch self {
        case .empty, .assertion: true
        case .set: false
        case .sequence(let nodes): nodes.allSatisfy(\.canBeEmpty)
        case .choice(let nodes): nodes.contains(where: \.canBeEmpty)
        case .loop(let node, let repetition): repetition.minimum == 0 || node.canBeEmpty
        case .capture(let node, _): node.canBeEmpty
        }
    }

    static func concatenation(_ nodes: [RegexNode]) -> RegexNode {
        let nodes = nodes.filter { $0 != .empty }
        return switch nodes.count {
        case 0: .empty
        case 1: nodes[0]
        default: .sequence(nodes)
        }
    }

    /// Sets beside each other become one: which of them matches makes no difference.
    static func alternation(_ nodes: [RegexNode]) -> RegexNode {
        var merged: [RegexNode] = []
        for node in nodes {
            if case .set(let set) = node, case .set(let last)? = merged.last {
                merged[merged.count - 1] = .set(last.union(set))
            } else {
                merged.append(node)
            }
        }
        return merged.count == 1 ? merged[0] : .choice(merged)
    }
}
