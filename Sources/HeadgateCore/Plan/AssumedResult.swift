extension StepRecord {
    /// Stands for a result that nobody here has, so that two desired states can be compared without a ledger.
    ///
    /// What it gives follows from the key alone: equal keys give equal results.
    package static func assumed(_ key: StepKey, of step: StepSpec) -> StepRecord {
        let never = Instant(milliseconds: 0)
        let outputs = step.outputs.map { path in
            var builder = DigestBuilder(domain: "headgate.dev/assumed/1")
            builder.add("step", key.digest)
            builder.add("output", path)
            let tree = TreeDigest(builder.finish())
            return (path, StoredArtifact(tree: tree, size: 0, fileCount: 0, formats: []))
        }
        let result = StepResult(
            outputs: Dictionary(outputs) { first, _ in first }, metrics: nil, started: never, ended: never)
        return StepRecord(key: key, run: .assumed, outcome: .succeeded(result), recorded: never)
    }

    /// Whether nobody here has the result.
    package var isAssumed: Bool { run == .assumed }
}

extension RunID {
    /// No run: see ``StepRecord/assumed(_:of:)``.
    fileprivate static let assumed = RunID(unchecked: "assumed")
}

/// What a desired state gives, taken for granted where no ledger knows better.
struct AssumedState: Sendable {
    /// Known and assumed results by key.
    private(set) var steps: [StepKey: StepRecord] = [:]
    /// The version of each Model whose pipeline can be planned.
    private(set) var versions: [ModelName: VersionRecord] = [:]
    private(set) var plans: [ModelName: PipelinePlan] = [:]

    init() {}

    init(
        _ source: SourceName, _ desired: DesiredState, known: PlanKnowledge, builder: VersionBuilder,
        revision: Revision, commit: CommitFacts, now: Instant
    ) {
        for (name, model) in desired.models {
            let id = ModelID(source: source, name: name)
            let plan = builder.planner.plan(id, model) { key, step in
                // A ledger is asked what has run; what has not is still to run.
                known.isLedger ? nil : known.steps[key] ?? .assumed(key, of: step)
            }
            for step in plan.steps { if let key = step.key { steps[key] = step.record } }
            plans[name] = plan
            guard plan.isComplete,
                case .success(let (version, _)) = builder.build(
                    id, model, plan, revision: revision, commit: commit, now: now)
            else { continue }
            versions[name] = version
        }
    }
}
