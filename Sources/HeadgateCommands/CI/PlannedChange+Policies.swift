import HeadgateCore
import HeadgatePolicy

extension Sequence<PlannedChange> {
    /// The same, with policies whose expressions are in error as the controller has them: nothing is judged by them.
    func keepingUnaskable(in desired: DesiredState) -> [PlannedChange] {
        let judge = PolicyJudge()
        return map { change in
            guard change.object.kind == .policy, change.action == .judge || change.action == .create,
                let name = PolicyName(change.object.name), let spec = desired.policies[name]?.spec,
                !judge.compiles(name, spec, digest: Key.policy(spec))
            else { return change }
            let end =
                switch spec.action {
                case .deny: "it blocks what it guards until that is put right; no champion is evicted"
                case .warn, .audit: "it says nothing of what it guards until that is put right"
                }
            return PlannedChange(change.object, .keep, "its expressions are in error: \(end)")
        }
    }
}
