import HeadgateCore
import HeadgateManifest
import HeadgateReport

/// Says what a change would do and asks the gates: from two snapshots and what is known to a report.
struct ChangeReview {
    let source: SourceName
    let base: DesiredState
    /// Nil when head is the first commit.
    let baseCommit: ReviewReport.Commit?
    let head: Snapshot
    /// Where head's manifests are read once more, for the places of steps and tests of policies.
    let repository: any SourceRepository
    /// The folder of the manifests.
    let folder: RepositoryPath
    let knowledge: any ChangeKnowledge
    /// Runs what is missing; nil when nothing is trained.
    let training: ChangeTraining?
    /// Whether tests of policies that the change touches are run.
    let runsPolicyTests: Bool
    let protected: ProtectedPolicies
    let given: GivenEvidence
    let now: Instant

    func report() async throws -> ReviewReport {
        let host = head.desired.hostFacts
        let planner = Planner(host: host)
        let first = plan(planner, [:])
        let models = concerned(first)
        var known: [StepKey: StepRecord] = [:]
        var taken: [ReviewReport.Execution] = []
        for name in models.sorted() { taken += await learn(name, host, &known) }
        let planned = known.isEmpty ? first : plan(planner, known)

        var report = ReviewReport(
            base: baseCommit,
            head: ReviewReport.Commit(id: head.commit.commit, subject: head.commit.subject),
            diagnostics: RepositoryCheck(source: source, desired: head.desired, protected: protected).diagnostics)
        var settled = planned
        let judge = SubjectJudge(
            source: source, base: base, head: head, protected: protected, given: given, now: now)
        if let training {
            let open = Set(planned.filter { $0.action == .run || $0.action == .wait }.compactMap(modelName))
                .union(assumed(planned, known))
            // As a controller does not run what a policy refuses beforehand.
            let refusals = open.reduce(into: [:]) { $0[$1] = judge.refusalToTrain($1) }
            let wanted = open.subtracting(refusals.keys)
            // From the first step on: what the store has is taken with its outputs, which later steps read.
            let ran = try await training.complete(source, head.desired.models.filter { wanted.contains($0.key) })
            // Those say the same of what a training took from the store.
            taken.removeAll { item in wanted.contains { $0.text == item.model.name } }
            taken += refusals.flatMap { name, reason in
                let id = ModelID(source: source, name: name)
                return head.desired.models[name].map { training.skipped(id, $0, known, reason: reason) } ?? []
            }
            known.merge(ran.records) { _, ran in ran }
            report.executions = (taken + ran.executions).sorted { $0.model < $1.model }
            settled = plan(planner, known)
        } else {
            report.executions = taken
        }
        // By the first plan: results that a store has do not make a change of what asks for them.
        report.changes = changes(first, settled)
        report.diagnostics += try await links()
        try await locateSteps(in: &report)
        let tests = try await ChangePolicyTests(
            repository: repository, folder: folder, base: baseCommit?.id, head: head.commit.commit,
            removed: Set(base.policies.keys).subtracting(head.desired.policies.keys)
        ).results(running: runsPolicyTests)
        report.diagnostics += tests.problems
        report.policyTests = tests.cases
        report.notes = await notes(report.executions)
        let pipelines = PipelinePlanner(host: host)
        // By the first plan, too: with other results than base's the same version has its gates before it again, and what
        // a shared store knows of them must not hide that.
        let moving = Set((first + planned + settled).filter(\.movesVersions).map(\.object))
        let judged = await subjects(models, moving, known, VersionBuilder(planner: pipelines), judge)
        report.subjects = judged.subjects
        for note in judged.notes where !report.notes.contains(note) { report.notes.append(note) }
        report.nameObstacles()
        report.notes += waits(report.subjects, planned)
        return report
    }

    private func plan(_ planner: Planner, _ known: [StepKey: StepRecord]) -> [PlannedChange] {
        planner.plan(
            source, head.desired, base: base, known: PlanKnowledge(steps: known), revision: head.revision,
            commit: head.commit, now: now)
    }

