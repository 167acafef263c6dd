import HeadgateAPI
import HeadgateCore

/// A rollout as the API shows it.
enum RolloutView {
    static func resource(_ rollout: Rollout) -> RolloutResource {
        var back: String?
        if case .back(let cause) = rollout.course { back = cause.reason }
        return RolloutResource(
            candidate: rollout.candidate.version.description, step: rollout.step, stages: rollout.stages.map(\.name),
            phase: phase(rollout.phase), wait: wait(rollout.stage.wait), since: rollout.since,
            deadline: rollout.pausedSince == nil ? rollout.deadline : nil, weight: rollout.weight,
            paused: rollout.pausedSince != nil, restoration: rollout.restoration, back: back,
            refusal: rollout.refusal, problem: rollout.applied?.problem, approvals: rollout.approvals,
            checks: rollout.strategy.checks.map { check($0, rollout) })
    }

    private static func check(_ check: CheckSpec, _ rollout: Rollout) -> CheckResource {
        let state = rollout.checks[check.name]
        return CheckResource(
            name: check.name, active: state != nil, answer: state?.last?.answer, at: state?.last?.at,
            fails: state?.fails ?? 0, failureLimit: max(1, check.failureLimit),
            accepted: rollout.accepted.contains(check.name))
    }

    private static func phase(_ phase: RolloutPhase) -> String {
        switch phase {
        case .pending: "pending"
        case .admitting: "admitting"
        case .settling: "settling"
        case .waiting: "waiting"
        case .closing: "closing"
        case .undecided: "undecided"
        case .finished: "finished"
        }
    }

    private static func wait(_ wait: RolloutStage.Wait) -> String {
        switch wait {
        case .none: "none"
        case .time: "time"
        case .approval: "approval"
        case .analysis: "analysis"
        }
    }
}
