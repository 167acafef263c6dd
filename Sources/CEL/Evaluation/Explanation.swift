/// The value of every sub-expression of an evaluation.
public struct Explanation: Sendable {
    /// A sub-expression and its value.
    public struct Step: Sendable {
        /// The source text.
        public let text: String
        /// Where it begins.
        public let location: SourceLocation
        /// How deep it lies in the expression; the whole has depth 0.
        public let depth: Int
        /// The variables of the loops around it, for this turn.
        public let variables: [(name: String, value: Value)]
        /// What it gave; nil if it was not evaluated.
        public let outcome: Evaluation.Outcome?
        /// Whether it is only a part of a longer path such as `candidate.metrics.accuracy`.
        public let isPathPrefix: Bool
        /// How many other turns of the innermost loop are not kept, where this is the one that decided.
        public let hiddenTurns: Int
    }

    /// The sub-expressions, each before those in it, turn by turn in a loop.
    ///
    /// Literals are left out, and what lies within a part that was not evaluated. Of very many turns the first are
    /// kept, and the one that decided: the last, or the first of those that gave an error or an unknown.
    public let steps: [Step]
    /// The evaluation itself.
    public let evaluation: Evaluation
    /// The source with the values of what it reads: `candidate.metrics.accuracy (0.91) >= 0.95 → false`.
    public let summary: String
    /// The same for those parts that decided: of a false `a && b`, the operands that are not true.
    public let reasons: [String]
    /// Where an error arose, with the line of source and perhaps a hint; nil where there is a value or an unknown.
    public let failure: Diagnostic?
}

extension Program {
    /// Evaluates the expression and keeps the value of every sub-expression.
    ///
    /// - Parameters:
    ///   - activation: The values of the variables.
    ///   - limits: Limits for this evaluation; the environment's by default.
    ///   - loopSteps: How many values of parts of loops are kept, besides those of the turns that decided.
    /// - Returns: The values, in source order.
    public func explain(_ activation: Activation, limits: Limits? = nil, loopSteps: Int = 2_000) -> Explanation {
        Explainer(checked, matching(activation), Meter(limits: limits ?? self.limits), loopSteps: loopSteps)
            .explanation()
    }
}
