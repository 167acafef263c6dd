extension RegexNode {
    /// Whether a match can only begin where the text begins.
    var isAnchored: Bool {
        switch self {
        case .assertion(.textStart): true
        case .sequence(let nodes): nodes.first?.isAnchored ?? false
        case .choice(let nodes): nodes.allSatisfy(\.isAnchored)
        case .capture(let node, _): node.isAnchored
        case .loop(let node, let repetition): repetition.minimum > 0 && node.isAnchored
        case .empty, .set, .assertion: false
        }
    }

    /// The bytes with which each match begins.
    var literalPrefix: [UInt8] {
        var bytes: [UInt8] = []
        for part in parts {
            guard case .set(let set) = part, let scalar = set.single.flatMap(Unicode.Scalar.init) else { break }
            bytes += Array(String(scalar).utf8)
        }
        return bytes
    }

    /// The longest text that each match is certain to contain.
    var requiredLiteral: [UInt8] {
        var longest: [UInt8] = []
        var current: [UInt8] = []
        for part in parts {
            switch part {
            case .set(let set):
                if let scalar = set.single.flatMap(Unicode.Scalar.init) {
                    current += Array(String(scalar).utf8)
                    if current.count > longest.count { longest = current }
                } else {
                    current = []
                }
            case .assertion:
                // It takes no text, so what is around it is adjacent.
                continue
            case .empty, .sequence, .choice, .loop, .capture:
                current = []
            }
        }
        return longest
    }

    /// What is matched one after the other, groups opened.
    private var parts: [RegexNode] {
        switch self {
        case .sequence(let nodes): nodes.flatMap(\.parts)
        case .capture(let node, _): node.parts
        case .empty, .set, .assertion, .choice, .loop: [self]
        }
    }
}
