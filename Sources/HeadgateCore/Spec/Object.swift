/// One object of a snapshot.
///
/// Takes the room of a pointer and shares what it holds with its copies, since thousands of objects stand in several
/// tables at a time.
package struct Object<Spec: Hashable & Sendable & Codable>: Hashable, Sendable, Codable {
    private struct Contents: Hashable {
        let meta: ObjectMeta
        let spec: Shared<Spec>
        let tracked: [RepositoryPath: TrackedEntry]
    }

    private var contents: Shared<Contents>

    package init(meta: ObjectMeta, spec: Spec, tracked: [RepositoryPath: TrackedEntry] = [:]) {
        self.init(meta: meta, spec: Shared(spec), tracked: tracked)
    }

    package init(meta: ObjectMeta, spec: Shared<Spec>, tracked: [RepositoryPath: TrackedEntry] = [:]) {
        contents = Shared(Contents(meta: meta, spec: spec, tracked: tracked))
    }

    package var meta: ObjectMeta {
        get { contents.value.meta }
        set { self = Object(meta: newValue, spec: contents.value.spec, tracked: tracked) }
    }

    package var spec: Spec {
        get { contents.value.spec.value }
        set { self = Object(meta: meta, spec: newValue, tracked: tracked) }
    }

    /// What the object's relative paths name at this revision; a path that is missing has no entry.
    ///
    /// Keys are repository paths. Only Models have any: their steps' inputs, requirements, serve inputs and artifact.
    package var tracked: [RepositoryPath: TrackedEntry] {
        get { contents.value.tracked }
        set { self = Object(meta: meta, spec: contents.value.spec, tracked: newValue) }
    }

    private enum CodingKeys: CodingKey {
        case meta, spec, tracked
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            meta: try container.decode(ObjectMeta.self, forKey: .meta),
            spec: try container.decode(Spec.self, forKey: .spec),
            tracked: try container.decode([RepositoryPath: TrackedEntry].self, forKey: .tracked))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(meta, forKey: .meta)
        try container.encode(spec, forKey: .spec)
        try container.encode(tracked, forKey: .tracked)
    }
}
