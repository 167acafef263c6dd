/// Why an evaluation gave no value.
public struct EvaluationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What sort of error it is.
    public enum Kind: UInt8, Sendable, Hashable {
        /// No function fits the types of the arguments.
        case noSuchOverload
        /// A map has no such key.
        case noSuchKey
        /// A record has no such field.
        case noSuchField
        /// A list has no such index.
        case indexOutOfRange
        /// A name has no value.
        case undeclaredReference
        /// An argument that the function does not accept.
        case invalidArgument
        /// A division or remainder by zero.
        case divisionByZero
        /// A number, time or length outside its range.
        case overflow
        /// The cost limit was reached. Ends the evaluation; no operator absorbs it.
        case costLimit
        /// A string, list or map would be larger than allowed. Ends the evaluation.
        case sizeLimit
        /// The caller asked to stop. Ends the evaluation.
        case cancelled
    }

    /// What sort of error it is.
    public let kind: Kind
    /// The reason in one line.
    public let message: String

    /// Makes an error, for functions that a caller adds.
    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
        isUnknown = false
    }

    /// The reason in one line.
    public var description: String { message }

    /// Whether the fast evaluator met an unknown and gives up in favour of the plain one.
    ///
    /// Never leaves the module.
    let isUnknown: Bool

    private init(unknown: Void) {
        kind = .cancelled
        message = ""
        isUnknown = true
    }

    static let metUnknown = EvaluationError(unknown: ())

    /// Whether `&&`, `||` and their kin must let the error pass.
    var isFatal: Bool { kind.rawValue >= Kind.costLimit.rawValue }
}

extension EvaluationError {
    static func noSuchOverload(_ function: String, _ arguments: Value...) -> EvaluationError {
        noSuchOverload(function, arguments)
    }

    static func noSuchOverload(_ function: String, _ arguments: [Value]) -> EvaluationError {
        let types = arguments.map(\.typeName).joined(separator: ", ")
        return EvaluationError(.noSuchOverload, "no such overload: \(function)(\(types))")
    }

    static func overflow(_ what: String) -> EvaluationError {
        EvaluationError(.overflow, "\(what) is out of range")
    }

    static func invalid(_ message: String) -> EvaluationError {
        EvaluationError(.invalidArgument, message)
    }
}
