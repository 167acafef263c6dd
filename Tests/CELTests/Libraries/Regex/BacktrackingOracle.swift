@testable import CEL

/// A plain backtracking matcher over the parsed expression: slow, short and built on nothing that it checks.
struct BacktrackingOracle {
    let scalars: [UInt32]
    var steps = 0
    var slots: [Int]

    static let maximumSteps = 20_000

    init(_ text: String, groupCount: Int) {
        scalars = text.unicodeScalars.map(\.value)
        slots = [Int](repeating: -1, count: 2 * (groupCount + 1))
    }

    /// The slots of the leftmost match in scalars; nil for none; `gaveUp` past the bound on steps.
    mutating func firstMatch(_ node: RegexNode) -> [Int]? {
        for start in 0...scalars.count {
            slots = slots.map { _ in -1 }
            var found: [Int]?
            let matched = match(node, at: start) { oracle, end in
                oracle.slots[0] = start
                oracle.slots[1] = end
                found = oracle.slots
                return true
            }
            if matched { return found }
        }
        return nil
    }

    var gaveUp: Bool { steps > Self.maximumSteps }

    typealias Continuation = (inout BacktrackingOracle, Int) -> Bool

    private mutating func match(_ node: RegexNode, at position: Int, _ then: Continuation) -> Bool {
        steps += 1
        guard !gaveUp else { return false }
        switch node {
        case .empty:
            return then(&self, position)
        case .set(let set):
            guard position < scalars.count, set.contains(scalars[position]) else { return false }
            return then(&self, position + 1)
        case .assertion(let assertion):
            return holds(assertion, at: position) && then(&self, position)
        case .sequence(let nodes):
            return match(nodes[...], at: position, then)
        case .choice(let nodes):
            for node in nodes where match(node, at: position, then) { return true }
            return false
        case .capture(let node, let group):
            let saved = (slots[2 * group], slots[2 * group + 1])
            let matched = match(node, at: position) { oracle, end in
                let inner = (oracle.slots[2 * group], oracle.slots[2 * group + 1])
                oracle.slots[2 * group] = position
                oracle.slots[2 * group + 1] = end
                if then(&oracle, end) { return true }
                (oracle.slots[2 * group], oracle.slots[2 * group + 1]) = inner
                return false
            }
            if !matched { (slots[2 * group], slots[2 * group + 1]) = saved }
            return matched
        case .loop(let node, let repetition):
            return loop(node, repetition, done: 0, at: position, then)
        }
    }

    private mutating func match(_ nodes: ArraySlice<RegexNode>, at position: Int, _ then: Continuation) -> Bool {
        guard let first = nodes.first else { return then(&self, position) }
        return match(first, at: position) { oracle, end in oracle.match(nodes.dropFirst(), at: end, then) }
    }

    private mutating func loop(
        _ node: RegexNode,
        _ repetition: RegexNode.Repetition,
        done: Int,
        at position: Int,
        _ then: Continuation
    ) -> Bool {
        let mayStop = done >= repetition.minimum
        let mayGoOn = done < repetition.maximum ?? .max
        if mayStop, !repetition.isGreedy, then(&self, position) { return true }
        if mayGoOn {
            let matched = match(node, at: position) { oracle, end in
                oracle.loop(node, repetition, done: done + 1, at: end, then)
            }
            if matched { return true }
        }
        return mayStop && repetition.isGreedy && then(&self, position)
    }

    private func holds(_ assertion: RegexNode.Assertion, at position: Int) -> Bool {
        let before = position > 0 ? scalars[position - 1] : nil
        let after = position < scalars.count ? scalars[position] : nil
        let isBoundary = isWord(before) != isWord(after)
        return switch assertion {
        case .textStart: before == nil
        case .textEnd: after == nil
        case .lineStart: before == nil || before == 10
        case .lineEnd: after == nil || after == 10
        case .wordBoundary: isBoundary
        case .notWordBoundary: !isBoundary
        }
    }

    private func isWord(_ scalar: UInt32?) -> Bool {
        guard let scalar = scalar.flatMap(Unicode.Scalar.init), scalar.isASCII else { return false }
        return scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
    }
}
