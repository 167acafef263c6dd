import HeadgateCore

/// Records as a controller with some models would write them.
struct Samples {
    static let start = Instant(milliseconds: 1_750_000_000_000)
    static let day = Duration.seconds(86_400)

    let source: SourceName
    let python: ResolvedEnvironment
    let revision: Revision
    let commit: CommitFacts

    init?() {
        let hex = String(repeating: "5f3a9c01", count: 5)
        guard let source = SourceName("main"), let id = CommitID(hex) else { return nil }
        self.source = source
        revision = Revision(reference: "main", commit: id)
        commit = CommitFacts(
            commit: id, parents: [id], author: .init(name: "Ada", email: "ada@example.org"),
            committer: .init(name: "Ada", email: "ada@example.org"),
            message: "Grow more trees\n\nThe \"old\" ones were too few.\n", time: Self.start)
        python = ResolvedEnvironment(
            digest: EnvironmentDigest(Self.digest("environment")),
            python: .init(
                interpreter: "python3", requirements: TrackedEntry(mode: .file, id: Self.gitID("requirements.txt")),
                source: source))
    }

    static func digest(_ text: String) -> Digest { Digest.of(Array(text.utf8)) }
    static func gitID(_ text: String) -> String { String(digest(text).hex.prefix(40)) }

    func name<Subject>(_ text: String) -> Name<Subject> {
        guard let name = Name<Subject>(text) else { preconditionFailure("\(text) is not a name") }
        return name
    }

    func model(_ number: Int) -> ModelID { ModelID(source: source, name: name("model-\(number)")) }
    func deployment(_ number: Int) -> DeploymentID { DeploymentID(source: source, name: name("deployment-\(number)")) }

    // MARK: Objects

    func object(_ number: Int) -> StoredObject {
        let folder = "models/team-\(number % 40)/model-\(number)"
        guard let root = RepositoryPath(folder), let file = root.resolving("headgate.yaml") else {
            preconditionFailure("\(folder) is not a path")
        }
        let meta = ObjectMeta(
            labels: ["team": "team-\(number % 40)", "tier": "production"], annotations: [:],
            location: SourceLocation(file: file, line: 2, column: 1))
        let names = ["prepare.py", "train.py", "evaluate.py", "serve.py", "requirements.txt", "data"]
        var tracked: [RepositoryPath: TrackedEntry] = [:]
        for name in names {
            guard let path = root.resolving(name) else { continue }
            tracked[path] = TrackedEntry(
                mode: name == "data" ? .directory : .file, id: Self.gitID("\(name) \(number)"))
        }
        return StoredObject(
            id: ObjectID(model(number)), spec: .model(Object(meta: meta, spec: spec, tracked: tracked)))
    }

    private var spec: ModelSpec {
        let steps = [
            StepSpec(
                name: name("prepare"), command: ["python3", "prepare.py"],
                inputs: [.path("prepare.py"), .path("data/")],
                outputs: ["prepared/"]),
            StepSpec(
                name: name("train"), command: ["python3", "train.py", "--trees", "$(params.trees)"],
                params: ["trees": .integer(200), "rate": .number(1)],
                inputs: [.path("train.py"), .path("prepared/")], outputs: ["model/"], timeout: .seconds(1800)),
            StepSpec(
                name: name("evaluate"), command: ["python3", "evaluate.py"],
                inputs: [.path("evaluate.py"), .path("prepared/"), .path("model/")],
                metrics: MetricsSpec(file: "metrics.json", names: ["accuracy": .double, "latency_p99_ms": .double])),
        ]
        let environment = EnvironmentSpec(python: PythonEnvironment(requirements: "requirements.txt"))
        return ModelSpec(
            pipeline: PipelineSpec(environment: environment, steps: steps), artifact: "model/", serve: serve,
            policies: [name("quality-floor"), name("not-worse-than-champion")])
    }

    private var serve: ServeSpec {
        ServeSpec(
            inputs: ["serve.py"], command: ["python3", "serve.py", "--model", "$(model)", "--port", "$(port)"])
    }

    // MARK: Runs and results

    func runID(_ text: String) -> RunID {
        guard let id = RunID(text) else { preconditionFailure("\(text) is not a run") }
        return id
    }

    func key(_ text: String) -> StepKey { StepKey(Self.digest("key \(text)")) }

    func run(
        _ text: String, attempt: Int = 1, of model: Int = 0, state: Run.State = .succeeded,
        started: Instant = Samples.start
    ) -> Run {
        let key = key(text)
        let launch = StepLaunch(
            run: runID("\(key.digest.hex.prefix(16))-\(attempt)"), key: key, model: self.model(model),
            step: name("train"),
            command: ["python3", "train.py"],
            inputs: [
                WorkspaceInput(
                    path: "train.py",
                    content: .tracked(
                        source: source, entry: TrackedEntry(mode: .file, id: Self.gitID(text)))),
                WorkspaceInput(path: "prepared/", content: .stored(TreeDigest(Self.digest("input \(text)")))),
            ], depth: 0, outputs: ["model/"], metrics: nil, timeout: .seconds(1800), variables: [:], secrets: [],
            environment: python)
        var run = Run(launch: launch, attempt: attempt, started: started)
        run.state = state
        if !run.isLive { run.ended = started + .seconds(60) }
        return run
    }

