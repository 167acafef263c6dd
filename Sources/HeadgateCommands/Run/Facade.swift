import Foundation
import HeadgateAPI
import HeadgateController
import HeadgateCore
import HeadgateRouter
import HeadgateServer

/// Answers the API from the controller's state and the ledger.
struct Facade: ControllerFacade {
    let controller: Controller
    let watchers: [SourceName: SourceWatcher]
    let urls: [SourceName: String]
    let ledger: any LedgerReader
    let planner: PipelinePlanner
    let reverts: RevertCommits
    let desk: MaintenanceDesk
    let webhooks: Webhooks
    let logPath: @Sendable (RunID) -> String
    let targets: Targets
    let stateFolder: String
    let started: Instant
    let routers: @Sendable () async -> [RouterStatus]
    let routerRestarts: @Sendable () async -> [String: ServerRestarts]

    func status() async -> StatusResource {
        let state = await controller.state
        let sources = urls.keys.sorted().map { name in
            let record = state.sources[name]
            return SourceResource(
                name: name.text, url: urls[name] ?? "", revision: record?.revision?.description,
                subject: record?.commit?.subject, problem: record?.problem, diagnostics: record?.diagnostics ?? [],
                unconfirmed: (state.unconfirmed[name] ?? []).map(\.description))
        }
        return StatusResource(
            version: headgateVersion, pid: ProcessInfo.processInfo.processIdentifier, started: started,
            state: stateFolder, problem: await controller.stoppedBy, sources: sources)
    }

    func models() async -> [ModelResource] {
        let state = await controller.state
        return state.models.sorted { $0.key < $1.key }.map { id, object in
            let status = state.modelStatuses[id]
            return ModelResource(
                name: id.name.text, source: id.source.text, labels: object.meta.labels,
                revision: status?.revision?.description, version: status?.version?.description,
                metrics: status?.assessment.flatMap { state.assessments[$0]?.metrics },
                file: object.meta.location.description, conditions: status?.conditions ?? [],
                policies: object.spec.policies.map(\.text), steps: steps(id, object, state),
                verdicts: state.verdictsAtPlan(of: id))
        }
    }

    private func steps(_ id: ModelID, _ object: Object<ModelSpec>, _ state: ReconcilerState) -> [StepResource] {
        planner.plan(id, object) { state.steps[$0] }.steps.map { step in
            let run = step.key.flatMap { state.attempts[$0] }
            let name: String
            switch step.record?.outcome {
            case .succeeded: name = "succeeded"
            case .failed: name = "failed"
            case .errored: name = "errored"
            case nil: name = run.map { RunResource($0).state } ?? "pending"
            }
            return StepResource(
                name: step.spec.name.text, key: step.key?.description, state: name,
                run: step.record?.run.text ?? run?.id.text)
        }
    }

    func versions(of model: String?) async -> [VersionResource] {
        let state = await controller.state
        return state.versions.values.filter { model == nil || $0.model.name.text == model }
            .sorted { ($1.created, $1.id) < ($0.created, $0.id) }
            .compactMap { resource($0, state) }
    }

    private func resource(_ version: VersionRecord, _ state: ReconcilerState) -> VersionResource? {
        let assessment = state.assessments.values.filter { $0.version == version.id }
            .max { $0.created < $1.created }
        let serving = state.records.values.filter { $0.champion?.version == version.id }.map(\.id.name.text).sorted()
        return VersionResource(
            version: version.id.description, model: version.model.name.text, revision: version.revision.description,
            created: version.created, artifact: version.artifact, metrics: assessment?.metrics ?? .object([:]),
            params: assessment?.params ?? .object([:]), serving: serving)
    }

    func deployments() async -> [DeploymentResource] {
        let state = await controller.state
        return state.deployments.keys.sorted().compactMap { DeploymentView.resource($0, state) }
    }

