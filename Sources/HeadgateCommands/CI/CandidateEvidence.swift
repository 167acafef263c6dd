import HeadgateCore

/// What can be told of the version that head asks for, trained or not.
struct CandidateEvidence {
    let evidence: VersionEvidence?
    /// What is still to come, as paths of evidence.
    let untold: Set<String>
    let isComplete: Bool
    /// What was given by file and is left aside, as paths of evidence, since steps report something else.
    var leftAside: [String] = []

    /// Nothing to tell, as for a Model that is not there.
    static let none = CandidateEvidence(evidence: nil, untold: [], isComplete: false)

    private init(evidence: VersionEvidence?, untold: Set<String>, isComplete: Bool) {
        self.evidence = evidence
        self.untold = untold
        self.isComplete = isComplete
    }

    /// - Parameters:
    ///   - id: The Model.
    ///   - model: As head has it.
    ///   - plan: With every result that is known.
    ///   - builder: Makes versions.
    ///   - head: The commit that is judged.
    ///   - given: Metrics by file, for what no step reports.
    ///   - reports: Reports by file, for what no step reports.
    ///   - now: The time.
    init(
        _ id: ModelID, _ model: Object<ModelSpec>, _ plan: PipelinePlan, builder: VersionBuilder, head: Snapshot,
        given: [String: JSONValue]?, reports: [String: JSONValue]? = nil, now: Instant
    ) {
        if plan.isComplete, !plan.steps.contains(where: { $0.record?.isAssumed == true }),
            case .success(let (version, assessment)) = builder.build(
                id, model, plan, revision: head.revision, commit: head.commit, now: now)
        {
            var evidence = VersionEvidence(version, assessment)
            let metrics = Self.measured(evidence.metrics, filledWith: given ?? [:])
            let reports = Self.measured(.object(evidence.reports), filledWith: reports ?? [:])
            evidence.metrics = metrics.value
            if case .object(let members) = reports.value { evidence.reports = members }
            self.init(evidence: evidence, untold: [], isComplete: true)
            leftAside = metrics.leftAside.map { "metrics.\($0)" } + reports.leftAside.map { "reports.\($0)" }
            return
        }
        var evidence = Self.promised(id, plan, head: head, now: now)
        var untold = Set(Self.promisedLater)
        if let given { evidence.metrics = .object(given) } else { untold.insert("metrics") }
        if let reports {
            evidence.reports = reports
            untold.remove("reports")
        }
        if plan.steps.contains(where: { $0.key == nil }) { untold.insert("data") }
        self.init(evidence: evidence, untold: Set(untold.map { "candidate.\($0)" }), isComplete: false)
    }

    /// A champion of which only metrics were given; the rest of it is unknown.
    static func givenChampion(
        _ model: ModelID, _ metrics: [String: JSONValue], head: Snapshot, now: Instant
    ) -> (ChampionEvidence, Set<String>) {
        var evidence = promised(model, PipelinePlan(steps: [], problems: []), head: head, now: now)
        evidence.metrics = .object(metrics)
        evidence.declared = nil
        return (.known(evidence), Set((promisedLater + ["data", "params"]).map { "champion.\($0)" }))
    }

    /// What only a version that was made has.
    private static let promisedLater = [
        "version", "digest", "size", "files", "formats", "provenance", "created", "reports",
    ]

    /// What steps report with what a file gives besides, at any depth; and what it gives of which they say otherwise.
    private static func measured(
        _ measured: JSONValue, filledWith given: [String: JSONValue]
    ) -> (value: JSONValue, leftAside: [String]) {
        let leftAside = given.keys.sorted().filter { name in
            let one = JSONValue.object([name: given[name] ?? .null])
            guard case .object(let members) = measured, let value = members[name] else { return false }
            let other = JSONValue.object([name: value])
            return one.overlaid(with: other) != other.overlaid(with: one)
        }
        return (JSONValue.object(given).overlaid(with: measured), leftAside)
    }

    /// What is known before anything is trained: params, data, and which metrics are declared.
    private static func promised(_ id: ModelID, _ plan: PipelinePlan, head: Snapshot, now: Instant) -> VersionEvidence {
        let nothing = Digest.of([])
        let artifact = StoredArtifact(tree: TreeDigest(nothing), size: 0, fileCount: 0, formats: [])
        let bundle = ServingBundle(
            artifact: artifact.tree, artifactPath: "", inputs: [], serve: nil, environment: nil, source: id.source)
        let version = VersionRecord(
            id: VersionID(nothing), model: id, bundle: bundle, artifact: artifact, created: now,
            revision: head.revision)
        let params = plan.steps.reduce(into: [String: JSONValue]()) { params, step in
            params.merge(step.spec.params) { first, _ in first }
        }
        let inputs = plan.steps.flatMap(\.keyInputs).filter { $0.mode != "stored" }
        let data = Dictionary(inputs.map { ($0.path, $0.content) }) { first, _ in first }
            .sorted { $0.key < $1.key }.map { Assessment.Data(path: $0.key, digest: $0.value) }
        let assessment = Assessment(
            id: AssessmentID(nothing), version: version.id, model: id, metrics: .object([:]),
            declared: plan.steps.map(\.spec).declaredMetrics, params: .object(params), data: data, steps: [],
            revision: head.revision, commit: head.commit, created: now)
        return VersionEvidence(version, assessment)
    }
}
