extension PolicySpec {
    /// What differs from an earlier text of the policy, as its fields are called.
    package func changes(from old: PolicySpec) -> [String] {
        var changes: [String] = []
        if old.action != action { changes.append("action (from \(old.action.rawValue) to \(action.rawValue))") }
        let moments = [old, self].map { spec in GateMoment.allCases.filter(spec.at.contains).map(\.rawValue) }
        if moments[0] != moments[1] {
            let texts = moments.map { $0.joined(separator: ", ") }
            changes.append("at (from \(texts[0]) to \(texts[1]))")
        }
        if old.match != match { changes.append("match") }
        let params = Set(old.params.keys).union(self.params.keys).filter { old.params[$0] != self.params[$0] }
        changes += params.sorted().map { "params.\($0)" }
        if old.variables.map(\.text) != variables.map(\.text) { changes.append("variables") }
        if old.rules.map(\.text) != rules.map(\.text) { changes.append("rules") }
        return changes
    }
}

extension PolicyVariable {
    /// Without places.
    fileprivate var text: [String] { [name, expression.source] }
}

extension PolicyRule {
    /// Without places.
    fileprivate var text: [String] { [name, expression.source, message ?? "", messageExpression?.source ?? ""] }
}
