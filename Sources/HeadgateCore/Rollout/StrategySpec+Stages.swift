extension StrategySpec {
    /// What a plan of stages depends on besides the strategy.
    package struct Situation: Hashable, Sendable {
        /// Nothing serves yet.
        package var firstDeployment: Bool
        /// The candidate was champion before.
        package var restoration: Bool
        /// Replicas that the candidate declares.
        package var replicas: Int
        /// Whether the target has refused to hold both versions in full.
        package var crowded: Bool

        package init(
            firstDeployment: Bool = false, restoration: Bool = false, replicas: Int = 1, crowded: Bool = false
        ) {
            self.firstDeployment = firstDeployment
            self.restoration = restoration
            self.replicas = replicas
            self.crowded = crowded
        }
    }

    /// The stages of a rollout by this strategy, in order.
    ///
    /// A first deployment goes from 0 to 100 when it is ready, and a restoration moves all weight in one write unless
    /// `onRevert` is `full`. A restoration surges beyond `maxSurge` as long as the target has room.
    package func stages(for situation: Situation) -> [RolloutStage] {
        let steps = takesSteps(in: situation) ? self.steps(from: start(for: situation)) : []
        return opening(for: situation) + steps + promotion(for: situation) + ending(for: situation)
    }

    /// The stages that lead back to the champion.
    ///
    /// - Parameters:
    ///   - standing: How the versions stand now.
    ///   - firstDeployment: Whether there is nothing to go back to.
    /// - Returns: One write that gives the champion everything, then the candidate's end.
    package func stagesBack(from standing: RolloutLayout, firstDeployment: Bool) -> [RolloutStage] {
        if firstDeployment {
            return [RolloutStage(.drain, "drain", RolloutLayout(champion: .nothing, candidate: .nothing, weight: nil))]
        }
        let alone = RolloutLayout(champion: .everything, candidate: .nothing, weight: 0)
        if isRecreate { return [RolloutStage(.back, "back", alone)] }
        let drain = RolloutStage(.drain, "drain", alone)
        guard standing.exposesCandidate || standing.champion == .nothing else { return [drain] }
        let both = RolloutLayout(champion: .everything, candidate: standing.candidate, weight: 0)
        return [RolloutStage(.back, "back", both), drain]
    }

    /// The checks that a stage asks.
    package func checks(_ watch: RolloutStage.Watch) -> [CheckSpec] {
        let (before, after): ([CheckSpec], [CheckSpec]) =
            switch method {
            case .recreate, .rolling: ([], [])
            case .blueGreen(let spec): (spec.checks, spec.postChecks)
            case .canary(let spec): (spec.checks, [])
            case .ab(let spec): (spec.checks, [])
            case .shadow(let spec): (spec.checks, [])
            }
        switch watch {
        case .nothing: return []
        case .before: return before
        case .after: return after
        case .bake:
            let names = Set(after.map(\.name))
            return before.filter { !names.contains($0.name) } + after
        }
    }

    var isRecreate: Bool {
        if case .recreate = method { true } else { false }
    }

    private func takesSteps(in situation: Situation) -> Bool {
        !situation.firstDeployment && (!situation.restoration || onRevert == .full)
    }

    /// Replicas that the candidate starts with beside a champion.
    private func surge(in situation: Situation) -> RolloutLayout.Capacity {
        let mayExceed = situation.restoration && onRevert == .skip && !situation.crowded
        if mayExceed || maxSurge == 0 || maxSurge >= situation.replicas { return .everything }
        return .replicas(maxSurge)
    }

    private func start(for situation: Situation) -> RolloutLayout {
        if isRecreate || situation.firstDeployment {
            return RolloutLayout(champion: .nothing, candidate: .everything, weight: nil)
        }
        var layout = RolloutLayout(champion: .everything, candidate: surge(in: situation), weight: 0)
        if case .blueGreen = method { layout.preview = takesSteps(in: situation) }
        return layout
    }

    private func opening(for situation: Situation) -> [RolloutStage] {
        let start = RolloutStage(.start, "start", start(for: situation))
        guard isRecreate, !situation.firstDeployment else { return [start] }
        let nothing = RolloutLayout(champion: .nothing, candidate: .nothing, weight: nil)
        return [RolloutStage(.stop, "stop", nothing), start]
    }

    private func steps(from start: RolloutLayout) -> [RolloutStage] {
        switch method {
        case .recreate, .rolling: []
        case .blueGreen(let spec):
            analysis(spec.analyse, spec.checks, start) + approval(spec.approve, start)
        case .canary(let spec): steps(of: spec, from: start)
        case .ab(let spec): abSteps(spec, from: start)
        case .shadow(let spec): shadowSteps(spec, from: start)
        }
    }

    private func steps(of spec: CanarySpec, from start: RolloutLayout) -> [RolloutStage] {
        var layout = start
        return spec.steps.map { step in
            switch step {
            case .weight(let weight):
                layout.weight = weight
                return RolloutStage(.step, "weight \(weight)", layout, watch: .before)
            case .pause(let time):
                return RolloutStage(.step, "pause \(time.text)", layout, wait: .time(time), watch: .before)
            case .pauseUntilApproved(let deadline):
                return RolloutStage(.step, "approval", layout, wait: .approval(deadline), watch: .before)
            case .analyse(let time):
                return RolloutStage(.step, "analyse \(time.text)", layout, wait: .analysis(time), watch: .before)
            }
        }
    }

    private func abSteps(_ spec: ABSpec, from start: RolloutLayout) -> [RolloutStage] {
        var layout = start
        layout.route = spec.match
        return [
            RolloutStage(.step, "analyse \(spec.analyse.text)", layout, wait: .analysis(spec.analyse), watch: .before)
        ] + approval(spec.approve, layout)
    }

    private func shadowSteps(_ spec: ShadowSpec, from start: RolloutLayout) -> [RolloutStage] {
        var layout = start
        layout.mirror = RolloutLayout.Mirroring(percent: spec.percent, compare: spec.compare)
        return [
            RolloutStage(.step, "analyse \(spec.analyse.text)", layout, wait: .analysis(spec.analyse), watch: .before)
        ]
    }

    private func analysis(_ time: Duration, _ checks: [CheckSpec], _ layout: RolloutLayout) -> [RolloutStage] {
        if checks.isEmpty, time == .zero { return [] }
        return [RolloutStage(.step, "analyse \(time.text)", layout, wait: .analysis(time), watch: .before)]
    }

    private func approval(_ wanted: Bool, _ layout: RolloutLayout) -> [RolloutStage] {
        guard wanted else { return [] }
        return [
            RolloutStage(.step, "approval", layout, wait: .approval(Rollout.approvalDeadline), watch: .before)
        ]
    }

    private func promotion(for situation: Situation) -> [RolloutStage] {
        var batches: [RolloutStage] = []
        var standby = standby(in: situation)
        if standby != .nothing, case .replicas(let surge) = surge(in: situation) {
            // Each batch moves the weight that the ready replicas carry, ends as many of the champion, starts the next.
            for ready in stride(from: surge, to: situation.replicas, by: surge) {
                let left = RolloutLayout.Capacity.replicas(situation.replicas - ready)
                let layout = RolloutLayout(
                    champion: left, candidate: .replicas(min(ready + surge, situation.replicas)),
                    weight: 100 * ready / situation.replicas, promoted: true)
                batches.append(RolloutStage(.exchange, "exchange \(ready)/\(situation.replicas)", layout))
                standby = left
            }
        }
        let all = RolloutLayout(champion: standby, candidate: .everything, weight: 100, promoted: true)
        return batches + [RolloutStage(.promote, "promote", all)]
    }

    private func standby(in situation: Situation) -> RolloutLayout.Capacity {
        situation.firstDeployment || isRecreate ? .nothing : .everything
    }

    private func ending(for situation: Situation) -> [RolloutStage] {
        guard let layout = promotion(for: situation).last?.layout else { return [] }
        var stages: [RolloutStage] = []
        if takesSteps(in: situation), case .blueGreen(let spec) = method {
            if !spec.postChecks.isEmpty || spec.postAnalyse > .zero {
                let time = spec.postAnalyse
                stages.append(
                    RolloutStage(.after, "analyse \(time.text)", layout, wait: .analysis(time), watch: .after))
            }
            if spec.delay > .zero {
                stages.append(
                    RolloutStage(.after, "delay \(spec.delay.text)", layout, wait: .time(spec.delay), watch: .after))
            }
        }
        if bake > .zero, takesSteps(in: situation) || situation.firstDeployment {
            stages.append(RolloutStage(.after, "bake \(bake.text)", layout, wait: .time(bake), watch: .bake))
        }
        guard !situation.firstDeployment else { return stages }
        let alone = RolloutLayout(champion: .nothing, candidate: .everything, weight: 100, promoted: true)
        return stages + [RolloutStage(.retire, "retire", alone)]
    }
}
