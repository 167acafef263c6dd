/// A chain of fields on a variable, such as `candidate.metrics.accuracy`.
///
/// Reading it hands on references without counting them, until the value at its end.
struct FieldPath: Sendable {
    private let isLocal: Bool
    private let slot: Int
    private let keys: [FieldKey]
    // The packed keys of paths of one and of two fields.
    private let isShort: Bool
    private let outer: PackedKey?
    private let last: PackedKey
    let cost: UInt64

    /// Nil unless the node is a chain of at least one field on a variable.
    init?(_ id: NodeID, _ program: CheckedTree) {
        var keys: [FieldKey] = []
        var current = id
        while program.references[current] == nil, case .select(let operand, let field) = program.tree[current].kind {
            keys.append(FieldKey(field))
            current = operand
        }
        switch program.references[current] {
        case .local(let slot): (isLocal, self.slot) = (true, slot)
        case .variable(let index): (isLocal, slot) = (false, index)
        default: return nil
        }
        keys.reverse()
        guard let last = keys.last else { return nil }
        self.keys = keys
        self.last = last.packed
        outer = keys.count == 2 ? keys[0].packed : nil
        isShort = keys.count <= 2 && keys.allSatisfy(\.packed.isString)
        cost = CostTable.name + CostTable.select * UInt64(keys.count)
    }

    /// Where the value lies, if all goes well; nothing is charged.
    @inline(__always)
    func place(_ frame: inout Frame) -> UnsafeMutablePointer<Value>? {
        guard isShort, var map = isLocal ? frame.localMaps[slot] : frame.maps[slot] else { return nil }
        if let outer {
            guard let inner = map._withUnsafeGuaranteedRef({ $0.map(under: outer) }) else { return nil }
            map = inner
        }
        let place = map._withUnsafeGuaranteedRef { $0.place(of: last) }
        if !isLocal { frame.wasRead[slot] = true }
        return place
    }

    @inline(__always)
    func read(_ frame: inout Frame) throws(EvaluationError) -> Value {
        guard let place = place(&frame) else { return try step(&frame) }
        if case .unknown = place.pointee { throw .metUnknown }
        try frame.meter.charge(cost)
        return place.pointee
    }

    /// One field after the other, each at its own cost.
    @inline(never)
    private func step(_ frame: inout Frame) throws(EvaluationError) -> Value {
        try frame.meter.charge(CostTable.name)
        var value = try isLocal ? frame.local(slot) : frame.variable(slot)
        for key in keys {
            try frame.meter.charge(CostTable.select)
            value = try Compiler.known(value.selecting(key))
        }
        return value
    }
}
