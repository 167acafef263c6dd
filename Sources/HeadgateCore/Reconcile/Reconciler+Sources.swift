extension Reconciler {
    /// Takes a snapshot into force: quarantined objects keep their last good spec, missing ones are marked for pruning.
    mutating func receive(_ snapshot: Snapshot, of source: SourceName) {
        let desired = snapshot.desired
        state.quarantined = state.quarantined.filter { $0.key.source != source }
        state.quarantined.merge(desired.quarantined) { $1 }
        var record = state.sources[source] ?? SourceRecord(name: source)
        let isNew = record.revision != snapshot.revision
        record.revision = snapshot.revision
        record.commit = snapshot.commit
        record.problem = nil
        record.diagnostics = desired.diagnostics
        if record != state.sources[source] {
            state.sources[source] = record
            decision.records.append(.source(record))
        }
        if isNew {
            log(
                .normal, "RevisionObserved", "\(snapshot.revision.short) \(snapshot.commit.subject)", nil,
                snapshot.revision)
        }
        for diagnostic in desired.diagnostics where isNew && diagnostic.severity == .error {
            log(.warning, "InvalidManifest", diagnostic.description, diagnostic.object, snapshot.revision)
        }
        for object in objects(of: desired, source, snapshot.changed) { take(object) }
        removeMissing(desired, source, snapshot.changed)
        if snapshot.changed == nil || isNew { markAll(of: source, snapshot.changed) }
    }

    /// Keeps what is in force and says what is wrong.
    mutating func sourceFailed(_ source: SourceName, _ message: String) {
        var record = state.sources[source] ?? SourceRecord(name: source)
        guard record.problem != message else { return }
        record.problem = message
        state.sources[source] = record
        decision.records.append(.source(record))
        log(.warning, "SourceFailed", message, nil, record.revision)
    }

    /// What a snapshot holds, in order; of one that follows another only what changed.
    private func objects(
        of desired: DesiredState, _ source: SourceName, _ changed: Set<ObjectID>?
    ) -> [StoredObject] {
        if let changed { return changed.sorted().compactMap { desired.object($0) } }
        var objects: [StoredObject] = []
        for (name, object) in desired.models {
            objects.append(StoredObject(id: ObjectID(ModelID(source: source, name: name)), spec: .model(object)))
        }
        for (name, object) in desired.policies {
            objects.append(StoredObject(id: ObjectID(PolicyID(source: source, name: name)), spec: .policy(object)))
        }
        for (name, object) in desired.deployments {
            let id = ObjectID(DeploymentID(source: source, name: name))
            objects.append(StoredObject(id: id, spec: .deployment(object)))
        }
        for (name, object) in desired.targets {
            objects.append(StoredObject(id: ObjectID(TargetID(source: source, name: name)), spec: .target(object)))
        }
        return objects.sorted { $0.id < $1.id }
    }

    private mutating func take(_ object: StoredObject) {
        guard state.object(object.id) != object else { return }
        state.insert(object)
        decision.records.append(.object(object))
        mark(object.id)
    }

    /// Marks what depends on an object.
    private mutating func mark(_ id: ObjectID) {
        switch id.kind {
        case .model:
            guard let name = ModelName(id.name) else { return }
            queue.insert(.model(ModelID(source: id.source, name: name)))
        case .deployment:
            guard let name = DeploymentName(id.name) else { return }
            queue.insert(.deployment(DeploymentID(source: id.source, name: name)))
            state.unjudged.insert(DeploymentID(source: id.source, name: name))
        case .policy, .target:
            queue.formUnion(state.models.keys.filter { $0.source == id.source }.map(WorkItem.model))
            let deployments = state.deployments.keys.filter { $0.source == id.source }
            queue.formUnion(deployments.map(WorkItem.deployment))
            if id.kind == .policy { state.unjudged.formUnion(deployments) }
        }
    }

    private mutating func markAll(of source: SourceName, _ changed: Set<ObjectID>?) {
        if let changed {
            for id in changed { mark(id) }
            return
        }
        queue.formUnion(state.models.keys.filter { $0.source == source }.map(WorkItem.model))
        queue.formUnion(state.deployments.keys.filter { $0.source == source }.map(WorkItem.deployment))
    }

    /// Removes what left the repository, unless a file that could hold it is in error (I8, I11).
    private mutating func removeMissing(_ desired: DesiredState, _ source: SourceName, _ changed: Set<ObjectID>?) {
        // What waits for confirmation is not among the changes of later commits.
        let suspects = changed.map { $0.union(state.unconfirmed[source] ?? []).sorted() } ?? state.objectIDs(of: source)
        let missing = suspects.filter { id in
            guard !desired.contains(id), state.quarantined[id] == nil else { return false }
            return state.location(of: id).map { !desired.unreadable.contains($0.file) } ?? false
        }
        let gone = missing.filter { $0.kind == .deployment }.count
        let total = gone == 0 ? 0 : state.deployments.keys.filter { $0.source == source }.count
        if MassDeletion.waits(gone, of: total, share: settings.massDeletionShare) {
            if state.unconfirmed[source] != missing {
                let text = "deletes \(gone) of \(total) Deployments; confirm it with `headgate prune \(source)`"
                log(.warning, "MassDeletion", text, nil, state.sources[source]?.revision)
            }
            state.unconfirmed[source] = missing
            return
        }
        state.unconfirmed[source] = nil
        remove(missing)
    }

    /// Takes objects out of force, in reverse order of dependency.
    mutating func remove(_ ids: [ObjectID]) {
        let order: [Kind: Int] = [.deployment: 0, .target: 1, .model: 2, .policy: 3]
        for id in ids.sorted(by: { (order[$0.kind] ?? 0, $0) < (order[$1.kind] ?? 0, $1) }) {
            mark(id)
            if id.kind == .model, let name = ModelName(id.name) {
                let model = ModelID(source: id.source, name: name)
                queue.formUnion((state.deploymentsByModel[model] ?? []).map(WorkItem.deployment))
            }
            state.remove(id)
            decision.records.append(.objectRemoved(id))
            log(.normal, "ObjectRemoved", "\(id) left the repository", id)
        }
    }
}

