/// Bounds on what an expression may be and do.
public struct Limits: Sendable, Hashable {
    /// The longest source, in UTF-8 bytes.
    public var expressionBytes = 65_536
    /// The deepest nesting of an expression.
    public var nesting = 250
    /// The most cost units that an evaluation may use.
    public var cost: UInt64 = 1_000_000
    /// The longest string or bytes that an evaluation may make, in bytes.
    public var stringBytes = 4_194_304
    /// The most elements of a list or entries of a map that an evaluation may make.
    public var elements = 1_000_000

    /// The defaults: 64 KiB of source, 250 levels, a million cost units, 4 MiB strings, a million elements.
    public init() {}
}

/// What an evaluation has used and may use.
///
/// The meter is the same for both evaluators, so the cost of an evaluation depends on expression and input alone.
struct Meter {
    var cost: UInt64 = 0
    let limit: UInt64
    let stringBytes: Int
    let elements: Int
    private var untilCheck = Meter.checkInterval
    private let isCancelled: (@Sendable () -> Bool)?

    /// Loop iterations between two looks at cancellation.
    private static let checkInterval = 128

    init(limits: Limits, isCancelled: (@Sendable () -> Bool)? = nil) {
        limit = limits.cost
        stringBytes = limits.stringBytes
        elements = limits.elements
        self.isCancelled = isCancelled
    }

    @inline(__always)
    mutating func charge(_ units: UInt64) throws(EvaluationError) {
        cost &+= units
        if cost > limit { throw overLimit() }
    }

    /// Charges the first step of one more turn of a loop, and now and then looks whether to stop.
    @inline(__always)
    mutating func chargeIteration() throws(EvaluationError) {
        try charge(1)
        untilCheck &-= 1
        if untilCheck == 0 { try checkCancellation() }
    }

    private mutating func checkCancellation() throws(EvaluationError) {
        untilCheck = Meter.checkInterval
        if let isCancelled, isCancelled() { throw EvaluationError(.cancelled, "the evaluation was cancelled") }
    }

    @inline(never)
    private func overLimit() -> EvaluationError {
        EvaluationError(.costLimit, "the cost limit of \(limit) units was reached")
    }

    func checkString(bytes: Int) throws(EvaluationError) {
        guard bytes > stringBytes else { return }
        throw EvaluationError(.sizeLimit, "a string would be longer than \(stringBytes) bytes")
    }

    func checkElements(_ count: Int) throws(EvaluationError) {
        guard count > elements else { return }
        throw EvaluationError(.sizeLimit, "a list or map would have more than \(elements) elements")
    }
}
