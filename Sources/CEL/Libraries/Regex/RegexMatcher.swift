import Synchronization

/// Tells whether texts match, and keeps what it learns for the next one.
///
/// At first the automaton grows behind a lock. Once a few texts have been matched it is worked out to the end, if it is
/// small, and from then on read without a lock.
final class RegexMatcher: Sendable {
    let program: RegexProgram
    let pattern: String
    /// The name of each group, if it has one; the first is the whole match.
    let groupNames: [String?]
    private let growing = Mutex<Growing?>(nil)
    private let finished = AtomicLazyReference<FinishedAutomaton>()

    init(_ program: RegexProgram, pattern: String, groupNames: [String?]) {
        self.program = program
        self.pattern = pattern
        self.groupNames = groupNames
    }

    func isMatch(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        if let finished = finished.load() { return finished.isMatch(bytes) }
        if !program.required.isEmpty, ByteSearch.first(program.required, in: bytes, from: 0) == nil { return false }
        let answer = growing.withLockIfAvailable { growing in
            if growing == nil { growing = Growing(automaton: LazyAutomaton(program)) }
            return growing?.isMatch(bytes, finished)
        }
        if case .some(.some(let answer)) = answer { return answer }
        // Another thread has the automaton.
        var machine = CapturingMachine(program)
        return machine.firstMatch(in: bytes, from: 0) != nil
    }
}

/// An automaton that texts still make grow.
private struct Growing: Sendable {
    private var automaton: LazyAutomaton
    private var matches = 0

    private static let matchesBeforeFinishing = 4
    private static let maximumFinishedStates = 512

    init(automaton: LazyAutomaton) {
        self.automaton = automaton
    }

    mutating func isMatch(
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ finished: borrowing AtomicLazyReference<FinishedAutomaton>
    ) -> Bool {
        matches += 1
        if matches == Self.matchesBeforeFinishing, automaton.complete(maximumStates: Self.maximumFinishedStates) {
            _ = finished.storeIfNil(FinishedAutomaton(automaton))
        }
        let accepting = automaton.accepting
        var row = automaton.startRow
        for byte in bytes {
            if row <= accepting { return row == accepting }
            row = automaton.next(row, Int(automaton.classes[Int(byte)]))
        }
        if row <= accepting { return row == accepting }
        return automaton.next(row, automaton.stride - 1) == accepting
    }
}

/// An automaton without unknown states.
final class FinishedAutomaton: Sendable {
    private let table: [Int32]
    private let classes: [UInt8]
    private let startRow: Int32
    private let accepting: Int32
    private let endColumn: Int

    init(_ automaton: LazyAutomaton) {
        table = automaton.table
        classes = automaton.classes
        startRow = automaton.startRow
        accepting = automaton.accepting
        endColumn = automaton.stride - 1
    }

    func isMatch(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var row = startRow
        for byte in bytes {
            if row <= accepting { return row == accepting }
            row = table[Int(row) + Int(classes[Int(byte)])]
        }
        if row <= accepting { return row == accepting }
        return table[Int(row) + endColumn] == accepting
    }
}
