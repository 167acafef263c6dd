@testable import HeadgateCore

extension Simulation {
    /// What is not as HEAD asks, by the number of what it breaks; nil when the world has converged.
    func divergence() -> String? {
        guard process != nil else { return "I5: the process is down" }
        let head = git.tip
        if !head.contents.pathMissing, ledger.sources[Names.source]?.revision?.commit != head.id {
            return "I5: HEAD is not in force"
        }
        if let run = ledger.runs.values.filter(\.isLive).map(\.id).min(), !runner.isLive(run, time) {
            return "I9: \(run) ended and still counts as live"
        }
        for launch in runner.live(time) where !isWanted(launch) { return "I4: \(launch.run) runs and nobody wants it" }
        for id in Names.deployments {
            if let problem = ledger.deployment(id) == nil ? leftover(id) : divergence(of: id) { return problem }
        }
        return nil
    }

    private func isWanted(_ launch: StepLaunch) -> Bool {
        [Names.wine, Names.beer].contains { id in
            guard let model = ledger.model(id) else { return false }
            if model.spec.supersede == .finish, launch.model == id { return true }
            return PipelinePlanner(host: Simulation.host).plan(id, model) { ledger.steps[$0] }.steps
                .contains { $0.key == launch.key }
        }
    }

    /// I8: what left the repository is drained everywhere and forgotten.
    private func leftover(_ id: DeploymentID) -> String? {
        if ledger.deployments[id] != nil { return "I8: \(id.name) left the repository and is not forgotten" }
        guard !git.all.contains(where: { $0.contents.orphans }) else { return nil }
        for (name, target) in targets.sorted(by: { $0.key < $1.key }) where target.held[id] != nil {
            return "I8: \(id.name) left the repository and serves on \(name)"
        }
        return nil
    }

    private func divergence(of id: DeploymentID) -> String? {
        guard let object = ledger.deployment(id), let record = ledger.deployments[id] else {
            return "I5: \(id.name) has no record"
        }
        let reason = record.conditions[.ready]?.reason ?? "nothing"
        let status = record.conditions[.ready]?.status
        let modelID = ModelID(source: id.source, name: object.spec.model)
        if object.spec.suspend { return reason == "Suspended" ? nil : "I9: \(id.name) is suspended and says \(reason)" }
        guard ledger.target(TargetID(source: id.source, name: object.spec.target)) != nil else {
            // One in error may name a Target that has another name by now.
            let isInError = watch.inForce?.quarantined[ObjectID(id)] != nil
            return isInError && reason == "TargetNotFound" ? nil : "I5: \(id.name): its target is not in force"
        }
        if let rollout = record.rollout {
            return isBlocked(rollout, record) ? nil : "I9: \(id.name) still rolls out: \(rollout.stage.name)"
        }
        if let problem = unsteady(id, object, record) { return problem }
        guard let model = ledger.model(modelID) else {
            // One that was in error ever since it was first seen has no good spec to keep.
            let isInError = watch.inForce?.quarantined[ObjectID(modelID)] != nil
            return isInError && reason == "ModelNotFound" ? nil : "I11: \(modelID.name) is not in force"
        }
        let plan = PipelinePlanner(host: Simulation.host).plan(modelID, model) { ledger.steps[$0] }
        guard plan.isComplete else {
            let isRefused = plan.steps.contains { step in
                guard let record = step.record, case .failed = runner.processes[record.run]?.outcome else {
                    return false
                }
                return record.result == nil
            }
            let isInError = watch.inForce?.quarantined[ObjectID(Names.floor)] != nil
            if isInError, reason == "GateError" { return nil }
            return isRefused && reason == "StepFailed"
                ? nil : "I5: \(id.name): the pipeline of \(modelID.name) is not done: \(reason)"
        }
        guard let status = status, let version = ledger.models[modelID]?.version,
            let assessment = ledger.models[modelID]?.assessment.flatMap({ ledger.assessments[$0] })
        else { return "I5: \(id.name) has no version" }
        if object.spec.dependsOn.isEmpty == false, reason == "DependencyNotReady" {
            return ledger.deployments[Names.red]?.conditions[.ready]?.status != .isTrue
                ? nil : "I9: \(id.name) waits for what is ready"
        }
        if record.champion?.version == version {
            if status == .isTrue || (!object.spec.heal && reason == "Drifted") { return nil }
            return "I5: \(id.name) serves HEAD and says \(reason)"
        }
        if record.conditions[.held] != nil, record.holds.contains(where: { $0.version == version }) {
            return history(allowsHolds: true) ? nil : "I5: \(id.name) is held: \(record.holds.last?.reason ?? "")"
        }
        return refusal(assessment, reason) ? nil : "I5: \(id.name) does not serve HEAD: \(reason)"
    }

    /// Whether holds may keep it from HEAD: not when HEAD is a fresh commit after the last fault.
    private func history(allowsHolds: Bool) -> Bool { git.tip.contents.wine.server != 77 }

    /// Whether a rollout waits, with a deadline, for a policy in error that a commit can put right, and says so.
    private func isBlocked(_ rollout: Rollout, _ record: DeploymentRecord) -> Bool {
        guard watch.inForce?.quarantined[ObjectID(Names.floor)] != nil, rollout.phase == .admitting,
            let deadline = rollout.deadline, deadline <= now + Rollout.approvalDeadline
        else { return false }
        return record.conditions[.stalled]?.reason == "NotAdmitted"
    }

    /// Whether the gate says no for a good reason.
    private func refusal(_ assessment: Assessment, _ reason: String) -> Bool {
        if watch.inForce?.quarantined[ObjectID(Names.floor)] != nil { return reason == "GateError" }
        guard case .number(let floor)? = ledger.policy(Names.floor)?.spec.params["floor"] else { return false }
        guard case .object(let metrics) = assessment.metrics, case .number(let accuracy)? = metrics["accuracy"] else {
            return reason == "GateInconclusive"
        }
        return accuracy < floor && reason == "GateDenied"
    }

    /// I5 and I7: the champion has everything where it serves, and nothing is left elsewhere.
    private func unsteady(
        _ id: DeploymentID, _ object: Object<DeploymentSpec>, _ record: DeploymentRecord
    ) -> String? {
        let name = object.spec.target
        guard let target = ledger.target(TargetID(source: id.source, name: name)) else { return nil }
        let wanted = Self.system(target.spec)
        for (name, target) in targets.sorted(by: { $0.key < $1.key }) where name != wanted && target.held[id] != nil {
            return "I5: \(id.name) moved to \(wanted) and still stands on \(name)"
        }
        guard let champion = record.champion else { return nil }
        guard record.target?.id.name == name, record.target.map({ Self.system($0.spec) }) == wanted else {
            return "I5: \(id.name) does not move to \(wanted)"
        }
        guard object.spec.heal else { return nil }
        guard let held = targets[wanted]?.held[id] else { return "I5: \(id.name): its target holds nothing" }
        if held.state.weights != [champion.version: 100] || held.weights != [champion.version: 100] {
            return "I7: \(id.name): the champion does not have all weight: \(held.state.text)"
        }
        let replicas = held.state.versions.first { $0.version == champion.version }?.replicas
        if replicas != object.spec.replicas { return "I5: \(id.name) has \(replicas ?? 0) replicas" }
        return nil
    }
}
