import HeadgateCore

extension SpecChecker {
    mutating func check(_ spec: ModelSpec) {
        referToPolicies(spec.policies)
        let steps = spec.pipeline?.steps ?? []
        checkUnique(steps.map(\.name.text), "step", at: [.field("pipeline"), .field("steps")])
        let outputs = collectOutputs(of: steps)
        for (index, step) in steps.enumerated() { check(step, index, outputs) }
        checkMetrics(of: steps, outputs)
        checkReports(of: steps, outputs)
        checkOrder(of: steps, outputs)
        checkArtifact(of: spec, outputs)
        if let requirements = spec.pipeline?.environment.python?.requirements { track(requirements, .requirements) }
        if let serve = spec.serve { check(serve, outputs) }
    }

    private static func place(_ step: Int) -> [FieldPart] { [.field("pipeline"), .field("steps"), .index(step)] }

    // MARK: Outputs

    /// Outputs by path; reports those that overlap.
    private func collectOutputs(of steps: [StepSpec]) -> OutputIndex {
        var outputs = OutputIndex()
        for (index, step) in steps.enumerated() {
            for (position, text) in step.outputs.enumerated() {
                guard let path = RepositoryPath(text) else { continue }
                let field: [FieldPart] = [.field("outputs"), .index(position)]
                if let other = outputs.overlapping(path) {
                    reportOverlap(of: text, with: other, in: step, at: Self.place(index) + field)
                } else {
                    outputs.insert(OutputIndex.Output(step: step.name, text: text), at: path)
                }
            }
        }
        return outputs
    }

    private func reportOverlap(
        of text: String, with other: OutputIndex.Output, in step: StepSpec, at field: [FieldPart]
    ) {
        let whose = other.step == step.name ? "" : " of step \"\(other.step)\""
        report(
            "overlapping-outputs", "\"\(text)\" overlaps output \"\(other.text)\"\(whose)", at: field,
            hint: "no two outputs may hold the same file")
    }

    /// Reports an output that is read as a folder and declared as a file: its step would fail when it has run.
    private func checkKind(of text: String, _ outputs: OutputIndex, at field: [FieldPart]) {
        guard let path = RepositoryPath(text), let output = outputs[path], text.hasSuffix("/"),
            !output.text.hasSuffix("/")
        else { return }
        report(
            "mismatched-output",
            "\"\(text)\" is a folder, and step \"\(output.step)\" declares the output \"\(output.text)\", a file",
            at: field, hint: "a folder ends in `/` in both places")
    }

    // MARK: Steps

    private mutating func check(_ step: StepSpec, _ index: Int, _ outputs: OutputIndex) {
        let place = Self.place(index)
        checkPlaceholders(
            in: step.command, known: step.params.keys.sorted().map { "params.\($0)" }, at: place + [.field("command")])
        for secret in step.secrets where step.variables[secret] != nil {
            report(
                "duplicate-name", "\"\(secret)\" is both a variable and a secret",
                at: place + [.field("variables"), .field(secret)])
        }
        if let requirements = step.environment?.python?.requirements {
            track(requirements, .stepRequirements(step: Int32(truncatingIfNeeded: index)))
        }
        var seen: [RepositoryPath: InputSpec] = [:]
        for (position, input) in step.inputs.enumerated() {
            let field = place + [.field("inputs"), .index(position)]
            guard let path = reader.file.parent.resolving(input.path) else { continue }
            if let other = seen.updateValue(input, forKey: path), other != input || input.isPin {
                report("duplicate-name", "two inputs stand at \"\(input.path)\"", at: field)
            }
            let reference = ReferenceField.input(
                step: Int32(truncatingIfNeeded: index), Int32(truncatingIfNeeded: position))
            check(input, of: step, at: field, reference, outputs)
        }
    }

    private mutating func check(
        _ input: InputSpec, of step: StepSpec, at field: [FieldPart], _ reference: ReferenceField,
        _ outputs: OutputIndex
    ) {
        // Outputs are relative to the manifest's folder and never ascend, so a path that does is nobody's output.
        let inside = RepositoryPath(input.path)
        let holder = inside.flatMap { outputs.holder(of: $0) }
        let inner = inside.map { outputs.inner(of: $0) } ?? (holdsFolder(input.path) ? outputs.inner(of: .root) : nil)
        switch input {
        case .pin:
            if let other = holder ?? inner { reportOverlap(of: input.path, with: other, in: step, at: field) }
        case .path(let path):
            if let holder {
                guard holder.step == step.name else { return checkKind(of: path, outputs, at: field) }
                report(
                    "cycle", "step \"\(step.name)\" reads its own output \"\(holder.text)\"", at: field,
                    hint: "write it under another name")
            } else if let inner {
                report(
                    "overlapping-outputs", "\"\(path)\" holds output \"\(inner.text)\" of step \"\(inner.step)\"",
                    at: field, hint: "name the output itself, and what else is read")
            } else {
                track(path, reference)
            }
        }
    }

    /// Whether an ascending path leads to the manifest's folder or to one that holds it.
    private func holdsFolder(_ path: String) -> Bool {
        let folder = reader.file.parent
        return folder.resolving(path).map { folder.isWithin($0) } ?? false
    }

