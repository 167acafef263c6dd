/// What an evaluation gave and what it cost.
public struct Evaluation: Sendable {
    /// How an evaluation ended.
    public enum Outcome: Sendable {
        /// With a value.
        case value(Value)
        /// With an error.
        case error(EvaluationError)
        /// Not settled by what is known; names the attributes that it waits for.
        case unknown(UnknownSet)
    }

    /// How the evaluation ended.
    public let result: Outcome
    /// The cost units used.
    public let cost: UInt64

    /// The value, if there is one.
    public var value: Value? {
        if case .value(let value) = result { value } else { nil }
    }

    init(_ value: Value, cost: UInt64) {
        if case .unknown(let set) = value { result = .unknown(set) } else { result = .value(value) }
        self.cost = cost
    }

    init(_ error: EvaluationError, cost: UInt64) {
        result = .error(error)
        self.cost = cost
    }
}
