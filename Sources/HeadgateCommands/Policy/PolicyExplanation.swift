import CEL
import HeadgatePolicy

/// Prints an explanation: every sub-expression with its value, outermost first.
enum PolicyExplanation {
    static func print(_ program: Program, _ activation: Activation) {
        let explanation = program.explain(activation)
        for step in explanation.steps {
            let indent = String(repeating: "  ", count: step.depth)
            let bound = step.variables.map { "\($0.name) = \($0.value.shown)" }.joined(separator: ", ")
            let value: String
            switch step.outcome {
            case .value(let found): value = found.shown
            case .error(let error): value = "error: \(error.message)"
            case .unknown(let set): value = "unknown: waits for \(set.paths.joined(separator: ", "))"
            case nil: value = "not evaluated"
            }
            Swift.print("\(indent)\(step.text) → \(value)\(bound.isEmpty ? "" : "  [\(bound)]")")
        }
    }
}
