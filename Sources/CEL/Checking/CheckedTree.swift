/// What a name or call was found to mean.
enum Reference: Sendable {
    /// A variable of the environment, by its index there.
    case variable(Int)
    /// A variable of a macro, by its slot in the frame.
    case local(Int)
    /// A constant of the environment, or a type.
    case constant(Value)
    /// A function; `isNamespaced` where what looks like a receiver is part of its name.
    case function(ResolvedFunction)
    /// Nothing, which only an unchecked expression may have; evaluating it is an error.
    case undeclared(String)
}

/// A call's candidates, narrowed by the types known before evaluation.
struct ResolvedFunction: Sendable {
    let name: String
    let candidates: [FunctionOverload]
    let isNamespaced: Bool
}

/// A syntax tree with the meaning of its names and the types of its nodes.
struct CheckedTree: Sendable {
    let tree: SyntaxTree
    let types: [CELType]
    let references: [Reference?]
    /// For each macro node, the slot of its first variable.
    let slots: [Int]
    /// The slots that a frame needs.
    let slotCount: Int
    let environment: Environment

    var type: CELType { types[tree.root] }
}
