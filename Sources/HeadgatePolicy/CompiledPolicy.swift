import CEL
import HeadgateCore

/// A policy's expressions, compiled once.
struct CompiledPolicy: Sendable {
    struct Variable: Sendable {
        let name: String
        let expression: PolicyExpression
        let program: Program
    }

    struct Rule: Sendable {
        let rule: PolicyRule
        let program: Program
        let message: Program?
        /// Attributes that the rule reads, those of the variables that it uses included, each with a program that gives
        /// its value.
        let attributes: [Attribute]
    }

    struct Attribute: Sendable {
        let path: String
        let program: Program
    }

    let environment: Environment
    let variables: [Variable]
    let rules: [Rule]

    /// Compiles everything, collecting what is wrong instead of stopping.
    static func compile(_ policy: PolicyName, _ spec: PolicySpec) -> (CompiledPolicy, [HeadgateCore.Diagnostic]) {
        var problems: [HeadgateCore.Diagnostic] = []
        var environment = EvidenceSchema.environment(params: spec.params)
        var variables: [Variable] = []
        for variable in spec.variables {
            let line = variable.expression.location.map { " (line \($0.line))" } ?? ""
            environment.undeclaredHints["variables.\(variable.name)"] =
                "declared after this one\(line); variables can use only earlier ones"
        }
        for (index, variable) in spec.variables.enumerated() {
            let field = "spec.variables[\(index)].expression"
            environment.undeclaredHints["variables.\(variable.name)"] = "a variable cannot use itself"
            guard let program = program(variable.expression, in: environment, field, &problems) else {
                environment.declare("variables.\(variable.name)", .dyn)
                continue
            }
            environment.declare("variables.\(variable.name)", program.resultType)
            variables.append(Variable(name: variable.name, expression: variable.expression, program: program))
        }
        let reads = Dictionary(
            variables.map { ("variables.\($0.name)", $0.program.attributes) }, uniquingKeysWith: { first, _ in first })
        var rules: [Rule] = []
        for (index, rule) in spec.rules.enumerated() {
            let field = "spec.rules[\(index)]"
            guard let program = program(rule.expression, in: environment, "\(field).expression", &problems) else {
                continue
            }
            if program.resultType != .bool, program.resultType != .dyn {
                problems.append(
                    problem(
                        "a rule must give a bool, not \(program.resultType)", rule.expression, 0,
                        "\(field).expression", nil))
                continue
            }
            let message = rule.messageExpression.flatMap {
                Self.program($0, in: environment, "\(field).messageExpression", &problems)
            }
            rules.append(
                Rule(
                    rule: rule, program: program, message: message,
                    attributes: attributes(program.attributes, reads, environment)))
        }
        let compiled = CompiledPolicy(environment: environment, variables: variables, rules: rules)
        return (compiled, problems)
    }

    /// How an expression of the policy is evaluated: plainly, or watched by somebody.
    typealias Evaluate = (Program, Activation) -> Evaluation

    /// Sets the policy's variables, each computed when it is first read.
    func bindVariables(_ activation: Activation, evaluate: @escaping Evaluate = { $0.evaluate($1) }) {
        for variable in variables {
            activation.set("variables.\(variable.name)") {
                (activation: Activation) throws(EvaluationError) -> Value in
                switch evaluate(variable.program, activation).result {
                case .value(let value): return value
                case .error(let error): throw error
                case .unknown(let set): return .unknown(set)
                }
            }
        }
    }

    private static func attributes(
        _ paths: [String], _ reads: [String: [String]], _ environment: Environment
    ) -> [Attribute] {
        var all: [String] = []
        func add(_ path: String) {
            guard !all.contains(path) else { return }
            all.append(path)
            for nested in reads[path] ?? [] { add(nested) }
        }
        for path in paths { add(path) }
        return all.compactMap { path in
            (try? environment.compileUnchecked(path)).map { Attribute(path: path, program: $0) }
        }
    }

    private static func program(
        _ expression: PolicyExpression, in environment: Environment, _ field: String,
        _ problems: inout [HeadgateCore.Diagnostic]
    ) -> Program? {
        do {
            return try environment.compile(expression.source)
        } catch {
            for found in error.diagnostics {
                problems.append(
                    problem(
                        "\(found.message)\n\(found.excerpt)", expression, found.location.offset, field, found.hint))
            }
            return nil
        }
    }

    private static func problem(
        _ message: String, _ expression: PolicyExpression, _ offset: Int, _ field: String, _ hint: String?
    ) -> HeadgateCore.Diagnostic {
        HeadgateCore.Diagnostic(
            .error, code: "invalid-expression", message, at: expression.location(atOffset: offset), field: field,
            hint: hint)
    }
}
