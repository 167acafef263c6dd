package import HeadgateCore

extension SnapshotBuilder {
    /// Begins an update.
    ///
    /// - Parameters:
    ///   - changes: What differs from ``commit``, anywhere in the repository, since models may read files from outside
    ///     the manifests' folder.
    ///   - isComplete: Whether `changes` lists instead everything that is in the manifests' folder.
    /// - Returns: An update that says which blobs it must be given.
    package func begin(_ changes: [PathChange], isComplete: Bool) -> SnapshotUpdate {
        var update = SnapshotUpdate(source: source, isComplete: isComplete)
        if !isComplete { update.changedPaths = changes.map(\.path) }
        // After a restart only what is in force tells where objects stood.
        let held = isComplete ? Set(desired.ids(in: source).compactMap { desired.location(of: $0)?.file }) : []
        for change in changes where ManifestParser.isManifestPath(change.path) && change.path.isWithin(folder) {
            guard let entry = change.entry, entry.mode == .file || entry.mode == .executable else {
                if files[change.path] != nil { update.files[change.path] = SnapshotUpdate.File(state: nil) }
                continue
            }
            if let known = files[change.path], known.blob == entry.id { continue }
            let parsed = files[change.path]?.parsed
            let holdsObjects =
                parsed.map { !$0.objects.isEmpty || $0.isUnreadable } ?? held.contains(change.path)
            // What said nothing where nothing stood may be in error where something does.
            if let known = recent.find(entry.id, at: change.path), !holdsObjects || !known.parsed.isEmpty {
                update.files[change.path] = SnapshotUpdate.File(state: known)
            } else {
                update.want(entry.id, for: change.path, heldObjects: holdsObjects)
            }
        }
        if isComplete {
            let listed = Set(changes.map(\.path))
            for path in files.keys where !listed.contains(path) {
                update.files[path] = SnapshotUpdate.File(state: nil)
            }
        }
        return update
    }

    /// Finds out what a decoded update touches: objects declared in its files, objects that name something that came or
    /// went, and models that read a path that changed.
    package func stage(_ update: SnapshotUpdate) -> StagedSnapshot {
        let overlay = Overlay(self, update)
        var touched = retained
        for (path, file) in update.files {
            for object in files[path]?.parsed.objects ?? [] { touched.insert(object.id) }
            for object in file.state?.parsed.objects ?? [] { touched.insert(object.id) }
        }
        if update.isComplete {
            touched.formUnion(declarations.keys)
            touched.formUnion(desired.ids(in: source))
        }
        let kept = touched.filter { overlay.isRetained($0) }
        let cameOrWent = touched.filter { exists($0) != (overlay.exists($0) || kept.contains($0)) }
        for id in cameOrWent { touched.formUnion(referrers[id] ?? []) }
        // What a misspelt reference may have meant depends on all the names there are.
        if !cameOrWent.isEmpty {
            touched.formUnion(
                problems.keys.filter { problems[$0]?.contains { $0.code == "unknown-reference" } == true })
        }
        for path in update.changedPaths { touched.formUnion(affected(by: path)) }
        touchWaiting(&touched)
        var paths: Set<RepositoryPath> = []
        for id in touched {
            guard let object = overlay.single(id), object.spec != nil else { continue }
            paths.formUnion(object.paths.map(\.path))
        }
        if folder != .root { paths.insert(folder) }
        return StagedSnapshot(update: update, touched: touched.sorted(), retained: kept, paths: paths.sorted())
    }

    /// Objects that read a path or a folder that holds it.
    private func affected(by path: RepositoryPath) -> Set<ObjectID> {
        var found: Set<ObjectID> = []
        var path = path
        while true {
            if let watchers = watchers[path] { found.formUnion(watchers.ids) }
            if path == .root { return found }
            path = path.parent
        }
    }

    // Whether deployments wait for each other in a circle depends on all of them.
    private func touchWaiting(_ touched: inout Set<ObjectID>) {
        var open = touched.filter { $0.kind == .deployment }
        while let id = open.popFirst() {
            for waiting in referrers[id] ?? [] where touched.insert(waiting).inserted { open.insert(waiting) }
        }
    }
}

/// The declarations as they will be after an update.
private struct Overlay {
    private let builder: SnapshotBuilder
    private let update: SnapshotUpdate
    private var added: [ObjectID: [SnapshotBuilder.Declared]] = [:]
    private let unreadable: [RepositoryPath: ParsedFile]

    init(_ builder: SnapshotBuilder, _ update: SnapshotUpdate) {
        self.builder = builder
        self.update = update
        var unreadable: [RepositoryPath: ParsedFile] = [:]
        for path in builder.unreadable where update.files[path] == nil {
            unreadable[path] = builder.files[path]?.parsed
        }
        for (path, file) in update.files {
            guard let parsed = file.state?.parsed else { continue }
            if parsed.isUnreadable { unreadable[path] = parsed }
            for (index, object) in parsed.objects.enumerated() {
                added[object.id, default: []].append(SnapshotBuilder.Declared(file: path, index: index))
            }
        }
        self.unreadable = unreadable
    }

    func declared(_ id: ObjectID) -> [SnapshotBuilder.Declared] {
        let kept = (builder.declarations[id] ?? []).filter { update.files[$0.file] == nil }
        return kept + (added[id] ?? [])
    }

    func exists(_ id: ObjectID) -> Bool { builder.isBuiltIn(id) || !declared(id).isEmpty }

    /// The object, if it is declared once.
    func single(_ id: ObjectID) -> ParsedObject? {
        let declared = declared(id)
        guard declared.count == 1, let place = declared.first else { return nil }
        let file = update.files[place.file]?.state ?? builder.files[place.file]
        return file?.parsed.objects[place.index]
    }

    /// Whether an object is in force that nothing declares, and a file in error may still mean it.
    ///
    /// It was last seen in that file, or the file mentions its name, as after a rename and a slip in one commit.
    func isRetained(_ id: ObjectID) -> Bool {
        guard let location = builder.desired.location(of: id), location.file != .root, declared(id).isEmpty else {
            return false
        }
        return unreadable[location.file] != nil || unreadable.values.contains { $0.mentionedNames.contains(id.name) }
    }
}
