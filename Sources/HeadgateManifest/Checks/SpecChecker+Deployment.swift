import HeadgateCore

extension SpecChecker {
    mutating func check(_ spec: DeploymentSpec) {
        refer(to: .model, spec.model.text, .model)
        refer(to: .target, spec.target.text, .target)
        referToPolicies(spec.policies)
        let own = root["metadata"]?["name"]?.scalarText
        for (index, dependency) in spec.dependsOn.enumerated() {
            refer(to: dependency.kind, dependency.name, .dependency(Int32(truncatingIfNeeded: index)))
            if dependency.kind == .deployment, dependency.name == own {
                report(
                    "cycle", "a deployment cannot wait for itself", at: [.field("dependsOn"), .index(index)])
            }
        }
        if let scaling = spec.autoscaling, scaling.minReplicas > scaling.maxReplicas {
            report(
                "out-of-range",
                "minReplicas (\(scaling.minReplicas)) is more than maxReplicas (\(scaling.maxReplicas))",
                at: [.field("autoscaling"), .field("minReplicas")])
        }
        checkUnique(spec.ignoreDifferences, "field", at: [.field("ignoreDifferences")], field: nil)
        check(spec.strategy)
    }

    private func check(_ strategy: StrategySpec) {
        let place: [FieldPart] = [.field("strategy")]
        switch strategy.method {
        case .rolling: break
        case .recreate(let allowDowntime):
            guard !allowDowntime else { break }
            report(
                "downtime", "recreate stops the old version before the new one answers",
                at: place + [.field("recreate")], hint: "write recreate: {allowDowntime: true}, or use rolling")
        case .blueGreen(let spec):
            check(spec.checks, at: place + [.field("blueGreen"), .field("checks")])
            check(spec.postChecks, at: place + [.field("blueGreen"), .field("postChecks")])
            let waits = [
                ("analyse", spec.analyse, "checks", spec.checks),
                ("postAnalyse", spec.postAnalyse, "postChecks", spec.postChecks),
            ]
            for (time, duration, list, checks) in waits {
                checkAnalysis(duration, checks, list, at: place + [.field("blueGreen"), .field(time)])
                guard duration == .zero, !checks.isEmpty else { continue }
                report(
                    "idle-checks", "\(list) are never asked", at: place + [.field("blueGreen"), .field(list)],
                    hint: "say for how long: \(time): 2m")
            }
        case .canary(let spec): check(spec, at: place + [.field("canary")])
        case .ab(let spec): check(spec.checks, at: place + [.field("ab"), .field("checks")])
        case .shadow(let spec): check(spec.checks, at: place + [.field("shadow"), .field("checks")])
        }
    }

    private func check(_ spec: CanarySpec, at place: [FieldPart]) {
        check(spec.checks, at: place + [.field("checks")])
        var highest: Int?
        for (index, step) in spec.steps.enumerated() {
            let field = place + [.field("steps"), .index(index)]
            switch step {
            case .weight(let weight):
                if let highest, weight <= highest {
                    report(
                        "weight-order", "weight \(weight) is not above the \(highest) before it",
                        at: field + [.field("weight")], hint: "weights rise from step to step")
                }
                highest = max(highest ?? 0, weight)
            case .analyse(let duration):
                checkAnalysis(duration, spec.checks, "checks", at: field + [.field("analyse")])
            case .pause, .pauseUntilApproved: break
            }
        }
        if !spec.steps.contains(where: \.waits) {
            report(
                "no-wait", "no step waits, so the candidate has all traffic as soon as it is ready",
                at: place + [.field("steps")], hint: "put analyse: 5m or pause: 10m after a weight", severity: .warning)
        }
    }

    private func checkAnalysis(_ duration: Duration, _ checks: [CheckSpec], _ list: String, at field: [FieldPart]) {
        guard duration > .zero, checks.isEmpty else { return }
        report(
            "nothing-to-ask", "there are no \(list) to ask, so this only waits", at: field, severity: .warning)
    }

    private func check(_ checks: [CheckSpec], at place: [FieldPart]) {
        checkUnique(checks.map(\.name), "check", at: place)
        for (index, check) in checks.enumerated() {
            checkUnique(check.queries.map(\.name), "query", at: place + [.index(index), .field("queries")])
        }
    }
}

extension CanaryStep {
    fileprivate var waits: Bool {
        if case .weight = self { false } else { true }
    }
}
