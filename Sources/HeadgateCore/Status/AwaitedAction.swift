/// Something that stands still until a person does something.
package struct AwaitedAction: Hashable, Sendable {
    package enum Subject: Hashable, Sendable {
        case object(ObjectID)
        case source(SourceName)
    }

    package let subject: Subject
    /// CamelCase and of a bounded set: reasons of `Ready` conditions and of a rollout's events, and those given here.
    package let reason: String

    package init(_ subject: Subject, _ reason: String) {
        self.subject = subject
        self.reason = reason
    }
}

extension ReconcilerState {
    /// All that waits for a person, each subject's reasons once, in order of subject and reason.
    package var awaitedActions: [AwaitedAction] {
        var reasons: [ObjectID: Set<String>] = [:]
        for id in quarantined.keys { reasons[id, default: []].insert("Quarantined") }
        for (id, status) in modelStatuses where models[id] != nil {
            if let reason = status.conditions.stalledReason { reasons[ObjectID(id), default: []].insert(reason) }
        }
        for (id, record) in records where deployments[id] != nil {
            let found = record.awaitedReasons
            if !found.isEmpty { reasons[ObjectID(id), default: []].formUnion(found) }
        }
        let objects = reasons.sorted { $0.key < $1.key }.flatMap { id, reasons in
            reasons.sorted().map { AwaitedAction(.object(id), $0) }
        }
        let sources = unconfirmed.filter { !$0.value.isEmpty }.keys.sorted()
        return objects + sources.map { AwaitedAction(.source($0), "PruneUnconfirmed") }
    }
}

extension DeploymentRecord {
    fileprivate var awaitedReasons: Set<String> {
        var reasons = Set([conditions.stalledReason].compactMap(\.self))
        if let held = conditions[.held] { reasons.insert(held.reason) }
        guard let rollout, rollout.course == .forward else { return reasons }
        if rollout.pausedSince != nil { reasons.insert(RolloutNote.Kind.paused.rawValue) }
        if rollout.phase == .undecided { reasons.insert(RolloutNote.Kind.undecided.rawValue) }
        if case .approval = rollout.stage.wait, rollout.phase == .waiting {
            reasons.insert(RolloutNote.Kind.approvalWanted.rawValue)
        }
        return reasons
    }
}

extension [Condition] {
    /// Why it is not ready where only a change from outside helps; nil otherwise.
    fileprivate var stalledReason: String? { self[.ready].flatMap { $0.status == .isFalse ? $0.reason : nil } }
}
