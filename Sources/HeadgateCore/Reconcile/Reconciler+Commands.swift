extension Reconciler {
    /// Carries out what a person asked; what cannot be done now is logged with a reason that ends in `Refused`.
    mutating func obey(_ command: Command) {
        switch command {
        case .retry(let object): retry(object)
        case .rollback(let id, let version, let by, let reason): rollback(id, to: version, by, reason)
        case .hold(let id, let by, let reason):
            guard let held = hold(id, by, reason) else { return }
            let text = "version \(held.version.short) by \(by): \(reason)"
            log(.normal, "HoldRequested", text, ObjectID(id))
        case .release(let id, let by): release(id, by)
        case .suspend(let id, let by):
            guard state.records[id] != nil else { return refuse("Suspend", "it is not known", id) }
            update(id) { [now] in $0.suspendedSince = $0.suspendedSince ?? now }
            log(.normal, "Suspended", "by \(by)", ObjectID(id))
        case .resume(let id, let by): resume(id, by)
        case .override(let override): record(override)
        case .approve(let id, let version, let by): approve(id, version, by)
        case .promote(let id, let full, let by): steer(id, "Promote", .promote(full: full, by: by))
        case .abort(let id, let by, let reason): steer(id, "Abort", .abort(reason: reason, by: by))
        case .pause(let id, let by): steer(id, "Pause", .paused(by: by))
        case .confirmPrune(let source, let by):
            guard state.unconfirmed[source]?.isEmpty == false else {
                return log(.warning, "PruneRefused", "nothing of source \(source) waits to be pruned", nil)
            }
            log(.normal, "PruneConfirmed", "by \(by)", nil)
            remove(state.unconfirmed.removeValue(forKey: source) ?? [])
        case .adopt(let id, let version, let by): adopt(id, version, by)
        }
    }

    private mutating func refuse(_ what: String, _ why: String, _ id: DeploymentID) {
        log(.warning, "\(what)Refused", why, ObjectID(id))
    }

    private mutating func resume(_ id: DeploymentID, _ by: String) {
        let (record, manifest) = (state.records[id], state.deployments[id]?.spec.suspend == true)
        guard record?.suspendedSince != nil || record?.rollout?.pausedSince != nil else {
            let why =
                manifest
                ? "its manifest says `suspend: true`: a commit without it goes on"
                : "it is neither suspended nor paused"
            return refuse("Resume", why, id)
        }
        update(id) { $0.suspendedSince = nil }
        drive(id, [.resumed(by: by)])
        let rest = manifest ? "; its manifest says `suspend: true` still" : ""
        log(.normal, "Resumed", "by \(by)\(rest)", ObjectID(id))
    }

    private mutating func steer(_ id: DeploymentID, _ what: String, _ event: RolloutEvent) {
        guard state.records[id]?.rollout != nil else { return refuse(what, "no rollout is under way", id) }
        drive(id, [event])
        queue.insert(.deployment(id))
    }

    private mutating func update(_ id: DeploymentID, _ change: (inout DeploymentRecord) -> Void) {
        guard var record = state.records[id] else { return }
        touch(id)
        change(&record)
        state.records[id] = record
        queue.insert(.deployment(id))
    }

    /// Forgets refusals and waits, so that they are tried again.
    private mutating func retry(_ object: ObjectID) {
        switch object.kind {
        case .model:
            guard let name = ModelName(object.name) else { return }
            let id = ModelID(source: object.source, name: name)
            guard let model = state.models[id] else { return }
            for step in planner.plan(id, model, record: { self.state.steps[$0] }).steps {
                guard let key = step.key else { continue }
                if let record = step.record, record.result == nil {
                    state.steps[key] = nil
                    decision.records.append(.stepForgotten(key))
                }
                state.attempts[key]?.retryAt = nil
            }
            queue.insert(.model(id))
        case .deployment:
            guard let name = DeploymentName(object.name) else { return }
            let id = DeploymentID(source: object.source, name: name)
            update(id) { record in
                record.retryAt = nil
                record.failures = 0
                if let desired = record.desired { record.holds.removeAll { $0.version == desired } }
            }
            if let model = state.deployments[id]?.spec.model {
                retry(ObjectID(ModelID(source: object.source, name: model)))
            }
        case .policy, .target: break
        }
        log(.normal, "RetryRequested", "\(object) is tried again", object)
    }

    /// Holds what HEAD asks for and goes back to an earlier champion.
    private mutating func rollback(_ id: DeploymentID, to version: VersionID?, _ by: String, _ reason: String) {
        guard let record = state.records[id] else { return refuse("Rollback", "nothing serves on it yet", id) }
        // During a rollout the champion has not changed yet, so going back is going back to it.
        let stay = version ?? (record.rollout == nil ? record.earlierChampion : record.champion?.version)
        guard let stay, record.history.contains(where: { $0.version == stay }) else {
            let why = version.map { "version \($0.short) was never its champion" }
            return refuse("Rollback", why ?? record.noEarlierChampion, id)
        }
        hold(id, by, reason, stay: stay)
        log(.normal, "RollbackRequested", "to version \(stay.short) by \(by): \(reason)", ObjectID(id))
    }

    @discardableResult
    private mutating func hold(
        _ id: DeploymentID, _ by: String, _ reason: String, stay: VersionID? = nil
    ) -> Hold? {
        guard let object = state.deployments[id],
            let desired = state.records[id]?.desired.flatMap({ state.versions[$0] })
        else {
            let hint = "`headgate suspend \(id.name)` keeps what serves meanwhile"
            refuse("Hold", "the desired version is not known yet; \(hint)", id)
            return nil
        }
        let digest = desiredDigest(id, object, desired)
        let hold = Hold(
            desired: digest, version: desired.id, stay: stay ?? state.records[id]?.champion?.version, by: by,
            reason: reason, at: now)
        update(id) { record in
            record.holds.removeAll { $0.desired == digest }
            record.holds.append(hold)
            if record.holds.count > 50 { record.holds.removeFirst() }
        }
        return hold
    }

    private mutating func release(_ id: DeploymentID, _ by: String) {
        guard let record = state.records[id], let desired = record.desired,
            record.holds.contains(where: { $0.version == desired })
        else { return refuse("Release", "what HEAD asks for is not held", id) }
        update(id) { $0.holds.removeAll { $0.version == desired } }
        log(.normal, "Released", "by \(by)", ObjectID(id))
    }

    private mutating func record(_ override: Override) {
        guard state.policies[PolicyID(source: override.deployment.source, name: override.policy)] != nil else {
            return refuse("Override", "there is no Policy named \(override.policy)", override.deployment)
        }
        state.overrides.append(override)
        decision.records.append(.override(override))
        let text =
            "policy \(override.policy) for version \(override.version.short) by \(override.author): \(override.reason)"
        log(.warning, "Overridden", text, ObjectID(override.deployment))
        queue.insert(.deployment(override.deployment))
    }

    private mutating func approve(_ id: DeploymentID, _ seen: VersionID?, _ by: String) {
        let (rollout, champion) = (state.records[id]?.rollout, state.records[id]?.champion?.version)
        guard let version = rollout?.candidate.version ?? state.records[id]?.desired else {
            return refuse("Approval", "the version that it wants to move to is not known yet", id)
        }
        if let seen, seen != version {
            return refuse("Approval", "version \(seen.short) by \(by): \(version.short) is wanted now", id)
        }
        guard rollout != nil || version != champion else {
            return refuse("Approval", "version \(version.short) serves already", id)
        }
        let isAwaited = rollout?.readsApprovals == true
        let approval = Approval(by: by, at: now, digest: version.description)
        update(id) { $0.approvals.append(approval) }
        if isAwaited { drive(id, [.approved(by: by, version: version, at: now)]) }
        let use = isAwaited ? "" : ", recorded for policies; no stage waits for it"
        log(.normal, "Approved", "version \(version.short) by \(by)\(use)", ObjectID(id))
    }

    private mutating func adopt(_ id: DeploymentID, _ version: VersionID, _ by: String) {
        guard let record = state.records[id] else { return refuse("Adopt", "it is not known", id) }
        if let champion = record.champion?.version {
            let way =
                record.history.contains { $0.version == version }
                ? "`headgate rollback \(id.name) --to \(version.short)` goes back to this one" : "a commit changes it"
            return refuse(
                "Adopt",
                champion == version
                    ? "version \(version.short) is its champion already"
                    : "its champion is version \(champion.short), and adopt is for what a target served before: \(way)",
                id)
        }
        guard let known = state.versions[version],
            let assessment = state.assessments.values.filter({ $0.version == version }).max(by: {
                $0.created < $1.created
            })
        else { return refuse("Adopt", "version \(version.short) is not known to the ledger", id) }
        let champion = Champion(
            version: known.id, assessment: assessment.id, revision: known.revision, since: now, restored: false)
        update(id) {
            $0.champion = champion
            $0.history.append(champion)
        }
        log(.normal, "Adopted", "version \(version.short) by \(by)", ObjectID(id))
    }
}
