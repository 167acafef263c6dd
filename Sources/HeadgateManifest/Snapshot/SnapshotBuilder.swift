package import HeadgateCore

/// The desired state of one source, kept up to date commit by commit with work in proportion to what changed.
///
/// A value without I/O: it says what it needs, and the caller reads it. ``prepare(_:from:)`` does that for a repository.
/// By hand, a commit is taken in four steps: ``begin(_:isComplete:)``, ``SnapshotUpdate/decode(_:)`` until nothing is
/// wanted, ``stage(_:)``, and ``commit(_:entries:at:)``. Nothing changes before the last one, so an update whose reading
/// failed is simply dropped. Only one update may be under way.
///
/// An object is in force by its last good declaration (I11): a bad one, a duplicate, and one whose references lead
/// nowhere are quarantined, and what was in force for it stays.
package struct SnapshotBuilder: Sendable {
    package let source: SourceName
    /// The folder of the manifests.
    package let folder: RepositoryPath
    /// The commit whose state this is; nil before the first.
    package private(set) var commit: CommitID?
    package private(set) var desired: DesiredState
    /// How many files were decoded since the start: those whose content was not known.
    package private(set) var decodedFiles = 0

    var files: [RepositoryPath: FileState] = [:]
    var declarations: [ObjectID: [Declared]] = [:]
    /// Objects in force that nothing declares at present, and that a file in error may still mean.
    var retained: Set<ObjectID>
    /// Who names an object.
    var referrers: [ObjectID: Set<ObjectID>] = [:]
    /// Whose paths an object depends on.
    var watchers: [RepositoryPath: Watchers] = [:]
    /// What each well-formed object names, to undo the two indices above.
    var links: [ObjectID: Links] = [:]
    var recent = RecentFiles()
    /// What is wrong with objects beyond their own file.
    private(set) var problems: [ObjectID: [Diagnostic]] = [:]
    /// Files that are in error or unreadable.
    private var troubled: Set<RepositoryPath> = []

    struct FileState: Sendable {
        let blob: String
        let parsed: ParsedFile
    }

    /// Where an object is declared.
    struct Declared: Hashable, Comparable {
        let file: RepositoryPath
        let index: Int

        static func < (left: Self, right: Self) -> Bool { (left.file, left.index) < (right.file, right.index) }
    }

    struct Links: Sendable {
        let references: [ObjectReference]
        let paths: [PathReference]
    }

    /// Targets that are there without being declared.
    package static func builtInTargets() -> [TargetName: Object<TargetSpec>] {
        guard let name = TargetName("local") else { return [:] }
        let meta = ObjectMeta(location: SourceLocation(file: .root, line: 1, column: 1))
        return [name: Object(meta: meta, spec: TargetSpec(provider: .local(LocalTargetSpec())))]
    }

    /// Starts without a commit.
    ///
    /// - Parameters:
    ///   - source: The source's name.
    ///   - folder: The folder of the manifests; must exist at every commit.
    ///   - lastGood: What was in force when the state was last kept, so that a restart forgets no good spec.
    package init(source: SourceName, folder: RepositoryPath = .root, lastGood: DesiredState = DesiredState()) {
        self.source = source
        self.folder = folder
        let builtIn = Self.builtInTargets()
        desired = DesiredState(
            models: lastGood.models, policies: lastGood.policies, deployments: lastGood.deployments,
            targets: lastGood.targets.merging(builtIn) { declared, _ in declared })
        retained = []
        retained = Set(desired.ids(in: source)).filter { !isBuiltIn($0) }
    }

    /// Takes a staged update into force.
    ///
    /// - Parameters:
    ///   - staged: What ``stage(_:)`` gave for the last update.
    ///   - entries: What the paths that it named are at the commit.
    ///   - commit: The commit that the update leads to.
    /// - Returns: The objects whose spec, place, tracked files or quarantine changed.
    /// - Throws: `notFound` when the manifests' folder is not there: that is an error, not an empty repository (I8).
    package mutating func commit(
        _ staged: StagedSnapshot, entries: [RepositoryPath: TrackedEntry], at commit: CommitID
    ) throws(SourceError) -> Set<ObjectID> {
        if folder != .root, entries[folder]?.mode != .directory {
            throw SourceError(
                .notFound, "the folder \(folder) is not there at \(commit.short): nothing was changed; correct the path"
            )
        }
        for (path, file) in staged.update.files { replace(path, with: file.state) }
        for id in staged.touched { retained.remove(id) }
        retained.formUnion(staged.retained)
        var changed: Set<ObjectID> = []
        var suggestions = 100
        for id in staged.touched {
            let quarantine = desired.quarantined[id]
            if settle(id, entries, &suggestions) || desired.quarantined[id] != quarantine { changed.insert(id) }
        }
        self.commit = commit
        decodedFiles += staged.update.decodedFiles
        collectDiagnostics()
        return changed
    }

    func isBuiltIn(_ id: ObjectID) -> Bool { id.kind == .target && id.name == "local" && id.source == source }

    /// Whether something names an object that is there, even if it is in error.
    func exists(_ id: ObjectID) -> Bool { declarations[id] != nil || retained.contains(id) || isBuiltIn(id) }

    // MARK: Files

    private mutating func replace(_ path: RepositoryPath, with state: FileState?) {
        if let old = files[path] {
            for object in old.parsed.objects {
                declarations[object.id]?.removeAll { $0.file == path }
                if declarations[object.id]?.isEmpty == true { declarations[object.id] = nil }
            }
            recent.keep(old, of: path)
        }
        files[path] = state
        guard let state else {
            troubled.remove(path)
            return
        }
        for (index, object) in state.parsed.objects.enumerated() {
            declarations[object.id, default: []].append(Declared(file: path, index: index))
            declarations[object.id]?.sort()
        }
        let isFine = state.parsed.diagnostics.isEmpty && !state.parsed.isUnreadable
        if isFine { troubled.remove(path) } else { troubled.insert(path) }
    }

    // MARK: Objects

    /// Decides what is in force for an object; says whether that differs from before.
    private mutating func settle(
        _ id: ObjectID, _ entries: [RepositoryPath: TrackedEntry], _ suggestions: inout Int
    ) -> Bool {
        unlink(id)
        problems[id] = nil
        let declared = declarations[id] ?? []
        guard let first = declared.first, let object = files[first.file]?.parsed.objects[first.index] else {
            return settleUndeclared(id)
        }
        if declared.count > 1 {
            return quarantine(id, duplicates(id, declared))
        }
        guard let spec = object.spec else {
            desired.quarantined[id] = firstError(in: first.file) { $0.object == id }
            return false
        }
        link(id, object)
        let found = resolve(object, entries, &suggestions)
        guard found.isEmpty else { return quarantine(id, found) }
        desired.quarantined[id] = nil
        var tracked: [RepositoryPath: TrackedEntry] = [:]
        for reference in object.paths { tracked[reference.path] = entries[reference.path] }
        return desired.put(id, object.meta, spec, tracked)
    }

    private mutating func settleUndeclared(_ id: ObjectID) -> Bool {
        if retained.contains(id) {
            let file = desired.location(of: id)?.file
            desired.quarantined[id] =
                file.flatMap { firstError(in: $0) { _ in true } }
                ?? mentioning(id).flatMap { file in firstError(in: file) { _ in true } }
            return false
        }
        desired.quarantined[id] = nil
        guard isBuiltIn(id), let builtIn = Self.builtInTargets().first else { return desired.remove(id) }
        return desired.put(id, builtIn.value.meta, .target(Shared(builtIn.value.spec)), [:])
    }

    private mutating func quarantine(_ id: ObjectID, _ found: [Diagnostic]) -> Bool {
        problems[id] = found
        desired.quarantined[id] = found.first
        return false
    }

    private func duplicates(_ id: ObjectID, _ declared: [Declared]) -> [Diagnostic] {
        let places = declared.compactMap { files[$0.file]?.parsed.objects[$0.index].meta.location }
        return places.enumerated().map { index, place in
            let other = places[index == 0 ? 1 : 0]
            let stays = desired.location(of: id).map { "what was in force from \($0.file) stays" }
            return Diagnostic(
                .error, code: "duplicate-object", "\(id) is declared here and at \(other)", at: place,
                hint: stays ?? "remove one of them", object: id)
        }
    }

    private func firstError(in file: RepositoryPath, where matches: (Diagnostic) -> Bool) -> Diagnostic? {
        let all = files[file]?.parsed.diagnostics ?? []
        return all.first { $0.severity == .error && matches($0) } ?? all.first { $0.severity == .error } ?? all.first
    }

    /// A file in error that could mean an object by its name.
    private func mentioning(_ id: ObjectID) -> RepositoryPath? {
        troubled.sorted().first { files[$0]?.parsed.mentionedNames.contains(id.name) == true }
    }

    /// Files in which a document could not be identified.
    var unreadable: Set<RepositoryPath> { troubled.filter { files[$0]?.parsed.isUnreadable == true } }

    private mutating func collectDiagnostics() {
        var all = troubled.flatMap { files[$0]?.parsed.diagnostics ?? [] }
        all += problems.values.joined()
        all.sort { left, right in
            guard let first = left.location, let second = right.location, first != second else {
                return (left.code, left.message) < (right.code, right.message)
            }
            return first < second
        }
        if desired.diagnostics != all { desired.diagnostics = all }
        let unreadable = unreadable
        if desired.unreadable != unreadable { desired.unreadable = unreadable }
        let names = unreadable.reduce(into: Set<String>()) { $0.formUnion(files[$1]?.parsed.mentionedNames ?? []) }
        if desired.mentionedNames != names { desired.mentionedNames = names }
    }
}
