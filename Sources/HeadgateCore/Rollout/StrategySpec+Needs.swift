extension StrategySpec {
    /// What a target lacks for this strategy, a sentence each; empty when it can do all of it.
    ///
    /// Asked when a rollout is planned, so that a target says so before anything moves.
    package func unmet(by target: TargetCapabilities, firstDeployment: Bool = false) -> [String] {
        if firstDeployment { return [] }
        return needs.filter { !target[keyPath: $0.capability] }.map(\.otherwise)
    }

    /// What people should know about a strategy before it runs, a sentence each.
    package func remarks(replicas: Int) -> [String] {
        var remarks: [String] = []
        if case .recreate = method {
            remarks.append("nothing answers between the end of the champion and the candidate's readiness")
            if warm > .zero { remarks.append("recreate keeps no earlier version warm") }
        } else if maxSurge == 0 {
            remarks.append("the target is asked for room for \(replicas) more replicas before the candidate starts")
        } else if maxSurge < replicas {
            remarks.append("maxSurge \(maxSurge): replicas change hands in batches after the decision to promote")
            if case .canary(let spec) = method, let most = spec.greatestWeight, most * replicas > 100 * maxSurge {
                remarks.append(
                    "maxSurge \(maxSurge) of \(replicas) replicas is little for weight \(most): "
                        + "\((most * replicas + 99) / 100) would carry it")
            }
        }
        return remarks
    }

    /// What a target without room for both versions means for this strategy; nil when there is room.
    ///
    /// - Parameters:
    ///   - replicas: Of the Deployment.
    ///   - room: Replicas that fit beside what serves; nil for a target without a limit.
    /// - Returns: A sentence for people.
    package func shortage(replicas: Int, room: Int?) -> String? {
        if case .recreate = method { return nil }
        let surge = maxSurge == 0 ? replicas : min(maxSurge, replicas)
        guard let room, room < surge else { return nil }
        let beside = "the target has room for \(max(0, room)) of \(surge) replicas beside what serves"
        return "\(beside): it is asked first, and nothing moves unless it finds room within \(progressDeadline.text)"
    }

    private struct Need {
        let capability: KeyPath<TargetCapabilities, Bool>
        let otherwise: String
    }

    private var needs: [Need] {
        let beside = Need(
            capability: \.sideBySide,
            otherwise: "the target cannot hold two versions at once: use recreate with allowDowntime: true")
        switch method {
        case .recreate: return []
        case .rolling: return [beside]
        case .blueGreen: return [beside, Need(capability: \.preview, otherwise: "the target has no preview addresses")]
        case .canary(let spec):
            let weights = Need(capability: \.weights, otherwise: "the target cannot split traffic by weight")
            return [beside] + (spec.greatestWeight == nil ? [] : [weights])
        case .ab:
            return [
                beside, Need(capability: \.routes, otherwise: "the target cannot route by header, cookie or field"),
            ]
        case .shadow: return [beside, Need(capability: \.mirror, otherwise: "the target cannot mirror requests")]
        }
    }
}

extension CanarySpec {
    /// The greatest share between none and all that a step asks for; nil when no step splits traffic.
    var greatestWeight: Int? {
        steps.compactMap { if case .weight(let weight) = $0, (1...99).contains(weight) { weight } else { nil } }.max()
    }
}
