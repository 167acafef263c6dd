extension Planner {
    /// What becomes of a Deployment by what base asks for, where no ledger says what serves.
    ///
    /// - Parameters:
    ///   - id: The Deployment.
    ///   - deployment: What head asks for.
    ///   - head: The whole desired state.
    ///   - version: The version that head asks for, once its steps have results.
    ///   - old: What base asks for; nil for a Deployment that is new.
    ///   - serving: The version that base asks for.
    ///   - base: All that base asks for.
    /// - Returns: How it moves.
    func change(
        _ id: DeploymentID, _ deployment: Object<DeploymentSpec>, _ head: DesiredState, _ version: VersionRecord?,
        from old: Object<DeploymentSpec>?, _ serving: VersionRecord?, base: DesiredState?
    ) -> PlannedChange {
        let object = ObjectID(id)
        let model = deployment.spec.model
        if let problem = missing(id, deployment.spec, head, base) { return problem }
        guard let old else {
            return PlannedChange(object, .rollOut, "first version of model \(model), if it passes its gates")
        }
        let before = base?.targets[old.spec.target]?.spec
        if let move = move(object, from: old.spec.target, before, deployment, head) { return move }
        if old.spec.model != model {
            return rollOut(
                object, "from model \(old.spec.model) to \(model), if its version passes its gates", deployment, head)
        }
        guard let version else {
            return rollOut(object, "when model \(model) has a version that passes its gates", deployment, head)
        }
        guard version.id == serving?.id else {
            let sameArtifact = version.artifact.tree == serving?.artifact.tree
            let what = sameArtifact ? "a version that differs in how it is served" : "the new version"
            return rollOut(object, "to \(what) of model \(model), if it passes its gates", deployment, head)
        }
        if old.spec.replicas != deployment.spec.replicas {
            return PlannedChange(
                object, .resize, "from \(old.spec.replicas) to \(deployment.spec.replicas) replicas")
        }
        let isSame = old.spec.strategy == deployment.spec.strategy
        return PlannedChange(
            object, .none,
            isSame ? "the version of base" : "the version of base; its next rollout is by the new strategy")
    }

    /// Targets that are other than at base; those that every source has stand in no file and are left out.
    func targets(_ source: SourceName, _ head: DesiredState, _ base: DesiredState?) -> [PlannedChange] {
        guard let base else { return [] }
        return Set(head.targets.keys).union(base.targets.keys).sorted().compactMap { name in
            let (old, new) = (base.targets[name], head.targets[name])
            let object = ObjectID(TargetID(source: source, name: name))
            guard [old, new].contains(where: { $0.map { $0.meta.location.file != .root } ?? false }) else { return nil }
            switch (old, new) {
            case (nil, nil): return nil
            case (nil, _): return PlannedChange(object, .create, "new target")
            case (let old?, nil):
                return head.hold(on: object, lastSeenAt: old.meta.location) == nil
                    ? PlannedChange(object, .prune, "left the repository") : nil
            case (let old?, let new?):
                return old.spec == new.spec
                    ? nil : PlannedChange(object, .apply, "its spec changed; what serves on it is applied again")
            }
        }
    }
}
