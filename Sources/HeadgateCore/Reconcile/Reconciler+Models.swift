extension Reconciler {
    /// Brings a Model's pipeline forward: starts what is missing, or takes the version that a complete one gave.
    mutating func reconcile(_ id: ModelID) {
        guard let model = state.models[id] else {
            want([], for: id)
            state.modelStatuses[id] = nil
            return
        }
        let plan = planner.plan(id, model) { state.steps[$0] }
        want(plan.steps.filter { $0.record == nil }.compactMap(\.key), for: id)
        var status = state.modelStatuses[id] ?? ModelStatus(id: id)
        let revision = state.sources[id.source]?.revision
        status.revision = revision
        let conditions: [Condition]
        if let problem = plan.problems.first {
            conditions = stalled("InvalidPipeline", problem)
        } else if plan.isComplete {
            conditions = complete(id, model, plan, &status)
        } else {
            conditions = advance(id, model, plan)
        }
        if status.conditions.replace(with: conditions) || status != state.modelStatuses[id] {
            state.modelStatuses[id] = status
            decision.records.append(.modelStatus(status))
        }
        queue.formUnion((state.deploymentsByModel[id] ?? []).map(WorkItem.deployment))
    }

    private mutating func complete(
        _ id: ModelID, _ model: Object<ModelSpec>, _ plan: PipelinePlan, _ status: inout ModelStatus
    ) -> [Condition] {
        guard let source = state.sources[id.source], let revision = source.revision, let commit = source.commit else {
            return [Condition(.ready, .unknown, reason: "Progressing", "no revision yet", since: now)]
        }
        switch builder.build(id, model, plan, revision: revision, commit: commit, now: now) {
        case .failure(let problem):
            return stalled("NoVersion", problem.message)
        case .success(let (version, assessment)):
            if state.versions[version.id] == nil {
                state.versions[version.id] = version
                decision.records.append(.version(version))
            }
            if state.assessments[assessment.id] == nil {
                state.assessments[assessment.id] = assessment
                decision.records.append(.assessment(assessment))
                log(.normal, "VersionBuilt", "version \(version.id.short) is assessed", ObjectID(id))
            }
            status.version = version.id
            status.assessment = assessment.id
            let message = "version \(version.id.short)"
            return [Condition(.ready, .isTrue, reason: "Succeeded", message, since: now)]
        }
    }

    /// Starts steps that can start; says what the pipeline waits for.
    private mutating func advance(_ id: ModelID, _ model: Object<ModelSpec>, _ plan: PipelinePlan) -> [Condition] {
        let missing = plan.steps.filter { $0.record == nil && $0.key != nil }
        let (refusal, warned) = missing.isEmpty ? (nil, []) : askAtPlan(id, model)
        if let refusal { return refusal }
        for step in missing { begin(step, of: id) }
        for step in plan.steps {
            switch step.record?.outcome {
            case .failed(let code, let message):
                return stalled("StepFailed", "step \(step.spec.name) exited with \(code): \(message.lastLine)")
            case .errored(let error):
                return stalled("StepErrored", "step \(step.spec.name): \(error.message.summary)")
            case .succeeded, nil: continue
            }
        }
        return waiting(missing) + warned
    }

    private func waiting(_ missing: [PlannedStep]) -> [Condition] {
        for step in missing {
            guard let key = step.key, let run = state.attempts[key], case .errored(let error) = run.state else {
                continue
            }
            let message = "step \(step.spec.name): \(error.message.summary); trying again"
            return [
                Condition(.ready, .isFalse, reason: "ProgressingWithRetry", message, since: now),
                Condition(.reconciling, .isTrue, reason: "ProgressingWithRetry", message, since: now),
            ]
        }
        let names = missing.map(\.spec.name.text).joined(separator: ", ")
        return [
            Condition(.ready, .unknown, reason: "Progressing", "running \(names)", since: now),
            Condition(.reconciling, .isTrue, reason: "Progressing", "running \(names)", since: now),
        ]
    }

    func stalled(_ reason: String, _ message: String) -> [Condition] {
        [
            Condition(.ready, .isFalse, reason: reason, message, since: now),
            Condition(.stalled, .isTrue, reason: reason, message, since: now),
        ]
    }

    /// Starts one attempt at a step, unless one lives, it must wait, or no slot is free (I2).
    private mutating func begin(_ step: PlannedStep, of id: ModelID) {
        guard let key = step.key else { return }
        let last = state.attempts[key]
        if last?.isLive == true { return }
        if let retryAt = last?.retryAt, retryAt > now {
            timers.set(.model(id), at: retryAt)
            return
        }
        guard state.keysByRun.count < settings.concurrentSteps else {
            if !state.waitingForSlot.contains(id) { state.waitingForSlot.append(id) }
            return
        }
        let attempt = (last?.attempt ?? 0) + 1
        guard let run = RunID("\(key.digest.hex.prefix(16))-\(attempt)"), let launch = step.launch(run: run, model: id)
        else { return }
        let record = Run(launch: launch, attempt: attempt, started: now)
        state.attempts[key] = record
        state.keysByRun[run] = key
        decision.records.append(.run(record))
        ask(record)
        log(.normal, "StepStarted", "step \(step.spec.name) runs as \(run)", ObjectID(id))
    }

    /// Takes an attempt's outcome.
    ///
    /// The first result of a key is the accepted one (I2).
    mutating func stepEnded(_ id: RunID, _ outcome: StepOutcome) {
        guard let key = state.keysByRun.removeValue(forKey: id), var run = state.attempts[key], run.id == id else {
            return
        }
        timers.set(.run(id), at: nil)
        run.ended = now
        let object = ObjectID(run.launch.model)
        switch outcome {
        case .succeeded(let result):
            run.state = .succeeded
            accept(StepRecord(key: key, run: id, outcome: .succeeded(result), recorded: now))
            log(.normal, "StepSucceeded", "step \(run.launch.step) took \((now - run.started).taken)", object)
        case .failed(let code, let message):
            run.state = .failed(exitCode: code, message: message)
            accept(StepRecord(key: key, run: id, outcome: .failed(exitCode: code, message: message), recorded: now))
            log(.warning, "StepFailed", "step \(run.launch.step) exited with \(code): \(message.lastLine)", object)
        case .errored(let error):
            run.state = .errored(error)
            if error.mayRetry {
                run.retryAt = now + settings.retry.delay(after: run.attempt, jitter: jitter)
            } else {
                accept(StepRecord(key: key, run: id, outcome: .errored(error), recorded: now))
            }
            log(.warning, "StepErrored", "step \(run.launch.step): \(error.message)", object)
        case .cancelled:
            run.state = .cancelled
            log(.normal, "StepCancelled", "step \(run.launch.step) was no longer wanted", object)
        }
        state.attempts[key] = run
        decision.records.append(.run(run))
        queue.formUnion((state.wanted[key] ?? []).map(WorkItem.model))
        queue.insert(.model(run.launch.model))
    }

    private mutating func accept(_ record: StepRecord) {
        guard state.steps[record.key] == nil else { return }
        state.steps[record.key] = record
        decision.records.append(.step(record))
    }

    private mutating func want(_ keys: [StepKey], for id: ModelID) {
        let before = state.wantedByModel[id] ?? []
        if before == keys { return }
        let (old, new) = (Set(before), Set(keys))
        for key in old.subtracting(new) {
            state.wanted[key]?.remove(id)
            if state.wanted[key]?.isEmpty == true { state.wanted[key] = nil }
        }
        for key in new.subtracting(old) { state.wanted[key, default: []].insert(id) }
        state.wantedByModel[id] = keys.isEmpty ? nil : keys
    }

    /// Ends runs that no Model's desired state wants any more (I4), unless their Model lets them finish.
    mutating func cancelUnwanted() {
        for var run in state.liveRuns where run.state == .running && state.wanted[run.key] == nil {
            if state.models[run.launch.model]?.spec.supersede == .finish { continue }
            run.state = .cancelling
            state.attempts[run.key] = run
            decision.records.append(.run(run))
            ask(run)
        }
    }

    /// Starts a run or takes it up again, or ends it; the runner knows which runs it has.
    ///
    /// An answer that is overdue counts as lost (I9).
    mutating func ask(_ run: Run) {
        let isCancelling = run.state == .cancelling
        decision.effects.append(isCancelling ? .cancelRun(run.launch) : .runStep(run.launch))
        let limit = settings.answerLimit + (isCancelling ? .zero : run.launch.timeout)
        timers.set(.run(run.id), at: now + limit)
    }

    /// Asks again for a run whose answer is overdue.
    mutating func reconcile(_ id: RunID) {
        guard let run = state.keysByRun[id].flatMap({ state.attempts[$0] }), run.id == id, run.isLive else { return }
        ask(run)
    }

    /// Gives free slots to Models that wait for one.
    mutating func fillSlots() {
        guard !state.waitingForSlot.isEmpty, state.keysByRun.count < settings.concurrentSteps else { return }
        let free = settings.concurrentSteps - state.keysByRun.count
        queue.formUnion(state.waitingForSlot.prefix(free).map(WorkItem.model))
        state.waitingForSlot.removeFirst(min(free, state.waitingForSlot.count))
    }
}
