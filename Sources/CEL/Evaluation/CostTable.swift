/// The cost of every operation, in units, for the estimate and for the meter alike.
///
/// The units follow cel-go: reading a name or field costs 1, a call 1, text 1 for every 10 bytes looked at.
enum CostTable {
    static let name: UInt64 = 1
    static let select: UInt64 = 1
    static let call: UInt64 = 1
    static let list: UInt64 = 10
    static let map: UInt64 = 30
    static let record: UInt64 = 40
    static let iteration: UInt64 = 1

    /// Looking once at so many bytes.
    @inline(__always)
    static func traversal(_ count: Int) -> UInt64 { UInt64((count + 9) / 10) }

    /// Matching a regular expression of so many bytes.
    static func pattern(_ count: Int) -> UInt64 { UInt64((count + 3) / 4) }
}

/// How a function's cost beyond the call itself grows with the sizes of its arguments.
///
/// A size is the bytes of a string or bytes, the elements of a list, the entries of a map, and 1 for all else.
enum CostRule: Sendable {
    case free
    /// A unit for every ten of the sizes of these arguments.
    case traverse([Int])
    /// A unit for every element of these arguments.
    case elements([Int])
    /// The product of the traversals of two arguments.
    case product(Int, Int)
    /// Matching argument `pattern` against argument `text`.
    case match(text: Int, pattern: Int)
    /// Sorting: elements times the logarithm of their number.
    case sort(Int)
    /// The function charges the meter itself as it compares values; bounded for scalar types only.
    case comparison
    /// The function charges the meter itself, without a bound that the sizes of its arguments give.
    case metered

    func cost(_ sizes: (Int) -> UInt64) -> UInt64 {
        switch self {
        case .free, .comparison, .metered: return 0
        case .traverse(let arguments): return arguments.reduce(0) { $0.addingClamped(Self.tenth(sizes($1))) }
        case .elements(let arguments): return arguments.reduce(0) { $0.addingClamped(sizes($1)) }
        case .product(let a, let b): return Self.tenth(sizes(a)).multipliedClamped(by: Self.tenth(sizes(b)))
        case .match(let text, let pattern):
            let text = Self.tenth(sizes(text).addingClamped(1))
            let pattern = sizes(pattern)
            return text.multipliedClamped(by: pattern == .max ? .max : (pattern + 3) / 4)
        case .sort(let argument):
            let count = sizes(argument)
            return count.multipliedClamped(by: UInt64(64 - count.leadingZeroBitCount))
        }
    }

    private static func tenth(_ size: UInt64) -> UInt64 {
        // The largest size means that there is no bound.
        size == .max ? .max : size / 10 + (size % 10 == 0 ? 0 : 1)
    }

    /// The cost for actual arguments.
    func cost(of arguments: [Value]) -> UInt64 {
        switch self {
        case .free, .comparison, .metered: 0
        default: cost { $0 < arguments.count ? arguments[$0].size : 0 }
        }
    }
}

extension UInt64 {
    func addingClamped(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }

    func multipliedClamped(by other: UInt64) -> UInt64 {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? .max : product
    }
}

extension Value {
    /// The size that costs go by.
    var size: UInt64 {
        switch self {
        case .string(let text): UInt64(text.utf8.count)
        case .bytes(let bytes): UInt64(bytes.count)
        case .list(let elements): UInt64(elements.count)
        case .map(let map): UInt64(map.count)
        default: 1
        }
    }
}

/// How large a function's result may be, from the sizes of its arguments.
enum SizeRule: Sendable {
    /// Nothing is known.
    case unbounded
    /// At most this.
    case atMost(UInt64)
    /// The sum of the sizes of all arguments.
    case sum
    /// The size of one argument at most.
    case argument(Int)

    func maximum(_ sizes: [UInt64]) -> UInt64 {
        switch self {
        case .unbounded: .max
        case .atMost(let bound): bound
        case .sum: sizes.reduce(0) { $0.addingClamped($1) }
        case .argument(let index): index < sizes.count ? sizes[index] : .max
        }
    }
}
