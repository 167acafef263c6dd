/// A deterministic automaton over the program's bytes that tells whether a text matches, built as far as texts need it.
///
/// A state is a set of instructions and what was read last, as far as an assertion asks for it. The table holds, for
/// each state and class of bytes, the row of the next state: ``dead``, ``accepting``, another, or ``unknown``.
struct LazyAutomaton: Sendable {
    static let unknown: Int32 = -1

    private(set) var table: [Int32] = []
    let classes: [UInt8]
    /// Classes of bytes and one for the end of the text.
    let stride: Int
    private(set) var startRow: Int32 = 0

    private let program: RegexProgram
    private var states: [State] = []
    private var rows: [State: Int32] = [:]
    private var members: SparseSet
    private var stack: [Int32] = []
    private let representatives: [UInt8]
    private let maximumStates: Int

    fileprivate struct State: Sendable, Hashable {
        var instructions: [Int32]
        var last: Last

        enum Last: UInt8 {
            case start
            case word
            case newline
            case other
        }
    }

    /// An automaton whose table has at most a number of entries; when it is full it begins anew.
    init(_ program: RegexProgram, maximumSize: Int = 1 << 17) {
        self.program = program
        members = SparseSet(capacity: program.instructions.count)
        (classes, representatives) = Self.classes(of: program)
        stride = representatives.count + 1
        maximumStates = max(maximumSize / stride, 8)
        reset()
    }

    static let dead: Int32 = 0
    var accepting: Int32 { Int32(stride) }

    var isFull: Bool { states.count >= maximumStates }
    var stateCount: Int { states.count }

    mutating func reset() {
        states = []
        rows = [:]
        table = []
        _ = addRow(State(instructions: [], last: .other), next: Self.dead)
        _ = addRow(State(instructions: [-1], last: .other), next: accepting)
        members.removeAll()
        follow(program.start)
        startRow = row(last: .start)
    }

    /// The row of the next state, which is worked out where it is unknown.
    ///
    /// The row it starts from is neither ``dead`` nor ``accepting``; the last column is the end of the text.
    mutating func next(_ row: Int32, _ column: Int) -> Int32 {
        let known = table[Int(row) + column]
        guard known == Self.unknown else { return known }
        let next = compute(states[Int(row) / stride], column)
        // Beginning anew has moved the rows, so this one can no longer be written down.
        if next.isRowValid { table[Int(row) + column] = next.row }
        return next.row
    }

    /// Works out all states within a bound; false where there are more.
    mutating func complete(maximumStates limit: Int) -> Bool {
        var index = 2
        while index < states.count {
            for column in 0..<stride {
                guard states.count <= min(limit, maximumStates - 1) else { return false }
                _ = next(Int32(index * stride), column)
            }
            index += 1
        }
        return true
    }

    // MARK: Building

    private mutating func compute(_ state: State, _ column: Int) -> (row: Int32, isRowValid: Bool) {
        let byte = column < representatives.count ? representatives[column] : nil
        let boundary = RegexBoundary(before: state.last.sample, after: byte)
        // First pass what the byte decides: assertions.
        members.removeAll()
        var pending = state.instructions
        var readers: [Int32] = []
        var seen = 0
        while seen < pending.count {
            let index = pending[seen]
            seen += 1
            let instruction = program.instructions[Int(index)]
            switch instruction.operation {
            case .match: return (accepting, true)
            case .assert(let assertion):
                guard boundary.satisfies(assertion) else { continue }
                let known = members.count
                follow(instruction.next)
                for position in known..<members.count { pending.append(members[position]) }
            case .range, .set: readers.append(index)
            case .fork, .save, .fail: continue
            }
        }
        guard let byte else { return (Self.dead, true) }
        members.removeAll()
        for index in readers {
            let instruction = program.instructions[Int(index)]
            if program.accepts(byte, instruction.operation) { follow(instruction.next) }
        }
        if !program.isAnchored { follow(program.start) }
        let resets = isFull
        return (row(last: last(byte)), !resets)
    }

    private func last(_ byte: UInt8) -> State.Last {
        if program.usesLines, byte == UInt8(ascii: "\n") { return .newline }
        return program.usesWordBoundary && RegexBoundary.isWord(byte) ? .word : .other
    }

    /// Adds an instruction and those it leads to without reading; assertions stay for the next byte to decide.
    private mutating func follow(_ start: Int32) {
        stack.append(start)
        while let index = stack.popLast() {
            guard members.insert(index) else { continue }
            let instruction = program.instructions[Int(index)]
            switch instruction.operation {
            case .fork(let other):
                stack.append(other)
                stack.append(instruction.next)
            case .save: stack.append(instruction.next)
            case .range, .set, .assert, .match, .fail: continue
            }
        }
    }

    private mutating func row(last: State.Last) -> Int32 {
        var kept: [Int32] = []
        for index in members.indices {
            let member = members[index]
            switch program.instructions[Int(member)].operation {
            case .match: return accepting
            // Only a state's first byte can still be at the start.
            case .assert(.textStart) where last != .start: continue
            case .range, .set, .assert: kept.append(member)
            case .fork, .save, .fail: continue
            }
        }
        guard !kept.isEmpty else { return Self.dead }
        kept.sort()
        let state = State(instructions: kept, last: last)
        if let row = rows[state] { return row }
        if isFull {
            reset()
            if let row = rows[state] { return row }
        }
        return addRow(state, next: Self.unknown)
    }

    private mutating func addRow(_ state: State, next: Int32) -> Int32 {
        let row = Int32(table.count)
        table.append(contentsOf: repeatElement(next, count: stride))
        states.append(state)
        rows[state] = row
        return row
    }

    /// Splits the bytes into classes that no instruction tells apart.
    private static func classes(of program: RegexProgram) -> (classes: [UInt8], representatives: [UInt8]) {
        var begins = [Bool](repeating: false, count: 257)
        begins[0] = true
        func mark(_ range: ClosedRange<UInt8>) {
            begins[Int(range.lowerBound)] = true
            begins[Int(range.upperBound) + 1] = true
        }
        for instruction in program.instructions {
            if case .range(let low, let high) = instruction.operation { mark(low...high) }
        }
        for set in program.byteSets {
            for byte in UInt8(1)...0xFF where set.contains(byte) != set.contains(byte - 1) { begins[Int(byte)] = true }
        }
        mark(0x80...0xBF)
        if program.usesLines { mark(0x0A...0x0A) }
        if program.usesWordBoundary {
            mark(0x30...0x39)
            mark(0x41...0x5A)
            mark(0x5F...0x5F)
            mark(0x61...0x7A)
        }
        var classes: [UInt8] = []
        var representatives: [UInt8] = []
        for byte in UInt8(0)...0xFF {
            if begins[Int(byte)] { representatives.append(byte) }
            classes.append(UInt8(truncatingIfNeeded: representatives.count - 1))
        }
        return (classes, representatives)
    }
}

extension LazyAutomaton.State.Last {
    /// A byte that stands for what was read.
    fileprivate var sample: UInt8? {
        switch self {
        case .start: nil
        case .word: UInt8(ascii: "w")
        case .newline: UInt8(ascii: "\n")
        case .other: UInt8(ascii: " ")
        }
    }
}