    /// Models that roll out with results which base asked for, perhaps of another Model, and which nobody has.
    private func assumed(_ changes: [PlannedChange], _ known: [StepKey: StepRecord]) -> Set<ModelName> {
        let served = changes.filter { $0.action == .rollOut }.compactMap { change in
            DeploymentName(change.object.name).flatMap { head.desired.deployments[$0]?.spec.model }
        }
        let planner = PipelinePlanner(host: head.desired.hostFacts)
        return Set(served).filter { name in
            guard let model = head.desired.models[name] else { return false }
            let plan = planner.plan(ModelID(source: source, name: name), model) { known[$0] }
            return plan.steps.contains { $0.record == nil }
        }
    }

    /// Files of manifests that became links, which nobody follows: what they declared leaves.
    private func links() async throws(SourceError) -> [Diagnostic] {
        let now = head.desired.locations(of: source)
        let files = Set(base.locations(of: source).filter { now[$0.key] == nil }.values.map(\.file)).sorted()
        let entries = try await repository.entries(files, at: head.commit.commit)
        return files.filter { entries[$0]?.mode == .link }.map { file in
            Diagnostic(
                .warning, code: "symbolic-link",
                "this is a symbolic link now, which is not followed: what the file declared leaves the repository",
                at: SourceLocation(file: file, line: 1, column: 1))
        }
    }

    private func modelName(_ change: PlannedChange) -> ModelName? {
        change.object.kind == .model ? ModelName(change.object.name) : nil
    }

    // MARK: What is known

    /// Looks up the results of a Model's steps, each of which may reveal the next one's key.
    ///
    /// - Returns: The results that were taken.
    private func learn(
        _ name: ModelName, _ host: HostFacts, _ known: inout [StepKey: StepRecord]
    ) async -> [ReviewReport.Execution] {
        guard let model = head.desired.models[name] else { return [] }
        let id = ModelID(source: source, name: name)
        var asked: Set<StepKey> = []
        while true {
            let plan = PipelinePlanner(host: host).plan(id, model) { known[$0] }
            let open = plan.steps.filter { $0.record == nil }.compactMap { step in
                step.key.flatMap { asked.insert($0).inserted ? (step.spec.name, $0) : nil }
            }
            if open.isEmpty {
                return plan.steps.compactMap { step in
                    step.record?.result.map { ChangeTraining.execution(of: $0, step.spec, id, model) }
                }
            }
            for (step, key) in open { known[key] = await knowledge.result(of: step, key: key, in: id) }
        }
    }

    // MARK: What it does

    /// Steps as they were planned before anything ran, everything else as it is now.
    private func changes(_ planned: [PlannedChange], _ settled: [PlannedChange]) -> [ReviewReport.Change] {
        let all = planned.filter { $0.step != nil } + settled.filter { $0.step == nil }
        // What is made before where it goes; sorting is stable, so steps stay in their order.
        let order: [Kind] = [.model, .deployment, .policy, .target]
        return all.keepingUnaskable(in: head.desired).sorted { left, right in
            let kinds = [left, right].map { order.firstIndex(of: $0.object.kind) ?? order.count }
            return kinds[0] != kinds[1] ? kinds[0] < kinds[1] : left.object.name < right.object.name
        }.map { change in
            ReviewReport.Change(
                change, at: head.desired.location(of: change.object) ?? base.location(of: change.object),
                strategy: strategy(of: change))
        }
    }