    func targets() async -> [TargetResource] {
        let state = await controller.state
        return state.targets.sorted { $0.key < $1.key }.map { id, object in
            var resource = TargetResource(
                name: id.name.text, source: id.source.text, type: "local",
                deployments: state.deployments.filter { $0.key.source == id.source && $0.value.spec.target == id.name }
                    .count, file: object.meta.location.description)
            switch object.spec.provider {
            case .local: break
            case .openInference(let spec):
                resource.type = "openInference"
                resource.servers = spec.endpoints.map(\.url)
                resource.repository = spec.repository
            case .exec(let spec): resource.type = "exec \(spec.program)"
            }
            return resource
        }
    }

    func policies() async -> [PolicyResource] {
        let state = await controller.state
        return state.policies.sorted { $0.key < $1.key }.map { id, object in
            let guarded = state.deployments.filter { deployment in
                guard deployment.key.source == id.source else { return false }
                let model = state.models[ModelID(source: id.source, name: deployment.value.spec.model)]
                let named = deployment.value.spec.policies + (model?.spec.policies ?? [])
                let labels = [deployment.value.meta.labels, model?.meta.labels ?? [:]]
                return named.contains(id.name) || labels.contains { object.spec.match?.selects($0) ?? false }
            }
            return PolicyResource(
                name: id.name.text, source: id.source.text, digest: state.policyDigests[id]?.description ?? "",
                at: object.spec.at.map(\.rawValue), action: object.spec.action.rawValue,
                rules: object.spec.rules.map(\.name), guards: guarded.keys.map(\.name.text).sorted(),
                problem: state.quarantined[ObjectID(id)]?.summary, file: object.meta.location.description)
        }
    }

    func runs(of model: String?, limit: Int) async throws -> [RunResource] {
        let all = try await ledger.runs(model: nil, step: nil, limit: min(max(limit, 1), 10_000))
        return all.filter { model == nil || $0.launch.model.name.text == model }.map(RunResource.init)
    }

    func events(after id: Int64?, object: String?, limit: Int) async throws -> [EventResource] {
        var wanted: ObjectID?
        if let object { wanted = try await objectID(object) }
        return try await ledger.events(after: id, object: wanted, limit: min(max(limit, 1), 10_000))
            .map { EventResource(id: $0.id, event: $0.event) }
    }

    // `Kind/name`, or `Kind/source/name` where several sources have one.
    private func objectID(_ text: String) async throws -> ObjectID {
        let parts = text.split(separator: "/", maxSplits: 2).map(String.init)
        guard parts.count >= 2, let kind = Kind(rawValue: parts[0]) else {
            throw APIProblem(.invalid, "\(text) is not an object: write Kind/name")
        }
        let state = await controller.state
        if parts.count == 3, let source = SourceName(parts[1]) {
            return ObjectID(source: source, kind: kind, name: parts[2])
        }
        let ids = urls.keys.sorted().map { ObjectID(source: $0, kind: kind, name: parts[1]) }
        let known = ids.filter { state.object($0) != nil }
        guard known.count <= 1 else {
            let names = known.map { "\(kind.rawValue.lowercased())/\($0.source)/\($0.name)" }
            throw APIProblem(.invalid, "several sources have \(text): write \(names.joined(separator: " or "))")
        }
        guard let chosen = known.first ?? ids.first else { throw APIProblem(.failed, "no source is configured") }
        return chosen
    }

    func history(of deployment: String) async throws -> [Champion] {
        try await ledger.history(try await deploymentID(deployment), limit: 1000)
    }

    func trace(_ deployment: String) async throws -> TraceResource {
        let id = try await deploymentID(deployment)
        let state = await controller.state
        guard let champion = state.records[id]?.champion, let version = state.versions[champion.version],
            let assessment = state.assessments[champion.assessment], let resource = resource(version, state)
        else { throw APIProblem(.notFound, "nothing serves on \(deployment) yet") }
        var runs: [RunResource] = []
        for step in assessment.steps {
            if let run = try await ledger.run(step.run) { runs.append(RunResource(run)) }
        }
        let verdicts = state.verdicts.values.filter { $0.deployment == id && $0.version == champion.version }
        return TraceResource(
            deployment: deployment, version: resource, assessment: assessment, champion: champion, runs: runs,
            verdicts: verdicts.sorted { $0.verdict.policy < $1.verdict.policy })
    }

