/// What a Model's pipeline still needs, and what it gives.
package struct PipelinePlan: Sendable {
    package var steps: [PlannedStep]
    /// What could not be planned at all; empty for a sound Model.
    package var problems: [String]

    package init(steps: [PlannedStep], problems: [String]) {
        self.steps = steps
        self.problems = problems
    }

    /// Whether every step has an accepted result.
    package var isComplete: Bool { problems.isEmpty && steps.allSatisfy { $0.record?.result != nil } }
}

/// One step of a plan.
package struct PlannedStep: Sendable {
    package let spec: StepSpec
    /// Known once everything that it reads is known.
    package let key: StepKey?
    /// What the ledger knows of the key.
    package let record: StepRecord?
    /// Steps whose results it waits for.
    package let waitsFor: [StepName]
    package let command: [String]
    package let inputs: [WorkspaceInput]
    /// What the key was made of, to say what changed.
    package let keyInputs: [Key.Input]
    package let depth: Int
    package let environment: ResolvedEnvironment?

    /// The launch of one attempt; nil while the key is unknown.
    package func launch(run: RunID, model: ModelID) -> StepLaunch? {
        guard let key else { return nil }
        return StepLaunch(
            run: run, key: key, model: model, step: spec.name, command: command, inputs: inputs, depth: depth,
            outputs: spec.outputs, metrics: spec.metrics?.file, timeout: spec.timeout, variables: spec.variables,
            secrets: spec.secrets, environment: environment,
            reports: spec.reports.isEmpty ? nil : spec.reports)
    }
}

/// Plans pipelines: pure, from declared inputs and known results to keys and launches.
package struct PipelinePlanner: Sendable {
    package let host: HostFacts

    package init(host: HostFacts) { self.host = host }

    /// `record`: What the ledger knows of a key.
    package func plan(_ id: ModelID, _ model: Object<ModelSpec>, record: (StepKey) -> StepRecord?) -> PipelinePlan {
        plan(id, model) { key, _ in record(key) }
    }

    /// `record`: What is known of a key of a step.
    package func plan(
        _ id: ModelID, _ model: Object<ModelSpec>, record: (StepKey, StepSpec) -> StepRecord?
    ) -> PipelinePlan {
        var plan = PipelinePlan(steps: [], problems: [])
        let pipeline = model.spec.effectivePipeline
        let graph: StepGraph
        do {
            graph = try StepGraph(pipeline.steps)
        } catch {
            let steps = error.cycle
            plan.problems.append("steps wait for each other: \(steps.map(\.text).joined(separator: " → "))")
            return plan
        }
        var outputs: [StepGraph.Dependency: StoredArtifact] = [:]
        for step in graph.ordered {
            let planned = planStep(step, id, model, pipeline, graph, outputs, record, &plan.problems)
            for (path, artifact) in planned.record?.result?.outputs ?? [:] {
                outputs[StepGraph.Dependency(step: step.name, output: path)] = artifact
            }
            plan.steps.append(planned)
        }
        return plan
    }

    private func planStep(
        _ step: StepSpec, _ id: ModelID, _ model: Object<ModelSpec>, _ pipeline: PipelineSpec, _ graph: StepGraph,
        _ outputs: [StepGraph.Dependency: StoredArtifact], _ record: (StepKey, StepSpec) -> StepRecord?,
        _ problems: inout [String]
    ) -> PlannedStep {
        var inputs: [WorkspaceInput] = []
        var keyInputs: [Key.Input] = []
        var waitsFor: [StepName] = []
        var depth = 0
        let problemCount = problems.count
        for input in step.inputs {
            if let dependency = graph.producer(of: input) {
                guard let artifact = outputs[dependency] else {
                    if !waitsFor.contains(dependency.step) { waitsFor.append(dependency.step) }
                    continue
                }
                guard !inputs.contains(where: { $0.path == dependency.output }) else { continue }
                inputs.append(WorkspaceInput(path: dependency.output, content: .stored(artifact.tree)))
                keyInputs.append(
                    Key.Input(path: dependency.output, mode: "stored", content: artifact.tree.description))
                continue
            }
            switch input {
            case .pin(let pin):
                inputs.append(WorkspaceInput(path: pin.path, content: .pinned(pin)))
                keyInputs.append(Key.Input(path: pin.path, mode: "file", content: pin.sha256.description))
            case .path(let path):
                guard let resolved = model.meta.folder.resolving(path), let entry = model.tracked[resolved] else {
                    problems.append("step \(step.name): input \(path) does not exist at this revision")
                    continue
                }
                let relative = resolved.relative(to: model.meta.folder)
                depth = max(depth, relative.split(separator: "/").prefix { $0 == ".." }.count)
                inputs.append(
                    WorkspaceInput(path: relative, content: .tracked(source: id.source, entry: entry)))
                keyInputs.append(Key.Input(path: relative, mode: entry.mode.rawValue, content: "git:\(entry.id)"))
            }
        }
        let environment = resolve(step.environment ?? pipeline.environment, id.source, model, &problems)
        let command = step.substitutedCommand
        let isKnown = waitsFor.isEmpty && problems.count == problemCount
        let key =
            isKnown ? Key.step(step, command: command, inputs: keyInputs, environment: environment?.digest) : nil
        return PlannedStep(
            spec: step, key: key, record: key.flatMap { record($0, step) }, waitsFor: waitsFor, command: command,
            inputs: inputs,
            keyInputs: keyInputs, depth: depth, environment: environment)
    }

    /// The environment by what determines it; nil when none is asked for.
    package func resolve(
        _ spec: EnvironmentSpec, _ source: SourceName, _ model: Object<ModelSpec>, _ problems: inout [String]
    ) -> ResolvedEnvironment? {
        guard let python = spec.python else { return nil }
        guard let path = model.meta.folder.resolving(python.requirements), let entry = model.tracked[path] else {
            problems.append("requirements file \(python.requirements) does not exist at this revision")
            return nil
        }
        return ResolvedEnvironment(
            digest: Key.environment(requirements: entry, interpreter: python.interpreter, host: host),
            python: ResolvedEnvironment.Python(
                interpreter: python.interpreter, requirements: entry, source: source))
    }
}

extension StepSpec {
    /// The command with `$(params.NAME)` replaced; strings stand as they are, other values as JSON.
    package var substitutedCommand: [String] {
        command.map { argument in
            var result = argument
            for (name, value) in params where result.contains("$(params.\(name))") {
                let text = if case .string(let string) = value { string } else { value.canonicalText }
                result = result.split(separator: "$(params.\(name))", omittingEmptySubsequences: false)
                    .joined(separator: text)
            }
            return result
        }
    }
}

extension ModelSpec {
    /// The pipeline, or, for an imported artifact, one step that copies it.
    package var effectivePipeline: PipelineSpec {
        if let pipeline { return pipeline }
        guard let name = StepName("import") else { return PipelineSpec(steps: []) }
        let input = pin.map(InputSpec.pin) ?? .path(artifact)
        let output = importedArtifact
        let step = StepSpec(
            name: name, command: ["cp", "-R", "--", input.path, output], inputs: [input], outputs: [output])
        return PipelineSpec(steps: [step])
    }

    /// Where the artifact stands after the pipeline: its own path, or the copy that an import makes.
    package var builtArtifact: String { pipeline == nil ? importedArtifact : artifact }

    private var importedArtifact: String { artifact.hasSuffix("/") ? "imported/" : "imported" }
}
