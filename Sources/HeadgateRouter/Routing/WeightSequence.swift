import Synchronization

/// The order in which requests go to versions, so that any window as long as the weights' sum holds each one exactly.
///
/// Smooth weighted round robin: each turn every version gains its weight, the richest is taken and pays the sum. After
/// as many turns as the sum all are back where they began, so the order repeats and every window of that length is a
/// rotation of the same turns. One counter serves all event loops.
final class WeightSequence: Sendable {
    let weights: [String: Int]
    /// Versions with weight, in the order of their names; the turns are indices into it.
    let versions: [String]
    private let turns: [UInt8]
    private let counter = Atomic<UInt64>(0)

    /// Nil when no version has weight, or more than 255 have.
    init?(_ weights: [String: Int]) {
        let weighted = weights.filter { $0.value > 0 }.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        guard !weighted.isEmpty, weighted.count <= 255 else { return nil }
        self.weights = weights
        versions = weighted.map(\.key)
        turns = Self.turns(weighted.map(\.value))
    }

    /// The index in `versions` of whose turn it is.
    func next() -> Int {
        let turn = counter.wrappingAdd(1, ordering: .relaxed).oldValue
        return Int(turns[Int(turn % UInt64(turns.count))])
    }

    private static func turns(_ weights: [Int]) -> [UInt8] {
        let sum = weights.reduce(0, +)
        var credit = weights.map { _ in 0 }
        return (0..<sum).map { _ in
            var richest = 0
            for index in weights.indices {
                credit[index] += weights[index]
                if credit[index] > credit[richest] { richest = index }
            }
            credit[richest] -= sum
            return UInt8(richest)
        }
    }
}
