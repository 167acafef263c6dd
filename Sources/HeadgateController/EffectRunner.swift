package import HeadgateCore
package import Logging

/// Carries out effects through the ports and gives each outcome back as an event.
///
/// Decides nothing. An effect may be carried out twice: ports are idempotent by run and operation.
package struct EffectRunner: Sendable {
    private let runner: any StepRunner
    private let targets: Targets
    private let queries: any MetricProvider
    private let logger: Logger
    /// How long the queries of one check may take.
    private let queryDeadline: Duration

    package init(
        runner: any StepRunner, targets: Targets, queries: any MetricProvider, logger: Logger,
        queryDeadline: Duration = .seconds(20)
    ) {
        self.runner = runner
        self.targets = targets
        self.queries = queries
        self.logger = logger
        self.queryDeadline = queryDeadline
    }

    /// Runs one effect to its end; nil for one that has no outcome.
    func run(_ effect: Effect) async -> ReconcileEvent? {
        switch effect {
        case .runStep(let launch):
            return .stepEnded(launch.run, await runner.run(launch))
        case .cancelRun(let run):
            await runner.cancel(run)
            return .stepEnded(run, .cancelled)
        case .apply(let reference, let serving, let operation):
            let failure = await attempt(reference) { target throws(TargetError) in
                try await target.apply(serving, operation: operation)
            }
            return .applied(serving.deployment, operation, failure)
        case .remove(let reference, let deployment, let operation):
            let failure = await attempt(reference) { target throws(TargetError) in
                try await target.remove(deployment, operation: operation)
            }
            return .removed(deployment, operation, failure)
        case .observe(let reference, let deployment, let asked):
            return .observed(deployment, reference, asked: asked, await observe(reference, deployment))
        case .measure(let deployment, let request):
            let values = await queries.values(of: request.queries, deadline: queryDeadline)
            return .measured(deployment, request, values)
        case .notify(let event):
            report(event)
            return nil
        }
    }

    private func observe(
        _ reference: TargetReference, _ deployment: DeploymentID
    ) async -> ReconcileEvent.Observation {
        do throws(TargetError) {
            let target = try await targets.target(reference)
            return .serving(try await target.observe(deployment), target.capabilities)
        } catch {
            return .failed(error)
        }
    }

    private func attempt(
        _ reference: TargetReference, _ call: (any ServingTarget) async throws(TargetError) -> Void
    ) async -> TargetFailure? {
        do throws(TargetError) {
            try await call(targets.target(reference))
            return nil
        } catch {
            return error
        }
    }

    private func report(_ event: LoggedEvent) {
        var metadata: Logger.Metadata = ["reason": "\(event.reason)", "detail": "\(event.message)"]
        if let object = event.object { metadata["object"] = "\(object)" }
        if let revision = event.revision { metadata["revision"] = "\(revision)" }
        logger.log(level: event.severity == .warning ? .warning : .notice, "event", metadata: metadata)
    }
}
