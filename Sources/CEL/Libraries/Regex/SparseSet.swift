/// A set of small numbers that remembers their order and is emptied in no time.
struct SparseSet: Sendable {
    private var dense: [Int32]
    private var sparse: [Int32]
    private(set) var count = 0

    init(capacity: Int) {
        dense = [Int32](repeating: 0, count: capacity)
        sparse = dense
    }

    var indices: Range<Int> { 0..<count }

    subscript(index: Int) -> Int32 { dense[index] }

    func contains(_ value: Int32) -> Bool {
        let index = Int(sparse[Int(value)])
        return index < count && dense[index] == value
    }

    /// False where the value is already a member.
    mutating func insert(_ value: Int32) -> Bool {
        guard !contains(value) else { return false }
        dense[count] = value
        sparse[Int(value)] = Int32(count)
        count += 1
        return true
    }

    mutating func removeAll() {
        count = 0
    }
}
