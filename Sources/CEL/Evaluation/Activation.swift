/// The values of an environment's variables for one evaluation, or for several of the same moment.
///
/// A variable is set at once, or lazily by a closure that runs at most once, when an expression first reads it; its
/// value or error is kept. An activation belongs to one task at a time.
public final class Activation {
    /// How far a variable has come.
    enum State: UInt8 {
        case unset, lazy, running, failed
        /// It has a value, which is unknown.
        case unknown
        /// It has a value that is known.
        case known
    }

    let table: VariableTable
    let values: UnsafeMutablePointer<Value>
    let states: UnsafeMutablePointer<State>
    /// The maps and records among the known values, once more.
    let maps: UnsafeMutablePointer<Unmanaged<MapValue>?>
    private var bodies: [Int: Body] = [:]
    private var errors: [Int: EvaluationError] = [:]

    // The closure in a struct of its own: as an element of a dictionary it crashes the compiler (6.3.1).
    private struct Body {
        let run: (Activation) throws(EvaluationError) -> Value
    }

    /// Whether reading a variable that is not set is unknown rather than an error.
    public var unsetIsUnknown = false
    /// The names of the variables that have been read so far, for recording what an answer rested on.
    public var readVariables: [String] {
        table.names.indices.filter { wasRead[$0] }.map { table.names[$0] }
    }
    let wasRead: UnsafeMutablePointer<Bool>

    /// An activation in which no variable is set.
    public convenience init(_ environment: Environment) {
        self.init(table: environment.variables)
    }

    init(table: VariableTable) {
        self.table = table
        values = .allocate(capacity: table.names.count)
        values.initialize(repeating: .null, count: table.names.count)
        maps = .allocate(capacity: table.names.count)
        maps.initialize(repeating: nil, count: table.names.count)
        states = .allocate(capacity: table.names.count)
        states.initialize(repeating: .unset, count: table.names.count)
        wasRead = .allocate(capacity: table.names.count)
        wasRead.initialize(repeating: false, count: table.names.count)
    }

    deinit {
        values.deinitialize(count: table.names.count)
        values.deallocate()
        states.deinitialize(count: table.names.count)
        states.deallocate()
        maps.deinitialize(count: table.names.count)
        maps.deallocate()
        wasRead.deinitialize(count: table.names.count)
        wasRead.deallocate()
    }

    /// The value of a variable; nil if it is not declared, not set or not yet computed.
    ///
    /// Setting an undeclared name has no effect.
    public subscript(name: String) -> Value? {
        get {
            guard let index = table.index(of: name), states[index] >= .unknown else { return nil }
            return values[index]
        }
        set {
            guard let index = table.index(of: name) else { return }
            if let newValue {
                keep(newValue, at: index)
            } else {
                states[index] = .unset
                maps[index] = nil
            }
        }
    }

    /// Sets a variable that is computed when it is first read.
    ///
    /// The closure may read other variables with `value(of:)`.
    public func set(_ name: String, lazily body: @escaping (Activation) throws(EvaluationError) -> Value) {
        guard let index = table.index(of: name) else { return }
        bodies[index] = Body(run: body)
        maps[index] = nil
        states[index] = .lazy
    }

    /// The value of a variable, computed now if it is lazy.
    public func value(of name: String) throws(EvaluationError) -> Value {
        guard let index = table.index(of: name) else {
            throw EvaluationError(.undeclaredReference, "there is no variable '\(name)'")
        }
        return try value(at: index)
    }

    func value(at index: Int) throws(EvaluationError) -> Value {
        wasRead[index] = true
        switch states[index] {
        case .known, .unknown: return values[index]
        case .failed: throw errors[index] ?? .undeclared(table.names[index])
        case .unset:
            if unsetIsUnknown { return .unknown(UnknownSet(table.names[index])) }
            throw .undeclared(table.names[index])
        case .running: throw .invalid("variable '\(table.names[index])' depends on itself")
        case .lazy: return try compute(index)
        }
    }

    private func compute(_ index: Int) throws(EvaluationError) -> Value {
        guard let body = bodies[index] else { throw .undeclared(table.names[index]) }
        states[index] = .running
        do throws(EvaluationError) {
            let value = try body.run(self)
            keep(value, at: index)
            return value
        } catch {
            errors[index] = error
            states[index] = .failed
            throw error
        }
    }

    private func keep(_ value: Value, at index: Int) {
        values[index] = value
        maps[index] = value.fields.map { .passUnretained($0) }
        if case .unknown = value { states[index] = .unknown } else { states[index] = .known }
    }

    /// The same values for a program of another environment, by name.
    func translated(to other: VariableTable) -> Activation {
        let result = Activation(table: other)
        result.unsetIsUnknown = unsetIsUnknown
        for (index, name) in other.names.enumerated() {
            guard let own = table.index(of: name) else { continue }
            switch states[own] {
            case .unset: break
            case .known, .unknown: result.keep(values[own], at: index)
            default:
                result.bodies[index] = Body { [self] (_) throws(EvaluationError) in try value(at: own) }
                result.states[index] = .lazy
            }
        }
        return result
    }
}

extension Activation.State: Comparable {
    static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

extension EvaluationError {
    fileprivate static func undeclared(_ name: String) -> EvaluationError {
        EvaluationError(.undeclaredReference, "variable '\(name)' has no value")
    }
}
