@testable import HeadgateCore

/// A durable ledger without a file: the rows of a commit all at once, under the invariants of the real schema.
struct SimulatedLedger {
    private(set) var sources: [SourceName: SourceRecord] = [:]
    private(set) var objects: [ObjectID: StoredObject] = [:]
    private(set) var runs: [RunID: Run] = [:]
    private(set) var steps: [StepKey: StepRecord] = [:]
    private(set) var versions: [VersionID: VersionRecord] = [:]
    private(set) var assessments: [AssessmentID: Assessment] = [:]
    private(set) var verdicts: [RecordedVerdict.Key: RecordedVerdict] = [:]
    private(set) var deployments: [DeploymentID: DeploymentRecord] = [:]
    private(set) var models: [ModelID: ModelStatus] = [:]
    private(set) var overrides: [Override] = []
    private(set) var commits = 0
    private var liveRuns: [StepKey: RunID] = [:]

    /// Writes one transaction; gives why the schema refuses it, if so.
    mutating func commit(_ records: [LedgerRecord]) -> String? {
        commits += 1
        for record in records {
            if let refusal = apply(record) { return refusal }
        }
        return nil
    }

    private mutating func apply(_ record: LedgerRecord) -> String? {
        switch record {
        case .source(let row): sources[row.name] = row
        case .object(let row): objects[row.id] = row
        case .objectRemoved(let id): objects[id] = nil
        case .run(let row):
            if row.isLive {
                if let other = liveRuns[row.key], other != row.id { return "I2: \(other) and \(row.id) live together" }
                liveRuns[row.key] = row.id
            } else if liveRuns[row.key] == row.id {
                liveRuns[row.key] = nil
            }
            runs[row.id] = row
        case .step(let row): if steps[row.key] == nil { steps[row.key] = row }
        case .stepForgotten(let key): if steps[key]?.result == nil { steps[key] = nil }
        case .version(let row): if versions[row.id] == nil { versions[row.id] = row }
        case .assessment(let row): if assessments[row.id] == nil { assessments[row.id] = row }
        case .verdict(let row): verdicts[row.key] = row
        case .deployment(let row): deployments[row.id] = row
        case .deploymentRemoved(let id): deployments[id] = nil
        case .modelStatus(let row): models[row.id] = row
        case .override(let row): overrides.append(row)
        case .event: break
        }
        return nil
    }

    /// What a process reads when it starts: of runs, the live ones and the last of each key without a result.
    func load() -> LedgerContents {
        var contents = LedgerContents()
        contents.sources = sources.values.sorted { $0.name < $1.name }
        contents.objects = objects.values.sorted { $0.id < $1.id }
        var last: [StepKey: Int] = [:]
        for run in runs.values { last[run.key] = max(last[run.key] ?? 0, run.attempt) }
        contents.runs = runs.values.filter { $0.isLive || (steps[$0.key] == nil && last[$0.key] == $0.attempt) }
            .sorted { $0.id < $1.id }
        contents.steps = steps.values.sorted { $0.key < $1.key }
        contents.versions = versions.values.sorted { $0.id < $1.id }
        contents.assessments = assessments.values.sorted { $0.id < $1.id }
        contents.verdicts = verdicts.values.sorted { $0.recorded < $1.recorded }
        contents.deployments = deployments.values.sorted { $0.id < $1.id }
        contents.modelStatuses = models.values.sorted { $0.id < $1.id }
        contents.overrides = overrides
        return contents
    }

    func model(_ id: ModelID) -> Object<ModelSpec>? {
        guard case .model(let object)? = objects[ObjectID(id)]?.spec else { return nil }
        return object
    }

    func deployment(_ id: DeploymentID) -> Object<DeploymentSpec>? {
        guard case .deployment(let object)? = objects[ObjectID(id)]?.spec else { return nil }
        return object
    }

    func target(_ id: TargetID) -> Object<TargetSpec>? {
        guard case .target(let object)? = objects[ObjectID(id)]?.spec else { return nil }
        return object
    }

    func policy(_ id: PolicyID) -> Object<PolicySpec>? {
        guard case .policy(let object)? = objects[ObjectID(id)]?.spec else { return nil }
        return object
    }
}
