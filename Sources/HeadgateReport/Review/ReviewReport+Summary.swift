import HeadgateCore

extension ReviewReport {
    /// Counts, in a sentence without its end.
    package var summaryLine: String {
        func count(_ number: Int, _ one: String, _ many: String) -> String? {
            number == 0 ? nil : "\(number) \(number == 1 ? one : many)"
        }
        let gates = subjects.flatMap(\.gates)
        let deployments = realChanges.filter { $0.change.object.kind == .deployment }
        let moving = deployments.filter { item in
            item.change.isChange && ![.prune, .confirm, .error].contains(item.change.action)
        }
        let errors = diagnostics.count { $0.severity == .error }
        var parts = [count(errors, "error in manifests", "errors in manifests")]
        parts += steps(count)
        parts += [
            count(
                moving.count { $0.obstacle == nil && $0.doubt == nil }, "deployment would move",
                "deployments would move"),
            count(
                moving.count { $0.obstacle == nil && $0.doubt != nil }, "deployment may move", "deployments may move"),
            count(moving.count { $0.obstacle != nil }, "deployment would not move", "deployments would not move"),
            count(
                deployments.count { $0.change.action == .prune }, "deployment would be removed",
                "deployments would be removed"),
            count(
                deployments.count { $0.change.action == .confirm },
                "deployment would be removed once that is confirmed",
                "deployments would be removed once that is confirmed"),
            count(realChanges.count { !$0.change.isChange }, "strategy would change", "strategies would change"),
            count(
                realChanges.count { $0.change.object.kind == .policy }, "policy would change", "policies would change"),
            count(
                realChanges.count { $0.change.object.kind == .target }, "target would change", "targets would change"),
            count(policyTests.count { $0.status == .passed }, "policy test passes", "policy tests pass"),
            count(policyTests.count { $0.status == .failed }, "policy test fails", "policy tests fail"),
            count(
                policyTests.count { $0.status == .errored }, "policy test cannot be asked",
                "policy tests cannot be asked"),
            count(gates.count { $0.outcome == .pass }, "gate passes", "gates pass"),
            count(gates.count { $0.outcome == .fail && $0.counts }, "gate says no", "gates say no"),
            count(
                gates.count { $0.counts && ($0.outcome == .inconclusive || $0.outcome == .error) },
                "gate cannot tell", "gates cannot tell"),
            count(gates.count { $0.outcome != .pass && !$0.counts }, "is only noted", "are only noted"),
        ]
        let told = parts.compactMap(\.self)
        return told.isEmpty ? "Nothing changes" : told.joined(separator: ", ")
    }

    /// What became of steps, or what would.
    private func steps(_ count: (Int, String, String) -> String?) -> [String?] {
        var (ran, failed, errored, taken, skipped) = (0, 0, 0, 0, 0)
        for execution in executions {
            switch execution.outcome {
            case .succeeded: ran += 1
            case .failed, .defective: failed += 1
            case .errored: errored += 1
            case .taken: taken += 1
            case .skipped: skipped += 1
            }
        }
        let seen = Set(executions.map { StepOfModel(model: $0.model, step: $0.step) })
        let open = realChanges.count { item in
            item.change.step.map { !seen.contains(StepOfModel(model: item.change.object, step: $0)) } ?? false
        }
        return [
            count(ran, "step ran", "steps ran"), count(failed, "step failed", "steps failed"),
            count(errored, "step has no result", "steps have no result"),
            count(taken, "result was taken", "results were taken"),
            count(open, "step would run", "steps would run"),
            count(skipped, "step was not run", "steps were not run"),
        ]
    }

    private struct StepOfModel: Hashable {
        let model: ObjectID
        let step: StepName
    }

    /// Why a change that does nothing does not do what it says; nil when there is no such reason.
    var reasonNothingHappens: String? {
        diagnostics.contains { $0.severity == .error } ? "what is in error stays as it was until it is put right" : nil
    }
}
