/// The smallest automaton without loops that reads the UTF-8 of one scalar of a set.
struct UTF8Automaton: Sendable {
    struct Edge: Sendable, Hashable {
        var ranges: [ClosedRange<UInt8>]
        /// Nil is the end of the scalar.
        let target: Int?
    }

    struct Node: Sendable, Hashable {
        var edges: [Edge]
    }

    /// Each comes after those that its edges lead to; the last is the start.
    private(set) var nodes: [Node] = []
    private var known: [Node: Int] = [:]

    init(_ set: ScalarSet) {
        var sequences: [[ClosedRange<UInt8>]] = []
        for range in set.ranges { Self.encode(range, into: &sequences) }
        _ = node(for: sequences[...], at: 0)
        known = [:]
    }

    private mutating func node(for sequences: ArraySlice<[ClosedRange<UInt8>]>, at depth: Int) -> Int {
        var node = Node(edges: [])
        var rest = sequences
        while let first = rest.first {
            // First bytes are either the same range or disjoint, as encoding splits them.
            let group = rest.prefix { $0[depth] == first[depth] }
            rest = rest.dropFirst(group.count)
            let target = first.count == depth + 1 ? nil : self.node(for: group, at: depth + 1)
            if let index = node.edges.firstIndex(where: { $0.target == target }) {
                node.edges[index].ranges.append(first[depth])
            } else {
                node.edges.append(Edge(ranges: [first[depth]], target: target))
            }
        }
        for index in node.edges.indices { Self.join(&node.edges[index].ranges) }
        // The start has to be the last even if it equals another node.
        if depth > 0, let index = known[node] { return index }
        nodes.append(node)
        known[node] = nodes.count - 1
        return nodes.count - 1
    }

    private static func join(_ ranges: inout [ClosedRange<UInt8>]) {
        var joined: [ClosedRange<UInt8>] = []
        for range in ranges {
            if let last = joined.last, last.upperBound < 0xFF, last.upperBound + 1 == range.lowerBound {
                joined[joined.count - 1] = last.lowerBound...range.upperBound
            } else {
                joined.append(range)
            }
        }
        ranges = joined
    }

    /// Splits a range of scalars so that each byte of its encoding varies on its own.
    private static func encode(_ range: ClosedRange<UInt32>, into sequences: inout [[ClosedRange<UInt8>]]) {
        // Scalars of different lengths apart, and without the surrogates.
        let blocks: [ClosedRange<UInt32>] = [
            0...0x7F, 0x80...0x7FF, 0x800...0xD7FF, 0xE000...0xFFFF, 0x1_0000...0x10_FFFF,
        ]
        for block in blocks where range.overlaps(block) {
            let part = range.clamped(to: block)
            split(part, continuations: continuations(of: block.lowerBound), into: &sequences)
        }
    }

    private static func continuations(of scalar: UInt32) -> Int {
        scalar < 0x80 ? 0 : scalar < 0x800 ? 1 : scalar < 0x1_0000 ? 2 : 3
    }

    private static func split(
        _ range: ClosedRange<UInt32>,
        continuations: Int,
        into sequences: inout [[ClosedRange<UInt8>]]
    ) {
        for bytes in 1..<max(continuations + 1, 1) {
            let mask: UInt32 = 1 << UInt32(6 * bytes) - 1
            guard range.lowerBound | mask != range.upperBound | mask else { continue }
            if range.lowerBound & mask != 0 {
                let cut = range.lowerBound | mask
                split(range.lowerBound...cut, continuations: continuations, into: &sequences)
                split(cut + 1...range.upperBound, continuations: continuations, into: &sequences)
                return
            }
            if range.upperBound & mask != mask {
                let cut = range.upperBound & ~mask
                split(range.lowerBound...cut - 1, continuations: continuations, into: &sequences)
                split(cut...range.upperBound, continuations: continuations, into: &sequences)
                return
            }
        }
        let low = bytes(of: range.lowerBound, continuations)
        let high = bytes(of: range.upperBound, continuations)
        sequences.append(zip(low, high).map { $0...$1 })
    }

    private static func bytes(of scalar: UInt32, _ continuations: Int) -> [UInt8] {
        guard continuations > 0 else { return [UInt8(scalar)] }
        let lead = UInt8(truncatingIfNeeded: 0xFF00 >> (continuations + 1)) | UInt8(scalar >> UInt32(6 * continuations))
        return [lead] + (0..<continuations).reversed().map { 0x80 | UInt8(scalar >> UInt32(6 * $0) & 0x3F) }
    }
}