    /// Names each step's own line instead of its Model's.
    private func locateSteps(in report: inout ReviewReport) async throws(SourceError) {
        let steps = report.changes.filter { $0.change.step != nil }
        let files = Set(steps.compactMap(\.location?.file) + report.executions.compactMap(\.location?.file))
        let entries = try await repository.entries(files.sorted(), at: head.commit.commit)
        let contents = try await repository.read(
            Set(entries.values.map(\.id)).sorted(), limit: ManifestParser.maxFileSize)
        var places: [RepositoryPath: StepPlaces] = [:]
        for (file, entry) in entries { places[file] = contents[entry.id].map { StepPlaces($0, file: file) } }
        func place(_ model: String, _ step: StepName?, _ location: SourceLocation?) -> SourceLocation? {
            guard let file = location?.file, let step, let name = ModelName(model) else { return location }
            return places[file]?[name, step] ?? location
        }
        for index in report.changes.indices {
            let item = report.changes[index]
            report.changes[index].location = place(item.change.object.name, item.change.step, item.location)
        }
        for index in report.executions.indices {
            let item = report.executions[index]
            report.executions[index].location = place(item.model.name, item.step, item.location)
        }
    }

    private func strategy(of change: PlannedChange) -> String? {
        guard change.object.kind == .deployment, let name = DeploymentName(change.object.name),
            let strategy = head.desired.deployments[name]?.spec.strategy
        else { return nil }
        let isNew = base.deployments[name].map { $0.spec.strategy != strategy } ?? false
        return change.action == .rollOut || change.action == .none && isNew ? strategy.summary : nil
    }

    // MARK: What the gates say

    /// Every subject with its gates' answers, and notes on them.
    private func subjects(
        _ models: Set<ModelName>, _ moving: Set<ObjectID>, _ known: [StepKey: StepRecord], _ builder: VersionBuilder,
        _ judge: SubjectJudge
    ) async -> (subjects: [JudgedSubject], notes: [String]) {
        var subjects: [JudgedSubject] = []
        var notes: [String] = []
        for (name, deployment) in deploymentsByModel() where models.contains(name) {
            guard let model = head.desired.models[name] else { continue }
            let id = ModelID(source: source, name: name)
            let plan = builder.planner.plan(id, model) { known[$0] }
            let candidate = CandidateEvidence(
                id, model, plan, builder: builder, head: head, given: given.candidates?[name.text]?.metrics,
                reports: given.candidates?[name.text]?.reports == nil ? nil : given.reports[name.text], now: now)
            let (champion, untold, published, isAside) = await champion(of: deployment, model: id)
            let moves =
                moving.contains(ObjectID(id))
                || deployment.map { moving.contains(ObjectID(DeploymentID(source: source, name: $0))) } ?? false
            let subject = SubjectJudge.Subject(
                model: name, deployment: deployment, candidate: candidate, champion: champion, untold: untold,
                trains: moving.contains(ObjectID(id)), moves: moves)
            var judged = judge.judge(subject)
            if let published, case .known(let evidence) = champion {
                judged.championNote = "The champion is \(evidence.version.short), as published at \(published.rfc3339)."
            }
            notes += self.notes(on: judged, subject, isChampionAside: isAside, judge)
            if moves || !judged.gates.isEmpty { subjects.append(judged) }
        }
        return (subjects, notes)
    }

    /// The published champion, else the one that is given; whether that is left aside.
    private func champion(
        of deployment: DeploymentName?, model: ModelID
    ) async -> (ChampionEvidence, untold: Set<String>, published: Instant?, isAside: Bool) {
        guard let deployment else { return (.unknown("no Deployment serves this Model"), [], nil, false) }
        let (known, published) = await knowledge.champion(of: DeploymentID(source: source, name: deployment))
        guard let entry = given.champions?[deployment.text] else { return (known, [], published, false) }
        guard case .unknown = known else { return (known, [], published, true) }
        guard let entry else { return (.none, [], nil, false) }
        let (champion, untold) = CandidateEvidence.givenChampion(model, entry.metrics, head: head, now: now)
        return (champion, untold, nil, false)
    }
}

extension PlannedChange {
    /// Whether a version comes of it that is made or moved, which gates have to admit.
    fileprivate var movesVersions: Bool {
        switch action {
        case .run, .wait, .refused, .rollOut, .restore, .move: true
        case .none, .cached, .resize, .judge, .apply, .create, .prune, .confirm, .held, .keep, .error: false
        }
    }
}
