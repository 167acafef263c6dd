package import HeadgateCore
import Logging

/// Running servers that speak the Open Inference Protocol with its model repository extension, behind a router of ours.
///
/// Servers know no weights, so each holds every version that the state names, as a model of its own, and the router
/// splits the traffic. Nothing moves unless ``run()`` runs: calls record what is wanted, and supervisors bring it about.
package actor OpenInferenceTarget: ServingTarget {
    package nonisolated let capabilities = TargetCapabilities.everything

    private let folder: String
    private let context: InferenceContext
    private var supervisors: [DeploymentID: InferenceSupervisor] = [:]
    /// Supervisors that ``run()`` has yet to take up.
    private var arrived: [InferenceSupervisor] = []
    private let arrival = Signal()

    init(folder: String, context: InferenceContext) {
        self.folder = folder
        self.context = context
        for id in LocalTarget.known(in: folder) {
            let place = LocalTarget.folder(of: id, in: folder)
            let supervisor = InferenceSupervisor(id, folder: place, context: context)
            supervisors[id] = supervisor
            arrived.append(supervisor)
        }
    }

    /// Brings about what is wanted until the task is cancelled.
    ///
    /// Servers and the router go on after it.
    package func run() async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                arrival.lower()
                for supervisor in arrived { group.addTask { await supervisor.run() } }
                arrived = []
                await arrival.wait()
            }
            group.cancelAll()
        }
    }

    package func apply(_ state: ServingState, operation: OperationID) async throws(TargetError) {
        try check(state)
        try await checkPrefix(of: state.deployment)
        try await want(state, isRemoved: false)
        context.logger.info(
            "serving state accepted",
            metadata: ["deployment": "\(state.deployment)", "operation": "\(operation)"])
    }

    package func remove(_ deployment: DeploymentID, operation: OperationID) async throws(TargetError) {
        guard supervisors[deployment] != nil else { return }
        try await want(ServingState(deployment: deployment), isRemoved: true)
    }

    package func observe(_ deployment: DeploymentID) async throws(TargetError) -> ObservedServing {
        guard let supervisor = supervisors[deployment] else { return ObservedServing() }
        return try await supervisor.observe()
    }

    private func want(_ state: ServingState, isRemoved: Bool) async throws(TargetError) {
        if let known = supervisors[state.deployment], try await known.want(state, isRemoved: isRemoved) { return }
        let place = LocalTarget.folder(of: state.deployment, in: folder)
        let supervisor = InferenceSupervisor(state.deployment, folder: place, context: context)
        // Set before the first suspension, so that two calls make one supervisor.
        supervisors[state.deployment] = supervisor
        arrived.append(supervisor)
        _ = try await supervisor.want(state, isRemoved: isRemoved)
        arrival.raise()
    }

    private func check(_ state: ServingState) throws(TargetError) {
        try state.checkWeights()
        let servers = context.servers.count
        for served in state.versions where served.replicas > servers {
            throw TargetError(
                .rejected,
                "\(served.replicas) replicas are wanted, and the target has \(servers) servers, each of which is one")
        }
        if let problem = context.repository.problem { throw TargetError(.unreachable, problem) }
    }

    private func checkPrefix(of id: DeploymentID) async throws(TargetError) {
        let prefix = context.prefix(id)
        for (other, supervisor) in supervisors where other != id && context.prefix(other) == prefix {
            if await supervisor.isFinished { continue }
            guard await supervisor.desired.isRemoved else {
                throw TargetError(.rejected, "the path \(prefix) belongs to the Deployment \(other)")
            }
            throw TargetError(.noCapacity, "the Deployment \(other) at \(prefix) is still being removed")
        }
    }
}

extension ServingState {
    /// Refuses weights that no target can hold.
    func checkWeights() throws(TargetError) {
        let known = Set(versions.map(\.version))
        let sum = weights.values.reduce(0, +)
        guard weights.isEmpty || sum == 100 else {
            throw TargetError(.rejected, "weights add up to \(sum), not to 100")
        }
        guard weights.allSatisfy({ known.contains($0.key) || $0.value == 0 }) else {
            throw TargetError(.rejected, "a weight names a version that the state does not have")
        }
        guard versions.allSatisfy({ $0.replicas >= 0 }) else {
            throw TargetError(.rejected, "replicas must not be negative")
        }
    }
}
