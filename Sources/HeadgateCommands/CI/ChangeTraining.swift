import HeadgateCore
import HeadgateReport

/// Runs the pipelines that a change asks for, as a controller would.
struct ChangeTraining: Sendable {
    let runner: any StepRunner
    let planner: PipelinePlanner
    /// The end of what a run printed, secrets left out.
    let log: @Sendable (RunID) -> String
    /// What people should know of results that were not taken from the shared store, or not published to it.
    let notes: @Sendable () -> [String]
    /// Says that a step began or ended.
    let progress: @Sendable (String) -> Void
    /// Tells this call's runs from earlier ones', whose outcomes nobody vouches for.
    let call = String(UInt32.random(in: 0...UInt32.max), radix: 36)

    struct Results: Sendable {
        var records: [StepKey: StepRecord] = [:]
        var executions: [ReviewReport.Execution] = []
    }

    /// Runs what is missing of some Models, each as far as it goes; Models do not wait for each other.
    func complete(
        _ source: SourceName, _ models: [ModelName: Object<ModelSpec>]
    ) async throws -> Results {
        try await withThrowingTaskGroup(of: Results.self) { group in
            for (name, model) in models {
                group.addTask { try await complete(ModelID(source: source, name: name), model) }
            }
            var all = Results()
            for try await results in group {
                all.records.merge(results.records) { first, _ in first }
                all.executions += results.executions
            }
            // Sorting is stable, so a Model's steps stay in their order.
            all.executions.sort { $0.model < $1.model }
            return all
        }
    }

    private func complete(
        _ id: ModelID, _ model: Object<ModelSpec>
    ) async throws -> Results {
        var results = Results()
        var asked: Set<StepKey> = []
        while true {
            let plan = planner.plan(id, model) { results.records[$0] }
            let ready = plan.steps.filter { step in
                step.record == nil && step.key.map { asked.insert($0).inserted } == true
            }
            if ready.isEmpty {
                results.executions += plan.steps.filter { $0.key == nil }.map { step in
                    let names = step.waitsFor.map(\.text).joined(separator: ", ")
                    return Self.skipped(
                        step, id, model, reason: "\(names) \(step.waitsFor.count == 1 ? "has" : "have") no result")
                }
                return results
            }
            let order = Dictionary(uniqueKeysWithValues: plan.steps.enumerated().map { ($1.spec.name, $0) })
            let ended = try await withThrowingTaskGroup(
                of: (StepKey, StepOutcome, ReviewReport.Execution)?.self
            ) { group in
                for step in ready { group.addTask { try await run(step, id, model) } }
                return try await group.reduce(into: []) { $0 += [$1].compactMap(\.self) }
            }
            for (key, outcome, execution) in ended.sorted(by: {
                order[$0.2.step, default: 0] < order[$1.2.step, default: 0]
            }) {
                results.executions.append(execution)
                guard case .succeeded = outcome else { continue }
                results.records[key] = record(key, outcome)
            }
        }
    }

    private func run(
        _ step: PlannedStep, _ id: ModelID, _ model: Object<ModelSpec>
    ) async throws -> (StepKey, StepOutcome, ReviewReport.Execution)? {
        guard let key = step.key, let run = run(of: key), let launch = step.launch(run: run, model: id) else {
            return nil
        }
        progress("\(id.name) \(step.spec.name): runs")
        let start = ContinuousClock.now
        let outcome = await runner.run(launch)
        if Task.isCancelled {
            // A step outlives whoever waits for it, and nobody would adopt this one.
            _ = await runner.cancel(launch)
            throw CancellationError()
        }
        let duration = ContinuousClock.now - start
        let execution: ReviewReport.Execution =
            if case .succeeded(let result) = outcome {
                Self.execution(of: result, step.spec, id, model, duration)
            } else {
                ReviewReport.Execution(
                    model: ObjectID(id), step: step.spec.name, outcome: Self.shown(outcome), duration: duration,
                    location: model.meta.location, log: Self.excerpt(log(run), of: outcome))
            }
        progress("\(id.name) \(step.spec.name): \(Self.text(execution))")
        return (key, outcome, execution)
    }

