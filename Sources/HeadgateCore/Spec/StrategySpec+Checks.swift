extension StrategySpec {
    /// Every check that the strategy names.
    package var checks: [CheckSpec] {
        switch method {
        case .recreate, .rolling: []
        case .blueGreen(let spec): spec.checks + spec.postChecks
        case .canary(let spec): spec.checks
        case .ab(let spec): spec.checks
        case .shadow(let spec): spec.checks
        }
    }

    /// The strategy without the places of its expressions, which change when lines move.
    package var unlocated: StrategySpec {
        var copy = self
        switch method {
        case .recreate, .rolling: break
        case .blueGreen(var spec):
            spec.checks = spec.checks.map(\.unlocated)
            spec.postChecks = spec.postChecks.map(\.unlocated)
            copy.method = .blueGreen(spec)
        case .canary(var spec):
            spec.checks = spec.checks.map(\.unlocated)
            copy.method = .canary(spec)
        case .ab(var spec):
            spec.checks = spec.checks.map(\.unlocated)
            copy.method = .ab(spec)
        case .shadow(var spec):
            spec.checks = spec.checks.map(\.unlocated)
            copy.method = .shadow(spec)
        }
        return copy
    }
}

extension CheckSpec {
    /// The check without the place of its expression.
    var unlocated: CheckSpec {
        var copy = self
        copy.expression.location = nil
        return copy
    }
}
