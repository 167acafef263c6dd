import HeadgateCore

/// Decodes one document: first what it is about, then its spec by its kind.
struct DocumentDecoder {
    let source: SourceName
    let reader: DocumentReader

    enum Outcome {
        /// Not a manifest of ours.
        case foreign
        /// A manifest of ours that is not part of the desired state.
        case other
        case unidentified
        case object(ParsedObject)
    }

    /// Decodes a document; it is sound when nothing was wrong with it as YAML.
    func decode(_ document: YAMLDocument, isSound: Bool) -> Outcome {
        let root = document.root
        let version = root["apiVersion"]
        guard let text = version?.scalarText else {
            guard looksLikeOurs(root), document.isComplete else { return .foreign }
            reader.report(
                "missing-field", "missing field \"apiVersion\": expected \(Declaration.apiVersion)", at: root.mark,
                field: "apiVersion")
            return .unidentified
        }
        guard text.hasPrefix(Declaration.apiGroup) || isSlip(text, of: root) else { return .foreign }
        let kindText = root["kind"]?.scalarText
        if let kindText, Declaration.otherKinds.contains(kindText) { return .other }
        if text != Declaration.apiVersion, let version {
            reader.report(
                "unknown-version", "unknown API version \"\(text.clipped(to: 40))\"", at: version.mark,
                path: [.field("apiVersion")], hint: "this version of headgate reads \(Declaration.apiVersion)")
        }
        guard let kind = kind(of: root, isComplete: document.isComplete) else { return .unidentified }
        let known = ["apiVersion", "kind", "metadata", "spec"]
        guard let mapping = reader.mapping(root, known: known) else { return .unidentified }
        let metadata = metadata(of: mapping, isComplete: document.isComplete)
        guard let name = metadata?.name ?? bareName(of: root) else { return .unidentified }
        let id = ObjectID(source: source, kind: kind, name: name.text)
        let kindMark = mapping.entries.first { $0.key == "kind" }?.keyMark ?? root.mark
        let meta = ObjectMeta(
            labels: metadata?.labels ?? [:], annotations: metadata?.annotations ?? [:],
            location: reader.location(kindMark))
        guard document.isComplete else { return .object(inError(id, meta)) }
        guard let spec = Field("spec", Declaration.spec(of: kind), "").read(mapping, reader) else {
            return .object(inError(id, meta))
        }
        var checker = SpecChecker(root: root, reader: reader)
        checker.check(spec, labels: meta.labels)
        guard isSound, metadata != nil, !reader.hasErrors else { return .object(inError(id, meta)) }
        return .object(
            ParsedObject(id: id, meta: meta, spec: spec, references: checker.references, paths: checker.paths))
    }

    /// Whether a version is a slip of the pen: were its document another's, what it declares would leave the repository.
    private func isSlip(_ version: String, of root: YAMLNode) -> Bool {
        root["kind"]?.scalarText.flatMap(Kind.init) != nil
            && Spelling.nearest(to: version, among: [Declaration.apiVersion]) != nil
    }

    private func inError(_ id: ObjectID, _ meta: ObjectMeta) -> ParsedObject {
        ParsedObject(id: id, meta: meta, spec: nil, references: [], paths: [])
    }

    private func looksLikeOurs(_ root: YAMLNode) -> Bool {
        guard root["apiVersion"] == nil, root["spec"] != nil, let kind = root["kind"]?.scalarText else { return false }
        return Declaration.kindNames.contains(kind)
    }

    private func kind(of root: YAMLNode, isComplete: Bool) -> Kind? {
        let expected = "one of \(Declaration.kindNames.joined(separator: ", "))"
        guard let node = root["kind"], let text = node.scalarText else {
            if isComplete {
                reader.report(
                    "missing-field", "missing field \"kind\": expected \(expected)", at: root.mark, field: "kind")
            }
            return nil
        }
        if let kind = Kind(rawValue: text) { return kind }
        reader.report(
            "unknown-kind", "unknown kind \"\(text.clipped(to: 40))\"", at: node.mark, path: [.field("kind")],
            hint: Spelling.hint(for: text, among: Declaration.kindNames, called: "kinds"))
        return nil
    }

    // A document that breaks off before its metadata is in error for that, not for what is missing.
    private func metadata(of mapping: Mapping, isComplete: Bool) -> Declaration.Metadata? {
        guard isComplete || mapping["metadata"] != nil else { return nil }
        return Field("metadata", Declaration.metadata, "").read(mapping, reader)
    }

    /// The name of an object whose metadata has other errors, so that it can be told which one is in error.
    private func bareName(of root: YAMLNode) -> Name<Kind>? {
        root["metadata"]?["name"]?.scalarText.flatMap { Name<Kind>($0) }
    }
}
