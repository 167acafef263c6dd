/// An index into `SyntaxTree.nodes`.
typealias NodeID = Int

/// An expression as parsed: nodes in one array, each naming its children by index.
///
/// Macros keep the form in which they were written. Evaluators give each its meaning directly, so that building a list
/// takes linear time, and printing needs no memory of what was expanded.
struct SyntaxTree: Sendable {
    var source: SourceText
    var nodes: [Node] = []
    var root: NodeID = 0
    /// Whether a comment was skipped: the printed form would lose it.
    var hasComments = false

    subscript(id: NodeID) -> Node { nodes[id] }

    mutating func add(_ kind: Node.Kind, at position: Int, in range: Range<Int>) -> NodeID {
        nodes.append(Node(kind: kind, position: position, range: range))
        return nodes.count - 1
    }

    func text(of id: NodeID) -> String { source.slice(nodes[id].range) }
}

struct Node: Sendable {
    var kind: Kind
    /// Where a diagnostic about this node points: the operator, field or function name.
    var position: Int
    /// The bytes of source that the node covers.
    var range: Range<Int>

    indirect enum Kind: Sendable {
        case literal(Value)
        case identifier(String, isAbsolute: Bool)
        case select(NodeID, field: String)
        case optionalSelect(NodeID, field: String)
        case has(NodeID, field: String)
        case index(NodeID, NodeID)
        case optionalIndex(NodeID, NodeID)
        case call(String, [NodeID])
        case memberCall(NodeID, String, [NodeID])
        case unary(UnaryOperator, NodeID)
        case binary(BinaryOperator, NodeID, NodeID)
        case logical(LogicalOperator, [NodeID])
        case conditional(NodeID, NodeID, NodeID)
        case list([ListElement])
        case map([MapEntry])
        case record(String, [RecordField])
        case comprehension(Comprehension)
        case bind(String, NodeID, NodeID)
        case optionalMap(NodeID, variable: String, NodeID, isFlat: Bool)
        case block([NodeID], NodeID)
    }

    struct ListElement: Sendable {
        let value: NodeID
        let isOptional: Bool
    }

    struct MapEntry: Sendable {
        let key: NodeID
        let value: NodeID
        let isOptional: Bool
    }

    struct RecordField: Sendable {
        let name: String
        let value: NodeID
        let isOptional: Bool
        let position: Int
    }

    struct Comprehension: Sendable {
        let macro: Macro
        let range: NodeID
        let first: String
        let second: String?
        let filter: NodeID?
        let body: NodeID
    }

    enum Macro: String, Sendable {
        case all, exists
        case existsOne = "exists_one"
        case map, filter, transformList, transformMap, transformMapEntry, sortBy
    }
}

enum UnaryOperator: String, Sendable {
    case not = "!"
    case negate = "-"

    var function: String { self == .not ? "!_" : "-_" }
}

enum LogicalOperator: String, Sendable {
    case and = "&&"
    case or = "||"

    /// The value of one operand that settles the result.
    var decisive: Bool { self == .or }
}

enum BinaryOperator: String, Sendable {
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case `in` = "in"
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case remainder = "%"

    var function: String {
        switch self {
        case .equal: "_==_"
        case .notEqual: "_!=_"
        case .less: "_<_"
        case .lessOrEqual: "_<=_"
        case .greater: "_>_"
        case .greaterOrEqual: "_>=_"
        case .in: "@in"
        case .add: "_+_"
        case .subtract: "_-_"
        case .multiply: "_*_"
        case .divide: "_/_"
        case .remainder: "_%_"
        }
    }

    /// 3 for relations, 4 for sums, 5 for products.
    var precedence: Int {
        switch self {
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .in: 3
        case .add, .subtract: 4
        case .multiply, .divide, .remainder: 5
        }
    }
}

extension Node.Kind {
    /// The children in evaluation order.
    var children: [NodeID] {
        switch self {
        case .literal, .identifier: []
        case .select(let operand, _), .optionalSelect(let operand, _), .has(let operand, _), .unary(_, let operand):
            [operand]
        case .index(let a, let b), .optionalIndex(let a, let b), .binary(_, let a, let b): [a, b]
        case .call(_, let arguments): arguments
        case .memberCall(let target, _, let arguments): [target] + arguments
        case .logical(_, let operands): operands
        case .conditional(let a, let b, let c): [a, b, c]
        case .list(let elements): elements.map(\.value)
        case .map(let entries): entries.flatMap { [$0.key, $0.value] }
        case .record(_, let fields): fields.map(\.value)
        case .comprehension(let loop): [loop.range] + (loop.filter.map { [$0] } ?? []) + [loop.body]
        case .bind(_, let value, let body): [value, body]
        case .optionalMap(let target, _, let body, _): [target, body]
        case .block(let values, let body): values + [body]
        }
    }
}