    func verdict(_ name: String) async throws -> VerdictResource {
        try await VerdictLookup(ledger: ledger).find(name)
    }

    func deploymentID(_ name: String) async throws -> DeploymentID {
        let state = await controller.state
        let found = state.records.keys.sorted().filter { $0.name.text == name || "\($0.source)/\($0.name)" == name }
        guard found.count <= 1 else {
            let names = found.map { "\($0.source)/\($0.name)" }.joined(separator: " or ")
            throw APIProblem(.invalid, "several sources have a Deployment named \(name): write \(names)")
        }
        guard let id = found.first else { throw APIProblem(.notFound, "there is no Deployment named \(name)") }
        return id
    }

    func log(of run: String, from offset: Int) async throws -> LogChunk {
        guard let id = RunID(run), let known = try await ledger.run(id) else {
            throw APIProblem(.notFound, "there is no run \(run)")
        }
        guard let file = FileHandle(forReadingAtPath: logPath(id)) else {
            return LogChunk(text: "", next: offset, ended: !known.isLive)
        }
        defer { try? file.close() }
        try file.seek(toOffset: UInt64(max(0, offset)))
        let data = LogChunk.whole(try file.read(upToCount: 256 << 10) ?? Data(), isLast: !known.isLive)
        return LogChunk(
            text: String(decoding: data, as: UTF8.self), next: offset + data.count, ended: !known.isLive)
    }

    func obey(_ command: Command) async throws -> CommandAnswer {
        let events = await controller.perform(command)
        let ignored = RolloutNote.Kind.ignored.rawValue
        if let refusal = events.first(where: { $0.reason.hasSuffix("Refused") || $0.reason == ignored }) {
            throw APIProblem(.refused, refusal.message)
        }
        return CommandAnswer(done: events.map { "\($0.reason): \($0.message)" })
    }

    func revert(_ request: RevertRequest) async throws -> CommandAnswer {
        let pushed = try await reverts.takeBack(request, await controller.state)
        watchers[request.deployment.source]?.nudge()
        let commits = pushed.reverted.map(\.short).joined(separator: ", ")
        let how = pushed.isSigned ? "" : "; the commit is not signed"
        return CommandAnswer(done: [
            "Reverted: \(commits) by \(pushed.revision.short), for version \(pushed.version.short)\(how)"
        ])
    }

    func maintain(_ request: MaintenanceRequest) async throws -> MaintenanceStatus { try desk.begin(request) }

    func maintenance(_ number: Int?) async -> MaintenanceStatus? { desk.status(of: number) }

    func reconcile(source: String) async throws {
        guard let name = SourceName(source), let watcher = watchers[name] else {
            throw APIProblem(.notFound, "there is no source named \(source)")
        }
        watcher.nudge()
    }

    func webhook(_ name: String, headers: [String: String], body: [UInt8]) async -> Bool {
        guard let source = webhooks.verify(name, headers: headers, body: body), let watcher = watchers[source] else {
            return false
        }
        watcher.nudge()
        return true
    }

    func isReady() async -> Bool {
        let state = await controller.state
        return urls.keys.allSatisfy { state.sources[$0] != nil }
    }

    func metrics() async -> String {
        let own = MetricsText.text(
            await controller.state, stopped: await controller.stoppedBy != nil, looks: watchers.mapValues(\.looks),
            routers: await routerRestarts())
        return own + RouterMetricsText.of(await routers())
    }
}

extension LogChunk {
    /// Without the beginning of a character at the end, whose rest is yet to come.
    static func whole(_ data: Data, isLast: Bool) -> Data {
        guard !isLast || data.count == 256 << 10 else { return data }
        for back in 1...3 where back <= data.count {
            let byte = data[data.endIndex - back]
            guard byte & 0xC0 == 0xC0 else { continue }
            let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2
            return length > back && data.count > back ? data.dropLast(back) : data
        }
        return data
    }
}