    private func checkMetrics(of steps: [StepSpec], _ outputs: OutputIndex) {
        var owners: [String: StepName] = [:]
        var files: [RepositoryPath: StepName] = [:]
        for (index, step) in steps.enumerated() {
            guard let metrics = step.metrics, let file = RepositoryPath(metrics.file) else { continue }
            let place = Self.place(index) + [.field("metrics")]
            if let other = outputs.overlapping(file), other.step != step.name || outputs.holder(of: file) == nil {
                reportOverlap(of: metrics.file, with: other, in: step, at: place + [.field("file")])
            }
            if let owner = files.updateValue(step.name, forKey: file) {
                report(
                    "duplicate-metric", "step \"\(owner)\" writes \"\(metrics.file)\" too",
                    at: place + [.field("file")])
            }
            for name in (metrics.names ?? [:]).keys.sorted() {
                guard let owner = owners.updateValue(step.name, forKey: name) else { continue }
                report(
                    "duplicate-metric", "metric \"\(name)\" is reported by step \"\(owner)\" too",
                    at: place + [.field("names"), .field(name)])
            }
        }
    }

    private func checkReports(of steps: [StepSpec], _ outputs: OutputIndex) {
        var owners: [String: StepName] = [:]
        for (index, step) in steps.enumerated() {
            for (name, report) in step.reports.sorted(by: { $0.key < $1.key }) {
                let place = Self.place(index) + [.field("reports"), .field(name)]
                if let owner = owners.updateValue(step.name, forKey: name) {
                    self.report("duplicate-report", "step \"\(owner)\" leaves the report \"\(name)\" too", at: place)
                }
                guard let file = RepositoryPath(report.file), let other = outputs.overlapping(file),
                    other.step != step.name || outputs.holder(of: file) == nil
                else { continue }
                reportOverlap(of: report.file, with: other, in: step, at: place + [.field("file")])
            }
        }
    }

    private func checkOrder(of steps: [StepSpec], _ outputs: OutputIndex) {
        guard Set(steps.map(\.name)).count == steps.count, let names = outputs.cycle(among: steps),
            let first = names.first
        else { return }
        let chain = (names + [first]).map { "\"\($0)\"" }.joined(separator: " reads from ")
        let index = steps.firstIndex { $0.name == first } ?? 0
        report("cycle", "steps wait for each other: \(chain)", at: Self.place(index) + [.field("inputs")])
    }

    // MARK: Artifact and serving

    private mutating func checkArtifact(of spec: ModelSpec, _ outputs: OutputIndex) {
        guard spec.pipeline != nil else {
            if spec.pin == nil { track(spec.artifact, .artifact) }
            return
        }
        guard spec.pin == nil else {
            report(
                "conflicting-fields", "a pipeline makes the artifact, so it cannot be pinned", at: [.field("artifact")],
                hint: "make the pinned data an input of a step")
            return
        }
        let path = RepositoryPath(spec.artifact)
        if let path, outputs[path] != nil { return checkKind(of: spec.artifact, outputs, at: [.field("artifact")]) }
        let texts = outputs.texts
        let hint =
            if let path, let output = outputs.holder(of: path) { "name the whole output \"\(output.text)\"" } else {
                texts.isEmpty
                    ? "no step declares an output" : Spelling.hint(for: spec.artifact, among: texts, called: "outputs")
            }
        report(
            "unknown-artifact", "no step has the output \"\(spec.artifact.clipped(to: 60))\"", at: [.field("artifact")],
            hint: hint)
    }

    private mutating func check(_ serve: ServeSpec, _ outputs: OutputIndex) {
        checkPlaceholders(in: serve.command, known: ["model", "port"], at: [.field("serve"), .field("command")])
        if let requirements = serve.environment?.python?.requirements { track(requirements, .serveRequirements) }
        if let warmup = serve.warmup { track(warmup, .warmup) }
        for (index, input) in serve.inputs.enumerated() {
            let field: [FieldPart] = [.field("serve"), .field("inputs"), .index(index)]
            if let path = RepositoryPath(input), let output = outputs.overlapping(path) {
                report(
                    "overlapping-outputs", "\"\(input)\" overlaps output \"\(output.text)\"", at: field,
                    hint: "the artifact is $(model); serve inputs are files of the repository")
            } else {
                track(input, .serveInput(Int32(truncatingIfNeeded: index)))
            }
        }
    }

    /// Reports `$(name)` where nothing replaces it.
    private func checkPlaceholders(in command: [String], known: [String], at place: [FieldPart]) {
        for (index, argument) in command.enumerated() {
            for name in Placeholder.names(in: argument) where !known.contains(name) {
                let shown = name.clipped(to: 40)
                report(
                    "unknown-placeholder", "nothing replaces $(\(shown))", at: place + [.index(index)],
                    hint: Spelling.nearest(to: name, among: known).map { "did you mean $(\($0))?" }
                        ?? (known.isEmpty
                            ? "the step has no params" : "known: \(known.prefix(16).joined(separator: ", "))"))
            }
        }
    }
}

extension InputSpec {
    fileprivate var isPin: Bool { if case .pin = self { true } else { false } }
}

/// `$(name)` in a command.
private enum Placeholder {
    static func names(in argument: String) -> [String] {
        var names: [String] = []
        var rest = argument.utf8[...]
        while let dollar = rest.firstIndex(of: UInt8(ascii: "$")) {
            rest = rest[rest.index(after: dollar)...]
            guard rest.first == UInt8(ascii: "(") else { continue }
            let name = rest.dropFirst().prefix { isWordByte($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
            guard rest.dropFirst(1 + name.count).first == UInt8(ascii: ")"), !name.isEmpty else { continue }
            names.append(String(decoding: name, as: UTF8.self))
        }
        return names
    }
}
