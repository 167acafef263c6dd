/// A version as the ledger keeps it: everything that serving it again needs.
package struct VersionRecord: Hashable, Sendable, Codable {
    package let id: VersionID
    package let model: ModelID
    package let bundle: ServingBundle
    package let artifact: StoredArtifact
    package let created: Instant
    /// The revision at which it was first made.
    package let revision: Revision

    package init(
        id: VersionID, model: ModelID, bundle: ServingBundle, artifact: StoredArtifact, created: Instant,
        revision: Revision
    ) {
        self.id = id
        self.model = model
        self.bundle = bundle
        self.artifact = artifact
        self.created = created
        self.revision = revision
    }
}

/// Metrics and provenance of a version, as a complete pipeline gave them.
package struct Assessment: Hashable, Sendable, Codable {
    /// A step's part in it.
    package struct Step: Hashable, Sendable, Codable {
        package let name: StepName
        package let key: StepKey
        package let run: RunID
        /// Nil for a step that the controller ran itself.
        package let origin: StepOrigin?
        package init(name: StepName, key: StepKey, run: RunID, origin: StepOrigin? = nil) {
            self.name = name
            self.key = key
            self.run = run
            self.origin = origin
        }
    }

    /// Data that steps read: tracked paths and pins.
    package struct Data: Hashable, Sendable, Codable {
        package let path: String
        package let digest: String
        package init(path: String, digest: String) {
            self.path = path
            self.digest = digest
        }
    }

    package let id: AssessmentID
    package let version: VersionID
    package let model: ModelID
    /// All steps' metrics in one object.
    package let metrics: JSONValue
    /// Declared names and types over all steps; nil when a step that reports metrics declares none.
    package let declared: [String: MetricType]?
    package let params: JSONValue
    package let data: [Data]
    package let steps: [Step]
    package let revision: Revision
    package let commit: CommitFacts
    package let created: Instant
    /// All steps' reports by name, as evidence; nil where none was declared.
    package let reports: [String: JSONValue]?

    package init(
        id: AssessmentID, version: VersionID, model: ModelID, metrics: JSONValue, declared: [String: MetricType]?,
        params: JSONValue, data: [Data], steps: [Step], revision: Revision, commit: CommitFacts, created: Instant,
        reports: [String: JSONValue]? = nil
    ) {
        self.id = id
        self.version = version
        self.model = model
        self.metrics = metrics
        self.declared = declared
        self.params = params
        self.data = data
        self.steps = steps
        self.revision = revision
        self.commit = commit
        self.created = created
        self.reports = reports
    }
}

/// Makes versions and assessments from complete plans.
package struct VersionBuilder: Sendable {
    package let planner: PipelinePlanner

    package init(planner: PipelinePlanner) { self.planner = planner }

    /// What a complete plan gave, or why it gives nothing.
    package func build(
        _ id: ModelID, _ model: Object<ModelSpec>, _ plan: PipelinePlan, revision: Revision, commit: CommitFacts,
        now: Instant
    ) -> Result<(VersionRecord, Assessment), BuildProblem> {
        guard let artifact = artifact(of: model, plan) else {
            return .failure(BuildProblem("artifact \(model.spec.artifact) is not an output of any step"))
        }
        var problems: [String] = []
        let bundle = bundle(id, model, artifact, &problems)
        if let problem = problems.first { return .failure(BuildProblem(problem)) }
        let versionID = Key.version(
            artifact: artifact.tree, path: bundle.artifactPath, inputs: bundle.inputs, serve: bundle.serve,
            environment: bundle.environment?.digest)
        let steps = plan.steps.compactMap { step in
            step.record.map {
                Assessment.Step(name: step.spec.name, key: $0.key, run: $0.run, origin: $0.result?.origin)
            }
        }
        var metrics: [String: JSONValue] = [:]
        for step in plan.steps {
            guard let reported = step.record?.result?.metrics else { continue }
            guard case .object(let members) = reported else {
                return .failure(BuildProblem("step \(step.spec.name): metrics are not a JSON object"))
            }
            for (name, value) in members {
                guard metrics.updateValue(value, forKey: name) == nil else {
                    return .failure(BuildProblem("two steps report the metric \(name)"))
                }
            }
        }
        let reports: [String: JSONValue]
        switch self.reports(plan) {
        case .success(let all): reports = all
        case .failure(let problem): return .failure(problem)
        }
        let version = VersionRecord(
            id: versionID, model: id, bundle: bundle, artifact: artifact, created: now, revision: revision)
        let assessment = Assessment(
            id: Key.assessment(version: versionID, steps: steps.map { ($0.name, $0.key) }), version: versionID,
            model: id, metrics: .object(metrics), declared: plan.steps.map(\.spec).declaredMetrics,
            params: params(plan), data: data(plan),
            steps: steps, revision: revision, commit: commit, created: now,
            reports: reports.isEmpty ? nil : reports)
        return .success((version, assessment))
    }

    private func reports(_ plan: PipelinePlan) -> Result<[String: JSONValue], BuildProblem> {
        var reports: [String: JSONValue] = [:]
        for step in plan.steps {
            for (name, report) in step.record?.result?.reports ?? [:] {
                guard reports.updateValue(report, forKey: name) == nil else {
                    return .failure(BuildProblem("two steps leave the report \(name)"))
                }
            }
        }
        return .success(reports)
    }

    private func artifact(of model: Object<ModelSpec>, _ plan: PipelinePlan) -> StoredArtifact? {
        let wanted = RepositoryPath(model.spec.builtArtifact)
        for step in plan.steps {
            for (path, artifact) in step.record?.result?.outputs ?? [:] where RepositoryPath(path) == wanted {
                return artifact
            }
        }
        return nil
    }

    private func bundle(
        _ id: ModelID, _ model: Object<ModelSpec>, _ artifact: StoredArtifact, _ problems: inout [String]
    ) -> ServingBundle {
        var inputs: [BundleInput] = []
        for path in model.spec.serve?.files ?? [] {
            guard let resolved = model.meta.folder.resolving(path), let entry = model.tracked[resolved] else {
                problems.append("serve input \(path) does not exist at this revision")
                continue
            }
            inputs.append(BundleInput(path: resolved.relative(to: model.meta.folder), entry: entry))
        }
        let environment = model.spec.serve.flatMap { serve in
            planner.resolve(
                serve.environment ?? model.spec.effectivePipeline.environment, id.source, model, &problems)
        }
        return ServingBundle(
            artifact: artifact.tree, artifactPath: model.spec.artifact, inputs: inputs, serve: model.spec.serve,
            environment: environment, source: id.source)
    }

    private func params(_ plan: PipelinePlan) -> JSONValue {
        .object(plan.steps.reduce(into: [:]) { $0.merge($1.spec.params) { first, _ in first } })
    }

    private func data(_ plan: PipelinePlan) -> [Assessment.Data] {
        let inputs = plan.steps.flatMap(\.keyInputs).filter { $0.mode != "stored" }
        let unique = Dictionary(inputs.map { ($0.path, $0.content) }) { first, _ in first }
        return unique.map { Assessment.Data(path: $0.key, digest: $0.value) }
            .sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }
}

/// Why a complete pipeline gave no version.
package struct BuildProblem: Error, Hashable, Sendable {
    package let message: String
    package init(_ message: String) { self.message = message }
}
