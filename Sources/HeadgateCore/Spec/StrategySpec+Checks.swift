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

    /// Every check with the field of the manifest that holds it, such as `spec.strategy.canary.checks[0]`.
    package var placedChecks: [(field: String, check: CheckSpec)] {
        func placed(_ list: String, _ checks: [CheckSpec]) -> [(field: String, check: CheckSpec)] {
            checks.enumerated().map { ("spec.strategy.\(list)[\($0.offset)]", $0.element) }
        }
        return switch method {
        case .recreate, .rolling: []
        case .blueGreen(let spec):
            placed("blueGreen.checks", spec.checks) + placed("blueGreen.postChecks", spec.postChecks)
        case .canary(let spec): placed("canary.checks", spec.checks)
        case .ab(let spec): placed("ab.checks", spec.checks)
        case .shadow(let spec): placed("shadow.checks", spec.checks)
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
