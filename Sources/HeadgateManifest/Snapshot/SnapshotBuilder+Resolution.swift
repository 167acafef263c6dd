import HeadgateCore

/// Objects that read a path; mostly one, so one takes no room of its own.
enum Watchers: Sendable {
    case one(ObjectID)
    case many(Set<ObjectID>)

    var ids: Set<ObjectID> {
        switch self {
        case .one(let id): [id]
        case .many(let ids): ids
        }
    }

    func adding(_ id: ObjectID) -> Watchers { self.ids == [id] ? self : .many(ids.union([id])) }

    func removing(_ id: ObjectID) -> Watchers? {
        let left = ids.subtracting([id])
        guard let first = left.first else { return nil }
        return left.count == 1 ? .one(first) : .many(left)
    }
}

extension SnapshotBuilder {
    mutating func link(_ id: ObjectID, _ object: ParsedObject) {
        guard !object.references.isEmpty || !object.paths.isEmpty else { return }
        links[id] = Links(references: object.references, paths: object.paths)
        for reference in object.references { referrers[target(of: reference), default: []].insert(id) }
        for reference in object.paths {
            watchers[reference.path] = watchers[reference.path]?.adding(id) ?? .one(id)
        }
    }

    mutating func unlink(_ id: ObjectID) {
        guard let links = links.removeValue(forKey: id) else { return }
        for reference in links.references {
            let target = target(of: reference)
            referrers[target]?.remove(id)
            if referrers[target]?.isEmpty == true { referrers[target] = nil }
        }
        for reference in links.paths { watchers[reference.path] = watchers[reference.path]?.removing(id) }
    }

    private func target(of reference: ObjectReference) -> ObjectID {
        ObjectID(source: source, kind: reference.kind, name: reference.name)
    }

    /// What is wrong with what an object names.
    func resolve(
        _ object: ParsedObject, _ entries: [RepositoryPath: TrackedEntry], _ suggestions: inout Int
    ) -> [Diagnostic] {
        var found: [Diagnostic] = []
        for reference in object.references where !exists(target(of: reference)) {
            var hint: String?
            if suggestions > 0 {
                suggestions -= 1
                hint = Spelling.hint(for: reference.name, among: names(of: reference.kind), called: "names")
            }
            found.append(
                diagnostic(
                    object, reference.field, reference.mark, "unknown-reference",
                    "there is no \(reference.kind.rawValue) \"\(reference.name)\"", hint))
        }
        for reference in object.paths {
            guard let problem = problem(with: reference, entries[reference.path]) else { continue }
            found.append(
                diagnostic(object, reference.field, reference.mark, problem.code, problem.message, problem.hint))
        }
        if let reference = circle(from: object) {
            found.append(
                diagnostic(
                    object, reference.field, reference.mark, "cycle",
                    "\(object.id) and \(target(of: reference)) wait for each other", nil))
        }
        return found
    }

    private func diagnostic(
        _ object: ParsedObject, _ field: ReferenceField, _ mark: YAMLMark, _ code: String, _ message: String,
        _ hint: String?
    ) -> Diagnostic {
        let location = SourceLocation(
            file: object.meta.location.file, line: Int(mark.line), column: Int(mark.column))
        return Diagnostic(
            .error, code: code, message, at: location, field: field.path.fieldPath, hint: hint, object: object.id)
    }

    private func names(of kind: Kind) -> [String] {
        var names = Set(declarations.keys.filter { $0.kind == kind }.map(\.name))
        names.formUnion(retained.filter { $0.kind == kind }.map(\.name))
        if kind == .target { names.insert("local") }
        return names.sorted()
    }

    private func problem(
        with reference: PathReference, _ entry: TrackedEntry?
    ) -> (code: String, message: String, hint: String?)? {
        let path = "\"\(reference.path)\""
        guard let entry else {
            let isInput = if case .input = reference.field { true } else { false }
            let orOutput = isInput ? " and no step's output" : ""
            return (
                "missing-path", "\(path) is not tracked at this commit\(orOutput)", "commit it, or correct the path"
            )
        }
        switch entry.mode {
        case .link: return ("symbolic-link", "\(path) is a symbolic link", "name what it points to")
        case .submodule: return ("submodule", "\(path) is a submodule, whose files this repository does not hold", nil)
        case .directory where reference.field.isFile: return ("not-a-file", "\(path) is a folder, not a file", nil)
        case .directory, .file, .executable: return nil
        }
    }

    /// The most deployments that are looked at in search of a circle.
    private static let circleLimit = 256

    /// The dependency over which a deployment waits for itself, through others.
    private func circle(from object: ParsedObject) -> ObjectReference? {
        for start in object.references where start.field.isDependency && start.kind == .deployment {
            var open = [target(of: start)]
            var seen: Set<ObjectID> = []
            while let id = open.popLast(), seen.count < Self.circleLimit {
                if id == object.id { return start }
                guard seen.insert(id).inserted, let declared = declarations[id], declared.count == 1,
                    let next = files[declared[0].file]?.parsed.objects[declared[0].index]
                else { continue }
                for reference in next.references where reference.field.isDependency && reference.kind == .deployment {
                    open.append(target(of: reference))
                }
            }
        }
        return nil
    }
}

extension ReferenceField {
    fileprivate var isDependency: Bool { if case .dependency = self { true } else { false } }

    /// Whether the path must name a file.
    fileprivate var isFile: Bool {
        switch self {
        case .requirements, .stepRequirements, .serveRequirements, .warmup: true
        case .model, .target, .policy, .dependency, .artifact, .input, .serveInput: false
        }
    }
}
