extension Planner {
    /// What head has in error and base has in force: nothing is pruned that may still be meant (I8, I11).
    func kept(_ source: SourceName, _ head: DesiredState, _ base: DesiredState?) -> [PlannedChange] {
        guard let base else { return [] }
        return base.locations(of: source).sorted { $0.key < $1.key }.compactMap { id, location in
            // What is in force at head is held only if its own text is in error, not if some other one names it.
            let place = head.location(of: id)
            guard place.map({ head.quarantined[id] != nil || head.unreadable.contains($0.file) }) ?? true,
                let problem = head.hold(on: id, lastSeenAt: place ?? location)
            else { return nil }
            // One that cannot be asked blocks.
            let end = id.kind == .policy ? "it stays, and blocks what it guards" : "the last good spec stays"
            return PlannedChange(id, .keep, "\(problem): \(end)")
        }
    }

    /// The decisions that keep Deployments from their versions, as long as head asks for nothing else than was held.
    func holds(
        _ source: SourceName, _ head: DesiredState, _ versions: [ModelName: VersionRecord],
        _ records: [DeploymentID: DeploymentRecord]
    ) -> [DeploymentName: Hold] {
        let held = records.values.filter { $0.id.source == source && !$0.holds.isEmpty }
        guard !held.isEmpty else { return [:] }
        // One for all: it indexes everything at head.
        let desired = ReconcilerState(head, of: source)
        var holds: [DeploymentName: Hold] = [:]
        for record in held {
            guard let deployment = head.deployments[record.id.name], let version = versions[deployment.spec.model]
            else { continue }
            let digest = desired.desiredDigest(record.id, deployment, version)
            holds[record.id.name] = record.holds.last { $0.desired == digest }
        }
        return holds
    }

    func held(_ object: ObjectID, _ hold: Hold) -> PlannedChange {
        PlannedChange(
            object, .held,
            "version \(hold.version.short) is held by \(hold.by): \(hold.reason); `headgate release \(object.name)` "
                + "ends it")
    }

    /// What leaves with many Deployments at once waits for a person (I8).
    func confirmed(
        _ changes: [PlannedChange], _ source: SourceName, _ head: DesiredState, _ base: DesiredState?
    ) -> [PlannedChange] {
        let before = base?.deployments ?? [:]
        let gone = before.filter { name, deployment in
            head.deployments[name] == nil
                && head.hold(
                    on: ObjectID(DeploymentID(source: source, name: name)), lastSeenAt: deployment.meta.location) == nil
        }.count
        guard MassDeletion.waits(gone, of: before.count, share: MassDeletion.share) else { return changes }
        return changes.map { change in
            guard change.action == .prune else { return change }
            return PlannedChange(
                change.object, .confirm,
                "left the repository with \(gone) of \(before.count) Deployments: waits for `headgate prune \(source)`")
        }
    }

    /// Why a Deployment cannot be planned: what it serves or where is not there, or not known for its errors.
    func missing(
        _ id: DeploymentID, _ spec: DeploymentSpec, _ head: DesiredState, _ base: DesiredState?
    ) -> PlannedChange? {
        let names = [
            (ObjectID(ModelID(source: id.source, name: spec.model)), "model \(spec.model)"),
            (ObjectID(TargetID(source: id.source, name: spec.target)), "target \(spec.target)"),
        ]
        for (needed, name) in names where !head.contains(needed) {
            guard let location = base?.locations(of: id.source)[needed],
                let problem = head.hold(on: needed, lastSeenAt: location)
            else {
                let isInError = head.quarantined[needed] != nil
                return PlannedChange(ObjectID(id), .error, name + (isInError ? " is in error" : " does not exist"))
            }
            return PlannedChange(ObjectID(id), .keep, "\(name) is kept: \(problem)")
        }
        return nil
    }
}

extension DesiredState {
    /// Why an object that is not here is not pruned: it is in error, or a file that cannot be read may hold it.
    ///
    /// - Returns: The reason; nil for one that left the repository.
    func hold(on id: ObjectID, lastSeenAt location: SourceLocation) -> String? {
        if quarantined[id] != nil { return "in error" }
        if unreadable.contains(location.file) { return "\(location.file) is in error and may hold it" }
        if mentionedNames.contains(id.name) { return "a file in error names it" }
        return nil
    }
}