extension DesiredState {
    /// The object as the ledger keeps it; nil when it does not stand in this snapshot.
    func object(_ id: ObjectID) -> StoredObject? {
        let spec: StoredObject.Spec? =
            switch id.kind {
            case .model: ModelName(id.name).flatMap { models[$0] }.map { .model($0) }
            case .policy: PolicyName(id.name).flatMap { policies[$0] }.map { .policy($0) }
            case .deployment: DeploymentName(id.name).flatMap { deployments[$0] }.map { .deployment($0) }
            case .target: TargetName(id.name).flatMap { targets[$0] }.map { .target($0) }
            }
        return spec.map { StoredObject(id: id, spec: $0) }
    }

    /// Whether the object stands in this snapshot.
    func contains(_ id: ObjectID) -> Bool { location(of: id) != nil }
}

extension ReconcilerState {
    /// The object in force, as the ledger keeps it.
    package func object(_ id: ObjectID) -> StoredObject? {
        let spec: StoredObject.Spec? =
            switch id.kind {
            case .model: ModelName(id.name).flatMap { models[ModelID(source: id.source, name: $0)] }.map { .model($0) }
            case .policy:
                PolicyName(id.name).flatMap { policies[PolicyID(source: id.source, name: $0)] }.map { .policy($0) }
            case .deployment:
                DeploymentName(id.name).flatMap { deployments[DeploymentID(source: id.source, name: $0)] }
                    .map { .deployment($0) }
            case .target:
                TargetName(id.name).flatMap { targets[TargetID(source: id.source, name: $0)] }.map { .target($0) }
            }
        return spec.map { StoredObject(id: id, spec: $0) }
    }

    /// Where an object in force stands.
    package func location(of id: ObjectID) -> SourceLocation? {
        switch object(id)?.spec {
        case .model(let object): object.meta.location
        case .policy(let object): object.meta.location
        case .deployment(let object): object.meta.location
        case .target(let object): object.meta.location
        case nil: nil
        }
    }

    /// Every object in force of a source, in order.
    func objectIDs(of source: SourceName) -> [ObjectID] {
        let ids =
            models.keys.map { ObjectID($0) } + policies.keys.map { ObjectID($0) }
            + deployments.keys.map { ObjectID($0) } + targets.keys.map { ObjectID($0) }
        return ids.filter { $0.source == source }.sorted()
    }
}
