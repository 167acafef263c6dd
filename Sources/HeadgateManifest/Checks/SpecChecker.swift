import HeadgateCore

/// Checks what a spec says beyond the shape of its fields, and collects what it refers to.
struct SpecChecker {
    let root: YAMLNode
    let reader: DocumentReader
    var references: [ObjectReference] = []
    var paths: [PathReference] = []

    init(root: YAMLNode, reader: DocumentReader) {
        self.root = root
        self.reader = reader
    }

    mutating func check(_ spec: ParsedObject.Spec, labels: [String: String]) {
        switch spec {
        case .model(let spec): check(spec.value)
        case .policy(let spec): check(spec.value)
        case .deployment(let spec): check(spec.value)
        case .target(let spec): check(spec.value)
        }
    }

    /// Reports something at a field of the spec.
    func report(
        _ code: String, _ message: String, at field: [FieldPart], hint: String? = nil,
        severity: Diagnostic.Severity = .error
    ) {
        let path = [.field("spec")] + field
        reader.report(code, message, at: root.mark(at: path), path: path, hint: hint, severity: severity)
    }

    /// Reports names that occur twice in a list; the second is the one in error.
    func checkUnique(_ names: [String], _ what: String, at list: [FieldPart], field: String? = "name") {
        var seen: Set<String> = []
        for (index, name) in names.enumerated() where !seen.insert(name).inserted {
            report(
                "duplicate-name", "\(what) \"\(name.clipped(to: 60))\" is given twice",
                at: list + [.index(index)] + (field.map { [.field($0)] } ?? []))
        }
    }

    mutating func refer(to kind: Kind, _ name: String, _ field: ReferenceField) {
        references.append(ObjectReference(kind: kind, name: name, field: field, mark: root.mark(at: field.path)))
    }

    /// Notes a path relative to the manifest's folder that Git must track.
    mutating func track(_ path: String, _ field: ReferenceField) {
        guard let resolved = reader.file.parent.resolving(path) else { return }
        paths.append(PathReference(path: resolved, field: field, mark: root.mark(at: field.path)))
    }

    mutating func referToPolicies(_ policies: [PolicyName]) {
        checkUnique(policies.map(\.text), "policy", at: [.field("policies")], field: nil)
        for (index, policy) in policies.enumerated() {
            refer(to: .policy, policy.text, .policy(Int32(truncatingIfNeeded: index)))
        }
    }
}

// MARK: Policies and targets

extension SpecChecker {
    private func check(_ spec: PolicySpec) {
        checkUnique(spec.at.map(\.rawValue), "moment", at: [.field("at")], field: nil)
        checkUnique(spec.variables.map(\.name), "variable", at: [.field("variables")])
        checkUnique(spec.rules.map(\.name), "rule", at: [.field("rules")])
    }

    private func check(_ spec: TargetSpec) {
        guard case .openInference(let target) = spec.provider else { return }
        checkUnique(
            target.endpoints.map(\.url), "endpoint", at: [.field("openInference"), .field("endpoints")], field: "url")
    }
}
