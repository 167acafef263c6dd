import HeadgateCore
import HeadgateReport

/// Asks the gates of what a plan would change, with what the ledger knows.
struct PlannedGates {
    let source: SourceName
    let snapshot: Snapshot
    /// What is in force; policies of both sides are asked.
    let base: DesiredState?
    let contents: LedgerContents?
    let host: HostFacts
    let now: Instant

    /// The changes with their gates' answers beside those that have gates to pass.
    func asked(of changes: [PlannedChange]) -> [PlannedChange] {
        let training = Set(changes.filter { $0.action == .run || $0.action == .wait }.compactMap(modelName))
        let served = Set(snapshot.desired.deployments.values.map(\.spec.model))
        var models: Set<ModelName> = []
        return changes.map { change in
            var change = change
            switch change.object.kind {
            case .deployment where change.action == .rollOut || change.action == .restore || change.action == .move:
                guard let name = DeploymentName(change.object.name), let object = snapshot.desired.deployments[name]
                else { return change }
                change.gates = gates(object.spec.model, name, trains: training.contains(object.spec.model))
            case .model where training.contains { $0.text == change.object.name }:
                // A Model without a Deployment is asked once, at its first step.
                guard let name = modelName(change), !served.contains(name), models.insert(name).inserted else {
                    return change
                }
                change.gates = gates(name, nil, trains: true)
            case .deployment, .model, .policy, .target: break
            }
            return change
        }
    }

    private func modelName(_ change: PlannedChange) -> ModelName? {
        change.object.kind == .model ? ModelName(change.object.name) : nil
    }

    private func gates(_ model: ModelName, _ deployment: DeploymentName?, trains: Bool) -> [PlannedGate]? {
        guard let object = snapshot.desired.models[model] else { return nil }
        let id = ModelID(source: source, name: model)
        let builder = VersionBuilder(planner: PipelinePlanner(host: host))
        let known = contents.map(PlanKnowledge.init)?.steps ?? [:]
        let plan = builder.planner.plan(id, object) { known[$0] }
        let judge = SubjectJudge(
            source: source, base: base ?? snapshot.desired, head: snapshot, protected: .none, given: GivenEvidence(),
            now: now)
        let judged = judge.judge(
            SubjectJudge.Subject(
                model: model, deployment: deployment,
                candidate: CandidateEvidence(
                    id, object, plan, builder: builder, head: snapshot, given: nil, now: now),
                champion: champion(of: deployment), untold: [], trains: trains))
        let answers = judged.gates.compactMap { gate in
            gate.decisive.map { answer in
                PlannedGate(
                    policy: gate.policy, moment: gate.moment, action: answer.action, outcome: answer.outcome,
                    message: answer.message, open: answer.forecast)
            }
        }
        return answers.isEmpty ? nil : answers
    }

    private func champion(of deployment: DeploymentName?) -> ChampionEvidence {
        guard let deployment, let contents else { return .unknown("there is no ledger to ask") }
        let id = DeploymentID(source: source, name: deployment)
        guard let champion = contents.deployments.first(where: { $0.id == id })?.champion,
            let version = contents.versions.first(where: { $0.id == champion.version }),
            let assessment = contents.assessments.first(where: { $0.id == champion.assessment })
        else { return .unknown("the ledger knows of none, and the target is not asked") }
        return .known(VersionEvidence(version, assessment))
    }
}

extension PlannedGates {
    /// One line of the table of gates.
    struct Row: Encodable {
        let object: ObjectID
        let gate: PlannedGate
    }

    static let columns: [Column<Row>] = [
        Column("GATE") { "\($0.gate.policy) (\($0.gate.moment.rawValue))" },
        Column("OF") { "\($0.object)" },
        Column("ANSWER") { row in
            let isWaiting = row.gate.outcome == .inconclusive && !row.gate.open.isEmpty
            return (isWaiting ? "waits" : row.gate.outcome.rawValue)
                + (row.gate.action == .deny ? "" : " (\(row.gate.action.rawValue))")
        },
        Column("WAITS FOR") { row in
            var paths: [String] = []
            for path in row.gate.open.flatMap(\.waitsFor) where !paths.contains(path) { paths.append(path) }
            return paths.isEmpty ? "-" : paths.joined(separator: ", ")
        },
        Column("STILL TO HOLD") { $0.gate.summary },
    ]
}
