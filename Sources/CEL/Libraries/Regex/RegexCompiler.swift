/// Writes a program from its end, so that each instruction knows what follows it.
struct RegexCompiler {
    private(set) var instructions: [RegexProgram.Instruction] = []
    private(set) var byteSets: [ByteSet] = []
    private let maximumSize: Int
    private var setIndices: [ByteSet: Int32] = [:]
    private var encodings: [ScalarSet: UTF8Automaton] = [:]

    init(maximumSize: Int) {
        self.maximumSize = maximumSize
    }

    /// Compiles the whole expression and returns where it starts.
    mutating func compile(_ node: RegexNode) throws(RE2.SyntaxError) -> Int32 {
        let match = try emit(.match, next: 0)
        let end = try emit(.save(1), next: match)
        return try emit(.save(0), next: try compile(node, next: end))
    }

    private mutating func emit(
        _ operation: RegexProgram.Instruction.Operation,
        next: Int32
    ) throws(RE2.SyntaxError) -> Int32 {
        guard instructions.count < maximumSize else {
            throw RE2.SyntaxError(offset: 0, message: "needs more than \(maximumSize) instructions")
        }
        instructions.append(RegexProgram.Instruction(operation: operation, next: next))
        return Int32(instructions.count - 1)
    }

    private mutating func compile(_ node: RegexNode, next: Int32) throws(RE2.SyntaxError) -> Int32 {
        switch node {
        case .empty:
            return next
        case .set(let set):
            return try compile(set, next: next)
        case .assertion(let assertion):
            return try emit(.assert(assertion), next: next)
        case .sequence(let nodes):
            var start = next
            for node in nodes.reversed() { start = try compile(node, next: start) }
            return start
        case .choice(let nodes):
            var start: Int32?
            for node in nodes.reversed() {
                let branch = try compile(node, next: next)
                start = if let later = start { try emit(.fork(later), next: branch) } else { branch }
            }
            return start ?? next
        case .loop(let node, let repetition):
            return try compile(node, repetition, next: next)
        case .capture(let node, let group):
            let end = try emit(.save(Int32(2 * group + 1)), next: next)
            return try emit(.save(Int32(2 * group)), next: try compile(node, next: end))
        }
    }

    private mutating func compile(
        _ node: RegexNode,
        _ repetition: RegexNode.Repetition,
        next: Int32
    ) throws(RE2.SyntaxError) -> Int32 {
        var start = next
        var copies = repetition.minimum
        if let maximum = repetition.maximum {
            for _ in copies..<maximum {
                let body = try compile(node, next: start)
                start = try fork(body, next, prefersFirst: repetition.isGreedy)
            }
        } else {
            // One body serves the last required copy and all that follow.
            let loop = try emit(.fork(next), next: next)
            let body = try compile(node, next: loop)
            instructions[Int(loop)] = Self.fork(body, next, prefersFirst: repetition.isGreedy)
            if copies > 0 {
                copies -= 1
                start = body
            } else if node.canBeEmpty {
                // (x*)* has to enter its body to match emptily, which only a fork of its own in front allows.
                start = try fork(body, next, prefersFirst: repetition.isGreedy)
            } else {
                start = loop
            }
        }
        for _ in 0..<copies { start = try compile(node, next: start) }
        return start
    }

    private mutating func fork(_ body: Int32, _ next: Int32, prefersFirst: Bool) throws(RE2.SyntaxError) -> Int32 {
        let instruction = Self.fork(body, next, prefersFirst: prefersFirst)
        return try emit(instruction.operation, next: instruction.next)
    }

    private static func fork(_ body: Int32, _ next: Int32, prefersFirst: Bool) -> RegexProgram.Instruction {
        prefersFirst
            ? RegexProgram.Instruction(operation: .fork(next), next: body)
            : RegexProgram.Instruction(operation: .fork(body), next: next)
    }

    private mutating func compile(_ set: ScalarSet, next: Int32) throws(RE2.SyntaxError) -> Int32 {
        let automaton: UTF8Automaton
        if let known = encodings[set] {
            automaton = known
        } else {
            automaton = UTF8Automaton(set)
            encodings[set] = automaton
        }
        // Nodes come after those that they lead to.
        var starts: [Int32] = []
        for node in automaton.nodes {
            var start: Int32?
            for edge in node.edges.reversed() {
                let target = edge.target.map { starts[$0] } ?? next
                let read = try emit(operation(for: edge.ranges), next: target)
                start = if let later = start { try emit(.fork(later), next: read) } else { read }
            }
            if let start { starts.append(start) } else { starts.append(try emit(.fail, next: 0)) }
        }
        return starts.last ?? next
    }

    private mutating func operation(for ranges: [ClosedRange<UInt8>]) -> RegexProgram.Instruction.Operation {
        if ranges.count == 1 { return .range(ranges[0].lowerBound, ranges[0].upperBound) }
        var set = ByteSet()
        for range in ranges { set.insert(range) }
        if let index = setIndices[set] { return .set(index) }
        byteSets.append(set)
        let index = Int32(byteSets.count - 1)
        setIndices[set] = index
        return .set(index)
    }
}
