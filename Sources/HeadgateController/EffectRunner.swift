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
    private let order = WriteOrder()
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

    /// Gives an effect its place among others; the work that it gives runs it to its end.
    ///
    /// Called in the order in which effects were decided: writes to one Deployment keep that order, whatever order their
    /// tasks run in. Gives nil for an effect that has no outcome, which is done at once: a large commit brings thousands.
    func prepare(_ effect: Effect) -> (@Sendable () async -> ReconcileEvent)? {
        switch effect {
        case .runStep(let launch):
            return { .stepEnded(launch.run, await runner.run(launch)) }
        case .cancelRun(let launch):
            return { .stepEnded(launch.run, await runner.cancel(launch)) }
        case .apply(let reference, let serving, let operation):
            let write = self.write(to: reference, serving.deployment, serving) { target throws(TargetError) in
                try await target.apply(serving, operation: operation)
            }
            return { .applied(serving.deployment, operation, await write()) }
        case .remove(let reference, let deployment, let operation):
            let write = self.write(to: reference, deployment, nil) { target throws(TargetError) in
                try await target.remove(deployment, operation: operation)
            }
            return { .removed(deployment, operation, await write()) }
        case .observe(let reference, let deployment, let asked):
            return { .observed(deployment, reference, asked: asked, await observe(reference, deployment)) }
        case .measure(let deployment, let request):
            return {
                .measured(deployment, request, await queries.values(of: request.queries, deadline: queryDeadline))
            }
        case .notify(let event):
            report(event)
            return nil
        }
    }

    private func write(
        to reference: TargetReference, _ deployment: DeploymentID, _ state: ServingState?,
        _ call: @escaping @Sendable (any ServingTarget) async throws(TargetError) -> Void
    ) -> @Sendable () async -> TargetFailure? {
        let lane = WriteOrder.Write.Lane(system: reference.system, deployment: deployment)
        let turn = order.enter(WriteOrder.Write(lane: lane, state: state))
        return {
            guard let answer = await order.take(turn, { await attempt(reference, call) }) else {
                // Nobody asks for it any more; the reconciler knows the newer one by its operation.
                return TargetError(.unreachable, "a newer write took its place")
            }
            return answer
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