    func artifact(_ text: String) -> StoredArtifact {
        StoredArtifact(tree: TreeDigest(Self.digest("tree \(text)")), size: 123_456, fileCount: 3, formats: ["pkl"])
    }

    func step(_ text: String, attempt: Int = 1, output: String? = nil, recorded: Instant = Samples.start) -> StepRecord
    {
        let key = key(text)
        let result = StepResult(
            outputs: ["model/": artifact(output ?? text)],
            metrics: .object(["accuracy": .number(0.93), "latency_p99_ms": .number(12)]), started: recorded,
            ended: recorded, environmentLock: Self.digest("lock"))
        return StepRecord(
            key: key, run: runID("\(key.digest.hex.prefix(16))-\(attempt)"), outcome: .succeeded(result),
            recorded: recorded)
    }

    func refusal(_ text: String, recorded: Instant = Samples.start) -> StepRecord {
        let key = key(text)
        return StepRecord(
            key: key, run: runID("\(key.digest.hex.prefix(16))-1"), outcome: .failed(exitCode: 3, message: "no"),
            recorded: recorded)
    }

    // MARK: Versions and what is said of them

    func versionID(_ text: String) -> VersionID { VersionID(Self.digest("version \(text)")) }
    func assessmentID(_ text: String) -> AssessmentID { AssessmentID(Self.digest("assessment \(text)")) }

    func bundle(_ text: String) -> ServingBundle {
        ServingBundle(
            artifact: artifact(text).tree, artifactPath: "model/",
            inputs: [BundleInput(path: "serve.py", entry: TrackedEntry(mode: .file, id: Self.gitID("serve.py")))],
            serve: serve, environment: python, source: source)
    }

    func version(_ text: String, of model: Int = 0, created: Instant = Samples.start) -> VersionRecord {
        VersionRecord(
            id: versionID(text), model: self.model(model), bundle: bundle(text), artifact: artifact(text),
            created: created, revision: revision)
    }

    func assessment(
        _ text: String, version: String? = nil, of model: Int = 0, keys: [String] = [],
        created: Instant = Samples.start
    ) -> Assessment {
        let steps = (keys.isEmpty ? [text] : keys).enumerated().map { index, text in
            let key = key(text)
            return Assessment.Step(
                name: name("step-\(index)"), key: key, run: runID("\(key.digest.hex.prefix(16))-1"))
        }
        return Assessment(
            id: assessmentID(text), version: versionID(version ?? text), model: self.model(model),
            metrics: .object(["accuracy": .number(0.93), "latency_p99_ms": .number(12), "n": .integer(12)]),
            declared: ["accuracy": .double, "latency_p99_ms": .double],
            params: .object(["trees": .integer(200), "rate": .number(1)]),
            data: [Assessment.Data(path: "data/wine.csv", digest: "git:\(Self.gitID("wine"))")], steps: steps,
            revision: revision, commit: commit, created: created)
    }

    func verdict(
        _ outcome: Verdict.Outcome = .pass, policy: String = "quality-floor", digest: String = "policy",
        evidence: String = "evidence", deployment: Int? = 0, version: String? = "v", recorded: Instant = Samples.start
    ) -> RecordedVerdict {
        let verdict = Verdict(
            policy: name(policy), policyDigest: PolicyDigest(Self.digest(digest)), action: .deny, moment: .validate,
            outcome: outcome, evidenceDigest: EvidenceDigest(Self.digest(evidence)), isVolatile: false,
            rules: [
                RuleResult(
                    name: "accuracy", expression: "candidate.metrics.accuracy >= 0.9", outcome: outcome, message: nil,
                    values: [.init(expression: "candidate.metrics.accuracy", value: "0.93")], location: nil)
            ], message: outcome == .pass ? nil : "said no")
        return RecordedVerdict(
            model: model(0), deployment: deployment.map { self.deployment($0) }, version: version.map { versionID($0) },
            assessment: version.map { assessmentID($0) }, champion: nil, verdict: verdict, overridden: false,
            revision: revision, recorded: recorded)
    }

    func champion(_ text: String, since: Instant) -> Champion {
        Champion(
            version: versionID(text), assessment: assessmentID(text), revision: revision, since: since,
            restored: false)
    }

    func record(_ number: Int, champions: [Champion]) -> DeploymentRecord {
        var record = DeploymentRecord(id: deployment(number))
        record.history = champions
        record.champion = champions.last
        record.desired = champions.last?.version
        record.revision = revision
        record.operation = OperationID(7)
        record.conditions = [
            Condition(.ready, .isTrue, reason: "Succeeded", "version serves", since: Self.start),
            Condition(.compliant, .isTrue, reason: "Passed", "all policies pass", since: Self.start),
        ]
        return record
    }

    func status(_ number: Int, _ text: String) -> ModelStatus {
        var status = ModelStatus(id: model(number))
        status.revision = revision
        status.version = versionID(text)
        status.assessment = assessmentID(text)
        status.conditions = [Condition(.ready, .isTrue, reason: "Succeeded", "version \(text)", since: Self.start)]
        return status
    }

    func event(_ message: String, object: ObjectID? = nil) -> LoggedEvent {
        LoggedEvent(.normal, "StepSucceeded", message, object: object, revision: revision, at: Self.start)
    }
}
