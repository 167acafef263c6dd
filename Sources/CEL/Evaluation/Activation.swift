/// The values of an environment's variables for one evaluation, or for several of the same moment.
///
/// A variable is set at once, or lazily by a closure that runs at most once, when an expression first reads it; its
/// value or error is kept. An activation belongs to one task at a time.
public final class Activation {
    enum Slot {
        case unset
        case value(Value)
        case lazy((Activation) throws(EvaluationError) -> Value)
        case running
        case failed(EvaluationError)
    }

    let table: VariableTable
    let slots: UnsafeMutablePointer<Slot>
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
        slots = .allocate(capacity: table.names.count)
        slots.initialize(repeating: .unset, count: table.names.count)
        wasRead = .allocate(capacity: table.names.count)
        wasRead.initialize(repeating: false, count: table.names.count)
    }

    deinit {
        slots.deinitialize(count: table.names.count)
        slots.deallocate()
        wasRead.deinitialize(count: table.names.count)
        wasRead.deallocate()
    }

    /// The value of a variable; nil if it is not declared, not set or not yet computed.
    ///
    /// Setting an undeclared name has no effect.
    public subscript(name: String) -> Value? {
        get {
            guard let index = table.index(of: name), case .value(let value) = slots[index] else { return nil }
            return value
        }
        set {
            guard let index = table.index(of: name) else { return }
            slots[index] = newValue.map { .value($0) } ?? .unset
        }
    }

    /// Sets a variable that is computed when it is first read.
    ///
    /// The closure may read other variables with `value(of:)`.
    public func set(_ name: String, lazily body: @escaping (Activation) throws(EvaluationError) -> Value) {
        guard let index = table.index(of: name) else { return }
        slots[index] = .lazy(body)
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
        switch slots[index] {
        case .value(let value): return value
        case .failed(let error): throw error
        case .unset:
            let name = table.names[index]
            if unsetIsUnknown { return .unknown(UnknownSet(name)) }
            throw EvaluationError(.undeclaredReference, "variable '\(name)' has no value")
        case .running:
            throw EvaluationError(.invalidArgument, "variable '\(table.names[index])' depends on itself")
        case .lazy(let body):
            slots[index] = .running
            do throws(EvaluationError) {
                let value = try body(self)
                slots[index] = .value(value)
                return value
            } catch {
                slots[index] = .failed(error)
                throw error
            }
        }
    }

    /// The same values for a program of another environment, by name.
    func translated(to other: VariableTable) -> Activation {
        let result = Activation(table: other)
        result.unsetIsUnknown = unsetIsUnknown
        for (index, name) in other.names.enumerated() {
            guard let own = table.index(of: name) else { continue }
            switch slots[own] {
            case .unset: break
            case .value(let value): result.slots[index] = .value(value)
            default:
                result.slots[index] = .lazy { [self] (_: Activation) throws(EvaluationError) in try value(at: own) }
            }
        }
        return result
    }
}