    /// The same run for the same key: two Models that ask for it run it once (I2).
    private func run(of key: StepKey) -> RunID? { RunID("ci-\(key.digest.hex.prefix(40))-\(call)") }

    private func record(_ key: StepKey, _ outcome: StepOutcome) -> StepRecord? {
        guard case .succeeded(let result) = outcome, let run = run(of: key) else { return nil }
        return StepRecord(key: key, run: run, outcome: .succeeded(result), recorded: result.ended)
    }

    /// How a step came to its result: by itself, or from the shared store.
    static func execution(
        of result: StepResult, _ step: StepSpec, _ id: ModelID, _ model: Object<ModelSpec>, _ duration: Duration = .zero
    ) -> ReviewReport.Execution {
        ReviewReport.Execution(
            model: ObjectID(id), step: step.name, outcome: result.origin.map { .taken(by: $0) } ?? .succeeded,
            duration: duration, location: model.meta.location,
            remarks: step.metrics?.shortcomings(of: result.metrics ?? .object([:])) ?? [])
    }

    /// The steps of a Model that have no result and are not run.
    func skipped(
        _ id: ModelID, _ model: Object<ModelSpec>, _ known: [StepKey: StepRecord], reason: String
    ) -> [ReviewReport.Execution] {
        planner.plan(id, model) { known[$0] }.steps.filter { $0.record == nil }
            .map { Self.skipped($0, id, model, reason: reason) }
    }

    private static func skipped(
        _ step: PlannedStep, _ id: ModelID, _ model: Object<ModelSpec>, reason: String
    ) -> ReviewReport.Execution {
        ReviewReport.Execution(
            model: ObjectID(id), step: step.spec.name, outcome: .skipped(reason: reason),
            location: model.meta.location)
    }

    /// The end of a log, unless the outcome has said all of it.
    private static func excerpt(_ log: String, of outcome: StepOutcome) -> String {
        switch outcome {
        case .failed: log.contains(where: \.isNewline) ? log : ""
        case .errored(let error): log.isEmpty && error.message.contains(where: \.isNewline) ? error.message : log
        case .succeeded, .cancelled: log
        }
    }

    /// The last line is what a program says when it gives up; what was before it stands in the log.
    private static func lastLine(of message: String) -> String {
        message.split(whereSeparator: \.isNewline).last { !$0.allSatisfy(\.isWhitespace) }.map(String.init) ?? message
    }

    private static func shown(_ outcome: StepOutcome) -> ReviewReport.Execution.Outcome {
        switch outcome {
        case .succeeded: .succeeded
        case .failed(let code, let message): .failed(message: "exited with \(code): \(lastLine(of: message))")
        case .errored(let error): shown(error)
        case .cancelled: .errored(message: "did not end: it was cancelled")
        }
    }

    /// Whose fault it is that a step has no result: the change's, or the machine's, of which another run may know more.
    private static func shown(_ error: StepError) -> ReviewReport.Execution.Outcome {
        // What an installer printed stands in the log.
        let message = String(error.message.prefix { !$0.isNewline })
        return switch error.code {
        case .program: .defective(message: "could not be started: \(message)")
        case .output where !error.mayRetry, .metrics where !error.mayRetry:
            .defective(message: "did not give what it declares: \(message)")
        case .signalled, .timedOut, .diskFull, .lost: .errored(message: "did not end: \(message)")
        case .output, .metrics, .storage: .errored(message: "ended, and its result was not kept: \(message)")
        case .couldNotStart, .environment, .input: .errored(message: "could not be run: \(message)")
        }
    }

    private static func text(_ execution: ReviewReport.Execution) -> String {
        switch execution.outcome {
        case .succeeded, .taken: execution.summary
        case .failed: "failed"
        case .defective(let message), .errored(let message), .skipped(let message): message
        }
    }
}
