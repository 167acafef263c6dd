import CEL
import HeadgatePolicy

/// Prints an explanation: every sub-expression with its value, the outer before the inner.
enum PolicyExplanation {
    static func print(_ program: Program, _ activation: Activation) {
        for step in program.explain(activation).steps {
            let indent = String(repeating: "  ", count: step.depth)
            if step.hiddenTurns > 0 {
                let verb = step.hiddenTurns == 1 ? "is" : "are"
                HeadgateCommands.print("\(indent)… \(step.hiddenTurns.counted("turn")) \(verb) not shown")
            }
            HeadgateCommands.print(Renderer.clean("\(indent)\(step.line) → \(step.shownOutcome)"))
        }
    }
}
