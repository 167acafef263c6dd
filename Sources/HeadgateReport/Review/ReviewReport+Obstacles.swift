import HeadgateCore

extension ReviewReport {
    /// Names what would keep Deployments where they are, though the plan moves them.
    ///
    /// After the merge head's policies and the protected ones are asked, so base's are no obstacle.
    package mutating func nameObstacles() {
        for index in changes.indices where changes[index].change.object.kind == .deployment {
            switch changes[index].change.action {
            case .rollOut, .restore, .move: break
            case .none, .run, .wait, .cached, .refused, .resize, .judge, .apply, .create, .prune, .confirm, .held,
                .keep, .error:
                continue
            }
            guard let subject = subjects.first(where: { $0.object == changes[index].change.object }) else { continue }
            let step = executions.first { $0.model == subject.model && $0.outcome.problem != nil }
            changes[index].obstacle =
                step.map { "step \($0.step) of model \($0.model.name) has no result" }
                ?? subject.gates.lazy.compactMap(\.obstacle).first
            changes[index].doubt = subject.gates.lazy.compactMap(\.doubt).first
        }
    }
}

extension GateAnswer {
    /// That it refuses after the merge, in words; nil where it does not, or where nobody can tell.
    fileprivate var obstacle: String? {
        guard let head, head.action == .deny, counts else { return nil }
        switch head.outcome {
        case .fail, .error: return "policy \(policy) \(head.outcome.said)"
        case .pass, .inconclusive: return nil
        }
    }

    /// That nobody can tell whether it refuses after the merge, in words.
    fileprivate var doubt: String? {
        guard let head, head.action == .deny, counts, head.outcome == .inconclusive else { return nil }
        return "policy \(policy) \(head.outcome.said) yet"
    }
}
