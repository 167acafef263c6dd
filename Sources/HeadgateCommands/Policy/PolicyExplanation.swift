import CEL
import HeadgatePolicy

/// Prints an explanation: every sub-expression with its value, the outer before the inner.
enum PolicyExplanation {
    static func print(_ program: Program, _ activation: Activation) {
        for step in program.explain(activation).steps {
            Swift.print("\(String(repeating: "  ", count: step.depth))\(step.line) → \(step.shownOutcome)")
        }
    }
}
