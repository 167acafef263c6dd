struct CompiledExpression: Sendable {
    func evaluate(_ activation: Activation, _ meter: Meter) -> Evaluation? { nil }
}
enum Compiler {
    static func compile(_ checked: CheckedTree) -> CompiledExpression { CompiledExpression() }
}
