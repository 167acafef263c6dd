/// A set of Unicode scalars as sorted ranges that neither touch nor overlap.
struct ScalarSet: Sendable, Hashable {
    private(set) var ranges: [ClosedRange<UInt32>] = []

    static let maximum: UInt32 = 0x10_FFFF
    static let all = ScalarSet(ranges: [0...maximum])

    init() {}

    /// - Parameter ranges: In any order.
    init(ranges: some Sequence<ClosedRange<UInt32>>) {
        self.ranges = Array(ranges)
        normalize()
    }

    init(_ scalar: UInt32) {
        ranges = [scalar...scalar]
    }

    /// The ranges that pairs of ASCII characters bound: `"azAZ"` is the letters.
    init(ascii bounds: String) {
        let bytes = Array(bounds.utf8)
        self.init(ranges: stride(from: 0, to: bytes.count - 1, by: 2).map { UInt32(bytes[$0])...UInt32(bytes[$0 + 1]) })
    }

    /// The only scalar, where there is one.
    var single: UInt32? {
        guard ranges.count == 1, let range = ranges.first, range.count == 1 else { return nil }
        return range.lowerBound
    }

    /// Whether nothing past ASCII is in the set.
    var isASCII: Bool { (ranges.last?.upperBound ?? 0) < 0x80 }

    func contains(_ scalar: UInt32) -> Bool {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < scalar { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].contains(scalar)
    }

    func union(_ other: ScalarSet) -> ScalarSet {
        ScalarSet(ranges: ranges + other.ranges)
    }

    mutating func formUnion(_ other: ScalarSet) {
        ranges += other.ranges
        normalize()
    }

    var inverted: ScalarSet {
        var gaps: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges {
            if range.lowerBound > next { gaps.append(next...range.lowerBound - 1) }
            next = range.upperBound + 1
        }
        if next <= Self.maximum { gaps.append(next...Self.maximum) }
        return ScalarSet(ranges: gaps)
    }

    private mutating func normalize() {
        let isNormal = zip(ranges, ranges.dropFirst()).allSatisfy { $0.upperBound + 1 < $1.lowerBound }
        guard !isNormal else { return }
        ranges.sort { $0.lowerBound < $1.lowerBound }
        var merged: [ClosedRange<UInt32>] = []
        for range in ranges {
            if let last = merged.last, range.lowerBound <= last.upperBound + 1 {
                merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        ranges = merged
    }
}
