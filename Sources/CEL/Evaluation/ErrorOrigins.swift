/// Where errors arose, for every node that passed them on.
struct ErrorOrigins {
    struct Origin {
        let error: EvaluationError
        let node: NodeID
        let hint: String?
    }

    /// Of more errors at a node, as the turns of a loop may give, the first are kept.
    private static let maximum = 8

    private var byNode: [NodeID: [Origin]] = [:]

    /// Where the error that a node gave arose.
    subscript(error: EvaluationError, at id: NodeID) -> Origin? {
        byNode[id]?.first { $0.error == error }
    }

    /// Notes that a node gave an error, its own unless a child gave it before.
    mutating func note(_ error: EvaluationError, at id: NodeID, among children: [NodeID], hint: () -> String?) {
        guard self[error, at: id] == nil, byNode[id, default: []].count < Self.maximum else { return }
        let inherited = children.lazy.compactMap { [self] in self[error, at: $0] }.first
        byNode[id, default: []].append(inherited ?? Origin(error: error, node: id, hint: hint()))
    }
}
