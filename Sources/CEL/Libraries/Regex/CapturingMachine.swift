/// Finds matches and their groups by following all ways through the program at once (Thompson's construction with the
/// priorities of Pike's), in time linear in the text.
struct CapturingMachine {
    private let program: RegexProgram
    private var current: Threads
    private var following: Threads
    private var work: [Int32]
    private var stack: [Step] = []

    private enum Step {
        case explore(Int32)
        case restore(slot: Int, value: Int32)
    }

    private struct Threads {
        var set: SparseSet
        /// The slots of each member, one after the other.
        var slots: [Int32]
    }

    init(_ program: RegexProgram) {
        self.program = program
        let capacity = program.instructions.count
        let threads = Threads(set: SparseSet(capacity: capacity), slots: [])
        current = threads
        following = threads
        work = [Int32](repeating: -1, count: program.slotCount)
    }

    /// The leftmost match at or after a position, as slots; nil where there is none.
    mutating func firstMatch(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> [Int32]? {
        current.set.removeAll()
        current.slots.removeAll(keepingCapacity: true)
        var best: [Int32]?
        var position = start
        while true {
            if current.set.count == 0 {
                guard best == nil, !program.isAnchored || position == 0 else { return best }
                if !program.prefix.isEmpty {
                    guard let found = ByteSearch.first(program.prefix, in: bytes, from: position) else { return nil }
                    position = found
                }
            }
            let byte = position < bytes.count ? bytes[position] : nil
            if best == nil, !program.isAnchored || position == 0, byte.map(RegexBoundary.isContinuation) != true {
                for slot in work.indices { work[slot] = -1 }
                Self.add(program.start, to: &current, at: position, in: bytes, program, &work, &stack)
            }
            step(over: byte, at: position, in: bytes, &best)
            swap(&current, &following)
            guard byte != nil else { return best }
            position += 1
        }
    }

    private mutating func step(
        over byte: UInt8?,
        at position: Int,
        in bytes: UnsafeBufferPointer<UInt8>,
        _ best: inout [Int32]?
    ) {
        following.set.removeAll()
        following.slots.removeAll(keepingCapacity: true)
        let width = program.slotCount
        for index in current.set.indices {
            let instruction = program.instructions[Int(current.set[index])]
            let slots = index * width..<(index + 1) * width
            if instruction.operation == .match {
                // The ways after this one are less wanted.
                best = Array(current.slots[slots])
                return
            }
            if let byte, program.accepts(byte, instruction.operation) {
                for slot in 0..<width { work[slot] = current.slots[slots.lowerBound + slot] }
                Self.add(instruction.next, to: &following, at: position + 1, in: bytes, program, &work, &stack)
            }
        }
    }

    private static func add(
        _ start: Int32,
        to threads: inout Threads,
        at position: Int,
        in bytes: UnsafeBufferPointer<UInt8>,
        _ program: RegexProgram,
        _ work: inout [Int32],
        _ stack: inout [Step]
    ) {
        stack.append(.explore(start))
        while let step = stack.popLast() {
            guard case .explore(let index) = step else {
                if case .restore(let slot, let value) = step { work[slot] = value }
                continue
            }
            guard threads.set.insert(index) else { continue }
            threads.slots.append(contentsOf: work)
            let instruction = program.instructions[Int(index)]
            switch instruction.operation {
            case .fork(let other):
                stack.append(.explore(other))
                stack.append(.explore(instruction.next))
            case .save(let slot):
                stack.append(.restore(slot: Int(slot), value: work[Int(slot)]))
                work[Int(slot)] = Int32(position)
                stack.append(.explore(instruction.next))
            case .assert(let assertion):
                let boundary = RegexBoundary(
                    before: position > 0 ? bytes[position - 1] : nil,
                    after: position < bytes.count ? bytes[position] : nil
                )
                if boundary.satisfies(assertion) { stack.append(.explore(instruction.next)) }
            case .range, .set, .match, .fail:
                continue
            }
        }
    }
}
