/// A compiled expression: checked once, evaluated as often as wanted, from any number of tasks at a time.
public struct Program: Sendable {
    /// The source.
    public let source: String
    /// The type of the result; `dyn` if it shows at evaluation only.
    public var resultType: CELType { checked.type }
    /// The least and most that an evaluation can cost, given the environment's size bounds.
    public let cost: CostEstimate
    /// The attributes that the expression reads, such as `candidate.metrics.accuracy`, in source order.
    public let attributes: [String]
    /// The limits that evaluations keep unless told otherwise.
    public let limits: Limits

    let checked: CheckedTree
    let compiled: CompiledExpression

    init(_ checked: CheckedTree, noting faults: ConstantFaults? = nil) {
        self.checked = checked
        source = checked.tree.source.text
        limits = checked.environment.limits
        cost = CostEstimator.estimate(checked)
        attributes = AttributeCollector.attributes(of: checked)
        compiled = Compiler.compile(checked, noting: faults)
    }

    /// Evaluates the expression.
    ///
    /// - Parameters:
    ///   - activation: The values of the variables.
    ///   - limits: Limits for this evaluation; the environment's by default.
    ///   - isCancelled: Asked now and then whether to stop, for example `{ Task.isCancelled }`.
    /// - Returns: The value, error or unknown, and the cost.
    public func evaluate(
        _ activation: Activation,
        limits: Limits? = nil,
        isCancelled: (@Sendable () -> Bool)? = nil
    ) -> Evaluation {
        let activation = matching(activation)
        let limits = limits ?? self.limits
        // What the fast evaluator cannot settle, errors and unknowns, the plain one answers from the start.
        return compiled.evaluate(activation, Meter(limits: limits, isCancelled: isCancelled))
            ?? evaluatePlainly(activation, Meter(limits: limits, isCancelled: isCancelled))
    }

    func evaluatePlainly(_ activation: Activation, _ meter: Meter) -> Evaluation {
        var evaluator = PlainEvaluator(checked, activation, meter: meter)
        do throws(EvaluationError) {
            let value = try evaluator.evaluate()
            return Evaluation(value, cost: evaluator.meter.cost)
        } catch {
            return Evaluation(error, cost: evaluator.meter.cost)
        }
    }

    func matching(_ activation: Activation) -> Activation {
        let table = checked.environment.variables
        return activation.table === table ? activation : activation.translated(to: table)
    }
}

extension Environment {
    /// Compiles an expression: parses it, gives its names their meaning and checks its types.
    ///
    /// A constant that a function could never take, such as a regular expression with an open parenthesis or a time
    /// that is none, is refused too, though the language would let `true ||` absorb its error.
    public func compile(_ source: String) throws(CompilationError) -> Program {
        let tree = try Parser.parse(source, limits: limits)
        let faults = ConstantFaults()
        let program = Program(try Checker.check(tree, in: self, isLenient: false), noting: faults)
        guard faults.diagnostics.isEmpty else {
            throw CompilationError(diagnostics: faults.diagnostics.sorted { $0.location.offset < $1.location.offset })
        }
        return program
    }

    /// Compiles an expression without a check of types and constants: what does not fit is an error of evaluation.
    public func compileUnchecked(_ source: String) throws(CompilationError) -> Program {
        let tree = try Parser.parse(source, limits: limits)
        return Program(try Checker.check(tree, in: self, isLenient: true))
    }
}

/// Finds the attributes that an expression reads.
struct AttributeCollector {
    private let program: CheckedTree
    private var found: [String] = []
    private var seen: Set<String> = []

    static func attributes(of program: CheckedTree) -> [String] {
        var collector = AttributeCollector(program: program)
        collector.visit(program.tree.root)
        return collector.found
    }

    private init(program: CheckedTree) {
        self.program = program
    }

    private mutating func visit(_ id: NodeID) {
        if let path = path(of: id) {
            if seen.insert(path).inserted { found.append(path) }
            return
        }
        for child in program.tree[id].kind.children { visit(child) }
    }

    /// The path of a chain of fields and constant keys on a variable.
    private func path(of id: NodeID) -> String? {
        if case .variable(let index) = program.references[id] { return program.environment.variables.names[index] }
        switch program.tree[id].kind {
        case .select(let operand, let field), .optionalSelect(let operand, let field), .has(let operand, let field):
            return path(of: operand).map { $0 + Value.string(field).pathSuffix }
        case .index(let operand, let key), .optionalIndex(let operand, let key):
            guard case .literal(let value) = program.tree[key].kind else { return nil }
            return path(of: operand).map { $0 + value.pathSuffix }
        default: return nil
        }
    }
}
